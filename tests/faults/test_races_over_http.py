"""Many clients in the same instant, on a service of two workers. Each test has a twin that must fail."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from attendance.adapters.clock import utc_now
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.application.labs.marks import MarkLabAttendance
from attendance.domain.attendance.status import Status
from attendance.domain.text import folded
from attendance.entrypoints.container import hashers
from tests.conftest import DATABASES, databases
from tests.databases import SqliteDatabases
from tests.faults.clients import PATIENCE_SECONDS, Answer, Request, at_once, connected, patiently, race
from tests.faults.conftest import running, service_of, workers
from tests.faults.records import Records, check_marks_and_events_agree, records
from tests.faults.scene import PASSWORD, Scene, set_scene
from tests.make import NOON, account, actor, lab, membership, new_id
from tests.service import Service

CROWD = 200
BYSTANDERS = 16
NOTES = [f"note {number}" for number in range(CROWD)]
JOINS = 100
ADA = ["ada", "ADA", "Ada", "aDa", "adA", "ａｄａ", "ＡＤＡ", "Ａｄａ", "aｄa"]
MANY_MAY_SIGN_IN = {
    # whoever is being hashed for counts as failed until that is done
    "limit_failed_sign_ins_per_account": str(CROWD),
    "limit_failed_sign_ins_per_address": str(CROWD),
}


def drop_unique_constraints(database_url: str) -> None:
    """Those of marks, members and names, and what depends on them."""
    engine = sa.create_engine(open_database(database_url, pool_size=1).engine.url)
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("lab_marks") as marks:
            marks.drop_constraint("uq_lab_marks_lab_id_user_id_date", type_="unique")
            marks.drop_constraint("fk_lab_marks_lab_id_user_id", type_="foreignkey")
        with operations.batch_alter_table("lab_members") as members:
            members.drop_constraint("uq_lab_members_lab_id_user_id", type_="unique")
        with operations.batch_alter_table("accounts") as accounts:
            accounts.drop_constraint("uq_accounts_username_key", type_="unique")
    engine.dispose()


def check_statuses(answers: Sequence[Answer], expected: dict[int, int]) -> None:
    statuses = Counter(answer.status for answer in answers)
    assert statuses == expected, f"statuses {dict(statuses)}"


def check_one_mark(answers: Sequence[Answer], found: Records, *, events: int) -> None:
    check_marks_and_events_agree(found)
    check_statuses(answers, {200: len(answers)})
    ids = {answer.body["attendance_id"] for answer in answers}
    assert ids == {str(mark.id) for mark in found.marks}, f"{len(ids)} ids were answered"
    assert len(ids) == 1
    told = len(found.events_of(found.marks[0].id))
    assert told == events, f"{told} events instead of {events}"


def check_one_membership(answers: Sequence[Answer], found: Records, scene: Scene) -> None:
    rows = [member for member in found.members if str(member.user_id) == scene.stranger.id]
    assert len(rows) == 1, f"{len(rows)} memberships of one user"
    joined = [event for event in found.events if event.after == {"user_id": scene.stranger.id}]
    assert len(joined) == 1
    check_statuses(answers, {200: 1, 409: JOINS - 1})
    assert {answer.error for answer in answers if answer.status == 409} == {"already a member"}


def check_one_account(answers: Sequence[Answer], found: Records) -> None:
    rows = [account for account in found.accounts if folded(account.username) == "ada"]
    assert len(rows) == 1, f"{len(rows)} accounts of one name"
    assert len(found.events_of(rows[0].id)) == 1
    check_statuses(answers, {201: 1, 400: JOINS - 1})
    assert {answer.error for answer in answers if answer.status == 400} == {"username is taken"}
    assert [answer.body["user_id"] for answer in answers if answer.status == 201] == [str(rows[0].id)]


@dataclass(frozen=True, slots=True)
class Arena:
    """A service over a database of either kind, and in it a lab for each race."""

    port: int
    database_url: str
    for_first_marks: Scene
    for_changes: Scene
    for_joins: Scene


@pytest.fixture(scope="module", params=DATABASES)
def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    url = databases(request, request.param).fresh()
    scenes = [set_scene(url) for _ in range(3)]
    with running(service_of(tmp_path_factory.mktemp("arena"), url)) as service:
        yield Arena(service.port, url, *scenes)


@pytest.fixture(scope="module", params=DATABASES)
def unguarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Where neither the database nor a statement is in the way; what is to be changed is there already."""
    url = databases(request, request.param).fresh()
    scenes = [set_scene(url), set_scene(url, note="the first"), set_scene(url)]
    drop_unique_constraints(url)
    service = service_of(
        tmp_path_factory.mktemp("unguarded"),
        url,
        "reads_before_others_write",
        "adds_marks_unguarded",
        "revises_any_version",
        "adds_members_unguarded",
        "adds_accounts_unguarded",
    )
    with running(service):
        yield Arena(service.port, url, *scenes)


