"""Signing in, and knowing who asks."""

from dataclasses import dataclass
from datetime import datetime

from attendance.application.ports import Aside, Clock, Hasher, NewId, Store, Tokens
from attendance.application.retrying import retried
from attendance.domain.accounts import LONGEST_USERNAME, Account, InvalidCredentials, normal_password
from attendance.domain.errors import Unauthenticated
from attendance.domain.ids import EventId, SessionId
from attendance.domain.sessions import Actor, Session, SessionLifetime
from attendance.domain.text import fault_in_name, folded


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Start a session and return its access token.

    Raises InvalidCredentials, the same and after the same time for an unknown name, a wrong password and a
    deactivated account. A password hashed under older parameters is hashed again.
    """

    store: Store
    clock: Clock
    new_id: NewId
    hasher: Hasher
    tokens: Tokens
    lifetime: SessionLifetime

    @retried
    def __call__(self, *, username: str, password: str) -> str:
        session = self._session(self._proven(self._claimed(username), password))
        with self.store.begin() as work:
            work.sessions.add(session)
            work.events.add(session.started(event_id=EventId(self.new_id())))
        return self.tokens.issue(session)

    def _claimed(self, username: str) -> Account | None:
        if fault_in_name("username", username, longest=LONGEST_USERNAME):
            return None
        with self.store.each() as work:
            return work.accounts.find_by_username(folded(username))

    def _proven(self, account: Account | None, password: str) -> Account:
        normal = normal_password(password)
        proven = self.hasher.verify(normal or "", account.password_hash if account and normal else None)
        if account is None or normal is None or not proven or not account.active:
            raise InvalidCredentials
        if not self.hasher.is_outdated(account.password_hash):
            return account
        rehashed, event = account.rehashed(
            self.hasher.hash(normal), at=self.clock(), event_id=EventId(self.new_id())
        )
        with self.store.begin() as work:
            work.accounts.save(rehashed)
            work.events.add(event)
        return rehashed

    def _session(self, account: Account) -> Session:
        now = self.clock()
        return Session(
            id=SessionId(self.new_id()),
            account_id=account.id,
            started_at=now,
            expires_at=now + self.lifetime.absolute,
            last_seen_at=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorOf:
    """Who a token speaks for at this moment. Raises Unauthenticated when it speaks for nobody (any more)."""

    store: Store
    clock: Clock
    tokens: Tokens
    lifetime: SessionLifetime
    aside: Aside

    @retried
    def __call__(self, token: str) -> Actor:
        session_id = self.tokens.session_id(token)
        if session_id is None:
            raise Unauthenticated
        with self.store.each() as work:
            found = work.sessions.find(session_id)
        now = self.clock()
        if (
            found is None
            or not found.account_active
            or not found.session.is_live(at=now, lifetime=self.lifetime)
        ):
            raise Unauthenticated
        if found.session.is_worth_touching(at=now):
            self.aside(lambda: self._touch(session_id, now))
        return Actor(found.session.account_id, session_id)

    @retried
    def _touch(self, session_id: SessionId, at: datetime) -> None:
        with self.store.each() as work:
            work.sessions.touch(session_id, at)
