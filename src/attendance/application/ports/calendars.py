"""Calendars, and who may read them by a token."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from attendance.domain.calendars import CalendarEntry, CalendarToken
from attendance.domain.ids import AccountId, GroupId
from attendance.domain.roles import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """Whose token it is, and what they may at this moment."""

    account_id: AccountId
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAsTaught:
    """What a group is called, and whether somebody teaches it on a day."""

    name: str
    is_taught: bool


class Calendars(Protocol):
    @abstractmethod
    def token_of(self, account_id: AccountId) -> CalendarToken | None: ...

    @abstractmethod
    def put_token(self, token: CalendarToken) -> None:
        """In place of the account's token, if it has one."""

    @abstractmethod
    def remove_token(self, account_id: AccountId) -> None: ...

    @abstractmethod
    def holder(self, digest: str) -> TokenHolder | None:
        """One statement; None where nobody has such a token, or their account is not active."""

    @abstractmethod
    def groups_taught(self, account_id: AccountId, day: date) -> Collection[GroupId]:
        """The groups that somebody teaches on a day, in the order of ids."""

    @abstractmethod
    def group(self, group_id: GroupId, account_id: AccountId, day: date) -> GroupAsTaught:
        """One statement. Raise GroupNotFound."""

    @abstractmethod
    def of_teacher(self, account_id: AccountId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        """Lessons that somebody teaches, named in them or teaching their group on their date.

        On local dates, both ends included, by their beginning, then by id. One statement.
        """

    @abstractmethod
    def of_group(self, group_id: GroupId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        """A group's lessons, likewise. One statement."""
