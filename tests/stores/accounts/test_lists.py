"""Lists are cut, sorted and counted alike by every store, whatever is in them."""

from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from attendance.adapters.memory import MemoryStore
from attendance.application.forms.listing import listed
from attendance.application.pagination import NumberedPage, PageRequest, SortKey, parse_sort
from attendance.application.ports import Store
from attendance.application.ports.accounts import UserCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.errors import Invalid
from attendance.domain.permissions.roles import Role
from attendance.domain.text import words_of
from attendance.testing import make
from attendance.testing.contract.lists import NAMES, filled
from tests.examples import examples

FIELDS = ["username", "name", "email", "created_at"]


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
    words=st.sampled_from(
        [words_of("q", it) for it in ("", "user1", "a", "1 user", "ä", "%", "_", "fi", "none")]
    ),
    role=st.none() | st.sampled_from(Role),
    active=st.none() | st.booleans(),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(60), deadline=None
)
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
    ("number", "length", "wrong"),
    [
        (1, 1, []),
        (10**12, 100, []),
        (0, 20, ["page"]),
        (10**12 + 1, 20, ["page"]),
        (1, 0, ["per_page"]),
        (1, 101, ["per_page"]),
        (0, 0, ["page", "per_page"]),
    ],
)
def test_a_page_has_1_to_100_items(number: int, length: int, wrong: list[str]) -> None:
    found: list[str] = []
    try:
        page = NumberedPage(number, length)
    except Invalid as invalid:
        found = [error.field for error in invalid.field_errors]
    else:
        assert (page.offset, page.length) == ((number - 1) * length, length)
    assert found == wrong


def test_a_page_is_of_the_length_that_is_asked_for() -> None:
    asked: list[PageRequest[int]] = []

    def rows(_: object, page_request: PageRequest[int]) -> tuple[int, ...]:
        asked.append(page_request)
        return (6, 7)

    pages = {"count": lambda _: 7, "rows": rows, "details": lambda row: row, "order": ()}
    found = listed(MemoryStore(), lambda: None, page=NumberedPage(2, 5), **pages)
    assert (found.page, found.per_page, found.pages, found.total, [*found]) == (2, 5, 2, 7, [6, 7])
    assert asked == [PageRequest(order=(), limit=5, offset=5)]
    assert listed(MemoryStore(), lambda: None, page=3, **pages).per_page == 20
    assert asked[1:] == [PageRequest(order=(), limit=20, offset=40)]


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
