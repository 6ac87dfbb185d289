"""Keeping a lab's attendance, over every store."""

from contextvars import Context
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from attendance.application.ports import Store, UnitOfWork
from attendance.domain.accounts.accounts import Account
from attendance.domain.attendance.status import Status
from attendance.domain.errors import Forbidden, Invalid, NotFound
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.labs import AlreadyMember, LabNotFound
from attendance.domain.labs.marks import (
    AttendanceNotFound,
    LabMark,
    LabOrUserNotFound,
    NotAMember,
    OnlyOwnerDeletes,
    OnlyOwnerManages,
    OnlyOwnerViews,
)
from attendance.domain.permissions.actor import Actor
from tests import make
from tests.fakes import ContendedStore, World, replaced

DAY = date(2026, 3, 2)
NOBODY = AccountId(make.new_id())
NOWHERE = LabId(make.new_id())


@dataclass
class LabWorld:
    """A lab with one member, its owner, and a stranger."""

    store: Store

    def __post_init__(self) -> None:
        self.world = World(self.store)
        self.use_cases = self.world.use_cases
        self.owner, self.member, self.stranger = (self._account() for _ in range(3))
        self.lab_id = self.use_cases.create_lab(self.owner, name="Biology")
        self.use_cases.join_lab(self.member, lab_id=self.lab_id)

    def _account(self) -> Actor:
        account: Account = make.account()
        with self.store.transaction() as work:
            work.accounts.add(account)
        return make.actor(account)

    def mark(self, status: Status = Status.PRESENT, note: str = "", on: date = DAY) -> LabMark:
        return self.use_cases.mark_lab_attendance(
            self.owner, lab_id=self.lab_id, user_id=self.member.id, date=on, status=status, note=note
        )

    def events(self, subject_id: LabMarkId) -> list[tuple[object, object]]:
        with self.store.autocommit() as work:
            return [(event.before, event.after) for event in work.events.of(subject_id)]


@pytest.fixture
def lab(store: Store) -> LabWorld:
    return LabWorld(store)


def test_a_mark_is_revised_under_its_id_and_every_change_is_logged(lab: LabWorld) -> None:
    first = lab.mark(Status.ABSENT)
    lab.world.clock.pass_by(minutes=5)
    second = lab.mark(Status.LATE, note="bus")
    assert second.id == first.id
    assert (second.version, second.marked_at) == (2, lab.world.clock.now)
    assert lab.events(first.id) == [(None, first.facts()), (first.facts(), second.facts())]


def test_the_same_again_changes_nothing(lab: LabWorld) -> None:
    first = lab.mark(Status.LATE, note="bus")
    for _ in range(3):
        lab.world.clock.pass_by(minutes=5)
        assert lab.mark(Status.LATE, note="bus") == first
    assert len(lab.events(first.id)) == 1


def test_the_events_of_a_mark_replay_to_the_mark(lab: LabWorld) -> None:
    for status, note in [(Status.PRESENT, ""), (Status.LATE, "a"), (Status.LATE, "b"), (Status.EXCUSED, "b")]:
        mark = lab.mark(status, note)
    state: object = None
    for before, after in lab.events(mark.id):
        assert before == state
        state = after
    assert state == mark.facts()


def test_a_deleted_mark_lives_on_in_its_events_and_a_new_one_has_a_new_id(lab: LabWorld) -> None:
    first = lab.mark(Status.LATE)
    lab.use_cases.delete_lab_attendance(lab.owner, lab_id=lab.lab_id, attendance_id=first.id)
    assert lab.events(first.id)[-1] == (first.facts(), None)
    with pytest.raises(AttendanceNotFound):
        lab.use_cases.delete_lab_attendance(lab.owner, lab_id=lab.lab_id, attendance_id=first.id)
    second = lab.mark(Status.LATE)
    assert second.id != first.id
    assert second.version == 1


@pytest.mark.parametrize("on", [date.min, date(1999, 12, 31), date(2028, 2, 29), date.max])
def test_any_date_can_be_marked(lab: LabWorld, on: date) -> None:
    lab.mark(on=on)
    history = lab.use_cases.lab_attendance_history(lab.owner, lab_id=lab.lab_id, user_id=lab.member.id)
    assert [row.date for row in history.attendances] == [on]


@pytest.mark.parametrize("note", ["x" * 1001, "bell \a", "nul \0", "half \ud800 a pair"])
def test_a_note_that_cannot_be_is_refused_before_anything_is_asked(lab: LabWorld, note: str) -> None:
    with pytest.raises(Invalid):
        lab.use_cases.mark_lab_attendance(
            lab.stranger, lab_id=NOWHERE, user_id=NOBODY, date=DAY, status=Status.LATE, note=note
        )


