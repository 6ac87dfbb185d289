"""Sessions: signing in and out, where one is signed in, and the actor of a token."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.read_models import SessionDetails, StartedSession, Visitor
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query, TimedQuery
from attendance.application.ports import Hasher, RunInBackground, SignedIn, Store, Tokens, UnitOfWork
from attendance.application.ports.accounts import ACCOUNTS
from attendance.domain.accounts.accounts import (
    LONGEST_EMAIL,
    LONGEST_USERNAME,
    Account,
    InvalidCredentials,
    email_key,
)
from attendance.domain.accounts.passwords import normal_password
from attendance.domain.accounts.rate_limits import address_key
from attendance.domain.accounts.sessions import (
    InvalidToken,
    Session,
    SessionExpired,
    SessionLifetimes,
    SessionNotFound,
    ended,
)
from attendance.domain.errors import FieldError, Invalid, Unauthenticated, Unavailable
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId, SessionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission
from attendance.domain.text import folded, name_error, trimmed


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Command):
    """Start a session, by username or by email address, and return its access token and how long it lasts.

    White space around a username and an address is ignored, as phones add it; in a password it counts.

    `remember`: it lasts longer, for a device that nobody else uses. `address`: that of the client's machine,
    an IPv6 one best by its /64; None: not known. Failures count against its limits, those without an address
    as if from one place, but not against the limit of one address for all accounts. It and `user_agent` are
    shown to whoever has the account, as far as they are printable: 64 and 256 characters. A password that was
    hashed with other parameters than today's is hashed again.

    Raises Invalid unless there is either a username or an email; InvalidCredentials, the same and after the
    same time, for an unknown name, a wrong password and a deactivated account; LimitReached after too many
    failures, for the right password too; Unavailable.
    """

    hasher: Hasher
    tokens: Tokens
    session_lifetimes: SessionLifetimes
    rate_limiter: RateLimiter

    def __call__(
        self,
        *,
        username: str | None = None,
        email: str | None = None,
        password: str,
        remember: bool = False,
        address: str | None = None,
        user_agent: str = "",
    ) -> StartedSession:
        if (username is None) is (email is None):
            raise Invalid(FieldError("body", "must have a username or an email, not both"))
        account = self._find(username, email)
        kind, text = ("email", email) if username is None else ("username", username)
        subject = account.id if account else f"{kind} {folded(trimmed(text or ''))}"
        claims = self.rate_limiter.of_sign_in(subject, address)
        start = partial(self._start, remember=remember, address=address, user_agent=user_agent)
        taken_at = self.rate_limiter.take(claims)
        try:
            session = self._session(account, password, start)
        except Unavailable:
            # it is not known whether the password was wrong
            self.rate_limiter.give_back(claims, taken_at)
            raise
        self.rate_limiter.give_back(claims, taken_at)
        return StartedSession.of(session, self.tokens.issue(session), self.session_lifetimes)

    @retried
    def _find(self, username: str | None, email: str | None) -> Account | None:
        with self.store.autocommit() as work:
            if username is None:
                return found_by_email(work, email or "")
            return found_by_username(work, username)

    def _verified(self, account: Account | None, password: str) -> tuple[Account, str | None]:
        """The account, if it is its password, and a hash with today's parameters where it has another.

        Raises InvalidCredentials.
        """
        normal = normal_password(password)
        is_right = self.hasher.verify(normal or "", account.password_hash if account and normal else None)
        if account is None or account.password_hash is None or normal is None or not is_right:
            raise InvalidCredentials
        if not account.active:
            raise InvalidCredentials
        is_outdated = self.hasher.is_outdated(account.password_hash)
        return account, self.hasher.hash(normal) if is_outdated else None

    def _session(
        self,
        account: Account | None,
        password: str,
        start: Callable[[Account, str | None], Session | Account],
    ) -> Session:
        verified, new_hash = self._verified(account, password)
        result = start(verified, new_hash)
        # the other hash may be of the same password, hashed again by another sign-in
        return result if isinstance(result, Session) else self._session(result, password, start)

    @retried
    def _start(
        self,
        verified: Account,
        new_hash: str | None,
        *,
        remember: bool,
        address: str | None,
        user_agent: str,
    ) -> Session | Account:
        """The session; or the account, where it has another hash by now than the verified one."""
        now = self.clock()
        session = Session.begun(
            SessionId(self.new_id()),
            verified.id,
            at=now,
            lifetimes=self.session_lifetimes,
            remembered=remember,
            address=address,
            user_agent=user_agent,
        )
        context = ChangeContext(verified.id, now, self.new_id)
        with self.store.transaction() as work:
            account = work.accounts.get_for_update(verified.id)
            # a password changed since it was verified has ended all sessions: none may start with the old one
            if account.password_hash != verified.password_hash:
                return account
            if not account.active:
                raise InvalidCredentials
            if new_hash is not None:
                rehashed, event = account.rehashed(new_hash, context)
                work.accounts.save(rehashed)
                work.events.add(event)
            work.sessions.add(session)
            work.events.add(session.started(context))
            work.sign_in_addresses.put(account.id, address_key(account.id, address), now.date())
        return session


def found_by_username(work: UnitOfWork, username: str) -> Account | None:
    """The account with this username, in any spelling that is compared as the same; None without one.

    White space at its ends does not count.
    """
    username = trimmed(username)
    if name_error("username", username, longest=LONGEST_USERNAME):
        return None
    return work.accounts.find_by_username(folded(username))


def found_by_email(work: UnitOfWork, email: str) -> Account | None:
    """The account with this address, confirmed or not; None without one.

    White space at its ends does not count.
    """
    email = trimmed(email)
    if name_error("email", email, longest=LONGEST_EMAIL):
        return None
    return work.accounts.find_by_email(email_key(email))


class SignOut(Command):
    """End the actor's session, or with `everywhere` all sessions of the account.

    It has effect on the next request. Raises Forbidden.
    """

    @retried
    def __call__(self, actor: Actor, *, everywhere: bool = False) -> None:
        require_level(actor, Permission.SIGN_OUT)
        context = self._change_context(actor)
        with self.store.transaction() as work:
            if everywhere:
                end_sessions(work, actor.id, context)
            elif actor.session_id is not None and work.sessions.end(actor.session_id):
                work.events.add(ended(actor.session_id, actor.id, context))


def end_sessions(
    work: UnitOfWork, account_id: AccountId, change_context: ChangeContext, *, but: SessionId | None = None
) -> None:
    """End an account's sessions, except `but`, each with its event."""
    for session_id in work.sessions.end_all(account_id, but=but):
        work.events.add(ended(session_id, account_id, change_context))


