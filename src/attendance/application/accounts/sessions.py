"""Signing in and out, and knowing who asks."""

from dataclasses import dataclass
from datetime import datetime

from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.editing import change_context
from attendance.application.ports import Clock, Hasher, NewId, RunInBackground, Store, Tokens, UnitOfWork
from attendance.application.retrying import retried
from attendance.domain.accounts.accounts import (
    LONGEST_EMAIL,
    LONGEST_USERNAME,
    Account,
    InvalidCredentials,
    email_key,
)
from attendance.domain.accounts.passwords import normal_password
from attendance.domain.accounts.sessions import Session, SessionLifetime, ended
from attendance.domain.errors import FieldError, Invalid, Unauthenticated, Unavailable
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId, SessionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission
from attendance.domain.text import folded, name_error


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Start a session, by username or by email address, and return its access token.

    `address` is where the request came from, if that is to be counted. Raises InvalidCredentials, the same
    and after the same time for an unknown name, a wrong password and a deactivated account; LimitReached when
    too many failed of late, for the right password too. A password hashed under older parameters is hashed
    again.
    """

    store: Store
    clock: Clock
    new_id: NewId
    hasher: Hasher
    tokens: Tokens
    lifetime: SessionLifetime
    rate_limiter: RateLimiter

    def __call__(
        self,
        *,
        username: str | None = None,
        email: str | None = None,
        password: str,
        address: str | None = None,
    ) -> str:
        if (username is None) is (email is None):
            raise Invalid(FieldError("body", "must have a username or an email, not both"))
        account = self._claimed(username, email)
        named = (
            account.id
            if account
            else f"{'email' if username is None else 'username'} {folded(username or email or '')}"
        )
        claims = self.rate_limiter.of_sign_in(named, address)
        taken_at = self.rate_limiter.take(claims)
        try:
            session = self._session(account, password)
        except Unavailable:
            # nothing was found out
            self.rate_limiter.give_back(claims, taken_at)
            raise
        self.rate_limiter.give_back(claims, taken_at)
        return self.tokens.issue(session)

    @retried
    def _claimed(self, username: str | None, email: str | None) -> Account | None:
        with self.store.autocommit() as work:
            if username is None:
                return found_by_email(work, email or "")
            return found_by_username(work, username)

    def _proven(self, account: Account | None, password: str) -> tuple[Account, str | None]:
        """The account whose password it is, and its hash by today's parameters where that is another."""
        normal = normal_password(password)
        proven = self.hasher.verify(normal or "", account.password_hash if account and normal else None)
        if account is None or account.password_hash is None or normal is None or not proven:
            raise InvalidCredentials
        if not account.active:
            raise InvalidCredentials
        is_outdated = self.hasher.is_outdated(account.password_hash)
        return account, self.hasher.hash(normal) if is_outdated else None

    def _session(self, account: Account | None, password: str) -> Session:
        proven, rehashed = self._proven(account, password)
        started = self._started(proven, rehashed)
        # the other hash may be of the same password: another sign-in was the first to hash it again
        return started if isinstance(started, Session) else self._session(started, password)

    @retried
    def _started(self, proven: Account, rehashed: str | None) -> Session | Account:
        """The session, or the account where it has another hash by now and nothing is proven."""
        now = self.clock()
        session = Session(
            id=SessionId(self.new_id()),
            account_id=proven.id,
            started_at=now,
            expires_at=now + self.lifetime.absolute,
            last_seen_at=now,
        )
        change = ChangeContext(proven.id, now, self.new_id)
        with self.store.transaction() as work:
            account = work.accounts.get_for_update(proven.id)
            # proven was the password of a moment ago: whoever changed it since has ended all sessions
            if account.password_hash != proven.password_hash:
                return account
            if not account.active:
                raise InvalidCredentials
            if rehashed is not None:
                renewed, event = account.rehashed(rehashed, change)
                work.accounts.save(renewed)
                work.events.add(event)
            work.sessions.add(session)
            work.events.add(session.started(change))
        return session


def found_by_username(work: UnitOfWork, username: str) -> Account | None:
    """Who is called that, in whatever spelling. Nobody is called what no store could hold."""
    if name_error("username", username, longest=LONGEST_USERNAME):
        return None
    return work.accounts.find_by_username(folded(username))


def found_by_email(work: UnitOfWork, email: str) -> Account | None:
    """Whose address it is, confirmed or not. Nobody's is one that no store could hold."""
    if name_error("email", email, longest=LONGEST_EMAIL):
        return None
    return work.accounts.find_by_email(email_key(email))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """End the session that asks, or all sessions of its account. It holds for the very next request."""

    store: Store
    clock: Clock
    new_id: NewId

    @retried
    def __call__(self, actor: Actor, *, everywhere: bool = False) -> None:
        require_level(actor, Permission.SIGN_OUT)
        change = change_context(self, actor)
        with self.store.transaction() as work:
            if everywhere:
                end_sessions(work, actor.id, change)
            elif actor.session_id is not None and work.sessions.end(actor.session_id):
                work.events.add(ended(actor.session_id, actor.id, change))


def end_sessions(
    work: UnitOfWork, account_id: AccountId, change_context: ChangeContext, *, but: SessionId | None = None
) -> None:
    """End an account's sessions, each with an event of its own."""
    for session_id in work.sessions.end_all(account_id, but=but):
        work.events.add(ended(session_id, account_id, change_context))


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorOf:
    """Who a token speaks for at this moment. Raises Unauthenticated when it speaks for nobody (any more)."""

    store: Store
    clock: Clock
    tokens: Tokens
    lifetime: SessionLifetime
    run_in_background: RunInBackground

    @retried
    def __call__(self, token: str) -> Actor:
        session_id = self.tokens.session_id(token)
        if session_id is None:
            raise Unauthenticated
        with self.store.autocommit() as work:
            found = work.sessions.find(session_id)
        now = self.clock()
        if (
            found is None
            or not found.account_active
            or not found.session.is_live(at=now, lifetime=self.lifetime)
        ):
            raise Unauthenticated
        if found.session.is_worth_touching(at=now):
            self.run_in_background(lambda: self._touch(session_id, now))
        return Actor(found.session.account_id, session_id, found.level)

    @retried
    def _touch(self, session_id: SessionId, at: datetime) -> None:
        with self.store.autocommit() as work:
            work.sessions.touch(session_id, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActAs:
    """The actor for an account whose owner some other sign-in than ours has authenticated.

    Asks for no password and starts no session: `session_id` is None, and the actor is good for one request.
    Its level is that of the account at this moment. Raises UserNotFound, Unauthenticated for an account that
    is deactivated.
    """

    store: Store

    @retried
    def __call__(self, account_id: AccountId) -> Actor:
        with self.store.autocommit() as work:
            account = work.accounts.get(account_id)
        if not account.active:
            raise Unauthenticated
        return Actor(account.id, None, account.level)
