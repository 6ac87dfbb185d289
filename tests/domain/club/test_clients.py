"""What a client may be."""

from datetime import date, timedelta
from typing import Any

import pytest

from attendance.domain.club.clients import MOST_ACCOUNTS, accepted_birthday, is_own
from attendance.domain.ids import AccountId
from tests import make
from tests.domain.field_errors import field_errors

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("field", "longest"),
    [("name", 200), ("guardian_name", 200), ("phone", 50), ("address", 500), ("notes", 5000)],
)
def test_a_text_is_as_long_as_it_may_be_and_no_longer(field: str, longest: int) -> None:
    assert len(getattr(make.client(**{field: "ё" * longest}), field)) == longest
    assert field_errors(make.client, **{field: "ё" * (longest + 1)}) == [field]


@pytest.mark.parametrize("field", ["name", "guardian_name", "phone", "address", "notes"])
@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "\x1b", "\x7f", "a\x85b"])
def test_no_text_holds_what_is_no_text(field: str, text: str) -> None:
    assert field_errors(make.client, **{field: text}) == [field]


@pytest.mark.parametrize(
    ("field", "is_prose"),
    [("name", False), ("guardian_name", False), ("phone", False), ("address", True), ("notes", True)],
)
def test_lines_and_tabs_are_kept_where_there_is_room_for_them(field: str, is_prose: bool) -> None:
    if is_prose:
        assert getattr(make.client(**{field: "a\n\tb"}), field) == "a\n\tb"
    else:
        assert (
            field_errors(make.client, **{field: "a\nb"})
            == field_errors(make.client, **{field: "a\tb"})
            == [field]
        )


def test_only_the_name_must_be_there() -> None:
    client = make.client(name="x")
    assert (client.guardian_name, client.phone, client.email, client.address, client.notes) == ("",) * 5
    assert (client.birthday, client.user_ids, client.active, client.version) == (None, (), True, 1)
    assert field_errors(make.client, name="") == field_errors(make.client, name=" ") == ["name"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong: dict[str, Any] = {"name": "", "phone": "1\n2", "notes": "\0", "address": "x" * 501}
    assert {*field_errors(make.client, **wrong)} == {*wrong}


def test_nobody_is_born_tomorrow_or_before_1900() -> None:
    for born in (None, TODAY, date(1900, 1, 1)):
        assert accepted_birthday(born, today=TODAY) == born
    for born in (TODAY + timedelta(days=1), date.max, date(1899, 12, 31), date.min):
        assert field_errors(lambda it=born: accepted_birthday(it, today=TODAY)) == ["birthday"]


def test_accounts_are_at_most_ten_each_named_once_in_any_order() -> None:
    ids = [AccountId(make.new_id()) for _ in range(MOST_ACCOUNTS + 1)]
    assert make.client(user_ids=tuple(reversed(ids[1:]))).user_ids == tuple(sorted(ids[1:]))
    assert field_errors(make.client, user_ids=tuple(ids)) == ["user_ids"]
    first, second = ids[:2]
    assert field_errors(make.client, user_ids=(second, first, second, first)) == [
        "user_ids[2]",
        "user_ids[3]",
    ]


def test_a_client_is_the_own_one_of_each_account_that_is_linked_to_it() -> None:
    mother, father, stranger = (make.account() for _ in range(3))
    client = make.client(user_ids=(mother.id, father.id))
    assert [is_own(make.actor(it), client) for it in (mother, father, stranger)] == [True, True, False]
    assert not is_own(make.actor(mother), make.client())
    assert not is_own(make.actor(mother), None)
