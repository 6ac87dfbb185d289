"""Marking while others mark or something else happens, on a service of two workers.

Each test has a twin that must fail.
"""

import asyncio
import itertools
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from uuid import UUID

import pytest

from attendance.domain.club.clients import Client
from attendance.domain.club.lessons import Lesson
from tests.conftest import DATABASES
from tests.faults.arenas import Arena, arena_of, check_statuses
from tests.faults.books import Books, check_books, check_schedule
from tests.faults.clients import Answer, Request, connected, patiently
from tests.faults.clubs import DAY, Club, days, set_club
from tests.faults.conftest import oldest_worker, wait_for_all_workers
from tests.faults.ledgers import Ledger, check_answers_were_expected
from tests.service import Service

MARKS = 50
VISITS = 8
ROUNDS = 3
LONG_ROUNDS = 20
ROUNDS_UNTIL_SEEN = 60
WRONG = "charged to a pass|a lesson that is cancelled|does not go on|do not replay"
STATUSES = ("present", "present", "late", "absent", "excused", None)

TEACHERS = 20
SHEET = 30
LONG_SECONDS = 60

KILLED_AFTER = 25
NOTES = ("first", "second")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")


@pytest.fixture(scope="module", params=DATABASES)
def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of(request, tmp_path_factory.mktemp("arena"))


