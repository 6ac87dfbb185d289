"""What every store must do with labs and their attendance."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from attendance.application.pagination import Page
from attendance.application.ports import Contended, Store, UnitOfWork
from attendance.application.ports.labs import (
    LabDetails,
    LabHistoryRow,
    LabMemberRow,
    LabRow,
    LabSheetRow,
    OwnLabRow,
)
from attendance.domain.accounts.accounts import Account
from attendance.domain.attendance.status import Status
from attendance.domain.events import ChangeContext, Event
from attendance.domain.ids import AccountId, EventId, LabId, LabMarkId
from attendance.domain.labs.labs import AlreadyMember, Lab
from attendance.domain.labs.marks import LabEntry, LabMark, LabOrUserNotFound, LabPlace
from attendance.domain.text import search_key, sort_key
from attendance.testing import make

DAY = date(2026, 3, 2)

EVERYTHING = Page()


class Given:
    """A lab with an owner and members, stored."""

    def __init__(self, store: Store, *, members: int = 1) -> None:
        self.owner = make.account()
        self.members = [make.account() for _ in range(members)]
        self.lab = make.lab(self.owner)
        with store.transaction() as work:
            work.accounts.add(self.owner)
            work.labs.add(self.lab)
            for member in self.members:
                work.accounts.add(member)
                work.labs.add_member(make.membership(self.lab, member))


def marked(
    given: Given, who: Account, status: Status = Status.PRESENT, on: date = DAY, note: str = ""
) -> tuple[LabMark, Event]:
    place = LabPlace(
        lab_id=given.lab.id,
        owner_id=given.owner.id,
        user_id=who.id,
        date=on,
        user_exists=True,
        is_member=True,
        mark=None,
    ).marked(
        LabEntry(status=status, note=note),
        ChangeContext(given.owner.id, make.NOON, make.new_id),
        by=given.owner.id,
        mark_id=LabMarkId(make.new_id()),
    )
    assert place.event
    return place.mark, place.event


def again(event: Event) -> Event:
    return replace(event, id=EventId(make.new_id()))


def test_a_lab_comes_back_as_it_went_in(store: Store) -> None:
    owner = make.account()
    lab = make.lab(owner, name="Größe", description="line\nand\ttab")
    with store.transaction() as work:
        work.accounts.add(owner)
        work.labs.add(lab)
    with store.autocommit() as work:
        assert work.labs.find(lab.id) == lab
        assert work.labs.find(LabId(make.new_id())) is None


def test_a_member_joins_once_and_is_listed_in_the_order_of_joining(store: Store) -> None:
    given = Given(store, members=3)
    first = given.members[0]
    with pytest.raises(AlreadyMember), store.transaction() as work:
        work.labs.add_member(make.membership(given.lab, first))
    late = make.account()
    with store.transaction() as work:
        work.accounts.add(late)
        work.labs.add_member(make.membership(given.lab, late, joined_at=make.NOON - timedelta(days=1)))
    with store.read() as work:
        (row,) = work.labs.search("", Page()).labs
    assert row == LabRow(
        given.lab.id, given.owner.id, given.lab.name, "", tuple(who.id for who in [*given.members, late])
    )


def test_labs_are_found_by_name_or_description_but_not_across_both(store: Store) -> None:
    owner = make.account()
    labs = [
        make.lab(owner, name="Chemie", description="Öle & Säuren"),
        make.lab(owner, name="Biologie", description="50% Wasser"),
        make.lab(owner, name="oleum", description=""),
    ]
    with store.transaction() as work:
        work.accounts.add(owner)
        for lab in labs:
            work.labs.add(lab)

    def found(part: str, page: Page = EVERYTHING) -> tuple[list[str], int]:
        with store.read() as work:
            answer = work.labs.search(search_key(part), page)
        return [row.name for row in answer.labs], answer.total

    assert found("ÖLE") == found("ole") == (["Chemie", "oleum"], 2)
    assert found("säu") == found("SAU") == (["Chemie"], 1)
    assert found("IE") == (["Biologie", "Chemie"], 2)
    assert found("0%") == (["Biologie"], 1)
    assert found("mieöle") == ([], 0)
    assert found("mie\nöle") == ([], 0)
    assert found("") == (["Biologie", "Chemie", "oleum"], 3)
    assert found("", Page(limit=1, offset=2)) == (["oleum"], 3)
    assert found("ie", Page(limit=1, offset=1)) == (["Chemie"], 2)
    assert found("ie", Page(limit=1, offset=2)) == ([], 2)


def test_a_place_tells_everything_marking_has_to_know(store: Store) -> None:
    given = Given(store)
    (member,) = given.members
    stranger = make.account()
    mark, event = marked(given, member)
    with store.transaction() as work:
        work.accounts.add(stranger)
        work.lab_attendance.save(mark, event)

    def place(who: AccountId, on: date = DAY) -> LabPlace:
        with store.autocommit() as work:
            return work.lab_attendance.place(given.lab.id, who, on)

    usual = LabPlace(
        lab_id=given.lab.id,
        owner_id=given.owner.id,
        user_id=member.id,
        date=DAY,
        user_exists=True,
        is_member=True,
        mark=mark,
    )
    assert place(member.id) == usual
    tomorrow = DAY + timedelta(days=1)
    assert place(member.id, tomorrow) == replace(usual, date=tomorrow, mark=None)
    outside = replace(usual, is_member=False, mark=None)
    assert place(stranger.id) == replace(outside, user_id=stranger.id)
    assert place(given.owner.id) == replace(outside, user_id=given.owner.id)
    nobody = AccountId(make.new_id())
    assert place(nobody) == replace(outside, user_id=nobody, user_exists=False)
    with pytest.raises(LabOrUserNotFound), store.autocommit() as work:
        work.lab_attendance.place(LabId(make.new_id()), member.id, DAY)


@pytest.mark.parametrize("block", ["transaction", "autocommit"])
def test_a_mark_is_saved_over_the_version_before_alone_with_its_event(store: Store, block: str) -> None:
    given = Given(store)
    mark, event = marked(given, given.members[0])
    second = replace(mark, entry=LabEntry(status=Status.LATE, note="5 min"), version=2)
    third = replace(second, version=4)

    def save(mark: LabMark, event: Event) -> None:
        with getattr(store, block)() as work:
            work.lab_attendance.save(mark, event)

    save(mark, event)
    with pytest.raises(Contended):
        save(mark, again(event))
    with pytest.raises(Contended):
        save(replace(mark, id=LabMarkId(make.new_id())), again(event))
    save(second, (revised := again(event)))
    for stale in (second, third):
        with pytest.raises(Contended):
            save(stale, again(event))
    with store.autocommit() as work:
        assert work.lab_attendance.find(given.lab.id, mark.id) == (given.owner.id, second)
        assert work.events.of(mark.id) == (event, revised)


@pytest.mark.parametrize("block", ["transaction", "autocommit"])
def test_a_mark_is_deleted_in_its_current_version_alone_with_its_event(store: Store, block: str) -> None:
    given = Given(store)
    mark, event = marked(given, given.members[0])
    second = replace(mark, entry=LabEntry(status=Status.LATE), version=2)

    def delete(mark: LabMark, event: Event) -> None:
        with getattr(store, block)() as work:
            work.lab_attendance.delete(mark, event)

    with store.transaction() as work:
        work.lab_attendance.save(mark, event)
        work.lab_attendance.save(second, again(event))
    with pytest.raises(Contended):
        delete(mark, again(event))
    delete(second, again(event))
    with pytest.raises(Contended):
        delete(second, again(event))
    with store.autocommit() as work:
        assert work.lab_attendance.find(given.lab.id, mark.id) == (given.owner.id, None)
        assert work.lab_attendance.place(given.lab.id, mark.user_id, DAY).mark is None
        assert len(work.events.of(mark.id)) == 3


def test_a_mark_is_found_in_its_own_lab_alone(store: Store) -> None:
    given, other = Given(store), Given(store)
    mark, event = marked(given, given.members[0])
    with store.transaction() as work:
        work.lab_attendance.save(mark, event)
    with store.autocommit() as work:
        assert work.lab_attendance.find(other.lab.id, mark.id) == (other.owner.id, None)
        assert work.lab_attendance.find(LabId(make.new_id()), mark.id) is None


def test_labs_of_somebody_are_those_owned_and_joined_by_name(store: Store) -> None:
    given, other = Given(store, members=2), Given(store)
    member = given.members[0]
    own = make.lab(member, name="An own one")
    with store.transaction() as work:
        work.labs.add(own)
    with store.read() as work:
        found = work.labs.of(member.id)
        assert work.labs.of(given.owner.id) == (
            OwnLabRow(given.lab.id, given.owner.id, given.lab.name, given.lab.description, 2),
        )
        assert [row.id for row in work.labs.of(other.members[0].id)] == [other.lab.id]
        assert work.labs.of(AccountId(make.new_id())) == ()
    assert found == (
        OwnLabRow(own.id, member.id, own.name, own.description, 0),
        OwnLabRow(given.lab.id, given.owner.id, given.lab.name, given.lab.description, 2),
    )


def test_a_lab_is_told_with_its_members_and_their_marks_of_a_date(store: Store) -> None:
    given, other = Given(store, members=3), Given(store)
    mark, event = marked(given, given.members[1], Status.LATE, note="bus")
    with store.transaction() as work:
        work.lab_attendance.save(mark, event)
        work.lab_attendance.save(*marked(other, other.members[0]))
    in_order = sorted(given.members, key=lambda who: sort_key(who.username))
    with store.read() as work:
        for on, kept in ((DAY, {mark.user_id: mark}), (DAY + timedelta(days=1), {})):
            assert work.labs.details(given.lab.id, on) == LabDetails(
                given.lab,
                given.owner.username,
                tuple(LabMemberRow(who.id, who.username, kept.get(who.id)) for who in in_order),
            )
        assert work.labs.details(LabId(make.new_id()), DAY) is None


def test_a_lab_without_members_is_told_without_any(store: Store) -> None:
    given = Given(store, members=0)
    with store.read() as work:
        assert work.labs.details(given.lab.id, DAY) == LabDetails(given.lab, given.owner.username, ())


def test_a_sheet_lists_the_marks_of_its_date_by_username(store: Store) -> None:
    given, other = Given(store, members=3), Given(store)
    yesterday = DAY - timedelta(days=1)
    with store.transaction() as work:
        for who, note in zip(reversed(given.members), "abc", strict=True):
            work.lab_attendance.save(*marked(given, who, Status.EXCUSED, note=note))
        work.lab_attendance.save(*marked(given, given.members[0], on=yesterday))
        work.lab_attendance.save(*marked(other, other.members[0]))
    with store.read() as work:
        sheet = work.lab_attendance.sheet(given.lab.id, DAY)
        empty = work.lab_attendance.sheet(given.lab.id, DAY + timedelta(days=1))
        none = work.lab_attendance.sheet(LabId(make.new_id()), DAY)
    in_order = sorted(given.members, key=lambda who: sort_key(who.username))
    notes = {who.id: note for who, note in zip(reversed(given.members), "abc", strict=True)}
    assert sheet
    assert (sheet.lab_id, sheet.owner_id) == (given.lab.id, given.owner.id)
    assert sheet.attendances == tuple(
        LabSheetRow(who.id, who.username, Status.EXCUSED, notes[who.id]) for who in in_order
    )
    assert empty
    assert empty.attendances == ()
    assert none is None


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (None, None, [0, 1, 2, 9999]),
        (1, None, [1, 2, 9999]),
        (None, 1, [0, 1]),
        (1, 2, [1, 2]),
        (2, 2, [2]),
        (3, 9, []),
    ],
)
def test_a_history_is_ascending_with_both_ends_included(
    store: Store, since: int | None, until: int | None, days: list[int]
) -> None:
    given = Given(store, members=2)
    member, other = given.members

    def day(n: int) -> date:
        return date.max if n == 9999 else DAY + timedelta(days=n)

    with store.transaction() as work:
        for n in (2, 9999, 0, 1):
            work.lab_attendance.save(*marked(given, member, on=day(n), note=str(n)))
        work.lab_attendance.save(*marked(given, other))
    with store.read() as work:
        found = work.lab_attendance.history(
            given.lab.id,
            member.id,
            None if since is None else day(since),
            None if until is None else day(until),
        )
    assert found
    owner_id, history = found
    assert owner_id == given.owner.id
    assert history
    assert (history.lab_id, history.user_id, history.username) == (given.lab.id, member.id, member.username)
    assert history.attendances == tuple(LabHistoryRow(day(n), Status.PRESENT, str(n)) for n in days)


def test_a_history_knows_no_lab_from_no_user_from_no_marks(store: Store) -> None:
    given = Given(store)
    stranger = make.account()
    with store.transaction() as work:
        work.accounts.add(stranger)

    def history(work: UnitOfWork, lab: Lab, who: AccountId) -> object:
        return work.lab_attendance.history(lab.id, who, None, None)

    with store.read() as work:
        found = work.lab_attendance.history(given.lab.id, stranger.id, None, None)
        assert found
        assert found[1]
        assert found[1].attendances == ()
        assert history(work, given.lab, AccountId(make.new_id())) == (given.owner.id, None)
        assert history(work, make.lab(given.owner), stranger.id) is None
