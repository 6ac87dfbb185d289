"""Clients: the people who attend, children for instance."""

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from attendance.domain.errors import Conflict, FieldError, NotFound, error_if, raise_if_errors
from attendance.domain.ids import AccountId, ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.revisions import Record, RecordFields
from attendance.domain.text import name_error, prose_error, trim

LONGEST_CLIENT_NAME = 200
LONGEST_PHONE = 50
LONGEST_ADDRESS = 500
LONGEST_NOTES = 5000
MOST_ACCOUNTS = 10
EARLIEST_BIRTHDAY = date(1900, 1, 1)


class ClientNotFound(NotFound):
    text = "client not found"


class ClientArchived(Conflict):
    """Nothing is sold to an archived client; attendance can still be marked."""

    text = "client is archived"


class ClientChanges(TypedDict, total=False):
    """The fields to change; others stay as they are."""

    name: str
    guardian_name: str
    birthday: date | None
    phone: str
    email: str
    address: str
    notes: str
    active: bool
    user_ids: tuple[AccountId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFields(RecordFields):
    """What a client and what is shown of it have in common.

    `user_ids`: the accounts linked to the client, at most 10: its own, and each parent's. They may read this
    client's data. Sorted by id. Not `active`: archived.
    """

    id: ClientId
    name: str
    guardian_name: str = ""
    birthday: date | None = None
    phone: str = ""
    email: str = ""
    address: str = ""
    active: bool = True
    user_ids: tuple[AccountId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(ClientFields, Record):
    """A client. `notes` may be about health. Raises Invalid."""

    kind = "client"

    notes: str = ""

    def __post_init__(self) -> None:
        optional = {
            "guardian_name": LONGEST_CLIENT_NAME,
            "phone": LONGEST_PHONE,
        }
        trim(self, "name", "email", *optional)
        given = {name: text for name in optional if (text := getattr(self, name))}
        raise_if_errors(
            name_error("name", self.name, longest=LONGEST_CLIENT_NAME),
            *(name_error(name, text, longest=optional[name]) for name, text in given.items()),
            prose_error("address", self.address, longest=LONGEST_ADDRESS),
            prose_error("notes", self.notes, longest=LONGEST_NOTES),
            error_if(len(self.user_ids) > MOST_ACCOUNTS, "user_ids", f"must be at most {MOST_ACCOUNTS}"),
            *_repeated_errors(self.user_ids),
        )
        object.__setattr__(self, "user_ids", tuple(sorted(self.user_ids)))


def accepted_birthday(birthday: date | None, *, today: date) -> date | None:
    """The birthday. Raises Invalid for one after `today`, or so long ago that it is mistyped."""
    raise_if_errors(
        error_if(birthday and birthday > today, "birthday", "must not be in the future"),
        error_if(birthday and birthday < EARLIEST_BIRTHDAY, "birthday", "must not be before 1900"),
    )
    return birthday


def is_own(actor: Actor, client: Client | None) -> bool:
    """Whether the client is the actor's own: the actor's account is linked to it."""
    return client is not None and actor.id in client.user_ids


def _repeated_errors(user_ids: tuple[AccountId, ...]) -> list[FieldError]:
    first = {user_id: place for place, user_id in reversed([*enumerate(user_ids)])}
    return [
        FieldError(f"user_ids[{place}]", "must not be repeated")
        for place, user_id in enumerate(user_ids)
        if first[user_id] < place
    ]
