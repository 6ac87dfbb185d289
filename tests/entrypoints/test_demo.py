"""The club for trying out: believable, the same for the same seed, and never mixed with a real one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from attendance import OPERATOR, Adapters, UseCases, open_attendance
from attendance.adapters.web.attendance.today import state_of
from attendance.domain.accounts.mail import MailState
from attendance.domain.accounts.role_changes import State
from attendance.domain.club.subscriptions import SubscriptionState
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from attendance.domain.reporting.statistics import Counts, counts_of
from attendance.entrypoints.cli import main
from attendance.entrypoints.demo.club import Demo, NotEmpty, Size
from attendance.entrypoints.demo.people import WHO_IS_WHO
from attendance.entrypoints.demo.present import Present
from tests.library.conftest import CHEAP

TODAY = date(2026, 11, 20)
SMALL = Size(groups=2, clients=9, members=4)
CROWDED = Size(groups=3, clients=9, members=3)
ROOMY = Size(groups=3, clients=24, members=8)
NOW = datetime(2026, 11, 20, 15, 10, tzinfo=UTC)


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


def test_its_owner_may_say_a_word_on_the_role_change_that_awaits_one(attendance: UseCases) -> None:
    filled(attendance)
    owner = attendance.act_as(attendance.find_user(username="demo-owner").id)
    [awaiting] = attendance.list_role_changes(owner)
    assert attendance.confirm_role_change(owner, role_change_id=awaiting.id).state == "applied"


# The present day


@contextmanager
def filled_at(now: datetime, size: Size = ROOMY) -> Iterator[UseCases]:
    """The club as it is at an instant, which the clock stands at."""
    with open_attendance("memory", **CHEAP, adapters=Adapters(clock=lambda: now)) as attendance:
        demo = Demo(use=attendance, size=size, today=now.date(), now=now, password="correct horse battery")
        for _ in demo.fill():
            pass
        yield attendance


def acting(attendance: UseCases, username: str) -> Actor:
    return attendance.act_as(attendance.find_user(username=username).id)


def test_the_present_day_has_something_to_show_on_every_page() -> None:
    with filled_at(NOW) as attendance:
        teacher = acting(attendance, "demo-teacher-1")
        today = [*attendance.list_all_lessons(teacher, teacher_id=teacher.id)]
        stands = {lesson.id: state_of(lesson) for lesson in today}
        assert {*stands.values()} == {"untaken", "partly", "done", "cancelled", "coming"}
        [running] = [lesson for lesson in today if stands[lesson.id] == "partly"]
        assert running.starts_at < NOW < running.ends_at
        yesterday = TODAY - timedelta(days=1)
        assert any(attendance.list_all_lessons(teacher, since=yesterday, until=yesterday, untaken=True))

        rows = attendance.show_sheet(teacher, lesson_id=running.id).attendances
        assert any(row.first_visit for row in rows)
        assert any(row.birthday and (row.birthday.month, row.birthday.day) == (11, 20) for row in rows)
        assert any(row.unpaid for row in rows)
        assert any(row.unpaid_visits for row in rows)
        announced = [
            row
            for lesson in today
            if stands[lesson.id] == "coming"
            for row in attendance.show_sheet(teacher, lesson_id=lesson.id).attendances
            if row.announced
        ]
        assert [row.note for row in announced] == ["At the dentist"]

        passes = [*attendance.list_subscriptions(OPERATOR)]
        assert any(it.valid_until == TODAY + timedelta(days=3) for it in passes)
        assert any(it.state is SubscriptionState.FROZEN for it in passes)
        figures = attendance.show_statistics(OPERATOR)
        assert figures.figures.unpaid_visits
        assert {reason for client in figures.at_risk for reason in client.reasons}
        closures = [it for place in attendance.list_locations(OPERATOR) for it in place.closures]
        assert any(closure.since > TODAY for closure in closures)
        parent = acting(attendance, "demo-parent")
        assert len({child.name.split()[-1] for child in attendance.own_clients(parent)}) == 1
        [change] = attendance.list_role_changes(acting(attendance, "demo-owner"), state=State.AWAITING)
        rejected = attendance.reject_role_change(acting(attendance, "demo-owner"), role_change_id=change.id)
        assert rejected.state is State.REJECTED


@pytest.mark.parametrize(
    ("now", "zone"), [("00:00", "UTC"), ("00:40", "Asia/Tokyo"), ("06:10", "UTC"), ("23:59", "Asia/Tokyo")]
)
@pytest.mark.thorough
def test_there_are_lessons_to_take_at_whatever_hour(now: str, zone: str) -> None:
    at = datetime.combine(TODAY, time.fromisoformat(now), tzinfo=ZoneInfo(zone))
    with open_attendance(
        "memory", **CHEAP, timezone=zone, adapters=Adapters(clock=lambda: at.astimezone(UTC))
    ) as attendance:
        for _ in Demo(use=attendance, size=CROWDED, today=TODAY, now=at).fill():
            pass
        teacher = acting(attendance, "demo-teacher-1")
        today = [*attendance.list_all_lessons(teacher, teacher_id=teacher.id)]
        assert {"done", "partly"} <= {state_of(lesson) for lesson in today}
        assert {lesson.date for lesson in today} == {TODAY}


def test_whoever_was_born_on_a_leap_day_has_a_birthday_in_other_years_too() -> None:
    assert Present(datetime(2028, 2, 29, 12, tzinfo=UTC)).birthday(9) == date(2019, 2, 28)
    assert Present(datetime(2026, 11, 20, 12, tzinfo=UTC)).birthday(9) == date(2017, 11, 20)


def test_nobody_is_signed_in_by_it(attendance: UseCases) -> None:
    filled(attendance)
    for username in ("demo-owner", "demo-head", "demo-parent"):
        actor = acting(attendance, username)
        assert [*attendance.own_sessions(actor, user_id=actor.id)] == []


def test_a_setting_that_has_grants_await_a_word_leaves_more_to_decide() -> None:
    with open_attendance("memory", **CHEAP, confirm_grants="on") as attendance:
        filled(attendance)
        awaiting = attendance.list_role_changes(acting(attendance, "demo-owner"), state=State.AWAITING)
        assert [change.to for change in awaiting] == [Role.OWNER]


def test_a_real_club_is_left_alone(attendance: UseCases) -> None:
    attendance.add_client(OPERATOR, name="Real Person")
    with pytest.raises(NotEmpty):
        filled(attendance)
    assert attendance.list_clients(OPERATOR, page=1).total == 1


@pytest.mark.parametrize("marks", [50, 300, pytest.param(2500, marks=pytest.mark.thorough)])
def test_there_are_as_many_marks_as_were_asked_for(attendance: UseCases, marks: int) -> None:
    demo = Demo(use=attendance, size=Size.for_marks(marks), today=TODAY, password="correct horse battery")
    groups = len([*demo.fill()])
    assert attendance.list_marks(OPERATOR, page=1).total == marks
    assert demo.marks == marks
    assert groups <= demo.steps + 2


@pytest.fixture
def in_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command finds a database of its own, and would leave its mails."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path}/demo.db",
        "BASE_URL": "https://club.example",
    }.items():
        monkeypatch.setenv(f"ATTENDANCE_{name}", value)
    return tmp_path


@pytest.mark.processes
@pytest.mark.usefixtures("in_a_home")
def test_the_command_fills_a_database_once() -> None:
    first = CliRunner().invoke(main, ["demo", "--scale", "300", "--today", "2026-11-20"])
    assert first.exit_code == 0, first.output
    second = CliRunner().invoke(main, ["demo", "--scale", "300"])
    assert second.exit_code == 1
    assert "there is a club in this database already" in second.output


@pytest.mark.processes
def test_the_command_ends_by_saying_where_to_look_and_as_whom(in_a_home: Path) -> None:
    told = CliRunner().invoke(main, ["demo", "--scale", "50"]).output
    assert "Open https://club.example " in told
    found = re.search("The password of all of them: (.+)", told)
    assert found
    with open_attendance(f"sqlite:///{in_a_home}/demo.db") as attendance:
        for username in WHO_IS_WHO:
            assert f"  {username} " in told
            assert attendance.sign_in(username=username, password=found[1])


@pytest.mark.processes
def test_no_mail_goes_out_and_none_of_others_is_lost(in_a_home: Path) -> None:
    with open_attendance(f"sqlite:///{in_a_home}/demo.db") as attendance:
        attendance.register(username="ada", password="correct horse battery", email="ada@example.org")
    assert CliRunner().invoke(main, ["demo", "--scale", "50"]).exit_code == 0
    with open_attendance(f"sqlite:///{in_a_home}/demo.db") as attendance:
        assert [mail.to for mail in attendance.list_mail(state=MailState.WAITING)] == ["ada@example.org"]
        assert [*attendance.list_mail(state=MailState.DEAD)] == []
    assert [path.name for path in in_a_home.glob("var/*")] == ["secret_key"]


@pytest.mark.plants
@pytest.mark.processes
def test_mails_are_seen_to_wait_when_nobody_takes_them_away(
    in_a_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attendance.entrypoints.commands.demo.ADDRESSES", "@nobody.example")
    with pytest.raises(AssertionError):
        test_no_mail_goes_out_and_none_of_others_is_lost(in_a_home)


@pytest.mark.processes
@pytest.mark.usefixtures("in_a_home")
@pytest.mark.parametrize("today", ["1969-12-31", "9000-01-01"])
def test_a_day_that_cannot_be_is_refused(today: str) -> None:
    refused = CliRunner().invoke(main, ["demo", "--today", today])
    assert refused.exit_code == 2
    assert "Invalid value for --today" in refused.output