@pytest.fixture(scope="module", params=["postgresql", pytest.param("sqlite", marks=pytest.mark.long)])
def unguarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Where locks can be taken out."""
    sabotage = "holds_not_what_is_named", "finds_no_kept_answers"
    yield from arena_of(request, tmp_path_factory.mktemp("unguarded"), *sabotage)


def check_pass_is_used_up(arena: Arena, club: Club, client: Client) -> None:
    """The client is marked in 50 lessons at once: 8 are charged, the others are not paid."""
    answers = arena.race([club.mark(lesson, {client: "present"}) for lesson in club.lessons])
    found = arena.books(club)
    check_books(found)
    check_statuses(answers, 200)
    marks = found.marks_of(client.id)
    assert len(marks) == MARKS
    assert Counter(mark.unpaid for mark in marks) == {False: VISITS, True: MARKS - VISITS}


def test_of_50_marks_at_once_on_a_pass_of_8_visits_8_are_charged(arena: Arena) -> None:
    club = set_club(arena.database_url, clients=ROUNDS, lessons=MARKS, visits=VISITS)
    for client in club.clients:
        check_pass_is_used_up(arena, club, client)


@pytest.mark.long
def test_of_50_marks_at_once_on_a_pass_of_8_visits_8_are_charged_each_time(arena: Arena) -> None:
    club = set_club(arena.database_url, clients=LONG_ROUNDS, lessons=MARKS, visits=VISITS)
    for client in club.clients:
        check_pass_is_used_up(arena, club, client)


@pytest.mark.plants
def test_without_the_lock_on_clients_a_pass_pays_too_often(unguarded: Arena) -> None:
    club = set_club(unguarded.database_url, clients=LONG_ROUNDS, lessons=MARKS, visits=VISITS)
    unguarded.unhold("clients")
    with pytest.raises(AssertionError, match=r"\d+ visits charged to a pass of 8"):
        for client in club.clients:
            check_pass_is_used_up(unguarded, club, client)


def check_one_sale_under_one_key(arena: Arena, key: str) -> None:
    """The same sale is sent 50 times at once, to both workers."""
    club = set_club(arena.database_url, clients=1)
    [client] = club.clients
    answers = arena.race([club.sell(client, key=key)] * MARKS)
    sold = len(arena.books(club).passes) - len(club.passes)
    assert sold == 1, f"sold {sold} times"
    check_statuses(answers, 201)
    assert (
        len({(answer.body["id"], answer.headers["etag"], answer.headers["location"]) for answer in answers})
        == 1
    )
    assert Counter("idempotency-replayed" in answer.headers for answer in answers) == {
        True: MARKS - 1,
        False: 1,
    }


def test_a_sale_sent_50_times_at_once_under_one_key_is_one_sale(arena: Arena) -> None:
    for number in range(ROUNDS):
        check_one_sale_under_one_key(arena, f"round {number}".replace(" ", "-"))


@pytest.mark.plants
def test_without_what_was_kept_under_a_key_a_sale_is_sold_many_times(unguarded: Arena) -> None:
    with pytest.raises(AssertionError, match=r"sold \d+ times"):
        check_one_sale_under_one_key(unguarded, "key")


Meanwhile = Callable[[Club, random.Random], Request]
"""What somebody else does to a club while others mark."""


def change_a_lesson(club: Club, chance: random.Random) -> Request:
    """Cancel it, restore it, move it."""
    lesson = chance.choice(club.lessons)
    day = club.lessons[0].date + chance.randrange(-3, len(club.lessons)) * DAY
    changes = [{"state": "cancelled", "reason": "ill"}, {"state": "planned"}, {"date": day.isoformat()}]
    return club.edit_lesson(lesson, **chance.choice(changes))


def change_a_pass(club: Club, chance: random.Random) -> Request:
    """Freeze or thaw it, cut it short or let it run again; or freeze all."""
    it, day = chance.choice(club.passes), chance.choice(club.lessons).date
    if not chance.randrange(4):
        return club.freeze_all(day, day)
    changes = [
        {"freezes": [days(day, day)]},
        {"freezes": []},
        {"ends_on": day.isoformat()},
        {"cancelled_on": day.isoformat()},
        {"ends_on": club.today.isoformat(), "cancelled_on": None},
    ]
    return club.edit_pass(it, **chance.choice(changes))


def sell_a_pass(club: Club, chance: random.Random) -> Request:
    """It settles what is unpaid."""
    return club.sell(chance.choice(club.clients))


def anything(club: Club, chance: random.Random) -> Request:
    return chance.choice([change_a_lesson, change_a_pass, sell_a_pass])(club, chance)


def mark_some(club: Club, chance: random.Random) -> Request:
    some = chance.sample(club.clients, chance.randint(1, len(club.clients)))
    return club.mark(chance.choice(club.lessons), {it: chance.choice(STATUSES) for it in some})


def played(arena: Arena, meanwhile: Meanwhile, seed: int) -> tuple[list[Answer], Books]:
    """24 marks and 12 changes in one instant, in a club of 4 lessons whose passes are for 2 visits."""
    chance = random.Random(seed)
    club = set_club(arena.database_url, clients=3, lessons=4, visits=2)
    requests = [mark_some(club, chance) for _ in range(24)] + [meanwhile(club, chance) for _ in range(12)]
    chance.shuffle(requests)
    return arena.race(requests), arena.books(club)


def check_round(arena: Arena, meanwhile: Meanwhile, seed: int) -> None:
    answers, found = played(arena, meanwhile, seed)
    check_books(found)
    check_statuses(answers, 200, 201, 409)


MEANWHILE = {
    "lessons are cancelled, restored and moved": change_a_lesson,
    "passes are frozen and cut short": change_a_pass,
    "passes are sold": sell_a_pass,
    "all of it happens": anything,
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_what_is_charged_is_right_after_marking_while(arena: Arena, meanwhile: str) -> None:
    for seed in range(ROUNDS):
        check_round(arena, MEANWHILE[meanwhile], seed)


@pytest.mark.long
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_what_is_charged_is_right_each_time_after_marking_while(arena: Arena, meanwhile: str) -> None:
    for seed in range(ROUNDS, ROUNDS + 2 * LONG_ROUNDS):
        check_round(arena, MEANWHILE[meanwhile], seed)


@pytest.mark.plants
@pytest.mark.parametrize(
    ("unheld", "meanwhile"),
    [("lessons", change_a_lesson), ("clients", change_a_pass), ("clients", sell_a_pass)],
)
def test_without_a_lock_it_is_wrong_after_marking_while(
    unguarded: Arena, unheld: str, meanwhile: Meanwhile
) -> None:
    unguarded.unhold(unheld)
    with pytest.raises(AssertionError, match=WRONG):
        for seed in range(ROUNDS_UNTIL_SEEN):
            check_books(played(unguarded, meanwhile, seed)[1])


def check_one_of_two_is_outdated(arena: Arena, club: Club, lesson: Lesson) -> None:
    """Both teachers have seen the same sheet, which tells each of them until when they may mark."""
    client, *_ = club.clients
    (seen,) = arena.race([club.sheet(lesson, by=club.teachers[0])])
    answers = arena.race(
        [
            club.mark(lesson, {client: "present"}, by=teacher, if_match=seen.headers["etag"], note=str(n))
            for n, teacher in enumerate(club.teachers)
        ]
    )
    check_books(arena.books(club))
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [200, 412], f"statuses {statuses}"


def test_of_two_teachers_who_mark_the_sheet_they_saw_one_is_told_that_it_changed(arena: Arena) -> None:
    club = set_club(arena.database_url, clients=1, lessons=ROUNDS, members=True)
    for lesson in club.lessons:
        check_one_of_two_is_outdated(arena, club, lesson)


@pytest.mark.plants
def test_without_the_lock_on_lessons_both_mark_the_sheet_they_saw(unguarded: Arena) -> None:
    club = set_club(unguarded.database_url, clients=1, lessons=7, members=True)
    unguarded.unhold("lessons", "clients")
    with pytest.raises(AssertionError, match=r"statuses \[200, 200\]|does not go on"):
        for lesson in itertools.islice(itertools.cycle(club.lessons), ROUNDS_UNTIL_SEEN):
            check_one_of_two_is_outdated(unguarded, club, lesson)


def check_lessons_are_made_once(arena: Arena) -> None:
    """Two make those of the next 60 days, and it is said that half of them are closed, all at once."""
    club = set_club(arena.database_url)
    tomorrow = club.today + DAY
    closed = (tomorrow + 20 * DAY, tomorrow + 49 * DAY)
    make = club.make_lessons(tomorrow, tomorrow + 59 * DAY)
    answers = arena.race([make, club.close(closed), make])
    found = arena.books(club)
    check_schedule(found)
    check_statuses(answers, 200, 201)
    standing = [lesson for lesson in found.lessons.values() if not lesson.cancelled]
    assert len(standing) == 30
    # what was closed first was not made, what was made first was cancelled
    assert len(found.lessons) in (30, 60)


def test_lessons_made_twice_at_once_while_closed_are_there_once_and_none_stands_then(arena: Arena) -> None:
    for _ in range(ROUNDS):
        check_lessons_are_made_once(arena)


@pytest.mark.plants
@pytest.mark.parametrize("unheld", [["groups", "locations"], ["locations"]], ids=["twice", "while closed"])
def test_without_a_lock_lessons_are_made_twice_or_while_closed(unguarded: Arena, unheld: list[str]) -> None:
    unguarded.unhold(*unheld)
    with pytest.raises(AssertionError, match=r"lesson at that time already|lessons stand"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            check_lessons_are_made_once(unguarded)


def test_a_lesson_moved_into_the_schedule_is_in_the_way_of_one_but_not_of_all(arena: Arena) -> None:
    """Whoever makes lessons meanwhile makes the others."""
    for _ in range(LONG_ROUNDS):
        club = set_club(arena.database_url, lessons=4)
        tomorrow = club.today + DAY
        moves = [
            club.edit_lesson(lesson, date=(tomorrow + (50 + 3 * n) * DAY).isoformat())
            for n, lesson in enumerate(club.lessons)
        ]
        making = club.make_lessons(tomorrow, tomorrow + 59 * DAY)
        answers = arena.race([*moves[:2], making, *moves[2:]])
        check_schedule(arena.books(club))
        check_statuses(answers[2:3], 201)
        check_statuses(answers, 200, 201, 409)


def check_one_is_last_to_join(arena: Arena) -> None:
    """Of a group with one place left; both managers have seen the same of it, and are impatient."""
    club = set_club(arena.database_url, clients=5, capacity=4)
    *first, one, other = club.clients
    (seen,) = arena.race([club.join(*first)])
    answers = arena.race(
        [
            club.join(*first, last, by=manager, if_match=seen.headers["etag"])
            for manager, last in [*zip(club.managers, (one, other), strict=True)] * 4
        ]
    )
    (shown,) = arena.race([club.show_group()])
    members = {it["client_id"] for it in shown.body["members"]}
    assert len(members) == len(shown.body["members"]) <= 4, f"{len(members)} members of a group for 4"
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [200] + 7 * [412], f"statuses {statuses}"


def test_of_two_managers_who_add_the_last_member_one_is_told_that_it_changed(arena: Arena) -> None:
    for _ in range(ROUNDS):
        check_one_is_last_to_join(arena)


@pytest.mark.plants
def test_without_the_lock_on_groups_both_add_the_last_member(unguarded: Arena) -> None:
    unguarded.unhold("groups", "versions")
    with pytest.raises(AssertionError, match=r"statuses|members of a group for 4"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            check_one_is_last_to_join(unguarded)


async def keep_marking(port: int, club: Club, ledger: Ledger, seed: int, turns: Iterable[object]) -> None:
    """Half of the clients, in any order, in any lesson; others mark them as well."""
    chance = random.Random(seed)
    async with connected(port) as client:
        for _ in turns:
            some = {it: chance.choice(STATUSES) for it in chance.sample(club.clients, SHEET)}
            ledger.note_down(await client.ask(club.mark(chance.choice(club.lessons), some)))


async def all_mark(port: int, club: Club, ledger: Ledger, turns: Callable[[], Iterable[object]]) -> None:
    async with asyncio.TaskGroup() as group:
        for seed in range(TEACHERS):
            group.create_task(keep_marking(port, club, ledger, seed, turns()))


def check_storm(arena: Arena, turns: Callable[[], Iterable[object]], *, lessons: int) -> Ledger:
    club, ledger = set_club(arena.database_url, clients=2 * SHEET, lessons=lessons), Ledger()
    patiently(all_mark(arena.port, club, ledger, turns))
    check_books(arena.books(club))
    assert ledger.statuses.keys() == {200}, ledger.unexpected
    return ledger


def test_20_who_mark_overlapping_sets_of_30_are_all_answered_and_all_is_charged_right(arena: Arena) -> None:
    assert check_storm(arena, lambda: range(4), lessons=12).total == 4 * TEACHERS


@pytest.mark.plants
def test_without_the_locks_on_clients_not_all_is_charged_right(unguarded: Arena) -> None:
    unguarded.unhold("clients")
    with pytest.raises(AssertionError, match=f"charged to a pass of {VISITS}"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            check_storm(unguarded, lambda: range(4), lessons=12)


@pytest.mark.long
def test_20_who_mark_for_a_minute_are_all_answered_and_all_is_charged_right(arena: Arena) -> None:
    deadline = monotonic() + LONG_SECONDS
    check_storm(arena, lambda: iter(lambda: monotonic() < deadline, False), lessons=20)


Acknowledged = dict[UUID, str]
"""The last note of each lesson that somebody was told is stored."""


async def mark_sheets(
    port: int, club: Club, lessons: Sequence[Lesson], ledger: Ledger, acknowledged: Acknowledged
) -> None:
    """All clients at once, with one note and then another, lesson by lesson until the worker is gone."""
    with suppress(OSError, EOFError):
        async with connected(port) as client:
            for lesson in lessons:
                for note in NOTES:
                    everybody = dict.fromkeys(club.clients, "present")
                    answer = await client.ask(club.mark(lesson, everybody, note=note))
                    ledger.note_down(answer)
                    if answer.status == 200:
                        acknowledged[lesson.id] = note


async def one_worker_killed_amid(service: Service, club: Club, ledger: Ledger) -> Acknowledged:
    """Each of ten has lessons of their own."""
    acknowledged: Acknowledged = {}
    starts = service.log.count("Started worker")
    async with asyncio.TaskGroup() as group:
        for n in range(10):
            share = club.lessons[n::10]
            group.create_task(mark_sheets(service.port, club, share, ledger, acknowledged))
        await ledger.until({200: KILLED_AFTER})
        os.kill(oldest_worker(service), signal.SIGKILL)
    while service.log.count("Started worker") == starts:
        assert service.process
        assert service.process.poll() is None, service.log
        await asyncio.sleep(0.01)
    wait_for_all_workers(service)
    return acknowledged


def check_sheets_are_whole(found: Books, acknowledged: Acknowledged) -> None:
    """Each sheet is as one PUT left it, not before what somebody was told is stored."""
    for lesson_id in found.lessons:
        marks = found.marks_in(lesson_id)
        notes = {mark.note for mark in marks}
        assert len(marks) in (0, SHEET), f"{len(marks)} of {SHEET}: a part of a sheet"
        assert len(notes) <= 1, f"{notes} on one sheet: a part of a sheet"
        if lesson_id in acknowledged:
            assert NOTES.index(acknowledged[lesson_id]) <= NOTES.index(*notes), (
                "what was acknowledged is lost"
            )


def killed_amid_sheets(arena: Arena) -> tuple[Books, Acknowledged, Ledger]:
    club, ledger = set_club(arena.database_url, clients=SHEET, lessons=40), Ledger()
    acknowledged = patiently(one_worker_killed_amid(arena.service, club, ledger))
    assert ledger.total < len(NOTES) * len(club.lessons), "it was not killed in the middle"
    return arena.books(club), acknowledged, ledger


def check_kill_leaves_whole_sheets(arena: Arena) -> None:
    found, acknowledged, ledger = killed_amid_sheets(arena)
    check_sheets_are_whole(found, acknowledged)
    check_books(found)
    check_answers_were_expected(ledger)


@ON_LINUX
def test_a_worker_killed_amid_sheets_of_30_leaves_each_whole_or_untouched(arena: Arena) -> None:
    check_kill_leaves_whole_sheets(arena)


@ON_LINUX
@pytest.mark.long
def test_workers_killed_again_and_again_leave_each_sheet_whole_or_untouched(arena: Arena) -> None:
    for _ in range(LONG_ROUNDS):
        check_kill_leaves_whole_sheets(arena)


@pytest.mark.plants
@ON_LINUX
def test_without_one_transaction_a_killed_worker_leaves_a_part_of_a_sheet(unguarded: Arena) -> None:
    unguarded.unhold("transactions")
    with pytest.raises(AssertionError, match="a part of a sheet"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            found, acknowledged, _ = killed_amid_sheets(unguarded)
            check_sheets_are_whole(found, acknowledged)
