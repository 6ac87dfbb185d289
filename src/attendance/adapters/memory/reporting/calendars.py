"""Calendar tokens by account, and lessons as calendars show them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Calendars, GroupAsTaught, TokenHolder
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.club.lessons import Lesson
from attendance.domain.ids import AccountId, ClientId, GroupId
from attendance.domain.reporting.calendars import CalendarEntry, CalendarToken


@dataclass(frozen=True, slots=True)
class MemoryCalendars(Calendars):
    tables: Tables

    def token_of(self, account_id: AccountId) -> CalendarToken | None:
        return self.tables.calendar_tokens.get(account_id)

    def put_token(self, token: CalendarToken) -> None:
        self.tables.calendar_tokens.put(token.account_id, token)

    def remove_token(self, account_id: AccountId) -> None:
        if self.token_of(account_id) is not None:
            self.tables.calendar_tokens.remove(account_id)

    def holder(self, digest: str) -> TokenHolder | None:
        for token in self.tables.calendar_tokens.all():
            account = self.tables.accounts.rows[token.account_id]
            if token.digest == digest and account.active:
                return TokenHolder(account_id=account.id, level=account.level)
        return None

    def groups_taught(self, account_id: AccountId, day: date) -> list[GroupId]:
        return sorted(it.id for it in self.tables.groups.all() if account_id in it.teachers_on(day))

    def group(self, group_id: GroupId, account_id: AccountId, day: date) -> GroupAsTaught:
        group = self.tables.groups.get(group_id)
        if group is None:
            raise GroupNotFound
        return GroupAsTaught(name=group.name, is_taught=account_id in group.teachers_on(day))

    def of_teacher(self, account_id: AccountId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        return self._entries(since, until, lambda lesson: account_id in lesson.teachers)

    def of_group(self, group_id: GroupId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        return self._entries(since, until, lambda lesson: lesson.group_id == group_id)

    def of_client(self, client_id: ClientId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        groups = self.tables.groups.rows
        return self._entries(
            since, until, lambda lesson: client_id in groups[lesson.group_id].roster_on(lesson.date)
        )

    def _entries(
        self, since: date, until: date, matches: Callable[[Lesson], bool]
    ) -> tuple[CalendarEntry, ...]:
        found = (it for it in self.tables.lessons.all() if since <= it.date <= until and matches(it))
        return tuple(map(self._entry, sorted(found, key=lambda lesson: (lesson.starts_at, lesson.id))))

    def _entry(self, lesson: Lesson) -> CalendarEntry:
        group, locations = self.tables.groups.rows[lesson.group_id], self.tables.locations.rows
        location = locations[lesson.location_id]
        return CalendarEntry(
            lesson_id=lesson.id,
            group_name=group.name,
            topic=lesson.topic,
            location_name=location.name,
            address=location.address,
            timezone=lesson.timezone,
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
            cancelled=lesson.cancelled,
            reason=lesson.reason,
            created_at=lesson.created_at,
            updated_at=lesson.updated_at,
            version=lesson.version,
            group_updated_at=group.updated_at,
            group_version=group.version,
            locations_edited_at=max(
                (it.updated_at for it in locations.values() if it.version > 1), default=None
            ),
            location_edits=sum(it.version - 1 for it in locations.values()),
        )
