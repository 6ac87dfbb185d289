"""What is no store: time, identifiers, secrets, names, mail."""

from abc import abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Protocol, TypeAlias
from uuid import UUID

from attendance.domain.accounts.mail import Mail
from attendance.domain.accounts.sessions import Session
from attendance.domain.ids import AccountId, SessionId

Clock: TypeAlias = Callable[[], datetime]
"""The present instant, in UTC."""

Today: TypeAlias = Callable[[], date]
"""The present date in the organisation's zone."""

NewId: TypeAlias = Callable[[], UUID]
"""A new UUIDv7: later ones sort after earlier ones."""

NewToken: TypeAlias = Callable[[], str]
"""A new secret for a link: 32 random bytes, in letters that a URL may hold."""

RunInBackground: TypeAlias = Callable[[Callable[[], None]], bool]
"""Runs something apart from the answer, soon, and returns True; what it raises reaches nobody.

Returns False, and does not run it, where too much waits already. At an orderly end what waits is run.
"""


class Hasher(Protocol):
    """Slow, salted hashes of passwords. Raises Unavailable when too many wait for their turn."""

    @abstractmethod
    def hash(self, password: str) -> str:
        """Return a hash with its salt and parameters: another one each time, even of the same password."""

    @abstractmethod
    def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the hash is of this password. Takes as long for no hash (False) as for a wrong password."""

    @abstractmethod
    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made under other parameters than today's."""


@dataclass(frozen=True, slots=True)
class TokenSubject:
    """The session that a token points to, and the account that it says the session is of."""

    session_id: SessionId
    account_id: AccountId


class Tokens(Protocol):
    """Signed pointers to sessions."""

    @abstractmethod
    def issue(self, session: Session) -> str:
        """Return a token that points to this session and is trusted until it ends."""

    @abstractmethod
    def subject(self, token: str) -> TokenSubject | None:
        """What a token points to, or None when it is not to be trusted at this moment.

        Raises SessionExpired for one that was, and whose time is over.
        """


class Usernames(Protocol):
    """What accounts may be called."""

    @abstractmethod
    def accepted(self, username: str) -> str:
        """The username as it will be shown, without the white space at its ends; raise Invalid when nobody
        may be called that.
        """


class Zones(Protocol):
    """Time zones by their IANA names."""

    own: str
    """The organisation's."""

    @abstractmethod
    def names(self) -> Collection[str]:
        """Return the names of all zones, in no order."""

    @abstractmethod
    def named(self, name: str) -> tzinfo:
        """Return the zone of this name. Raises Invalid where there is none."""


class EmailAddresses(Protocol):
    """Where mail can be sent to."""

    @abstractmethod
    def accepted(self, email: str) -> str:
        """The address in its normal form, trimmed; raise Invalid when no mail could be sent there."""


class NotSent(Exception):
    """A mail was not accepted for delivery. Its text says why, without the mail's own."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final
        """Whether trying again is of no use."""


class NoNotifier(RuntimeError):
    """A mistake of the caller's: mail was to be sent, and nothing was said about how."""

    def __init__(self) -> None:
        super().__init__("no way to send mail was given: set smtp_url or mail_directory, or give a notifier")


class Notifier(Protocol):
    """Hands mails over to what delivers them."""

    @abstractmethod
    def send(self, mail: Mail) -> None:
        """Hand a mail over for delivery; its id makes the same Message-ID each time. Raise NotSent."""
