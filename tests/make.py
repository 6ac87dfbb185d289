"""Valid things to test with: say only what the test is about."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from attendance.adapters.clock import new_id as new_id
from attendance.domain.accounts import Account
from attendance.domain.ids import AccountId, LabId, SessionId
from attendance.domain.labs import Lab, Membership
from attendance.domain.roles import Role
from attendance.domain.sessions import Actor, Session, SessionLifetime

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIFETIME = SessionLifetime()
_numbers = itertools.count(1)


def account(**changes: Any) -> Account:
    usual: dict[str, Any] = {
        "id": AccountId(new_id()),
        "username": f"user{next(_numbers)}",
        "password_hash": "$argon2id$",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Account(**usual | changes)


def session(of: Account, **changes: Any) -> Session:
    usual: dict[str, Any] = {
        "id": SessionId(new_id()),
        "account_id": of.id,
        "started_at": NOON,
        "expires_at": NOON + LIFETIME.absolute,
        "last_seen_at": NOON,
    }
    return Session(**usual | changes)


def lab(owner: Account, **changes: Any) -> Lab:
    usual: dict[str, Any] = {
        "id": LabId(new_id()),
        "owner_id": owner.id,
        "name": f"Lab {next(_numbers)}",
        "created_at": NOON,
    }
    return Lab(**usual | changes)


def membership(lab: Lab, who: Account, **changes: Any) -> Membership:
    return Membership(**{"lab_id": lab.id, "user_id": who.id, "joined_at": NOON} | changes)


def confirmed(at: datetime = NOON, **changes: Any) -> Account:
    """An account whose address is confirmed; an owner has been one for a year."""
    usual: dict[str, Any] = {"email": f"user{next(_numbers)}@example.org", "email_confirmed_at": at}
    if changes.get("role") is Role.OWNER and changes.get("active", True):
        usual["owner_since"] = at - timedelta(days=365)
    return account(**usual | changes)


def actor(of: Account) -> Actor:
    return Actor(of.id, SessionId(new_id()), of.level)