def test_the_same_mark_from_200_clients_at_once_is_one_mark_with_one_event(arena: Arena) -> None:
    answers = race(arena.port, [arena.for_first_marks.mark("here")] * CROWD)
    check_one_mark(answers, records(arena.database_url, arena.for_first_marks), events=1)


@pytest.mark.plants
def test_without_the_unique_constraint_the_same_mark_is_there_twice(unguarded: Arena) -> None:
    answers = race(unguarded.port, [unguarded.for_first_marks.mark("here")] * CROWD)
    with pytest.raises(AssertionError, match=r"\d+ marks for one user and date"):
        check_one_mark(answers, records(unguarded.database_url, unguarded.for_first_marks), events=1)


def test_200_different_notes_at_once_are_one_mark_with_200_events_in_a_row(arena: Arena) -> None:
    answers = race(arena.port, [arena.for_changes.mark(note) for note in NOTES])
    assert [answer.body["note"] for answer in answers] == NOTES
    check_one_mark(answers, records(arena.database_url, arena.for_changes), events=CROWD)


@pytest.mark.plants
def test_without_the_guard_on_the_version_changes_get_lost(unguarded: Arena) -> None:
    answers = race(unguarded.port, [unguarded.for_changes.mark(note) for note in NOTES])
    with pytest.raises(AssertionError, match="does not go on from the one before"):
        check_one_mark(answers, records(unguarded.database_url, unguarded.for_changes), events=1 + CROWD)


def test_of_100_joins_by_one_user_at_once_one_counts(arena: Arena) -> None:
    answers = race(arena.port, [arena.for_joins.join()] * JOINS)
    check_one_membership(answers, records(arena.database_url, arena.for_joins), arena.for_joins)


@pytest.mark.plants
def test_without_the_unique_constraint_one_user_joins_many_times(unguarded: Arena) -> None:
    scene = unguarded.for_joins
    answers = race(unguarded.port, [scene.join()] * JOINS)
    with pytest.raises(AssertionError, match=f"{JOINS} memberships of one user"):
        check_one_membership(answers, records(unguarded.database_url, scene), scene)


def test_events_are_told_in_the_order_in_which_they_happened_whatever_their_ids(database: Database) -> None:
    """Ids of two workers made within one millisecond, or by two clocks, are in no order."""
    store = SqlStore(primary=database, replica=database)
    owner, member = account(), account()
    optics = lab(owner)
    with store.transaction() as work:
        for who in (owner, member):
            work.accounts.add(who)
        work.labs.add(optics)
        work.labs.add_member(membership(optics, member))
    ids = sorted((new_id() for _ in range(2 * len(NOTES[:5]))), reverse=True)
    mark = MarkLabAttendance(store=store, clock=utc_now, new_id=iter(ids).__next__)
    for note in NOTES[:5]:
        place = {"lab_id": optics.id, "user_id": member.id, "date": NOON.date()}
        marked = mark(actor(owner), **place, status=Status.PRESENT, note=note)
    with store.autocommit() as work:
        assert [event.after["note"] for event in work.events.of(marked.id)] == NOTES[:5]


