"""Fakes that cost nothing and can fail like the real thing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from attendance.adapters.clock import new_id
from attendance.application.accounts import Register, SearchAccounts
from attendance.application.lab_attendance import (
    DeleteLabAttendance,
    LabAttendanceByDate,
    LabAttendanceHistory,
    MarkLabAttendance,
)
from attendance.application.labs import CreateLab, JoinLab, SearchLabs
from attendance.application.ports import Contended, Hasher, Store, Tokens, UnitOfWork, Usernames
from attendance.application.sessions import ActorOf, SignIn
from attendance.application.use_cases import UseCases
from attendance.domain.accounts import PasswordRules
from attendance.domain.ids import SessionId
from attendance.domain.policy import Directory
from attendance.domain.sessions import Session
from tests.make import LIFETIME, NOON

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
        self._issued: dict[str, SessionId] = {}

    def issue(self, session: Session) -> str:
        token = f"token of {session.id}"
        self._issued[token] = session.id
        return token

    def session_id(self, token: str) -> SessionId | None:
        return self._issued.get(token)


class AnyUsername(Usernames):
    def accepted(self, username: str) -> str:
        return username


@dataclass
class ContendedStore(Store):
    """Another store, in front of which the next `times` units of work lose against somebody else."""

    inner: Store
    times: int = 0
    patience: int = 5

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with self.inner.begin() as work:
            yield work
            if self.times:
                self.times -= 1
                raise Contended

    @contextmanager
    def each(self) -> Iterator[UnitOfWork]:
        if self.times:
            self.times -= 1
            raise Contended
        with self.inner.each() as work:
            yield work

    read = each

    def attempts(self) -> Iterator[None]:
        return iter([None] * self.patience)


@dataclass
class World:
    """All use cases over a store, with what they are given in reach."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    hasher: FakeHasher = field(default_factory=FakeHasher)
    directory: Directory = Directory.PUBLIC
    aside: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        tokens = FakeTokens()
        parts = {"store": self.store, "clock": self.clock, "new_id": new_id}
        self.use_cases = UseCases(
            register=Register(
                **parts,
                hasher=self.hasher,
                usernames=AnyUsername(),
                password_rules=PasswordRules(shortest=8, is_common=lambda it: it == "password"),
            ),
            sign_in=SignIn(**parts, hasher=self.hasher, tokens=tokens, lifetime=LIFETIME),
            actor_of=ActorOf(
                store=self.store, clock=self.clock, tokens=tokens, lifetime=LIFETIME, aside=self._run
            ),
            search_accounts=SearchAccounts(store=self.store, directory=self.directory),
            create_lab=CreateLab(**parts),
            search_labs=SearchLabs(store=self.store, directory=self.directory),
            join_lab=JoinLab(**parts),
            mark_lab_attendance=MarkLabAttendance(**parts),
            lab_attendance_by_date=LabAttendanceByDate(store=self.store),
            lab_attendance_history=LabAttendanceHistory(store=self.store),
            delete_lab_attendance=DeleteLabAttendance(**parts),
        )

    def _run(self, task: object) -> None:
        try:
            task()  # type: ignore[operator]
        except Exception as error:
            self.aside.append(error)
