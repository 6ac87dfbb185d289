"""The log."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import Bulk, among
from attendance.adapters.sql.engine.connection import Connection, Statements
from attendance.adapters.sql.engine.listing import LIMIT, Listing, SortColumn
from attendance.adapters.sql.reporting.final_events import final_position
from attendance.adapters.sql.tables import (
    accounts,
    clients,
    events,
    groups,
    labs,
    lessons,
    metadata,
    role_changes,
    sessions,
)
from attendance.application.pagination import PageRequest
from attendance.application.ports import RESOURCES, Events
from attendance.application.ports.events import EventCriteria, LoggedEvent, LogStretch
from attendance.domain.events import Event

ADD = sa.insert(events).inline()
ADD_ALL = Bulk(events, columns=[column.name for column in events.c if column.name != "position"])
COLUMNS = ("id", "at", "actor_id", "action", "subject_id", "before", "after", "client_id")
OF = (
    sa.select(*events.c[*COLUMNS])
    .where(events.c.subject_id == sa.bindparam("subject_id"))
    .order_by(events.c.position)
)
OF_ALL: Statements = {
    dialect: sa.select(*events.c[*COLUMNS])
    .where(is_among, events.c.action == sa.bindparam("action"))
    .order_by(events.c.position)
    for dialect, is_among in among(events.c.subject_id, "subject_ids").items()
}
NUMBERS_OF: Statements = {
    dialect: sa.select(events.c.subject_id, sa.func.count().label("number"))
    .where(is_among)
    .group_by(events.c.subject_id)
    for dialect, is_among in among(events.c.subject_id, "subject_ids").items()
}

NAME_OF: Mapping[tuple[str, ...], sa.Select[Any]] = {
    ("account", "favorites", "calendar_token"): sa.select(accounts.c.username).where(
        accounts.c.id == events.c.subject_id
    ),
    ("session",): sa.select(accounts.c.username).where(
        accounts.c.id == sessions.c.account_id, sessions.c.id == events.c.subject_id
    ),
    ("role_change",): sa.select(accounts.c.username).where(
        accounts.c.id == role_changes.c.user_id, role_changes.c.id == events.c.subject_id
    ),
    ("lesson",): sa.select(groups.c.name).where(
        groups.c.id == lessons.c.group_id, lessons.c.id == events.c.subject_id
    ),
    ("subscription", "attendance"): sa.select(clients.c.name).where(clients.c.id == events.c.client_id),
    **{
        kinds: sa.select(table.c[label]).where(table.c.id == events.c.subject_id)
        for kinds, table, label in (
            (("lab",), labs, "name"),
            *(((it.entity.kind,), metadata.tables[it.name], it.label) for it in RESOURCES if it.label),
        )
    },
}
"""By the kinds of a subject, its name."""
SUBJECT_NAME = sa.case(
    *(
        (
            sa.or_(*(events.c.subject_kind == sa.literal_column(f"'{kind}'") for kind in kinds)),
            name.scalar_subquery(),
        )
        for kinds, name in NAME_OF.items()
    )
)
SUBJECT_ID = sa.bindparam("subject_id", type_=sa.Uuid)
CONCERNED = sa.union_all(
    *(
        sa.select(events.c.position).where(events.c[it] == SUBJECT_ID).correlate(None)
        for it in ("subject_id", "client_id")
    )
)
SINCE, UNTIL = (sa.bindparam(name, type_=events.c.at.type) for name in ("since", "until"))
LISTING: Listing[LoggedEvent] = Listing(
    columns=[
        events.c.position,
        *events.c[*COLUMNS],
        sa.select(accounts.c.username)
        .where(accounts.c.id == events.c.actor_id)
        .scalar_subquery()
        .label("actor_username"),
        SUBJECT_NAME.label("subject_name"),
    ],
    tie=SortColumn(events.c.position, lambda logged: logged.position),
    criteria=EventCriteria,
    newest_first=True,
    conditions={
        # each by its own index: with OR, the whole log might be read backwards
        "subject_id": events.c.position.in_(CONCERNED),
        "since": events.c.at >= SINCE,
        "until": events.c.at < UNTIL,
    },
)


def event_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "actor_id": event.actor_id,
        "action": event.action,
        "subject_kind": event.subject_kind,
        "subject_id": event.subject_id,
        "before": event.before,
        "after": event.after,
        "client_id": event.client_id,
    }


@cache
def _read_on(names: frozenset[str]) -> sa.Select[Any]:
    """Events between two positions, in their order, narrowed by the criteria of these names."""
    position = events.c.position
    within = position > sa.bindparam("after"), position <= sa.bindparam("final")
    narrowed = LISTING.narrowed(sa.select(*LISTING.columns), names)
    return narrowed.where(*within).order_by(position).limit(LIMIT)


@dataclass(frozen=True, slots=True)
class SqlEvents(Events):
    connection: Connection

    def add(self, event: Event) -> None:
        self.connection.run(ADD, event_row(event))

    def add_all(self, events: Collection[Event]) -> None:
        ADD_ALL.write(self.connection, [*map(event_row, events)])

    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        rows = self.connection.run(OF, {"subject_id": subject_id}).rows
        return tuple(Event(**row._asdict()) for row in rows)

    def of_all(self, subject_ids: Collection[UUID], action: str) -> tuple[Event, ...]:
        rows = self.connection.run(OF_ALL, {"subject_ids": [*subject_ids], "action": action}).rows
        return tuple(Event(**row._asdict()) for row in rows)

    def list(
        self, criteria: EventCriteria, page_request: PageRequest[LoggedEvent]
    ) -> tuple[LoggedEvent, ...]:
        return tuple(map(_logged, LISTING.rows(self.connection, criteria, page_request)))

    def count(self, criteria: EventCriteria) -> int:
        return LISTING.count(self.connection, criteria)

    def read_on(self, criteria: EventCriteria, *, after: int, limit: int) -> LogStretch:
        parameters = LISTING.parameters(criteria)
        position = final_position(self.connection, after=after, limit=None if parameters else limit)
        if position <= after:
            return LogStretch((), position)
        statement = _read_on(frozenset(parameters))
        values = {**parameters, "after": after, "final": position, "limit": limit}
        events = tuple(map(_logged, self.connection.run(statement, values).rows))
        return LogStretch(events, events[-1].position if len(events) == limit else position)

    def numbers_of(self, subject_ids: Collection[UUID]) -> Mapping[UUID, int]:
        rows = self.connection.run(NUMBERS_OF, {"subject_ids": [*subject_ids]}).rows
        return {row.subject_id: row.number for row in rows}


def _logged(row: Any) -> LoggedEvent:
    fields = row._asdict()
    beside = [fields.pop(name) for name in ("position", "actor_username", "subject_name")]
    return LoggedEvent(beside[0], Event(**fields), *beside[1:])
