"""A lab with an owner and members, made through the library while the service is up or down."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from attendance.adapters.clock import utc_now
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import Account
from attendance.domain.attendance.status import Status
from attendance.domain.ids import AccountId
from attendance.entrypoints.container import Container, close
from attendance.entrypoints.library import open_attendance
from attendance.entrypoints.settings import settings_of
from tests import make
from tests.faults.clients import Request
from tests.service import CHEAP_HASHING, SECRET

PASSWORD = "correct horse battery staple"
A_DATE = "2026-03-02"
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    username: str
    id: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    owner: Person
    lab_id: str
    members: tuple[Person, ...]
    stranger: Person

    @property
    def member(self) -> Person:
        return self.members[0]

    def mark(self, note: str, *, user_id: str | None = None, date: str = A_DATE) -> Request:
        body = {"user_id": user_id or self.member.id, "date": date, "status": "present", "note": note}
        return Request(
            method="PUT", path=f"/labs/{self.lab_id}/attendance", body=body, token=self.owner.token
        )

    def sheet(self, date: str = A_DATE) -> Request:
        path = f"/labs/{self.lab_id}/attendance?date={date}"
        return Request(method="GET", path=path, token=self.owner.token)

    def history(self) -> Request:
        path = f"/labs/{self.lab_id}/users/{self.member.id}/attendance"
        return Request(method="GET", path=path, token=self.owner.token)

    def join(self) -> Request:
        return Request(method="POST", path=f"/labs/{self.lab_id}/join", token=self.stranger.token)


HASHING: dict[str, Any] = {
    name.removeprefix("ATTENDANCE_").lower(): value for name, value in CHEAP_HASHING.items()
}


@contextmanager
def library(database_url: str) -> Iterator[UseCases]:
    """The use cases with the service's secret, so that their tokens are good there."""
    with open_attendance(database_url, secret_key=SECRET, **HASHING) as attendance:
        yield attendance


@contextmanager
def contained(database_url: str) -> Iterator[Container]:
    """Likewise, with the ports themselves in reach."""
    settings = settings_of({"database_url": database_url, "secret_key": SECRET} | HASHING)
    container = Container(settings=settings)
    try:
        yield container
    finally:
        close(container)


def set_scene(database_url: str, *, members: int = 1, note: str | None = None) -> Scene:
    """A lab that nobody else has to do with; a note is that of the first member's mark."""
    with library(database_url) as attendance:
        owner, stranger = _signed_up(attendance), _signed_up(attendance)
        acting = attendance.actor_of(owner.token)
        lab_id = attendance.create_lab(acting, name="Optics")
        joined = tuple(_signed_up(attendance) for _ in range(members))
        for member in joined:
            attendance.join_lab(attendance.actor_of(member.token), lab_id=lab_id)
        if note is not None:
            attendance.mark_lab_attendance(
                acting,
                lab_id=lab_id,
                user_id=AccountId(UUID(joined[0].id)),
                date=date.fromisoformat(A_DATE),
                status=Status.PRESENT,
                note=note,
            )
    return Scene(owner=owner, lab_id=str(lab_id), members=joined, stranger=stranger)


def stored(database_url: str, accounts: Sequence[Account], *, sessions: int = 1) -> list[Person]:
    """Accounts of any kind put straight into a database, signed in so many times each."""
    now = utc_now()
    with contained(database_url) as container:
        password_hash = container.hasher().hash(PASSWORD)
        started = [
            make.session(account, started_at=now, expires_at=now + make.LIFETIME.absolute, last_seen_at=now)
            for account in accounts
            for _ in range(sessions)
        ]
        with container.store().transaction() as work:
            for account in accounts:
                work.accounts.add(replace(account, password_hash=password_hash))
            for session in started:
                work.sessions.add(session)
        names = {account.id: account.username for account in accounts}
        return [
            Person(
                username=names[session.account_id],
                id=str(session.account_id),
                token=container.tokens().issue(session),
            )
            for session in started
        ]


def _signed_up(attendance: UseCases) -> Person:
    username = f"member{next(_numbers)}"
    user_id = attendance.register(username=username, password=PASSWORD)
    token = attendance.sign_in(username=username, password=PASSWORD).access_token
    return Person(username=username, id=str(user_id), token=token)
