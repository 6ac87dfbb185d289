"""Valid things to test with: say only what the test is about."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from attendance.adapters.clock import new_id as new_id
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.sessions import Session, SessionLifetime
from attendance.domain.attendance.marks import Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.contracts import Contract
from attendance.domain.club.groups import Group
from attendance.domain.club.lessons import Lesson, instants
from attendance.domain.club.locations import Location
from attendance.domain.club.prices import Price
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.ids import (
    AccountId,
    ClientId,
    ContractId,
    GroupId,
    LabId,
    LessonId,
    LocationId,
    PriceId,
    SessionId,
    SubscriptionId,
)
from attendance.domain.labs.labs import Lab, Membership
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIFETIME = SessionLifetime()
_numbers = itertools.count(1)


def account(**changes: Any) -> Account:
    usual: dict[str, Any] = {
        "id": AccountId(new_id()),
        "username": f"user{next(_numbers)}",
        "in_labs": True,
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
    usual: dict[str, Any] = {"lab_id": lab.id, "user_id": who.id, "joined_at": NOON}
    return Membership(**usual | changes)


def confirmed(at: datetime = NOON, **changes: Any) -> Account:
    """An account whose address is confirmed; an owner has been one for a year."""
    usual: dict[str, Any] = {"email": f"user{next(_numbers)}@example.org", "email_confirmed_at": at}
    if changes.get("role") is Role.OWNER and changes.get("active", True):
        usual["owner_since"] = at - timedelta(days=365)
    return account(**usual | changes)


def actor(of: Account) -> Actor:
    return Actor(of.id, SessionId(new_id()), of.level)


def client(**changes: Any) -> Client:
    usual: dict[str, Any] = {
        "id": ClientId(new_id()),
        "name": f"Client {next(_numbers)}",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Client(**usual | changes)


def contract(of: Client, **changes: Any) -> Contract:
    usual: dict[str, Any] = {
        "id": ContractId(new_id()),
        "number": f"2026/{next(_numbers):08x}",
        "client_id": of.id,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Contract(**usual | changes)


def price(amount: Decimal | str = "80.00", currency: str = "EUR", **changes: Any) -> Price:
    usual: dict[str, Any] = {
        "id": PriceId(new_id()),
        "name": f"Price {next(_numbers)}",
        "amount": Decimal(amount),
        "currency": currency,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Price(**usual | changes)


def location(**changes: Any) -> Location:
    usual: dict[str, Any] = {
        "id": LocationId(new_id()),
        "name": f"Location {next(_numbers)}",
        "address": f"{next(_numbers)} Main Street",
        "timezone": "Europe/Berlin",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Location(**usual | changes)


def group(at: Location, **changes: Any) -> Group:
    usual: dict[str, Any] = {
        "id": GroupId(new_id()),
        "name": f"Group {next(_numbers)}",
        "location_id": at.id,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Group(**usual | changes)


def lesson(of: Group, **changes: Any) -> Lesson:
    """On 2 March 2026, from 17:00 to 18:00; its instants follow from date, times and zone."""
    usual: dict[str, Any] = {
        "id": LessonId(new_id()),
        "group_id": of.id,
        "location_id": of.location_id,
        "timezone": "Europe/Berlin",
        "date": NOON.date(),
        "starts": time(17),
        "ends": time(18),
        "created_at": NOON,
        "updated_at": NOON,
    }
    whole = usual | changes
    starts_at, ends_at = instants(whole["date"], whole["starts"], whole["ends"], ZoneInfo(whole["timezone"]))
    return Lesson(**{"starts_at": starts_at, "ends_at": ends_at} | whole)


def subscription(of: Client, price: Price, **changes: Any) -> Subscription:
    """A pass of March 2026, for any number of visits."""
    usual: dict[str, Any] = {
        "id": SubscriptionId(new_id()),
        "client_id": of.id,
        "price_id": price.id,
        "price_name": price.name,
        "sold_on": NOON.date(),
        "amount": price.amount,
        "currency": price.currency,
        "starts_on": date(2026, 3, 1),
        "ends_on": date(2026, 3, 31),
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Subscription(**usual | changes)


def mark(lesson: Lesson, of: Client, by: Account, **changes: Any) -> Mark:
    usual: dict[str, Any] = {
        "lesson_id": lesson.id,
        "client_id": of.id,
        "status": Status.PRESENT,
        "marked_by": by.id,
        "marked_at": NOON,
    }
    return Mark(**usual | changes)
