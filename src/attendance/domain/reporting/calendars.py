"""Calendars to subscribe to: which lessons are in them, and the tokens with which programs read them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, LessonId

DAYS_BEFORE = 90
DAYS_AHEAD = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarToken:
    """The one token of an account for reading its calendars, of which the digest is stored."""

    account_id: AccountId
    digest: str
    created_at: datetime

    def made(self, before: "CalendarToken | None", change_context: ChangeContext) -> Event:
        """The event of a new token in place of the one before, if any. The token itself is in no event."""
        return change_context.event(
            Action.CALENDAR_TOKEN_MADE,
            self.account_id,
            before=before._facts() if before else None,
            after=self._facts(),
        )

    def revoked(self, change_context: ChangeContext) -> Event:
        return change_context.event(Action.CALENDAR_TOKEN_REVOKED, self.account_id, before=self._facts())

    def _facts(self) -> dict[str, str]:
        return {"created_at": self.created_at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A lesson in a calendar; who attends it is not in there.

    `starts_at` and `ends_at` are in UTC, `timezone` (IANA) is the lesson's. `version` and `updated_at` are
    the lesson's, `group_version` and `group_updated_at` its group's. `location_edits` is how often locations
    were edited, and `locations_edited_at` when one was last (None: never): any of them, for a lesson may move
    from each to each.
    """

    lesson_id: LessonId
    group_name: str
    topic: str
    location_name: str
    address: str
    timezone: str
    starts_at: datetime
    ends_at: datetime
    cancelled: bool
    reason: str
    created_at: datetime
    updated_at: datetime
    version: int
    group_updated_at: datetime
    group_version: int
    locations_edited_at: datetime | None
    location_edits: int

    @property
    def sequence(self) -> int:
        """A number that rises with every change of what is shown, names of group and location too.

        1 when all of these are new. It never falls, as no version does. It rises with other changes of them,
        too.
        """
        return self.version + self.group_version - 1 + self.location_edits

    @property
    def changed_at(self) -> datetime:
        """The instant of the last of these changes; it never falls."""
        return max(self.updated_at, self.group_updated_at, self.locations_edited_at or self.updated_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A named calendar; its entries are sorted by their beginning, ties by id."""

    name: str
    entries: tuple[CalendarEntry, ...] = ()


def calendar_range(today: date) -> tuple[date, date]:
    """The first and last local date of lessons in a calendar, both included."""
    return today - timedelta(days=DAYS_BEFORE), today + timedelta(days=DAYS_AHEAD)
