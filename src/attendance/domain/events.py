"""What happened: one entry for every change of state, never edited, never removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from attendance.domain.ids import AccountId, EventId

Facts = Mapping[str, str | int | bool | None]


class Action(StrEnum):
    ACCOUNT_REGISTERED = "account.registered"
    ACCOUNT_REHASHED = "account.rehashed"
    SESSION_STARTED = "session.started"
    LAB_CREATED = "lab.created"
    LAB_JOINED = "lab.joined"
    LAB_ATTENDANCE_MARKED = "lab_attendance.marked"
    LAB_ATTENDANCE_DELETED = "lab_attendance.deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Who changed what, when, from which state (`before`, None if new) to which (`after`, None if gone)."""

    id: EventId
    at: datetime
    actor_id: AccountId | None
    action: Action
    subject_id: UUID
    before: Facts | None = None
    after: Facts | None = None

    @property
    def subject_kind(self) -> str:
        """What the subject is: the action's part before the dot."""
        return self.action.partition(".")[0]
