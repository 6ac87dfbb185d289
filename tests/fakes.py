"""Fakes that cost nothing and can fail like the real thing."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from attendance.adapters.clock import IanaZones, new_id, new_token
from attendance.application.accounts.outbox import OutboxWriter
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.role_change_workflow import RoleChangeWorkflow
from attendance.application.ports import (
    Contended,
    EmailAddresses,
    Hasher,
    Notifier,
    NotSent,
    Store,
    Tokens,
    TokenSubject,
    UnitOfWork,
    Usernames,
)
from attendance.application.use_cases import use_cases_of
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.links import LinkLifetimes
from attendance.domain.accounts.mail import Mail, MailKind, MailState
from attendance.domain.accounts.passwords import PasswordRules
from attendance.domain.accounts.rate_limits import Limits
from attendance.domain.accounts.role_changes import OwnershipRules
from attendance.domain.accounts.sessions import Session, SessionLifetimes
from attendance.domain.attendance.marks import MarkingRules
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Directory, Registration
from attendance.domain.text import trimmed
from tests import make
from tests.make import NOON

BERLIN = ZoneInfo("Europe/Berlin")
PASSWORD = "correct horse battery"


@dataclass
class FakeClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class FakeHasher(Hasher):
    """Hashes at once; `generation` stands for the parameters in force, `verified` counts what was asked."""

    generation: int = 1
    verified: list[str | None] = field(default_factory=list)

    def hash(self, password: str) -> str:
        return f"{self.generation}:{password}"

    def verify(self, password: str, password_hash: str | None) -> bool:
        self.verified.append(password_hash)
        return password_hash is not None and password_hash.partition(":")[2] == password

    def is_outdated(self, password_hash: str) -> bool:
        return not password_hash.startswith(f"{self.generation}:")


class FakeTokens(Tokens):
    def __init__(self) -> None:
        self._issued: dict[str, TokenSubject] = {}

    def issue(self, session: Session) -> str:
        token = f"token of {session.id}"
        self._issued[token] = TokenSubject(session.id, session.account_id)
        return token

    def subject(self, token: str) -> TokenSubject | None:
        return self._issued.get(token)


class AnyUsername(Usernames):
    def accepted(self, username: str) -> str:
        return trimmed(username)


def replaced(work: UnitOfWork, **repositories: object) -> UnitOfWork:
    """A unit of work with other repositories in place of some."""
    other = copy(work)
    for name, repository in repositories.items():
        setattr(other, name, repository)
    return other


@dataclass
class ContendedStore(Store):
    """Another store, in front of which the next `times` units of work lose against somebody else."""

    inner: Store
    times: int = 0
    backoff: int = 5

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self.inner.transaction() as work:
            yield work
            if self.times:
                self.times -= 1
                raise Contended

    @contextmanager
    def autocommit(self) -> Iterator[UnitOfWork]:
        if self.times:
            self.times -= 1
            raise Contended
        with self.inner.autocommit() as work:
            yield work

    read = autocommit

    def ambient(self) -> AbstractContextManager[None]:
        return self.inner.ambient()

    def attempts(self) -> Iterator[None]:
        return iter([None] * self.backoff)


class AnyAddress(EmailAddresses):
    """Any text with an @ in it."""

    def accepted(self, email: str) -> str:
        if "@" not in email:
            raise Invalid(FieldError("email", "must hold an @"))
        return trimmed(email)


@dataclass
class FakeNotifier(Notifier):
    """Keeps what it was given; while `down` says why, nothing is sent."""

    sent: list[Mail] = field(default_factory=list)
    down: NotSent | None = None

    def send(self, mail: Mail) -> None:
        if self.down:
            raise self.down
        self.sent.append(mail)


@dataclass
class World:
    """All use cases over a store, with what they are given in reach."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    hasher: FakeHasher = field(default_factory=FakeHasher)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    directory: Directory = Directory.PUBLIC
    registration: Registration = Registration.OPEN
    limits: Limits = field(default_factory=Limits)
    rules: OwnershipRules = field(default_factory=OwnershipRules)
    marking_rules: MarkingRules = field(default_factory=MarkingRules)
    run_in_background: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = FakeTokens()
        rate_limiter = RateLimiter(store=self.store, clock=self.clock, limits=self.limits)
        outbox_writer = OutboxWriter(
            clock=self.clock, new_id=new_id, new_token=new_token, lifetimes=LinkLifetimes()
        )
        self.use_cases = use_cases_of(
            {
                "store": self.store,
                "clock": self.clock,
                "new_id": new_id,
                "new_token": new_token,
                "hasher": self.hasher,
                "usernames": AnyUsername(),
                "email_addresses": AnyAddress(),
                "password_rules": PasswordRules(shortest=8, is_common=lambda it: it == "password"),
                "tokens": self.tokens,
                "session_lifetimes": SessionLifetimes(),
                "run_in_background": self._run,
                "notifier": self.notifier,
                "directory": self.directory,
                "registration": self.registration,
                "rate_limiter": rate_limiter,
                "limits": self.limits,
                "outbox_writer": outbox_writer,
                "role_change_workflow": RoleChangeWorkflow(
                    clock=self.clock, new_id=new_id, outbox_writer=outbox_writer, rules=self.rules
                ),
                "marking_rules": self.marking_rules,
                "zone": BERLIN,
                "today": lambda: self.clock().astimezone(BERLIN).date(),
                "zones": IanaZones("Europe/Berlin"),
            }
        )

    def account(self, **changes: object) -> Account:
        """An account that is simply there: a confirmed user, unless said otherwise."""
        account = make.confirmed(self.clock.now, **changes)
        with self.store.transaction() as work:
            work.accounts.add(account)
        return account

    def having(self, role: Role, **changes: object) -> Actor:
        """Somebody of a role, confirmed and active."""
        return make.actor(self.account(role=role, **changes))

    def now(self, account_id: AccountId) -> Account:
        """An account as it is now."""
        with self.store.autocommit() as work:
            return work.accounts.get(account_id)

    def waiting(self, kind: MailKind | None = None, to: str | None = None) -> list[Mail]:
        """What the outbox holds, oldest first."""
        with self.store.autocommit() as work:
            mails = work.outbox.in_state(MailState.WAITING)
        return [mail for mail in mails if kind in (None, mail.kind) and to in (None, mail.to)]

    def token_mailed(self, kind: MailKind, to: str | None = None) -> str:
        """The token of the newest mail of a kind."""
        facts = self.waiting(kind, to)[-1].facts
        assert facts
        return facts["token"]

    def _run(self, task: object) -> bool:
        try:
            task()  # type: ignore[operator]
        except Exception as error:
            self.run_in_background.append(error)
        return True
