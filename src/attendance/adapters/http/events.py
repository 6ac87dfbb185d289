"""An event as the log and the history of a mark show it."""

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec

from attendance.application.ports.events import LoggedEvent
from attendance.domain.events import Action
from attendance.domain.ids import OPERATOR_ID, AccountId

OPERATOR = "operator"


class EventActorView(msgspec.Struct):
    """Who did it, by the present username; without an id the operator, or `system`: it happened by itself."""

    id: UUID | None
    name: str


class SubjectView(msgspec.Struct):
    """What it is about, by its present name; of a lesson its group's, of a mark or a pass its client's."""

    kind: str
    id: UUID
    name: str | None


class EventView(msgspec.Struct, kw_only=True):
    """One change of state; `before` is null for what is new, `after` for what is gone.

    `position`: its place in the log, rising, with gaps.
    """

    position: int
    id: UUID
    at: dt.datetime
    actor: EventActorView
    action: Action
    subject: SubjectView
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def event_view(logged: LoggedEvent) -> EventView:
    event = logged.event
    return EventView(
        position=logged.position,
        id=event.id,
        at=event.at,
        actor=_actor(event.actor_id, logged.actor_username),
        action=event.action,
        subject=SubjectView(event.subject_kind, event.subject_id, logged.subject_name),
        before=None if event.before is None else {**event.before},
        after=None if event.after is None else {**event.after},
    )


def _actor(actor_id: AccountId | None, username: str | None) -> EventActorView:
    if actor_id is None or actor_id == OPERATOR_ID:
        return EventActorView(None, "system" if actor_id is None else OPERATOR)
    return EventActorView(actor_id, username or "")
