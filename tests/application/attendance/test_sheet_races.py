"""Two people at one sheet in the same instant: no mark is lost, and each is answered as it is."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from attendance.application.attendance import sheets as module
from attendance.application.attendance.read_models import AbsenceDetails, SheetDetails
from attendance.application.ports import Store, UnitOfWork
from attendance.application.ports.attendance import SheetEntry
from attendance.domain.attendance.absences import AlreadyMarked
from attendance.domain.attendance.marks import mark_id
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import ClientArchived
from attendance.domain.errors import Outdated
from attendance.domain.events import Event
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from tests.application.accounts.test_role_races import at_once
from tests.application.club.test_groups_and_lessons import TODAY, TOMORROW, Club, member
from tests.fakes import replaced

pytestmark = pytest.mark.attacks

ROUNDS = 100
FEWER = 20


@dataclass
class Hasty:
    """A repository of which both ask `name` before one writes."""

    repository: Any
    name: str
    meeting: threading.Barrier

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.repository, name)
        return partial(self._met, found) if name == self.name else found

    def _met(self, ask: Callable[..., Any], *arguments: Any) -> Any:
        answer = ask(*arguments)
        with suppress(threading.BrokenBarrierError):
            self.meeting.wait(timeout=20)
        return answer


@dataclass
class Unguarded(Store):
    """A store whose writing units do not line up once they are to meet: each call is by itself."""

    inner: Store
    meets_at: dict[str, str] = field(default_factory=dict)
    """By the name of a repository, what both ask of it before one writes."""
    meeting: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        if not self.meets_at:
            with self.inner.transaction() as work:
                yield work
        else:
            with self.inner.autocommit() as work:
                hasty = {
                    name: Hasty(getattr(work, name), asked, self.meeting)
                    for name, asked in self.meets_at.items()
                }
                yield replaced(work, **hasty)

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.autocommit()

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.read()

    def ambient(self) -> AbstractContextManager[None]:
        return self.inner.ambient()

    def attempts(self) -> Iterator[None]:
        return self.inner.attempts()


@dataclass(frozen=True)
class Sheet:
    """Anna's lesson of today and of tomorrow; two who mark, and two of her accounts."""

    club: Club
    anna: ClientId
    today: LessonId
    tomorrow: LessonId
    markers: tuple[Actor, Actor]
    parents: tuple[Actor, Actor]

    @classmethod
    def of(cls, store: Store) -> "Sheet":
        club = Club(store)
        mother, father = (club.world.having(Role.USER) for _ in range(2))
        anna = club.use.add_client(club.head, name="Anna", user_ids=(mother.id, father.id)).id
        club.edits(club.head, members=(member(anna),))
        lessons = [club.adds(on).id for on in (TODAY, TOMORROW)]
        return cls(club, anna, *lessons, (club.clerk, club.head), (mother, father))

    def entry(self, lesson_id: LessonId) -> SheetEntry:
        shown = self.club.use.show_sheet(self.club.head, lesson_id=lesson_id)
        return next(it for it in shown.attendances if it.client_id == self.anna)

    def events(self, lesson_id: LessonId) -> tuple[Event, ...]:
        with self.club.world.store.autocommit() as work:
            return work.events.of(mark_id(lesson_id, self.anna))

    def marking(
        self, by: Actor, lesson_id: LessonId, status: Status | None, **more: Any
    ) -> Callable[[], SheetDetails]:
        sent: Any = [{"client_id": self.anna, "status": status, **more}]
        return partial(self.club.use.mark_attendance, by, lesson_id=lesson_id, attendances=sent)

    def announcing(self, by: Actor, **more: Any) -> Callable[[], AbsenceDetails]:
        use_case = self.club.use.announce_absence
        return partial(use_case, by, lesson_id=self.tomorrow, client_id=self.anna, **more)


def check_no_mark_is_lost(sheet: Sheet, number: int) -> None:
    """Both have seen the same version, and note what they saw otherwise; one is told to look again."""
    seen, told = sheet.entry(sheet.today).version, len(sheet.events(sheet.today))
    notes = [f"{number} by {name}" for name in ("one", "other")]
    outcomes = at_once(
        *(
            sheet.marking(by, sheet.today, Status.EXCUSED, note=note, if_version=seen)
            for by, note in zip(sheet.markers, notes, strict=True)
        )
    )
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == ["Outdated", "SheetDetails"]
    refused = next(it for it in outcomes if isinstance(it, Outdated))
    assert [it.field for it in refused.field_errors] == ["attendances[0].if_version"]
    won = next(place for place, it in enumerate(outcomes) if isinstance(it, SheetDetails))
    left = sheet.entry(sheet.today)
    assert (left.note, left.marked_by) == (notes[won], sheet.markers[won].id)
    assert left.version == seen + 1
    assert len(sheet.events(sheet.today)) == told + 1


def test_of_two_teachers_who_saw_one_version_neither_takes_the_others_mark(store: Store) -> None:
    sheet = Sheet.of(store)
    for number in range(ROUNDS):
        check_no_mark_is_lost(sheet, number)


@pytest.mark.plants
def test_a_mark_is_seen_to_be_lost_when_nobody_looks_at_versions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = Sheet.of(store)
    monkeypatch.setattr(module, "outdated_error", lambda *_: None)
    with pytest.raises(AssertionError):
        check_no_mark_is_lost(sheet, 0)


@pytest.mark.plants
def test_a_mark_is_seen_to_be_lost_when_both_look_before_one_writes(store: Store) -> None:
    unguarded = Unguarded(store)
    sheet = Sheet.of(unguarded)
    unguarded.meets_at = {"attendance": "of_lesson"}
    with pytest.raises(AssertionError):
        check_no_mark_is_lost(sheet, 0)


