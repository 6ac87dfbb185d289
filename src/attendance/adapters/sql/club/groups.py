"""Groups, each with who teaches and who is in it, read in one statement."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import Bulk, bound_rows
from attendance.adapters.sql.engine.connection import Connection, Statements
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.engine.searching import has_words
from attendance.adapters.sql.tables import group_members, group_teachers, groups
from attendance.adapters.sql.tables.columns import Facts
from attendance.application.ports.club import GROUPS, GroupCriteria
from attendance.domain.club.groups import Group, GroupMembership, Teaching
from attendance.domain.ids import AccountId, ClientId, GroupId

AS_JSON = {
    "postgresql": (sa.func.json_agg, sa.func.json_build_array),
    "sqlite": (sa.func.json_group_array, sa.func.json_array),
}

# as a list, which an index of clients serves: what SQLite asks of each row it asks of every group
IS_MEMBER_AFTER = groups.c.id.in_(
    sa.select(group_members.c.group_id).where(
        group_members.c.client_id == sa.bindparam("member_id", type_=sa.Uuid),
        sa.or_(
            group_members.c.until.is_(None),
            group_members.c.until > sa.bindparam("member_after", type_=sa.Date),
        ),
    )
)

ON: Any = sa.bindparam("on", type_=sa.Date)
IS_TAUGHT = sa.exists().where(
    group_teachers.c.group_id == groups.c.id,
    group_teachers.c.user_id == sa.bindparam("teacher_id", type_=sa.Uuid),
    group_teachers.c.since <= ON,
    sa.or_(group_teachers.c.until.is_(None), group_teachers.c.until >= ON),
)
IS_ACTIVE = sa.and_(
    sa.or_(groups.c.active_from.is_(None), groups.c.active_from <= ON),
    sa.or_(groups.c.active_until.is_(None), groups.c.active_until >= ON),
)
HAS_ENDED = sa.and_(groups.c.active_until.is_not(None), groups.c.active_until < ON)

Span = tuple[UUID, date, date | None]
"""Who, from when, until when."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Who is what in a group, from when until when: of these rows only the difference is written."""

    table: sa.Table
    column: str
    put: Bulk = field(init=False)
    remove: Statements = field(init=False)

    def __post_init__(self) -> None:
        keys = [*self.table.primary_key]
        remove = sa.delete(self.table).where(self.table.c.group_id == sa.bindparam("group_id"))
        of_rows = {dialect: sa.tuple_(*keys).in_(rows) for dialect, rows in bound_rows(keys).items()}
        object.__setattr__(self, "put", Bulk(self.table, upsert_on=[column.name for column in keys]))
        object.__setattr__(self, "remove", {dialect: remove.where(it) for dialect, it in of_rows.items()})

    def of_group(self, dialect: str) -> sa.Label[Any]:
        """Those of a group as one JSON text, or none; in any order: a group sorts them."""
        all_of, one = AS_JSON[dialect]
        spans = all_of(one(self.table.c[self.column], self.table.c.since, self.table.c.until), type_=Facts)
        own = sa.select(spans).where(self.table.c.group_id == groups.c.id)
        return own.scalar_subquery().label(self.table.name)

    def write(
        self, connection: Connection, group_id: GroupId, before: Iterable[Span], after: Iterable[Span]
    ) -> None:
        old, new = {*before}, {*after}
        keys = {(member_id, since) for member_id, since, _ in new}
        removed = [span for span in old if span[:2] not in keys]
        if removed:
            connection.run(self.remove, {"group_id": group_id, "rows": self._rows(group_id, removed)})
        self.put.write(connection, self._rows(group_id, new - old))

    def _rows(self, group_id: GroupId, spans: Iterable[Span]) -> list[dict[str, Any]]:
        return [
            {"group_id": group_id, self.column: member_id, "since": since, "until": until}
            for member_id, since, until in sorted(spans, key=lambda span: span[:2])
        ]


TEACHERS = Spans(group_teachers, "user_id")
MEMBERS = Spans(group_members, "client_id")


def is_member_on(day: Any) -> sa.ColumnElement[bool]:
    """Of `group_members`: whether the row covers a day."""
    until = group_members.c.until
    return sa.and_(group_members.c.since <= day, sa.or_(until.is_(None), until >= day))


def group(*, group_teachers: Any, group_members: Any, **fields: Any) -> Group:
    """A group as it is read, with its spans."""
    teachers = (
        Teaching(user_id=AccountId(user_id), since=since, until=until)
        for user_id, since, until in _spans(group_teachers)
    )
    members = (
        GroupMembership(client_id=ClientId(client_id), since=since, until=until)
        for client_id, since, until in _spans(group_members)
    )
    return Group(teachers=tuple(teachers), members=tuple(members), **fields)


class SqlGroups(SqlRepository[Group, GroupCriteria]):
    mapper = TableMapper(
        GROUPS,
        groups,
        conditions=lambda dialect: {
            "member_id": IS_MEMBER_AFTER,
            "words": has_words(dialect, groups.c.name_key),
            "teacher_id": IS_TAUGHT,
            "active": {True: IS_ACTIVE, False: ~IS_ACTIVE},
            "ended": {True: HAS_ENDED, False: ~HAS_ENDED},
        },
        more_columns=lambda dialect: [TEACHERS.of_group(dialect), MEMBERS.of_group(dialect)],
        make=group,
    )

    def add(self, entity: Group) -> None:
        with self.connection.transaction():
            super().add(entity)
            self._write(entity, [], [])

    def save(self, entity: Group) -> None:
        with self.connection.transaction():
            super().save(entity)
            # as they are now: the row is locked since it was written
            stored = self.connection.run(self.mapper.get, {"id": entity.id}).one_or_none()
            self._write(entity, _spans(stored.group_teachers), _spans(stored.group_members))

    def _write(self, group: Group, teachers: Iterable[Span], members: Iterable[Span]) -> None:
        taught = ((it.user_id, it.since, it.until) for it in group.teachers)
        TEACHERS.write(self.connection, group.id, teachers, taught)
        joined = ((it.client_id, it.since, it.until) for it in group.members)
        MEMBERS.write(self.connection, group.id, members, joined)


def _spans(found: list[list[Any]] | None) -> Iterator[Span]:
    for member_id, since, until in found or ():
        yield UUID(member_id), date.fromisoformat(since), date.fromisoformat(until) if until else None
