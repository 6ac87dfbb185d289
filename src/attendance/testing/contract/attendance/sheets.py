"""What every store must tell on the sheet of a lesson."""

from dataclasses import replace
from datetime import date, time
from typing import Any

from attendance.application.ports.attendance import SheetEntry
from attendance.domain.attendance.charging import UNPAID
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.club.clients import Client
from attendance.domain.club.subscriptions import Freeze
from attendance.domain.ids import OPERATOR_ID, GroupId
from attendance.testing import make
from attendance.testing.contract.attendance.scene import DAY, MARCH_1, A, Club, E, L, P, ids, paid_by


def shown(club: Club, who: Client, mark: Mark | None, *, guest: bool, **around: Any) -> SheetEntry:
    """A client on a sheet, marked by the club's teacher or not."""
    entry = SheetEntry(who.id, who.name, who.birthday, guest, **around)
    if mark is None:
        return entry
    names = ("version", "status", "note", "minutes_late", "trial", "announced", "marked_by", "marked_at")
    return entry._replace(
        **{name: getattr(mark, name) for name in names},
        subscription_id=mark.charge.subscription_id,
        unpaid=mark.charge.unpaid,
        marked_by_name=club.teacher.name or club.teacher.username,
    )


def test_a_sheet_is_the_roster_by_name_then_guests_by_name(club: Club) -> None:
    zoe, ada, twin, other_twin, guest, early_guest = club.clients("zoe", "Ädä", "Twin", "twin", "b", "A")
    group = club.group(zoe, ada, twin, other_twin)
    lesson = club.lesson(group)
    marks = {who.id: club.mark(lesson, who) for who in (zoe, other_twin, guest, early_guest)}
    marks[zoe.id] = replace(
        marks[zoe.id], status=L, minutes_late=5, note="n", trial=True, announced=True, version=3
    )
    club.change(Changed(before=None, after=marks[zoe.id]))
    club.mark(club.lesson(group, MARCH_1 + DAY), ada)
    expected = [
        (ada, False),
        (twin, False),
        (other_twin, False),
        (zoe, False),
        (early_guest, True),
        (guest, True),
    ]
    assert club.sheet(lesson) == tuple(
        shown(club, who, marks.get(who.id), guest=is_guest) for who, is_guest in expected
    )


def test_a_sheet_tells_when_each_was_last_there_before_it_in_any_group(club: Club) -> None:
    ada, bob, eve, new = club.clients("Ada", "Bob", "Eve", "New")
    group, other = club.group(ada, bob, eve, new), club.group()
    lesson = club.lesson(group, MARCH_1, time(10))
    club.mark(club.lesson(group, MARCH_1 - 9 * DAY), ada, P)
    club.mark(club.lesson(other, MARCH_1 - 8 * DAY), ada, L)
    for day, status in ((7, A), (6, E)):
        club.mark(club.lesson(group, MARCH_1 - day * DAY), ada, status)
    called_off = club.lesson(group, MARCH_1 - 5 * DAY, cancelled=True, reason="snow")
    club.mark(called_off, ada, P)
    club.mark(club.lesson(other, MARCH_1, time(9)), bob, P)
    for later in (
        lesson,
        club.lesson(other, MARCH_1, time(10)),
        club.lesson(other, MARCH_1, time(11)),
        club.lesson(group, MARCH_1 + DAY, time(9)),
    ):
        for who in (ada, bob, eve):
            club.mark(later, who, P)
    rows = {row.name: row for row in club.sheet(lesson)}
    assert {name: row.last_visit_on for name, row in rows.items()} == {
        "Ada": MARCH_1 - 8 * DAY,
        "Bob": MARCH_1,
        "Eve": None,
        "New": None,
    }
    assert [name for name, row in rows.items() if row.first_visit] == ["Eve", "New"]


