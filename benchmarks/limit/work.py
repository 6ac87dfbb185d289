"""What a request asks of a database and what comes back: as flat as it gets."""

import datetime as dt
from abc import abstractmethod
from typing import Annotated, Literal, Protocol
from uuid import UUID

import msgspec

IDLE = dt.timedelta(hours=3)
TOUCH_AFTER = dt.timedelta(minutes=1)

Status = Literal["present", "absent", "late", "excused"]


class MarkBody(msgspec.Struct, forbid_unknown_fields=True):
    user_id: str
    date: dt.date
    status: Status
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class MarkView(msgspec.Struct):
    attendance_id: str
    lab_id: str
    user_id: str
    date: str
    status: str
    note: str


class SheetRow(msgspec.Struct):
    user_id: str
    username: str
    status: str
    note: str


class SheetView(msgspec.Struct):
    lab_id: str
    date: str
    attendances: list[SheetRow]
    total: int


class Refused(Exception):
    """The status and the text to answer with."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


UNAUTHENTICATED = Refused(401, "authentication required")
MALFORMED = Refused(400, "malformed request")
NOT_MANAGED = Refused(403, "only lab owner can manage attendance")
NOT_VIEWED = Refused(403, "only lab owner can view attendance")
NOT_FOUND = Refused(404, "lab or user not found")
NO_LAB = Refused(404, "lab not found")
NO_MEMBER = Refused(409, "user is not a member of the lab")


class Backend(Protocol):
    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    async def mark(self, session_id: UUID, lab_id: UUID, user_id: UUID, body: MarkBody) -> str:
        """Store the mark with its event, if that changes anything; return its id."""

    @abstractmethod
    async def mark_sheet(self, session_id: UUID, lesson_id: UUID, body: bytes) -> bytes:
        """Mark clients in a lesson, charge their passes, and answer with the lesson's whole sheet."""

    @abstractmethod
    async def sheet(self, session_id: UUID, lab_id: UUID, date: dt.date) -> list[SheetRow]: ...


def refusal_of_marking(caller: object, owner: object, account: object, member: object) -> Refused | None:
    """In the order in which the service refuses; each argument is what was found of it."""
    if caller is None:
        return UNAUTHENTICATED
    if owner is None:
        return NOT_FOUND
    if owner != caller:
        return NOT_MANAGED
    if account is None:
        return NOT_FOUND
    return NO_MEMBER if member is None else None