def registrations() -> list[Request]:
    return [
        Request(method="POST", path="/register", body={"username": name, "password": PASSWORD})
        for name in itertools.islice(itertools.cycle(ADA), JOINS)
    ]


def test_of_100_registrations_of_one_name_in_any_case_and_width_one_counts(arena: Arena) -> None:
    answers = race(arena.port, registrations())
    check_one_account(answers, records(arena.database_url))


@pytest.mark.plants
def test_without_the_unique_constraint_one_name_has_many_accounts(unguarded: Arena) -> None:
    answers = race(unguarded.port, registrations())
    with pytest.raises(AssertionError, match=f"{JOINS} accounts of one name"):
        check_one_account(answers, records(unguarded.database_url))


@dataclass(frozen=True, slots=True)
class Wave:
    """What many sign-ins were answered and the other requests among them, and how many of these too late."""

    sign_ins: list[Answer]
    others: list[Answer]
    kept_waiting: int


def held_in_hashing(service: Service) -> int:
    """The fewest of a worker."""
    files = [path.name.split("-")[1] for path in service.home.glob("hashing-*")]
    return min((files.count(str(worker)) for worker in workers(service)), default=0)


async def wave_of_sign_ins(service: Service, scene: Scene, *, held: int, patience: float) -> Wave:
    """The others begin once each worker holds so many in hashing, which goes on when they are answered.

    Or when that takes longer than `patience` seconds.
    """
    who = {"username": scene.owner.username, "password": PASSWORD}
    sign_in = Request(method="POST", path="/login", body=who)

    async def ask(requests: Sequence[Request]) -> list[Answer]:
        async with connected(service.port) as client:
            return [await client.ask(request) for request in requests]

    signing_in = asyncio.create_task(at_once(service.port, [sign_in] * CROWD))
    while held_in_hashing(service) < held:  # noqa: ASYNC110 # it happens in other processes
        await asyncio.sleep(0.01)
    asking = [
        asyncio.create_task(ask([scene.mark(f"note {number}"), scene.sheet(), scene.history()] * 3))
        for number in range(BYSTANDERS)
    ]
    _, waiting = await asyncio.wait(asking, timeout=patience)
    (service.home / "go").touch()
    others = [answer for answers in await asyncio.gather(*asking) for answer in answers]
    return Wave(sign_ins=await signing_in, others=others, kept_waiting=len(waiting))


def check_wave_leaves_others_their_turn(wave: Wave) -> None:
    check_statuses(wave.sign_ins, {200: CROWD})
    check_statuses(wave.others, {200: BYSTANDERS * 9})
    assert not wave.kept_waiting, f"{wave.kept_waiting} of {BYSTANDERS} were kept waiting by sign-ins"


def test_a_wave_of_200_sign_ins_leaves_other_requests_their_turn(database_url: str, tmp_path: Path) -> None:
    scene = set_scene(database_url)
    with running(service_of(tmp_path, database_url, "hashes_when_it_is_let", **MANY_MAY_SIGN_IN)) as service:
        wave = patiently(wave_of_sign_ins(service, scene, held=hashers(), patience=PATIENCE_SECONDS / 2))
    check_wave_leaves_others_their_turn(wave)


@pytest.mark.plants
def test_without_a_lane_of_its_own_hashing_keeps_everybody_waiting(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    scene = set_scene(database_url := sqlite_databases.fresh())
    sabotage = ("hashes_when_it_is_let", "hashes_where_requests_are_answered")
    with running(service_of(tmp_path, database_url, *sabotage, threads="4", **MANY_MAY_SIGN_IN)) as service:
        wave = patiently(wave_of_sign_ins(service, scene, held=4, patience=1))
    with pytest.raises(AssertionError, match=f"{BYSTANDERS} of {BYSTANDERS} were kept waiting by sign-ins"):
        check_wave_leaves_others_their_turn(wave)