def test_a_note_keeps_lines_tabs_and_spaces(lab: LabWorld) -> None:
    note = "  first\n\tsecond  " + "ä" * 900
    lab.mark(note=note)
    sheet = lab.use_cases.lab_attendance_by_date(lab.owner, lab_id=lab.lab_id, date=DAY)
    assert [row.note for row in sheet.attendances] == [note]


REFUSALS_WHEN_MARKING = [
    # who asks, which lab, whom: each row breaks everything to its right too, the first refusal counts
    ("stranger", "nowhere", "nobody", LabOrUserNotFound),
    ("stranger", "lab", "nobody", OnlyOwnerManages),
    ("member", "lab", "member", OnlyOwnerManages),
    ("owner", "lab", "nobody", LabOrUserNotFound),
    ("owner", "lab", "stranger", NotAMember),
    ("owner", "lab", "owner", NotAMember),
]


@pytest.mark.parametrize(("who", "where", "whom", "refusal"), REFUSALS_WHEN_MARKING)
def test_marking_is_refused_in_order(
    lab: LabWorld, who: str, where: str, whom: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal) as refused:
        lab.use_cases.mark_lab_attendance(
            getattr(lab, who),
            lab_id=lab.lab_id if where == "lab" else NOWHERE,
            user_id=NOBODY if whom == "nobody" else getattr(lab, whom).id,
            date=DAY,
            status=Status.PRESENT,
        )
    assert type(refused.value) is refusal


# the full table of who may what in a lab: every use case, every relation
MAY = {
    "mark": {"owner": None, "member": OnlyOwnerManages, "stranger": OnlyOwnerManages},
    "by_date": {"owner": None, "member": OnlyOwnerViews, "stranger": OnlyOwnerViews},
    "history": {"owner": None, "member": OnlyOwnerViews, "stranger": OnlyOwnerViews},
    "delete": {"owner": None, "member": OnlyOwnerDeletes, "stranger": OnlyOwnerDeletes},
    "join": {"owner": AlreadyMember, "member": AlreadyMember, "stranger": None},
}


@pytest.mark.parametrize("use", MAY)
@pytest.mark.parametrize("who", ["owner", "member", "stranger"])
def test_who_may_what_in_a_lab(lab: LabWorld, use: str, who: str) -> None:
    mark = lab.mark()
    actor, cases, here = getattr(lab, who), lab.use_cases, {"lab_id": lab.lab_id}
    uses = {
        "mark": lambda: cases.mark_lab_attendance(
            actor, **here, user_id=lab.member.id, date=DAY, status=Status.LATE
        ),
        "by_date": lambda: cases.lab_attendance_by_date(actor, **here, date=DAY),
        "history": lambda: cases.lab_attendance_history(actor, **here, user_id=lab.member.id),
        "delete": lambda: cases.delete_lab_attendance(actor, **here, attendance_id=mark.id),
        "join": lambda: cases.join_lab(actor, **here),
    }
    if refusal := MAY[use][who]:
        with pytest.raises(refusal):
            uses[use]()
        assert lab.events(mark.id) == [(None, mark.facts())]
    else:
        uses[use]()


def test_whatever_is_asked_of_no_lab_is_not_found(lab: LabWorld) -> None:
    cases, mark = lab.use_cases, lab.mark()
    with pytest.raises(LabNotFound):
        cases.lab_attendance_by_date(lab.owner, lab_id=NOWHERE, date=DAY)
    with pytest.raises(LabOrUserNotFound):
        cases.lab_attendance_history(lab.owner, lab_id=NOWHERE, user_id=lab.member.id)
    with pytest.raises(AttendanceNotFound):
        cases.delete_lab_attendance(lab.owner, lab_id=NOWHERE, attendance_id=mark.id)
    with pytest.raises(LabNotFound):
        cases.join_lab(lab.stranger, lab_id=NOWHERE)
    with pytest.raises(LabOrUserNotFound):
        cases.lab_attendance_history(lab.owner, lab_id=lab.lab_id, user_id=NOBODY)


def test_a_mark_is_not_reached_through_another_lab(lab: LabWorld) -> None:
    mark = lab.mark()
    other = lab.use_cases.create_lab(lab.owner, name="Other")
    with pytest.raises(NotFound):
        lab.use_cases.delete_lab_attendance(lab.owner, lab_id=other, attendance_id=mark.id)
    mine = lab.use_cases.create_lab(lab.stranger, name="Mine")
    with pytest.raises(NotFound):
        lab.use_cases.delete_lab_attendance(lab.stranger, lab_id=mine, attendance_id=mark.id)
    with pytest.raises(Forbidden):
        lab.use_cases.delete_lab_attendance(lab.stranger, lab_id=lab.lab_id, attendance_id=mark.id)
    assert lab.events(mark.id) == [(None, mark.facts())]


