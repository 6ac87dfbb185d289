"""Contracts with clients."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypedDict

from attendance.domain.club.clients import LONGEST_NOTES
from attendance.domain.errors import Conflict, NotFound, error_if, raise_if_errors
from attendance.domain.ids import ClientId, ContractId
from attendance.domain.revisions import Record, RecordFields
from attendance.domain.text import name_error, prose_error, trim

LONGEST_NUMBER = 50


class ContractNotFound(NotFound):
    text = "contract not found"


class NumberTaken(Conflict):
    """Another contract has this number."""

    text = "contract number is taken"


class ContractState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    CANCELLED = "cancelled"


class ContractChanges(TypedDict, total=False):
    """The fields to change; others stay as they are. The client of a contract cannot be changed."""

    number: str
    signed_on: date | None
    cancelled_on: date | None
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFields(RecordFields):
    """What a contract and what is shown of it have in common: in force from `signed_on` to `cancelled_on`.

    Both days are included. None: not signed yet, not cancelled.
    """

    id: ContractId
    number: str
    client_id: ClientId
    signed_on: date | None = None
    cancelled_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract(ContractFields, Record):
    """A contract with a client. Raises Invalid."""

    kind = "contract"

    notes: str = ""

    def __post_init__(self) -> None:
        trim(self, "number")
        is_backwards = self.signed_on and self.cancelled_on and self.cancelled_on < self.signed_on
        raise_if_errors(
            name_error("number", self.number, longest=LONGEST_NUMBER),
            prose_error("notes", self.notes, longest=LONGEST_NOTES),
            error_if(is_backwards, "cancelled_on", "must not be before signed_on"),
        )

    def state(self, on: date) -> ContractState:
        """The state on a day: draft until it is signed, cancelled from the day after `cancelled_on`."""
        if self.signed_on is None:
            return ContractState.DRAFT
        is_over = self.cancelled_on is not None and on > self.cancelled_on
        return ContractState.CANCELLED if is_over else ContractState.ACTIVE


def number_for(contract_id: ContractId, *, year: int) -> str:
    """The number of a contract that is given none: `YYYY/` and the last 8 hexadecimal digits of its id."""
    return f"{year:04d}/{contract_id.hex[-8:]}"
