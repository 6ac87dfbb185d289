"""Lists are cut, sorted and counted alike by every store, whatever is in them."""

from datetime import date, timedelta
from itertools import chain
from typing import Any

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.application.forms.listing import BATCH, Listed, listed
from attendance.application.pagination import PageRequest, SortKey, parse_sort
from attendance.application.ports import Store, UnitOfWork
from attendance.application.ports.accounts import RoleChangeCriteria, UserCriteria
from attendance.application.ports.club import ClientCriteria
from attendance.application.ports.events import EventCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.role_changes import Kind, RoleChange, State
from attendance.domain.events import Action, ChangeContext, Event, SubjectKind
from attendance.domain.ids import EventId, RoleChangeId
from attendance.domain.permissions.roles import Role
from attendance.testing import make
from attendance.testing.contract.groups_and_lessons.scene import club_in

NAMES = ["", "Ada", "ada", "Ä", "Öle", "zoe", "Zoë", "100%", "a_b", "ﬁona", "𐐀", "\uffdc"]


def filled(store: Store, accounts: list[Account]) -> None:
    with store.transaction() as work:
        for account in accounts:
            work.accounts.add(account)


@pytest.mark.parametrize("sort", ["birthday", "-birthday", "-birthday,name", "created_at,-birthday", "-name"])
def test_parts_go_on_through_items_that_are_alike_or_lack_what_sorts_them(store: Store, sort: str) -> None:
    clients = [
        make.client(
            name=NAMES[1 + n % 3],
            birthday=None if n % 3 == 0 else date(2015, 1, 1 + n % 2),
            created_at=make.NOON + timedelta(seconds=n % 2),
        )
        for n in range(24)
    ]
    model, order = MemoryStore(), parse_sort(sort, ["name", "birthday", "created_at"])
    for each in (store, model):
        with each.transaction() as work:
            for client in clients:
                work.clients.add(client)
    with model.transaction() as work:
        whole = work.clients.list(ClientCriteria(), PageRequest(order=order, limit=100))
    with store.autocommit() as work:
        for length in (1, 5):
            found = [*work.clients.list(ClientCriteria(), PageRequest(order=order, limit=length))]
            while part := work.clients.list(
                ClientCriteria(), PageRequest(order=order, limit=length, after=found[-1])
            ):
                found += part
            assert tuple(found) == whole


def test_a_whole_list_is_read_in_parts_and_nothing_is_left_out(store: Store) -> None:
    number = 2 * BATCH + 7
    filled(store, [make.account(name=f"name {n % 3}") for n in range(number)])
    asked: list[int] = []

    def rows(work: UnitOfWork, page_request: PageRequest[Account]) -> tuple[Account, ...]:
        asked.append(page_request.limit)
        return work.accounts.list(UserCriteria(), page_request)

    whole: Listed[Account] = listed(
        store,
        lambda: None,
        order=(SortKey("name", descending=True),),
        page=None,
        count=lambda work: work.accounts.count(UserCriteria()),
        rows=rows,
        details=lambda account: account,
    )
    assert len(asked) == 1
    items = [*whole.items]
    assert len(asked) == 3
    assert whole.total == len(items) == len({account.id for account in items}) == number
    assert [account.name for account in items] == sorted((it.name for it in items), reverse=True)


def test_a_list_of_just_as_many_as_are_read_at_once_ends(store: Store) -> None:
    filled(store, [make.account() for _ in range(BATCH)])
    whole: Any = listed(
        store,
        lambda: None,
        order=(),
        page=None,
        count=lambda work: work.accounts.count(UserCriteria()),
        rows=lambda work, page_request: work.accounts.list(UserCriteria(), page_request),
        details=lambda account: account,
    )
    assert len([*whole.items]) == BATCH


