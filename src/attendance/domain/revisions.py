"""Versioned entities: each edit makes the next version, and an event with the fields that differ."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from attendance.domain.events import Action, ChangeContext, Event, Facts
from attendance.domain.ids import ClientId

NOT_IN_EVENTS = frozenset(
    {"id", "created_at", "updated_at", "version", "is_marked", "charged", "charged_in_week", "owner_since"}
    | {"password_hash", "notes"}
)
"""What every event has anyway, what is derived from others, secrets, and notes, which may be on health."""


class Revisable(Protocol):
    """An entity with an id, its moments and its version."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> UUID: ...

    @property
    def created_at(self) -> datetime: ...

    @property
    def updated_at(self) -> datetime: ...

    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Revisable)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFields:
    """What every record, and what is shown of it, has beside what it is about."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int = 1


class Record:
    """A record whose fields are edited; `kind` is how its events name it."""

    __slots__ = ()
    kind: ClassVar[str]

    def added(self: R, change_context: ChangeContext) -> Event:
        """The event of a new record."""
        return created(self, _action(self, "added"), change_context)

    def edited(self: R, changes: Mapping[str, Any], change_context: ChangeContext) -> tuple[R, Event | None]:
        """The record with these changes in its next version, and the event; None if none differs."""
        return edited(self, changes, _action(self, "edited"), change_context)


def created(record: Revisable, action: Action, change_context: ChangeContext) -> Event:
    """The event of a new record, with its payload."""
    return change_context.event(action, record.id, after=payload(record), client_id=_client_of(record))


def edited(
    before: R, changes: Mapping[str, Any], action: Action, change_context: ChangeContext
) -> tuple[R, Event | None]:
    """The record with these changes in its next version, and the event with the fields that differ.

    Where no field differs, the record as it is, and no event.
    """
    # compared as it would be stored: a list in another order may be the same
    changed = replace(before, **changes)
    different = {name for name in changes if getattr(before, name) != getattr(changed, name)}
    return revised(before, changes, action, change_context) if different else (before, None)


def revised(
    before: R, changes: Mapping[str, Any], action: Action, change_context: ChangeContext
) -> tuple[R, Event]:
    """The record with these changes in its next version, even if none differs, and the event.

    `updated_at` never falls, even where this machine's clock is behind the one that made the change before.
    """
    updated_at = max(change_context.at, before.updated_at)
    after: R = replace(before, **changes, updated_at=updated_at, version=before.version + 1)
    different = {name for name in changes if getattr(before, name) != getattr(after, name)}
    event = change_context.event(
        action,
        before.id,
        before=payload(before, different) or None,
        after=payload(after, different) or None,
        client_id=_client_of(before),
    )
    return after, event


def payload(record: Any, names: set[str] | None = None) -> Facts:
    """The payload of an event: a record's fields as JSON can hold them, all or those named."""
    return {
        field.name: _as_json(getattr(record, field.name))
        for field in fields(record)
        if field.name not in NOT_IN_EVENTS and (names is None or field.name in names)
    }


def _as_json(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case UUID() | Decimal():
            return str(value)
        case date() | time():
            return value.isoformat()
        case tuple() | frozenset():
            return [_as_json(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: _as_json(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value


def _client_of(record: Revisable) -> ClientId | None:
    """The client whose record it is; None where it is nobody's."""
    return getattr(record, "client_id", None)


def _action(record: Any, verb: str) -> Action:
    return Action(f"{record.kind}.{verb}")
