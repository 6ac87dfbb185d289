"""Lists are cut, sorted and counted alike by every store, whatever is in them."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from attendance.adapters.memory import MemoryStore
from attendance.application.listing import BATCH, Listed, listed
from attendance.application.pagination import PageRequest, SortKey, parse_sort
from attendance.application.ports import Store, UnitOfWork
from attendance.application.ports.accounts import RoleChangeCriteria, UserCriteria
from attendance.application.ports.club import ClientCriteria
from attendance.application.ports.events import EventCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.role_changes import Kind, RoleChange, State
from attendance.domain.errors import Invalid
from attendance.domain.events import Action, Event
from attendance.domain.ids import EventId, RoleChangeId
from attendance.domain.permissions.roles import Role
from tests import make

FIELDS = ["username", "name", "email", "created_at"]
NAMES = ["", "Ada", "ada", "Ä", "Öle", "zoe", "Zoë", "100%", "a_b", "ﬁona", "𐐀", "\uffdc"]


def filled(store: Store, accounts: list[Account]) -> None:
    with store.transaction() as work:
        for account in accounts:
            work.accounts.add(account)


def some_accounts() -> list[Account]:
    """Names that are alike, missing addresses, moments that coincide."""
    return [
        make.account(
            username=f"user{n:02}",
            name=NAMES[n % len(NAMES)],
            email=None if n % 3 == 0 else f"{'AbC'[n % 3]}{n % 7}x{n}@example.org",
            role=[*Role][n % 6],
            active=n % 5 != 0,
            created_at=make.NOON + timedelta(seconds=n % 4),
        )
        for n in range(40)
    ]


orders = st.lists(
    st.builds(SortKey, st.sampled_from(FIELDS), st.booleans()),
    max_size=3,
    unique_by=lambda order: order.field,
).map(tuple)
filters = st.builds(
    UserCriteria,
    part=st.sampled_from(["", "user1", "a", "ä", "%", "_", "fi", "none"]),
    role=st.none() | st.sampled_from(Role),
    active=st.none() | st.booleans(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(data=st.data(), order=orders, criteria=filters, limit=st.integers(1, 50), offset=st.integers(0, 45))
def test_a_cut_of_users_is_the_same_in_every_store(
    store: Store,
    data: st.DataObject,
    order: tuple[SortKey, ...],
    criteria: UserCriteria,
    limit: int,
    offset: int,
) -> None:
    with store.transaction() as work:
        if not work.accounts.count(UserCriteria()):
            for account in some_accounts():
                work.accounts.add(account)
        everybody = work.accounts.list(UserCriteria(), PageRequest(order=(), limit=1000))
        found = work.accounts.list(criteria, PageRequest(order=order, limit=limit, offset=offset))
        whole = work.accounts.list(criteria, PageRequest(order=order, limit=1000))
        total = work.accounts.count(criteria)
    model = MemoryStore()
    filled(model, [replace(account) for account in everybody])
    with model.transaction() as work:
        assert found == work.accounts.list(criteria, PageRequest(order=order, limit=limit, offset=offset))
        assert total == work.accounts.count(criteria) == len(whole)
    if whole:
        place = data.draw(st.integers(0, len(whole) - 1))
        with store.transaction() as work:
            rest = work.accounts.list(criteria, PageRequest(order=order, limit=limit, after=whole[place]))
        assert rest == whole[place + 1 : place + 1 + limit]


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

    whole = listed(
        store,
        lambda: None,
        order=(SortKey("name", descending=True),),
        page=None,
        count=lambda work: work.accounts.count(UserCriteria()),
        rows=rows,
        details=lambda account: account,
    )
    assert len(asked) == 1
    items = [*whole]
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
    assert len([*whole]) == BATCH


def names_listed(store: Store, page: int | None) -> Listed[str]:
    return listed(
        store,
        lambda: None,
        order=(SortKey("name"),),
        page=page,
        count=lambda work: work.accounts.count(UserCriteria()),
        rows=lambda work, page_request: work.accounts.list(UserCriteria(), page_request),
        details=lambda account: account.name,
        hidden=["email"],
    )


def test_a_whole_list_is_counted_and_iterated_again_and_read_again_each_time(
    store: Store,
) -> None:
    filled(store, [make.account(name=f"name {n:04}") for n in range(BATCH + 1)])
    whole = names_listed(store, None)
    expected = [f"name {n:04}" for n in range(BATCH + 1)]
    assert (len(whole), whole.total, whole.pages) == (BATCH + 1, BATCH + 1, 26)
    first, second = iter(whole), iter(whole)
    assert [next(first), next(second), next(first)] == [expected[0], expected[0], expected[1]]
    assert [*first] == expected[2:]
    assert [*whole] == expected
    filled(store, [make.account(name="zoe")])
    assert [*whole] == [*expected, "zoe"]
    assert (len(whole), whole.hidden) == (BATCH + 1, frozenset({"email"}))


def test_a_page_holds_its_items_and_counts_them(store: Store) -> None:
    filled(store, [make.account(name=f"name {n:04}") for n in range(23)])
    page = names_listed(store, 2)
    expected = ["name 0020", "name 0021", "name 0022"]
    filled(store, [make.account(name="another")])
    assert ([*page], [*page]) == (expected, expected)
    assert (len(page), page.total, page.page, page.pages) == (3, 23, 2, 2)
    assert (len(names_listed(store, 3)), bool(names_listed(store, 3))) == (0, False)


@pytest.mark.parametrize("page", [0, -1, 10**13])
def test_a_page_that_cannot_be_is_refused_before_anything_is_asked(page: int) -> None:
    with pytest.raises(Invalid):
        listed(
            MemoryStore(),
            lambda: pytest.fail("asked who may"),
            order=(),
            page=page,
            count=lambda _: 0,
            rows=lambda _, __: (),
            details=lambda row: row,
        )


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ()),
        ("name", (SortKey("name"),)),
        ("+name", (SortKey("name"),)),
        (" name", (SortKey("name"),)),
        ("-name", (SortKey("name", descending=True),)),
        ("-name, created_at", (SortKey("name", descending=True), SortKey("created_at"))),
    ],
)
def test_sort_is_read_with_a_plus_that_became_a_space(sort: str, order: tuple[SortKey, ...]) -> None:
    assert parse_sort(sort, FIELDS) == order


@pytest.mark.parametrize("sort", ["password_hash", "name,", "name,-name", "--name", "Name", "name;drop"])
def test_sort_by_what_is_not_known_or_twice_is_refused(sort: str) -> None:
    with pytest.raises(Invalid):
        parse_sort(sort, FIELDS)


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