def test_a_history_that_ends_before_it_begins_is_refused(lab: LabWorld) -> None:
    with pytest.raises(Invalid):
        lab.use_cases.lab_attendance_history(
            lab.owner, lab_id=lab.lab_id, user_id=lab.member.id, since=DAY, until=DAY - timedelta(days=1)
        )


@pytest.mark.parametrize(
    ("name", "description"),
    [("", ""), ("x" * 201, ""), ("line\nbreak", ""), ("nul\0", ""), ("ok", "x" * 2001), ("ok", "bell\a")],
)
def test_a_lab_that_cannot_be_is_refused(lab: LabWorld, name: str, description: str) -> None:
    with pytest.raises(Invalid):
        lab.use_cases.create_lab(lab.owner, name=name, description=description)
    assert lab.use_cases.search_labs(None).total == 1


class Meddling(ContendedStore):
    """Lets somebody else in between what a unit reads and what it writes, once."""

    meddle = None

    def autocommit(self):  # type: ignore[no-untyped-def] # a generator would hide the trick
        return _Meddled(self)


class _Meddled:
    def __init__(self, store: Meddling) -> None:
        self.store = store

    def __enter__(self) -> UnitOfWork:
        self.block = self.store.inner.autocommit()
        work = self.block.__enter__()
        return replaced(work, lab_attendance=_MeddledAttendance(work.lab_attendance, self.store))

    def __exit__(self, *error: object) -> bool | None:
        return self.block.__exit__(*error)  # type: ignore[arg-type]


class _MeddledAttendance:
    def __init__(self, real: object, store: Meddling) -> None:
        self._real, self._store = real, store

    def __getattr__(self, name: str) -> object:
        if name in ("save", "delete") and self._store.meddle:
            meddle, self._store.meddle = self._store.meddle, None
            # as somebody else would: outside of this context's unit
            Context().run(meddle)
        return getattr(self._real, name)


def meddled(lab: LabWorld, meddle: object) -> World:
    store = Meddling(lab.store)
    store.meddle = meddle
    return World(store, clock=lab.world.clock)


def test_of_two_first_marks_at_once_both_get_the_same_id(lab: LabWorld) -> None:
    others: list[LabMark] = []
    world = meddled(lab, lambda: others.append(lab.mark(Status.LATE)))
    mine = world.use_cases.mark_lab_attendance(
        lab.owner, lab_id=lab.lab_id, user_id=lab.member.id, date=DAY, status=Status.PRESENT
    )
    assert mine.id == others[0].id
    assert (mine.version, mine.entry.status) == (2, Status.PRESENT)
    assert lab.events(mine.id) == [(None, others[0].facts()), (others[0].facts(), mine.facts())]


def test_a_revision_never_overwrites_what_it_has_not_seen(lab: LabWorld) -> None:
    first = lab.mark(Status.ABSENT)
    others: list[LabMark] = []
    world = meddled(lab, lambda: others.append(lab.mark(Status.LATE)))
    mine = world.use_cases.mark_lab_attendance(
        lab.owner, lab_id=lab.lab_id, user_id=lab.member.id, date=DAY, status=Status.PRESENT
    )
    assert [after for _, after in lab.events(first.id)] == [
        first.facts(),
        others[0].facts(),
        mine.facts(),
    ]


def test_a_mark_deleted_in_between_is_made_anew(lab: LabWorld) -> None:
    first = lab.mark(Status.ABSENT)
    world = meddled(
        lab,
        lambda: lab.use_cases.delete_lab_attendance(lab.owner, lab_id=lab.lab_id, attendance_id=first.id),
    )
    mine = world.use_cases.mark_lab_attendance(
        lab.owner, lab_id=lab.lab_id, user_id=lab.member.id, date=DAY, status=Status.PRESENT
    )
    assert mine.id != first.id
    assert mine.version == 1


def test_a_deletion_takes_what_was_revised_in_between(lab: LabWorld) -> None:
    first = lab.mark(Status.ABSENT)
    world = meddled(lab, lambda: lab.mark(Status.LATE))
    world.use_cases.delete_lab_attendance(lab.owner, lab_id=lab.lab_id, attendance_id=first.id)
    assert (
        lab.events(first.id)[-1][0] == replace(first, entry=replace(first.entry, status=Status.LATE)).facts()
    )