def test_role_changes_are_listed_newest_first_by_what_they_are_now(store: Store) -> None:
    account = make.confirmed(role=Role.OWNER)
    changes = [
        RoleChange(
            id=RoleChangeId(make.new_id()),
            user_id=account.id,
            requested_by=account.id,
            kind=Kind.ACTIVE if n % 2 else Kind.ROLE,
            before=True if n % 2 else Role.OWNER,
            after=False if n % 2 else Role.ADMIN,
            expires_at=make.NOON + timedelta(days=7),
            stored_state=state,
            created_at=make.NOON + timedelta(hours=n),
            updated_at=make.NOON,
        )
        for n, state in enumerate([State.APPLIED, State.EXPIRED, State.REJECTED, State.AWAITING])
    ]
    with store.transaction() as work:
        work.accounts.add(account)
        for change in changes:
            work.role_changes.add(change)

    def found(state: State | None, days: float) -> tuple[RoleChange, ...]:
        criteria = RoleChangeCriteria(at=make.NOON + timedelta(days=days), state=state)
        with store.autocommit() as work:
            rows = work.role_changes.list(
                criteria, PageRequest(order=(SortKey("created_at", descending=True),), limit=100)
            )
            assert len(rows) == work.role_changes.count(criteria)
        return rows

    assert found(None, 0) == tuple(reversed(changes))
    assert found(State.AWAITING, 1) == (changes[3],)
    assert found(State.AWAITING, 7) == ()
    assert found(State.EXPIRED, 7) == (changes[3], changes[1])
    assert found(State.APPLIED, 7) == (changes[0],)


def test_events_name_their_subjects_and_are_found_by_the_client_they_concern(store: Store) -> None:
    club = club_in(store)
    ada, client = make.account(username="ada"), club.clients[0]
    group = club.group(name="Clay")
    lesson, contract = make.lesson(group), make.contract(client)
    lab, price, session = make.lab(ada), make.price(), make.session(ada)
    filled(store, [ada])
    with store.transaction() as work:
        work.lessons.add(lesson)
        work.contracts.add(contract)
        work.labs.add(lab)
        work.prices.add(price)
        work.sessions.add(session)
    context = ChangeContext(ada.id, make.NOON, make.new_id)
    gone = make.new_id()
    expected: list[tuple[Event, str | None]] = [
        (context.event(Action.ACCOUNT_REGISTERED, ada.id), "ada"),
        (context.event(Action.FAVORITES_REPLACED, ada.id), "ada"),
        (context.event(Action.CALENDAR_TOKEN_MADE, ada.id), "ada"),
        (context.event(Action.SESSION_STARTED, session.id), "ada"),
        (context.event(Action.SESSION_ENDED, gone), None),
        (context.event(Action.ROLE_CHANGE_EXPIRED, gone), None),
        (context.event(Action.CLIENT_EDITED, client.id), client.name),
        (context.event(Action.CLIENT_EDITED, gone), None),
        (context.event(Action.CONTRACT_ADDED, contract.id, client_id=client.id), contract.number),
        (context.event(Action.PRICE_ADDED, price.id), price.name),
        (context.event(Action.LOCATION_EDITED, group.location_id), club.location.name),
        (context.event(Action.GROUP_EDITED, group.id), "Clay"),
        (context.event(Action.LESSON_ADDED, lesson.id), "Clay"),
        (context.event(Action.SUBSCRIPTION_SOLD, gone, client_id=client.id), client.name),
        (context.event(Action.ATTENDANCE_MARKED, gone, client_id=client.id), client.name),
        (context.event(Action.LAB_CREATED, lab.id), lab.name),
        (context.event(Action.LAB_ATTENDANCE_DELETED, gone), None),
    ]
    with store.transaction() as work:
        work.events.add_all([event for event, _ in expected])
    with store.autocommit() as work:
        rows = work.events.list(EventCriteria(), PageRequest(order=(), limit=100))
        assert [(row.event, row.subject_name) for row in reversed(rows)] == expected
        of_client = EventCriteria(subject_id=client.id)
        found = work.events.list(of_client, PageRequest(order=(), limit=100))
        concerned = [event for event, _ in expected if client.id in (event.subject_id, event.client_id)]
        assert [row.event for row in reversed(found)] == concerned
        assert work.events.count(of_client) == len(concerned) == 4
        of_marks = EventCriteria(subject_kind=SubjectKind.ATTENDANCE)
        found = work.events.list(of_marks, PageRequest(order=(), limit=100))
        assert [row.event.action for row in found] == [Action.ATTENDANCE_MARKED]
        assert work.events.count(of_marks) == 1


