"""Calendar tokens, a row for each account that has one, and lessons as calendars show them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.attendance.ranges import IS_WITHIN, narrowed, teaches_on
from attendance.adapters.sql.club.lessons import IS_OF_MEMBER
from attendance.adapters.sql.engine.connection import Connection, insert_into, upsert
from attendance.adapters.sql.tables import (
    accounts,
    calendar_tokens,
    group_teachers,
    groups,
    lessons,
    locations,
)
from attendance.application.ports import Calendars, GroupAsTaught, TokenHolder
from attendance.domain.accounts.accounts import level_of
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.ids import AccountId, ClientId, GroupId
from attendance.domain.reporting.calendars import CalendarEntry, CalendarToken

ACCOUNT_ID: Any = sa.bindparam("account_id", type_=sa.Uuid)
GROUP_ID: Any = sa.bindparam("group_id", type_=sa.Uuid)
DAY: Any = sa.bindparam("day", type_=sa.Date)
TOKEN_OF = sa.select(*calendar_tokens.c).where(calendar_tokens.c.account_id == ACCOUNT_ID)
PUT = upsert(calendar_tokens)
REMOVE = sa.delete(calendar_tokens).where(calendar_tokens.c.account_id == ACCOUNT_ID)
HOLDER = (
    sa.select(
        accounts.c.id, accounts.c.role, accounts.c.email_confirmed_at.is_not(None).label("is_confirmed")
    )
    .join_from(calendar_tokens, accounts)
    .where(calendar_tokens.c.digest == sa.bindparam("digest"), accounts.c.active)
)


GROUPS_TAUGHT = (
    sa.select(group_teachers.c.group_id)
    .distinct()
    .where(teaches_on(ACCOUNT_ID, DAY))
    .order_by(group_teachers.c.group_id)
)
GROUP = sa.select(
    groups.c.name,
    sa.exists()
    .where(group_teachers.c.group_id == groups.c.id, teaches_on(ACCOUNT_ID, DAY))
    .label("is_taught"),
).where(groups.c.id == GROUP_ID)
ALL_LOCATIONS = locations.alias("all_locations")
LOCATION_EDITS = sa.select(sa.func.sum(ALL_LOCATIONS.c.version - 1)).scalar_subquery()
LOCATIONS_EDITED_AT = (
    sa.select(sa.func.max(ALL_LOCATIONS.c.updated_at)).where(ALL_LOCATIONS.c.version > 1).scalar_subquery()
)
ENTRIES = (
    sa.select(
        lessons.c.id.label("lesson_id"),
        groups.c.name.label("group_name"),
        locations.c.name.label("location_name"),
        locations.c.address,
        *lessons.c[
            "topic",
            "timezone",
            "starts_at",
            "ends_at",
            "cancelled",
            "reason",
            "created_at",
            "updated_at",
            "version",
        ],
        groups.c.updated_at.label("group_updated_at"),
        groups.c.version.label("group_version"),
        LOCATIONS_EDITED_AT.label("locations_edited_at"),
        LOCATION_EDITS.label("location_edits"),
    )
    .select_from(
        lessons.join(groups, groups.c.id == lessons.c.group_id).join(
            locations, locations.c.id == lessons.c.location_id
        )
    )
    .where(IS_WITHIN)
    .order_by(lessons.c.starts_at, lessons.c.id)
)
OF_GROUP = ENTRIES.where(lessons.c.group_id == GROUP_ID)
OF_TEACHER = {dialect: ENTRIES.where(*narrowed(dialect, frozenset({"teacher"}))) for dialect in insert_into}
OF_CLIENT = ENTRIES.where(IS_OF_MEMBER)


@dataclass(frozen=True, slots=True)
class SqlCalendars(Calendars):
    connection: Connection

    def token_of(self, account_id: AccountId) -> CalendarToken | None:
        row = self.connection.run(TOKEN_OF, {"account_id": account_id}).one_or_none()
        return CalendarToken(**row._asdict()) if row else None

    def put_token(self, token: CalendarToken) -> None:
        self.connection.run(PUT, asdict(token))

    def remove_token(self, account_id: AccountId) -> None:
        self.connection.run(REMOVE, {"account_id": account_id})

    def holder(self, digest: str) -> TokenHolder | None:
        row = self.connection.run(HOLDER, {"digest": digest}).one_or_none()
        if row is None:
            return None
        return TokenHolder(account_id=row.id, level=level_of(row.role, is_confirmed=bool(row.is_confirmed)))

    def groups_taught(self, account_id: AccountId, day: date) -> list[GroupId]:
        rows = self.connection.run(GROUPS_TAUGHT, {"account_id": account_id, "day": day}).rows
        return [row.group_id for row in rows]

    def group(self, group_id: GroupId, account_id: AccountId, day: date) -> GroupAsTaught:
        parameters = {"group_id": group_id, "account_id": account_id, "day": day}
        row = self.connection.run(GROUP, parameters).one_or_none()
        if row is None:
            raise GroupNotFound
        return GroupAsTaught(name=row.name, is_taught=bool(row.is_taught))

    def of_teacher(self, account_id: AccountId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        statement = OF_TEACHER[self.connection.dialect]
        return self._entries(statement, {"teacher": str(account_id)}, since, until)

    def of_group(self, group_id: GroupId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        return self._entries(OF_GROUP, {"group_id": group_id}, since, until)

    def of_client(self, client_id: ClientId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        return self._entries(OF_CLIENT, {"client_id": client_id}, since, until)

    def _entries(
        self, statement: sa.Select[Any], criteria: Mapping[str, Any], since: date, until: date
    ) -> tuple[CalendarEntry, ...]:
        rows = self.connection.run(statement, {**criteria, "since": since, "until": until}).rows
        return tuple(CalendarEntry(**row._asdict()) for row in rows)
