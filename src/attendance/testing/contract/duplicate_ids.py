"""What is added with an id that is there is refused on every store, and what was there stays as it is."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from attendance.application.ports import DuplicateId, Store, UnitOfWork
from attendance.domain.accounts.mail import Mail, MailKind
from attendance.domain.accounts.role_changes import Kind, RoleChange
from attendance.domain.events import Action, ChangeContext
from attendance.domain.ids import MailId, RoleChangeId
from attendance.domain.permissions.roles import Role
from attendance.testing import make

OWNER, OTHER = make.confirmed(role=Role.OWNER), make.confirmed()
CLIENT, PRICE, LOCATION, LAB = make.client(), make.price(), make.location(), make.lab(OWNER)
GROUP = make.group(LOCATION)
LESSON = make.lesson(GROUP)
CONTRACT, PASS, SESSION = make.contract(CLIENT), make.subscription(CLIENT, PRICE), make.session(OWNER)
MAIL = Mail(
    id=MailId(make.new_id()),
    kind=MailKind.INVITATION,
    to="ada@example.org",
    facts={},
    created_at=make.NOON,
    due_at=make.NOON,
)
ROLE_CHANGE = RoleChange(
    id=RoleChangeId(make.new_id()),
    user_id=OWNER.id,
    requested_by=OTHER.id,
    kind=Kind.ROLE,
    before=Role.OWNER,
    after=Role.USER,
    expires_at=make.NOON + timedelta(days=7),
    created_at=make.NOON,
    updated_at=make.NOON,
)
EVENT = ChangeContext(OWNER.id, make.NOON, make.new_id).event(Action.CLIENT_ADDED, CLIENT.id)

ADDED: dict[str, tuple[Any, Any]] = {
    "accounts": (OWNER, replace(OWNER, username="another", email="another@example.org")),
    "clients": (CLIENT, replace(CLIENT, name="Another")),
    "prices": (PRICE, replace(PRICE, name="Another")),
    "locations": (LOCATION, replace(LOCATION, address="Elsewhere 1")),
    "groups": (GROUP, replace(GROUP, name="Another")),
    "lessons": (LESSON, replace(LESSON, starts=time(16))),
    "contracts": (CONTRACT, replace(CONTRACT, number="another")),
    "subscriptions": (PASS, replace(PASS, visits=8)),
    "sessions": (SESSION, replace(SESSION, started_at=make.NOON + timedelta(hours=1))),
    "role_changes": (ROLE_CHANGE, replace(ROLE_CHANGE, user_id=OTHER.id)),
    "labs": (LAB, replace(LAB, name="Another")),
    "outbox": (MAIL, replace(MAIL, to="another@example.org")),
    "events": (EVENT, replace(EVENT, subject_id=LOCATION.id)),
}
"""By repository: what is there, and something else of the same id. What refers to another comes after it."""


def add(store: Store, kind: str, thing: Any) -> None:
    with store.transaction() as work:
        getattr(work, kind).add(thing)


def there(work: UnitOfWork) -> list[Any]:
    found = work.sessions.find(SESSION.id)
    stored = [
        *(getattr(work, kind).get(ADDED[kind][0].id) for kind in [*ADDED][:8]),
        found and found.session,
        work.role_changes.get(ROLE_CHANGE.id),
        work.labs.find(LAB.id),
        work.outbox.get_for_update(MAIL.id),
    ]
    return [*stored, *work.events.of(CLIENT.id), *work.events.of(LOCATION.id)]


def refused(store: Store) -> None:
    for kind, (first, _) in ADDED.items():
        add(store, kind, first)
    add(store, "accounts", OTHER)
    for kind, (_, second) in ADDED.items():
        with pytest.raises(DuplicateId):
            add(store, kind, second)
    with store.transaction() as work:
        assert there(work) == [first for first, _ in ADDED.values()]


def test_an_id_that_is_there_is_refused(store: Store) -> None:
    refused(store)


def test_none_of_many_lessons_is_added_when_one_is_there(store: Store) -> None:
    for kind in ("locations", "groups", "lessons"):
        add(store, kind, ADDED[kind][0])
    new = make.lesson(GROUP, starts=time(10), ends=time(11))
    with pytest.raises(DuplicateId), store.transaction() as work:
        work.lessons.add_all([new, replace(LESSON, starts=time(16))])
    with store.read() as work:
        assert work.lessons.find(new.id) is None