def test_a_sheet_tells_all_unpaid_visits_of_each_and_leaves_the_payer_open(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group, other = club.group(ada, bob), club.group()
    sold = club.sell(ada)
    lesson = club.lesson(group)
    club.mark(lesson, ada, charge=paid_by(sold))
    for each in (club.lesson(other, MARCH_1 - DAY), club.lesson(group, MARCH_1 + DAY)):
        club.mark(each, ada, charge=UNPAID)
    rows = club.sheet(lesson)
    assert [(row.name, row.unpaid_visits, row.payer) for row in rows] == [("Ada", 2, None), ("Bob", 0, None)]


def test_a_sheet_tells_who_marked_by_name_or_username(club: Club) -> None:
    ada, bob, eve = club.clients("Ada", "Bob", "Eve")
    birthday = replace(ada, birthday=date(2019, 2, 28), version=2)
    named = make.account(name="Nora Name")
    with club.store.transaction() as work:
        work.accounts.add(named)
        work.clients.save(birthday)
    lesson = club.lesson(club.group(ada, bob, eve))
    marked = [
        (ada, named.id, "Nora Name"),
        (bob, club.teacher.id, club.teacher.username),
        (eve, OPERATOR_ID, None),
    ]
    for who, by, _ in marked:
        club.mark(lesson, who, marked_by=by)
    assert [(row.client_id, row.marked_by, row.marked_by_name) for row in club.sheet(lesson)] == [
        (who.id, by, name) for who, by, name in marked
    ]
    assert [row.birthday for row in club.sheet(lesson)] == [birthday.birthday, None, None]


def test_a_pass_that_covers_a_date_is_told_with_what_its_price_was_called(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group()
    limited = club.sell(ada, visits=8, group_ids=(group.id, GroupId(make.new_id())), ends_on=None)
    other = club.sell(bob, sold_on=make.NOON.date() + DAY)
    club.mark(club.lesson(group), ada, charge=paid_by(limited))
    with club.store.transaction() as work:
        work.prices.save(replace(club.price, name="Renamed", version=2))
    with club.store.read() as work:
        found = work.subscriptions.covering([ada.id, bob.id], MARCH_1)
        assert work.subscriptions.covering([bob.id], MARCH_1) == found[1:]
        assert work.subscriptions.covering([], MARCH_1) == ()
    names = ("id", "client_id", "visits", "group_ids", "valid_until")
    for it, sold in zip(found, (limited, other), strict=True):
        assert {name: getattr(it, name) for name in names} == {name: getattr(sold, name) for name in names}
    assert [(it.price_name, it.visits_left) for it in found] == [
        (limited.price_name, 7),
        (other.price_name, None),
    ]


def test_passes_cover_a_date_as_the_domain_says(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    frozen = (Freeze(since=date(2026, 3, 10), until=date(2026, 3, 19)), Freeze(since=MARCH_1, until=MARCH_1))
    kinds: list[dict[str, Any]] = [
        {},
        {"ends_on": None},
        {"freezes": frozen},
        {"freezes": frozen[:1], "cancelled_on": date(2026, 3, 25)},
        {"cancelled_on": date(2026, 3, 5)},
        {"cancelled_on": date(2026, 2, 1)},
        {"visits": 0},
    ]
    for number, kind in enumerate(kinds):
        days = {"sold_on": MARCH_1 - number % 3 * DAY, "created_at": make.NOON - number % 2 * DAY}
        club.sell((ada, bob)[number % 2], **kind, **days)
    client_ids = [ada.id, bob.id]
    seen = set()
    for day in (MARCH_1 + n * DAY for n in range(-2, 50)):
        with club.store.read() as work:
            passes = work.subscriptions.of_clients(client_ids, day)
            sold = sorted(passes, key=lambda it: (it.sold_on, it.created_at, it.id))
            expected = [it.id for it in sold if it.covers(day)]
            assert ids(work.subscriptions.covering(client_ids, day)) == expected
        seen.add(len(expected))
    assert {0, 1, 4} < seen


def test_the_roster_is_that_of_the_lessons_date(club: Club) -> None:
    last, left, first, coming, again, others = club.clients("1", "2", "3", "4", "5", "6")
    january = date(2026, 1, 1)
    group = club.group(
        (last, january, MARCH_1),
        (left, january, MARCH_1 - DAY),
        (first, MARCH_1, None),
        (coming, MARCH_1 + DAY, None),
        (again, january, date(2026, 1, 31)),
        (again, date(2026, 2, 15), date(2026, 3, 15)),
    )
    club.group(others)
    lesson = club.lesson(group)
    assert [row.client_id for row in club.sheet(lesson)] == ids([last, first, again])
    club.mark(lesson, left, A)
    assert [(row.client_id, row.guest) for row in club.sheet(lesson)] == [
        (last.id, False),
        (first.id, False),
        (again.id, False),
        (left.id, True),
    ]


def test_a_sheet_of_nobody_is_empty(club: Club) -> None:
    assert club.sheet(club.lesson(club.group())) == ()