def end_calendar_token(work: UnitOfWork, user_id: AccountId, change_context: ChangeContext) -> None:
    """End the token of an account, which is locked, with its event; nothing where there is none."""
    token = work.calendars.token_of(user_id)
    if token is not None:
        work.calendars.remove_token(user_id)
        work.events.add(token.revoked(change_context))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSessions(TimedQuery):
    """Return the sessions that the actor is signed in with now, newest first, ties by id downwards.

    Raises Forbidden for another's.
    """

    session_lifetimes: SessionLifetimes

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> tuple[SessionDetails, ...]:
        require_level(actor, Permission.READ_SESSIONS, own=actor.id == user_id)
        return live_sessions(self.store, user_id, actor, self.session_lifetimes, at=self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession(Command):
    """End one of the actor's sessions, the present one too, with effect on the next request.

    Raises Forbidden for another's, SessionNotFound for an id that is not one of the actor's, or is over.
    """

    session_lifetimes: SessionLifetimes

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId, session_id: SessionId) -> None:
        require_level(actor, Permission.END_SESSION, own=actor.id == user_id)
        context = self._change_context(actor)
        with self.store.transaction() as work:
            found = work.sessions.find(session_id)
            if found is None or found.session.account_id != user_id:
                raise SessionNotFound
            is_live = found.session.is_live(at=context.at, lifetimes=self.session_lifetimes)
            # somebody else may have ended it since it was found
            if not is_live or not work.sessions.end(session_id):
                raise SessionNotFound
            work.events.add(ended(session_id, user_id, context))


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorOf(TimedQuery):
    """Return the actor that an access token stands for now, with its present level; valid for one request.

    Raises SessionExpired for a session that was ended or has expired or whose account is deactivated,
    InvalidToken for a token that was not given out here or is not its session's: both are Unauthenticated.
    """

    tokens: Tokens
    session_lifetimes: SessionLifetimes
    run_in_background: RunInBackground

    def __call__(self, token: str) -> Actor:
        return self._actor(self._signed_in(token))

    def visitor(self, token: str) -> Visitor:
        """The same, with what pages have to know of the account, which takes no further look at it."""
        signed_in = self._signed_in(token)
        lifetime = self.session_lifetimes.of(remembered=signed_in.session.remembered)
        return Visitor(
            actor=self._actor(signed_in),
            language=signed_in.language,
            awaits_confirmation=signed_in.awaits_confirmation,
            expires_at=signed_in.session.expires_at,
            idle_seconds=int(lifetime.idle.total_seconds()),
        )

    @staticmethod
    def _actor(signed_in: SignedIn) -> Actor:
        session = signed_in.session
        return Actor(session.account_id, session.id, signed_in.level)

    @retried
    def _signed_in(self, token: str) -> SignedIn:
        subject = self.tokens.subject(token)
        if subject is None:
            raise InvalidToken
        session_id = subject.session_id
        with self.store.autocommit() as work:
            signed_in = work.sessions.find(session_id)
        now = self.clock()
        if signed_in is None:
            raise SessionExpired
        if signed_in.session.account_id != subject.account_id:
            raise InvalidToken
        is_live = signed_in.session.is_live(at=now, lifetimes=self.session_lifetimes)
        if not (is_live and signed_in.account_active):
            raise SessionExpired
        if signed_in.session.is_worth_touching(at=now):
            self.run_in_background(lambda: self._touch(session_id, now))
        return signed_in

    @retried
    def _touch(self, session_id: SessionId, at: datetime) -> None:
        with self.store.autocommit() as work:
            work.sessions.touch(session_id, at)


class ActAs(Query):
    """The actor for an account whose owner some other sign-in than ours has authenticated.

    Asks for no password and starts no session: `session_id` is None, and the actor is good for one request.
    Its level is that of the account at this moment. Raises UserNotFound, Unauthenticated for an account that
    is deactivated.
    """

    @retried
    def __call__(self, account_id: AccountId) -> Actor:
        account = self._stored(ACCOUNTS, account_id)
        if not account.active:
            raise Unauthenticated
        return Actor(account.id, None, account.level)


def live_sessions(
    store: Store, user_id: AccountId, actor: Actor, lifetimes: SessionLifetimes, *, at: datetime
) -> tuple[SessionDetails, ...]:
    """The sessions of an account that are not over, newest first, ties by id downwards."""
    with store.autocommit() as work:
        sessions = work.sessions.of(user_id)
    return tuple(
        SessionDetails.of(session, actor, lifetimes)
        for session in sessions
        if session.is_live(at=at, lifetimes=lifetimes)
    )
