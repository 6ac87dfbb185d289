"""What the use cases of accounts return: an account without its secrets, a role change with its state now.

They stand with the use cases, not with the ports: a store knows nothing of actors and clocks, so no port
returns them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from attendance.application.forms.read_models import read_model
from attendance.domain.accounts.accounts import Account, Language
from attendance.domain.accounts.role_changes import Decision, Kind, RoleChange, State, Value
from attendance.domain.accounts.sessions import Session, SessionLifetimes
from attendance.domain.club.clients import Client
from attendance.domain.ids import AccountId, ClientId, RoleChangeId, SessionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOfUser:
    """A client that somebody may read as their own."""

    id: ClientId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who is signed in, and what is said to them whatever they look at.

    `language`: that of their account, None where it has none. `awaits_confirmation`: the account has an
    address that its link has not confirmed. The session ends at `expires_at`, and before that `idle_seconds`
    after it was used last.
    """

    actor: Actor
    language: Language | None
    awaits_confirmation: bool
    expires_at: datetime
    idle_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDetails:
    """An account. `level` follows from the role once the address is confirmed: 1 until then.

    `clients`, by name, are told of the actor's own account alone, by showing and editing it; None otherwise.
    """

    id: AccountId
    created_at: datetime
    updated_at: datetime
    version: int
    username: str
    name: str
    language: Language | None
    email: str | None
    pending_email: str | None
    role: Role
    level: Level
    active: bool
    email_confirmed: bool
    clients: tuple[ClientOfUser, ...] | None

    @classmethod
    def of(cls, account: Account, clients: tuple[Client, ...] | None = None) -> "UserDetails":
        return read_model(
            cls,
            account,
            email_confirmed=account.email_confirmed_at is not None,
            clients=None
            if clients is None
            else tuple(read_model(ClientOfUser, client) for client in clients),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationDetails:
    """An invitation that was not answered: where its link was mailed to, and until when that is good.

    `expires_at` None: the link is over.
    """

    email: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedSession:
    """A new session: it ends at `expires_at`, and before that `idle_seconds` after it was used last."""

    access_token: str = field(repr=False)
    expires_at: datetime
    idle_seconds: int

    @classmethod
    def of(cls, session: Session, access_token: str, lifetimes: SessionLifetimes) -> "StartedSession":
        idle = lifetimes.of(remembered=session.remembered).idle
        return cls(
            access_token=access_token,
            expires_at=session.expires_at,
            idle_seconds=int(idle.total_seconds()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDetails:
    """A session of the actor's own; `current` is the one that the actor acts in.

    It ends at `expires_at`, and before that `idle_seconds` after it was used last. `address` (an IPv6 one
    by its /64) and `user_agent` are those of the sign-in, None and "" where they are not known.
    """

    id: SessionId
    created_at: datetime
    last_seen_at: datetime
    address: str | None = field(repr=False)
    user_agent: str = field(repr=False)
    current: bool
    remembered: bool
    expires_at: datetime
    idle_seconds: int

    @classmethod
    def of(cls, session: Session, actor: Actor, lifetimes: SessionLifetimes) -> "SessionDetails":
        return read_model(
            cls,
            session,
            created_at=session.started_at,
            current=session.id == actor.session_id,
            idle_seconds=int(lifetimes.of(remembered=session.remembered).idle.total_seconds()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionsDetails:
    """What the actor may at least for what is the actor's own, by the names of permissions, sorted."""

    level: Level
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChangeDetails:
    """A change of a user's role, or, with True and False, of whether the user is active; its state now.

    `user_name`, `requested_by_name`, `decided_by_name`: the present usernames, None for the operator and
    nobody; `decisions`: what the actor may decide about it now; `confirmable_from`: from when on an owner who
    has not been one for long enough may confirm. They are told by the list alone.
    """

    id: RoleChangeId
    created_at: datetime
    updated_at: datetime
    version: int
    user_id: AccountId
    requested_by: AccountId
    kind: Kind
    from_: Value
    to: Value
    state: State
    expires_at: datetime
    decided_by: AccountId | None
    decided_at: datetime | None
    user_name: str | None = None
    requested_by_name: str | None = None
    decided_by_name: str | None = None
    decisions: frozenset[Decision] = frozenset()
    confirmable_from: datetime | None = None

    @classmethod
    def of(
        cls,
        change: RoleChange,
        now: datetime,
        names: Mapping[AccountId, str] = MappingProxyType({}),
        decisions: frozenset[Decision] = frozenset(),
        confirmable_from: datetime | None = None,
    ) -> "RoleChangeDetails":
        current = change.as_of(now)
        return read_model(
            cls,
            current,
            from_=current.before,
            to=current.after,
            state=current.stored_state,
            user_name=names.get(current.user_id),
            requested_by_name=names.get(current.requested_by),
            decided_by_name=None if current.decided_by is None else names.get(current.decided_by),
            decisions=decisions,
            confirmable_from=confirmable_from,
        )
