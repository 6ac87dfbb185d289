"""The list of all marks: whose marks who sees, over every store."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.application.attendance import marks as module
from attendance.application.forms import listing
from attendance.application.forms.listing import Listed
from attendance.application.ports import Store
from attendance.application.ports.attendance import MarkRow
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import GroupNotFound, Teaching
from attendance.domain.errors import Forbidden, Invalid
from attendance.domain.ids import GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from tests import make
from tests.application.reporting.test_statistics import DAY, JANUARY_1, SEEN, Club

FEBRUARY_10 = date(2026, 2, 10)
P = Status.PRESENT


@pytest.fixture
def club(store: Store) -> Club:
    return with_marks(Club(store))


def in_memory() -> Club:
    return with_marks(Club(MemoryStore()))


def with_marks(club: Club) -> Club:
    """Two of chess and one of judo on each of three days, one of a lesson called off."""
    for ago in range(3):
        day = FEBRUARY_10 - ago * DAY
        club.lesson(club.chess, day, (club.anna, P), (club.bea, Status.ABSENT))
        club.lesson(club.judo, day, (club.dora, P))
    club.lesson(club.judo, FEBRUARY_10 - 7 * DAY, (club.dora, P), cancelled=True, reason="snow")
    return club


def listed(club: Club, by: Actor, **asked: Any) -> Listed[MarkRow]:
    return club.use.list_marks(by, **asked)


def seen(club: Club, by: Actor, **asked: Any) -> dict[str, int]:
    """How many marks of each group, of all pages alike."""
    marks = listed(club, by, **asked)
    names = {club.chess.id: "Chess", club.judo.id: "Judo"}
    groups = [names[it.group_id] for it in marks.items]
    assert len(groups) == marks.total
    return {name: groups.count(name) for name in sorted({*groups})}


def test_managers_and_above_see_all_marks(club: Club) -> None:
    for role in (Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER, Role.ADMIN):
        assert seen(club, club.world.having(role)) == {"Chess": 6, "Judo": 3}
    assert seen(club, club.manager, group_id=club.judo.id) == {"Judo": 3}
    assert seen(club, club.manager, since=FEBRUARY_10) == {"Chess": 2, "Judo": 1}
    assert seen(club, club.manager, until=FEBRUARY_10 - 2 * DAY, group_id=club.chess.id) == {"Chess": 2}


def test_employees_see_marks_of_the_groups_they_taught(club: Club) -> None:
    assert seen(club, club.eva) == seen(club, club.eva, group_id=club.chess.id) == {"Chess": 6}
    assert seen(club, club.finn) == {"Judo": 3}
    assert seen(club, club.finn, since=FEBRUARY_10, until=FEBRUARY_10) == {"Judo": 1}
    assert seen(club, club.world.having(Role.EMPLOYEE)) == {}
    for who, of in ((club.eva, club.judo), (club.finn, club.chess)):
        with pytest.raises(Forbidden):
            listed(club, who, group_id=of.id)


def test_who_taught_for_a_day_sees_the_marks_of_that_day(club: Club) -> None:
    """Eva taught judo on the 8th alone, and stood in on the 20th."""
    teaching = Teaching(user_id=club.eva.id, since=FEBRUARY_10 - 2 * DAY, until=FEBRUARY_10 - 2 * DAY)
    club.edits(club.judo, teachers=(*club.judo.teachers, teaching))
    judo: dict[str, Any] = {"group_id": club.judo.id}
    assert seen(club, club.eva) == {"Chess": 6, "Judo": 1}
    assert seen(club, club.eva, since=FEBRUARY_10 - 2 * DAY, **judo) == {"Judo": 1}
    assert seen(club, club.eva, until=FEBRUARY_10 - 2 * DAY, **judo) == {"Judo": 1}
    after = FEBRUARY_10 - DAY
    assert seen(club, club.eva, since=after) == {"Chess": 4}
    with pytest.raises(Forbidden):
        listed(club, club.eva, since=after, **judo)
    stood_in = FEBRUARY_10 + 10 * DAY
    club.lesson(club.judo, stood_in, (club.dora, P), teachers=(club.eva.id,))
    assert seen(club, club.eva, since=after, **judo) == {"Judo": 1}
    assert seen(club, club.eva, since=after, until=stood_in - DAY) == {"Chess": 4}


def test_whoever_taught_years_ago_sees_no_marks_of_today(club: Club) -> None:
    long_ago = JANUARY_1 - timedelta(days=3000)
    gone = Teaching(user_id=club.finn.id, since=long_ago, until=long_ago)
    club.edits(club.chess, teachers=(*club.chess.teachers, gone))
    assert seen(club, club.finn) == seen(club, club.finn, group_id=club.judo.id) == {"Judo": 3}
    assert seen(club, club.finn, group_id=club.chess.id) == {}
    assert seen(club, club.finn, since=JANUARY_1) == {"Judo": 3}


@pytest.mark.parametrize("role", [Role.USER, None])
def test_nobody_else_sees_any(club: Club, role: Role | None) -> None:
    who = club.world.having(role) if role else club.world.having(Role.OWNER, email_confirmed_at=None)
    for asked in ({}, {"group_id": club.chess.id}, {"group_id": GroupId(make.new_id())}):
        with pytest.raises(Forbidden):
            listed(club, who, **asked)


def test_a_group_nobody_knows_is_not_found(club: Club) -> None:
    for who in (club.eva, club.manager):
        with pytest.raises(GroupNotFound):
            listed(club, who, group_id=GroupId(make.new_id()))


def test_what_cannot_be_is_told_before_who_may(club: Club) -> None:
    nobody = club.world.having(Role.USER)
    for asked, name in (
        ({"since": FEBRUARY_10, "until": FEBRUARY_10 - DAY}, "from"),
        ({"page": 0}, "page"),
    ):
        with pytest.raises(Invalid) as refused:
            listed(club, nobody, **asked)
        assert [it.field for it in refused.value.field_errors] == [name]


def test_a_page_is_twenty_and_the_whole_is_read_in_batches(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ago in range(20, 40):
        club.lesson(club.chess, FEBRUARY_10 - ago * DAY, (club.anna, P))
    whole = [*listed(club, club.manager).items]
    assert len(whole) == 29
    pages = [listed(club, club.manager, page=number) for number in (1, 2, 3)]
    assert [[*it.items] for it in pages] == [whole[:20], whole[20:], []]
    assert {(it.total, it.pages) for it in pages} == {(29, 2)}
    for length in (1, 5):
        monkeypatch.setattr(listing, "BATCH", length)
        assert [*listed(club, club.manager).items] == whole


GUARDS: list[tuple[str, Callable[..., Any]]] = [
    ("sees_all_groups", lambda _: True),
    ("_visible_group_ids", lambda *_: None),
    ("require", lambda *_: None),
    ("_only", lambda _, visible_ids, __: visible_ids),
]


@pytest.mark.plants
@pytest.mark.parametrize(("name", "other"), GUARDS)
def test_a_guard_that_is_taken_out_is_seen(
    monkeypatch: pytest.MonkeyPatch, name: str, other: Callable[..., Any]
) -> None:
    monkeypatch.setattr(module, name, other)
    with pytest.raises(SEEN):
        test_employees_see_marks_of_the_groups_they_taught(in_memory())


@pytest.mark.plants
def test_a_level_nobody_asks_for_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "require_level", lambda *_: None)
    with pytest.raises(SEEN):
        test_nobody_else_sees_any(in_memory(), Role.USER)


@pytest.mark.plants
def test_marks_of_others_days_are_seen_when_nobody_asks_who_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    made = module.MarkCriteria
    monkeypatch.setattr(module, "MarkCriteria", lambda **criteria: made(**criteria | {"taught_by": None}))
    with pytest.raises(SEEN):
        test_who_taught_for_a_day_sees_the_marks_of_that_day(in_memory())
