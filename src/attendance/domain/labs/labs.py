"""Labs: their owners and members."""

from dataclasses import dataclass
from datetime import datetime

from attendance.domain.errors import Conflict, NotFound, raise_if_errors
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, LabId
from attendance.domain.revisions import payload
from attendance.domain.text import name_error, prose_error, trim

LONGEST_NAME = 200
LONGEST_DESCRIPTION = 2000


class LabNotFound(NotFound):
    """There is no lab with this id."""

    text = "lab not found"


class AlreadyMember(Conflict):
    """The user has joined the lab before, or owns it."""

    text = "already a member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A lab, whose owner keeps its attendance by date. Raises Invalid."""

    id: LabId
    owner_id: AccountId
    name: str
    description: str = ""
    created_at: datetime

    def __post_init__(self) -> None:
        trim(self, "name")
        raise_if_errors(
            name_error("name", self.name, longest=LONGEST_NAME),
            prose_error("description", self.description, longest=LONGEST_DESCRIPTION),
        )

    def created(self, change_context: ChangeContext) -> Event:
        return change_context.event(Action.LAB_CREATED, self.id, after=payload(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user is a member of a lab. Memberships do not end."""

    lab_id: LabId
    user_id: AccountId
    joined_at: datetime

    def joined(self, change_context: ChangeContext) -> Event:
        after = {"user_id": str(self.user_id)}
        return change_context.event(Action.LAB_JOINED, self.lab_id, after=after)