def test_the_log_is_read_on_from_any_position(store: Store) -> None:
    ada = make.account(username="ada")
    context = ChangeContext(ada.id, make.NOON, make.new_id)
    actions = [[Action.LAB_JOINED, Action.LAB_CREATED][n % 2] for n in range(7)]
    events = [context.event(action, make.new_id()) for action in actions]
    filled(store, [ada])

    def read(after: int, limit: int, **criteria: Any) -> tuple[list[Event], int]:
        with store.autocommit() as work:
            stretch = work.events.read_on(EventCriteria(**criteria), after=after, limit=limit)
        assert {logged.actor_username for logged in stretch.events} <= {"ada"}
        return [logged.event for logged in stretch.events], stretch.position

    assert read(0, 10) == ([], 0)
    assert read(3, 10) == ([], 0)
    with store.transaction() as work:
        work.events.add_all(events)
    with store.autocommit() as work:
        rows = work.events.list(EventCriteria(), PageRequest(order=(), limit=100))
    positions = [row.position for row in reversed(rows)]
    assert read(0, 10) == (events, positions[-1])
    assert read(0, 3) == (events[:3], positions[2])
    assert read(positions[2], 3) == (events[3:6], positions[5])
    assert read(positions[5], 1) == (events[6:], positions[6])
    assert read(positions[6], 10) == ([], positions[6])
    assert read(positions[6] + 5, 10) == ([], positions[6])
    joined = events[::2]
    assert read(0, 2, action=Action.LAB_JOINED) == (joined[:2], positions[2])
    assert read(positions[2], 10, action=Action.LAB_JOINED) == (joined[2:], positions[-1])
    assert read(positions[0], 10, action=Action.PRICE_ADDED) == ([], positions[-1])


def test_events_are_listed_newest_first_with_who_did_it(store: Store) -> None:
    ada, bob = make.account(username="ada"), make.account(username="bob")
    subject = make.new_id()
    events = [
        Event(
            id=EventId(make.new_id()),
            at=make.NOON + timedelta(minutes=n),
            actor_id=[ada.id, bob.id, None][n % 3],
            action=[Action.LAB_JOINED, Action.LAB_CREATED][n % 2],
            subject_id=subject if n % 2 else make.new_id(),
        )
        for n in range(12)
    ]
    filled(store, [ada, bob])
    with store.transaction() as work:
        for event in events:
            work.events.add(event)

    def found(**criteria: Any) -> list[Event]:
        with store.autocommit() as work:
            rows = work.events.list(EventCriteria(**criteria), PageRequest(order=(), limit=100))
            assert work.events.count(EventCriteria(**criteria)) == len(rows)
            parts = [work.events.list(EventCriteria(**criteria), PageRequest(order=(), limit=5))]
            while len(parts[-1]) == 5:
                parts.append(
                    work.events.list(
                        EventCriteria(**criteria), PageRequest(order=(), limit=5, after=parts[-1][-1])
                    )
                )
        assert tuple(chain.from_iterable(parts)) == rows
        names = {ada.id: "ada", bob.id: "bob", None: None}
        assert [row.actor_username for row in rows] == [names[row.event.actor_id] for row in rows]
        return [row.event for row in rows]

    newest_first = events[::-1]
    assert found() == newest_first
    assert found(subject_id=subject) == [event for event in newest_first if event.subject_id == subject]
    assert found(actor_id=bob.id) == [event for event in newest_first if event.actor_id == bob.id]
    assert found(action=Action.LAB_JOINED) == [it for it in newest_first if it.action is Action.LAB_JOINED]
    span = {"since": events[3].at, "until": events[7].at}
    assert found(**span) == newest_first[5:9]
    assert found(**span, actor_id=ada.id, subject_id=subject) == [events[3]]
