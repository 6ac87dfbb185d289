"""Groups, each with who teaches and who is in it, read in one statement."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import Bulk, rows_given
from attendance.adapters.sql.engine.connection import Statements, Work
from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper, without
from attendance.adapters.sql.tables import group_members, group_teachers, groups
from attendance.adapters.sql.tables.columns import Facts
from attendance.application.ports.club import GroupCriteria
from attendance.domain.club.groups import Group, GroupMembership, GroupNotFound, Slot, Teaching
from attendance.domain.ids import AccountId, ClientId, GroupId
from attendance.domain.text import folded

AS_JSON = {
    "postgresql": (sa.func.json_agg, sa.func.json_build_array),
    "sqlite": (sa.func.json_group_array, sa.func.json_array),
}

Span = tuple[UUID, date, date | None]
"""Who, from when, until when."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Who is what in a group, from when until when: of these rows only the difference is written."""

    table: sa.Table
    who: str
    put: Bulk = field(init=False)
    remove: Statements = field(init=False)

    def __post_init__(self) -> None:
        keys = [*self.table.primary_key]
        remove = sa.delete(self.table).where(self.table.c.group_id == sa.bindparam("group_id"))
        of_rows = {dialect: sa.tuple_(*keys).in_(rows) for dialect, rows in rows_given(keys).items()}
        object.__setattr__(self, "put", Bulk(self.table, upsert_on=[column.name for column in keys]))
        object.__setattr__(self, "remove", {dialect: remove.where(it) for dialect, it in of_rows.items()})

    def shown(self, dialect: str) -> sa.Label[Any]:
        """Those of a group as one JSON text, or none; in any order: a group sorts them."""
        all_of, one = AS_JSON[dialect]
        spans = all_of(one(self.table.c[self.who], self.table.c.since, self.table.c.until), type_=Facts)
        own = sa.select(spans).where(self.table.c.group_id == groups.c.id)
        return own.scalar_subquery().label(self.table.name)

    def write(self, work: Work, group_id: GroupId, before: Iterable[Span], after: Iterable[Span]) -> None:
        was, is_now = {*before}, {*after}
        keys = {(who, since) for who, since, _ in is_now}
        gone = [span for span in was if span[:2] not in keys]
        if gone:
            work.run(self.remove, {"group_id": group_id, "rows": self._rows(group_id, gone)})
        self.put.write(work, self._rows(group_id, is_now - was))

    def _rows(self, group_id: GroupId, spans: Iterable[Span]) -> list[dict[str, Any]]:
        return [
            {"group_id": group_id, self.who: who, "since": since, "until": until}
            for who, since, until in sorted(spans, key=lambda span: span[:2])
        ]


TEACHERS = Spans(group_teachers, "user_id")
MEMBERS = Spans(group_members, "client_id")

LISTING: dict[str, Listing[Group]] = {
    dialect: Listing(
        shown=[*groups.c, TEACHERS.shown(dialect), MEMBERS.shown(dialect)],
        tie=SortColumn(groups.c.id, lambda group: group.id),
        keys={
            "name": SortColumn(groups.c.name_key, lambda group: folded(group.name)),
            "created_at": SortColumn(groups.c.created_at, lambda group: group.created_at),
        },
    )
    for dialect in AS_JSON
}


class SqlGroups(SqlRepository[Group, GroupCriteria]):
    mapper = TableMapper(groups, LISTING, GroupNotFound)

    @staticmethod
    def entity(row: Any) -> Group:
        lists = {
            "teachers": tuple(
                Teaching(user_id=AccountId(who), since=since, until=until)
                for who, since, until in _spans(row.group_teachers)
            ),
            "members": tuple(
                GroupMembership(client_id=ClientId(who), since=since, until=until)
                for who, since, until in _spans(row.group_members)
            ),
            "schedule": tuple(
                Slot(
                    weekday=slot["weekday"],
                    starts=time.fromisoformat(slot["starts"]),
                    ends=time.fromisoformat(slot["ends"]),
                )
                for slot in row.schedule
            ),
        }
        return Group(**without(row, "name_key", TEACHERS.table.name, MEMBERS.table.name) | lists)

    @staticmethod
    def row(entity: Group) -> dict[str, Any]:
        fields = {column.name: getattr(entity, column.name, None) for column in groups.c}
        schedule = [
            {"weekday": slot.weekday, "starts": slot.starts.isoformat(), "ends": slot.ends.isoformat()}
            for slot in entity.schedule
        ]
        return fields | {"name_key": folded(entity.name), "schedule": schedule}

    @staticmethod
    def given(criteria: GroupCriteria) -> dict[str, Any]:  # noqa: ARG004 # all of them
        return {}

    def add(self, entity: Group) -> None:
        with self.work.transaction():
            super().add(entity)
            self._write(entity, [], [])

    def save(self, entity: Group) -> None:
        with self.work.transaction():
            super().save(entity)
            # as they are now: the row is held since it was written
            stored = self.work.run(self.mapper.get, {"id": entity.id}).one_or_none()
            self._write(entity, _spans(stored.group_teachers), _spans(stored.group_members))

    def _write(self, group: Group, teachers: Iterable[Span], members: Iterable[Span]) -> None:
        taught = ((it.user_id, it.since, it.until) for it in group.teachers)
        TEACHERS.write(self.work, group.id, teachers, taught)
        joined = ((it.client_id, it.since, it.until) for it in group.members)
        MEMBERS.write(self.work, group.id, members, joined)


def _spans(found: list[list[Any]] | None) -> Iterator[Span]:
    for who, since, until in found or ():
        yield UUID(who), date.fromisoformat(since), date.fromisoformat(until) if until else None