def test_a_number_is_not_used_again_by_who_marks_while_it_is_cleared(store: Store) -> None:
    sheet = Sheet.of(store)
    one, other = sheet.markers
    for number in range(FEWER):
        sheet.marking(one, sheet.today, Status.EXCUSED, note=f"{number}")()
        at_once(
            sheet.marking(one, sheet.today, None),
            sheet.marking(other, sheet.today, Status.EXCUSED, note=f"{number} again"),
        )
    versions = [event.after["version"] for event in sheet.events(sheet.today) if event.after]
    assert len({*versions}) == len(versions)
    assert versions == sorted(versions)


def check_both_parents_are_answered_well(sheet: Sheet, number: int) -> None:
    notes = [f"{number} by {name}" for name in ("one", "other")]
    before = [event.after["version"] for event in sheet.events(sheet.tomorrow) if event.after]
    outcomes = at_once(
        *(sheet.announcing(by, note=note) for by, note in zip(sheet.parents, notes, strict=True))
    )
    assert [type(it) for it in outcomes] == [AbsenceDetails] * 2
    versions = [event.after["version"] for event in sheet.events(sheet.tomorrow) if event.after]
    assert len({*versions}) == len(versions) == len(before) + 2
    left = sheet.entry(sheet.tomorrow)
    assert (left.status, left.announced, left.version) == (Status.EXCUSED, True, versions[-1])
    assert left.note in notes
    sheet.club.use.take_back_absence(sheet.parents[0], lesson_id=sheet.tomorrow, client_id=sheet.anna)


def test_two_parents_who_announce_at_once_make_one_mark(store: Store) -> None:
    sheet = Sheet.of(store)
    for number in range(FEWER):
        check_both_parents_are_answered_well(sheet, number)
    assert sheet.entry(sheet.tomorrow).status is None


@pytest.mark.plants
def test_two_parents_who_both_look_before_one_writes_are_seen(store: Store) -> None:
    unguarded = Unguarded(store)
    sheet = Sheet.of(unguarded)
    unguarded.meets_at = {"events": "numbers_of"}
    with pytest.raises(AssertionError):
        check_both_parents_are_answered_well(sheet, 0)


def check_the_teachers_mark_stays(sheet: Sheet, number: int) -> None:
    note = f"{number} by the teacher"
    teacher, parent = sheet.markers[0], sheet.parents[0]
    marked, announced = at_once(
        sheet.marking(teacher, sheet.tomorrow, Status.EXCUSED, note=note),
        sheet.announcing(parent, note="ill"),
    )
    assert isinstance(marked, SheetDetails)
    assert isinstance(announced, AbsenceDetails | AlreadyMarked)
    left = sheet.entry(sheet.tomorrow)
    assert (left.note, left.announced, left.marked_by) == (note, False, teacher.id)
    assert left.version == sum(bool(event.after) for event in sheet.events(sheet.tomorrow)) + number
    sheet.marking(teacher, sheet.tomorrow, None)()


def test_an_absence_never_takes_the_place_of_the_teachers_mark(store: Store) -> None:
    sheet = Sheet.of(store)
    for number in range(FEWER):
        check_the_teachers_mark_stays(sheet, number)


@pytest.mark.plants
def test_a_teachers_mark_that_is_taken_is_seen(store: Store) -> None:
    unguarded = Unguarded(store)
    sheet = Sheet.of(unguarded)
    unguarded.meets_at = {"events": "numbers_of"}
    with pytest.raises(AssertionError):
        check_the_teachers_mark_stays(sheet, 0)


def announced_and_left(sheet: Sheet) -> bool:
    """Whether an absence is still announced after the client was archived in the same instant."""
    parent, club = sheet.parents[0], sheet.club
    announced, _ = at_once(
        sheet.announcing(parent),
        partial(club.use.edit_client, club.clerk, client_id=sheet.anna, active=False),
    )
    assert isinstance(announced, AbsenceDetails | ClientArchived)
    shown = club.use.show_sheet(club.head, lesson_id=sheet.tomorrow)
    is_left = any(entry.status for entry in shown.attendances)
    club.use.edit_client(club.clerk, client_id=sheet.anna, active=True)
    club.edits(club.head, members=(member(sheet.anna),))
    return is_left


def test_no_absence_is_left_of_who_is_archived_while_it_is_announced(store: Store) -> None:
    sheet = Sheet.of(store)
    assert not any(announced_and_left(sheet) for _ in range(FEWER))


@pytest.mark.plants
def test_an_absence_that_is_announced_for_who_is_archived_is_seen(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attendance.application.club.clients.EditClient._clear_absences", lambda *_: None)
    sheet = Sheet.of(store)
    sheet.announcing(sheet.parents[0])()
    assert announced_and_left(sheet)


def announced_and_gone(sheet: Sheet) -> bool:
    """Whether an absence is left of who left the group while it was announced."""
    club = sheet.club
    club.edits(club.head, members=(member(sheet.anna),))
    leaving = partial(club.edits, club.head, members=())
    at_once(sheet.announcing(sheet.parents[0]), leaving)
    with club.world.store.autocommit() as work:
        return bool(work.attendance.of_lesson(sheet.tomorrow))


def test_no_absence_is_left_of_who_leaves_the_group_while_it_is_announced(store: Store) -> None:
    sheet = Sheet.of(store)
    assert not any(announced_and_gone(sheet) for _ in range(FEWER))


@pytest.mark.plants
def test_an_absence_of_who_left_the_group_is_seen(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.application.club.groups._clear_absences", lambda *_: None)
    sheet = Sheet.of(store)
    sheet.announcing(sheet.parents[0])()
    assert announced_and_gone(sheet)
