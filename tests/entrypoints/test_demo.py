"""The club for trying out: believable, the same for the same seed, and never mixed with a real one."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from attendance import OPERATOR, UseCases, open_attendance
from attendance.domain.reporting.statistics import Counts, counts_of
from attendance.entrypoints.cli import main
from attendance.entrypoints.demo.club import Demo, NotEmpty, Size
from tests.library.conftest import CHEAP

TODAY = date(2026, 11, 20)
SMALL = Size(groups=2, clients=9, members=4)


@pytest.fixture
def attendance() -> Iterator[UseCases]:
    with open_attendance("memory", **CHEAP) as attendance:
        yield attendance


def filled(attendance: UseCases, seed: int = 1) -> list[object]:
    """What can be compared of a club: names, and how everybody attended."""
    demo = Demo(use=attendance, size=SMALL, today=TODAY, seed=seed, password="correct horse battery")
    for _ in demo.fill():
        pass
    clients = [client.name for client in attendance.list_clients(OPERATOR)]
    return [clients, *(counts(attendance, group.id) for group in attendance.list_groups(OPERATOR))]


def counts(attendance: UseCases, group_id: object) -> list[Counts]:
    lessons = attendance.list_lessons(OPERATOR, group_id=group_id, until=TODAY)  # type: ignore[arg-type]
    sheets = (attendance.show_sheet(OPERATOR, lesson_id=lesson.id) for lesson in lessons)
    return [counts_of(entry.status for entry in sheet.attendances) for sheet in sheets]


def test_the_same_seed_gives_the_same_club_and_another_another(attendance: UseCases) -> None:
    with open_attendance("memory", **CHEAP) as again, open_attendance("memory", **CHEAP) as other:
        first = filled(attendance)
        assert filled(again) == first
        assert filled(other, seed=2) != first


def test_it_is_a_school_year_with_all_that_happens_in_one(attendance: UseCases) -> None:
    _, *groups = filled(attendance)
    assert len(groups) == SMALL.groups
    together = Counts()
    for group in groups:
        for lesson in group:  # type: ignore[attr-defined]
            together += lesson
    assert min(together.present, together.late, together.absent, together.excused, together.unmarked) > 0
    assert attendance.list_clients(OPERATOR, page=1).total == SMALL.clients
    sold = attendance.list_subscriptions(OPERATOR)
    assert sold.total >= SMALL.clients
    assert any(it.visits_left != it.visits for it in sold)


def test_whom_it_names_can_sign_in_and_a_parent_sees_its_children(attendance: UseCases) -> None:
    filled(attendance)
    for username in ("demo-owner", "demo-head", "demo-manager", "demo-teacher-8"):
        assert attendance.sign_in(username=username, password="correct horse battery")
    token = attendance.sign_in(username="demo-parent", password="correct horse battery").access_token
    assert len(attendance.own_clients(attendance.actor_of(token))) == 2


def test_a_real_club_is_left_alone(attendance: UseCases) -> None:
    attendance.add_client(OPERATOR, name="Real Person")
    with pytest.raises(NotEmpty):
        filled(attendance)
    assert attendance.list_clients(OPERATOR, page=1).total == 1


@pytest.mark.parametrize("marks", [50, 300, 2500])
def test_there_are_as_many_marks_as_were_asked_for(attendance: UseCases, marks: int) -> None:
    demo = Demo(use=attendance, size=Size.for_marks(marks), today=TODAY, password="correct horse battery")
    groups = len([*demo.fill()])
    assert attendance.list_marks(OPERATOR, page=1).total == marks
    assert demo.marks == marks
    assert groups <= demo.steps + 2


@pytest.mark.processes
def test_the_command_fills_a_database_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTENDANCE_DATABASE_URL", f"sqlite:///{tmp_path}/demo.db")
    first = CliRunner().invoke(main, ["demo", "--scale", "300", "--today", "2026-11-20"])
    assert first.exit_code == 0, first.output
    assert "Sign in as demo-owner" in first.output
    second = CliRunner().invoke(main, ["demo", "--scale", "300"])
    assert second.exit_code == 1
    assert "there is a club in this database already" in second.output
