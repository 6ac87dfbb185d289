"""The service killed amid its work, PostgreSQL going down under it: what was acknowledged is kept."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.faults.books import books
from tests.faults.clients import Request, connected, patiently, race
from tests.faults.clubs import Club, set_club
from tests.faults.conftest import running, service_of, workers
from tests.faults.ledgers import (
    Ledger,
    check_answers_were_expected,
    check_nothing_acknowledged_is_lost,
    keep_asking,
    keep_marking,
    sendings,
)
from tests.faults.records import records
from tests.faults.scene import PASSWORD, Scene, set_scene
from tests.preloaded import SABOTAGE
from tests.service import Service

PUTS = 1000
CLIENTS = 10
DATES = 50
SHARE = PUTS // CLIENTS
LOST = r"is lost|of .* only"

FORGETFUL = "-c fsync=off -c synchronous_commit=off -c wal_writer_delay=10s -c wal_writer_flush_after=1GB"


async def killed_amid(service: Service, scene: Scene, ledger: Ledger, *, after: int, name: str) -> None:
    """1000 PUTs by several clients; SIGKILL to the whole group once so many were acknowledged."""
    async with asyncio.TaskGroup() as group:
        for member in scene.members:
            share = sendings(member.id, name=name, number=SHARE, dates=DATES)
            group.create_task(keep_marking(service.port, scene, ledger, share))
        await ledger.until({200: after})
        service.kill()


async def all_of_it(service: Service, scene: Scene, ledger: Ledger, *, name: str) -> None:
    async with asyncio.TaskGroup() as group:
        for member in scene.members:
            share = sendings(member.id, name=name, number=DATES, dates=DATES)
            group.create_task(keep_marking(service.port, scene, ledger, share))


def check_kill_loses_nothing(database_url: str, service: Service, scene: Scene, *kills_after: int) -> None:
    """Killed and started again each time; in the end it works as if nothing had been."""
    ledger = Ledger()
    for round_, after in enumerate(kills_after):
        before = ledger.total
        patiently(killed_amid(service, scene, ledger, after=after, name=f"round {round_}"))
        assert after <= ledger.total - before < PUTS, "it was not killed in the middle"
        service.start()
        check_nothing_acknowledged_is_lost(ledger, records(database_url))
    before = ledger.total
    patiently(all_of_it(service, scene, ledger, name="the end"))
    assert ledger.total == before + CLIENTS * DATES
    check_nothing_acknowledged_is_lost(ledger, records(database_url))


def test_a_service_killed_amid_1000_puts_has_lost_nothing_it_acknowledged(
    database_url: str, tmp_path: Path
) -> None:
    scene = set_scene(database_url, members=CLIENTS)
    with running(service_of(tmp_path, database_url)) as service:
        check_kill_loses_nothing(database_url, service, scene, 432)


@pytest.mark.long
def test_a_service_killed_again_and_again_has_lost_nothing_it_acknowledged(
    database_url: str, tmp_path: Path
) -> None:
    scene = set_scene(database_url, members=CLIENTS)
    with running(service_of(tmp_path, database_url)) as service:
        check_kill_loses_nothing(database_url, service, scene, 1, 35, 123, 350, 497, 501, 640, 777, 850, 900)


@pytest.mark.plants
@pytest.mark.parametrize(
    ("sabotage", "caught"),
    [
        pytest.param("answers_before_it_writes", LOST, id="answers first"),
        pytest.param(
            "logs_in_a_transaction_of_its_own",
            "a mark without an event|do not replay to the mark",
            id="logs apart",
        ),
    ],
)
def test_a_service_that_answers_or_logs_apart_from_its_writes_is_caught(
    database_url: str, tmp_path: Path, sabotage: str, caught: str
) -> None:
    scene = set_scene(database_url, members=CLIENTS)
    with (
        running(service_of(tmp_path, database_url, sabotage)) as service,
        pytest.raises(AssertionError, match=caught),
    ):
        check_kill_loses_nothing(database_url, service, scene, 216)


@pytest.mark.plants
def test_a_service_that_answers_before_the_group_commits_is_caught(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    database_url = sqlite_databases.fresh()
    scene = set_scene(database_url, members=CLIENTS)
    sabotage = "answers_before_the_group_commits"
    with (
        running(service_of(tmp_path, database_url, sabotage, workers="1")) as service,
        pytest.raises(AssertionError, match=LOST),
    ):
        check_kill_loses_nothing(database_url, service, scene, 35, 216)


async def one_worker_killed_amid(service: Service, scene: Scene, ledger: Ledger) -> None:
    async with asyncio.TaskGroup() as group:
        for member in scene.members:
            share = sendings(member.id, name="amid", number=SHARE, dates=DATES)
            group.create_task(keep_marking(service.port, scene, ledger, share))
        await ledger.until({200: PUTS // 4})
        os.kill(min(workers(service)), signal.SIGKILL)
    while service.log.count("Started worker") < 3:  # noqa: ASYNC110 # it happens in another process
        await asyncio.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")
def test_a_worker_killed_amid_1000_puts_is_replaced_and_nothing_acknowledged_is_lost(
    database_url: str, tmp_path: Path
) -> None:
    scene, ledger = set_scene(database_url, members=CLIENTS), Ledger()
    with running(service_of(tmp_path, database_url)) as service:
        before = workers(service)
        patiently(one_worker_killed_amid(service, scene, ledger))
        assert len(workers(service)) == len(before)
        assert len(workers(service) & before) == len(before) - 1
        acknowledged = ledger.total
        patiently(all_of_it(service, scene, ledger, name="the end"))
        assert ledger.total == acknowledged + CLIENTS * DATES
        check_nothing_acknowledged_is_lost(ledger, records(database_url))


@pytest.fixture
def durable() -> Iterator[postgres.Server]:
    with postgres.running(postgres.DURABLE) as server:
        yield server


async def restarted_under_load(
    port: int, scene: Scene, ledger: Ledger, others: Ledger, server: postgres.Server, *, rounds: int
) -> None:
    """Nobody pauses while PostgreSQL goes down without a word and comes back."""
    who = {"username": scene.owner.username, "password": PASSWORD}
    asked = [
        Request(method="POST", path="/login", body=who),
        Request(method="GET", path="/labs?q=opt"),
        Request(method="GET", path="/health/ready"),
        scene.history(),
    ]
    async with asyncio.TaskGroup() as group:
        clients = [
            group.create_task(keep_marking(port, scene, ledger, endless))
            for endless in (
                sendings(member.id, name="note", number=10**9, dates=DATES) for member in scene.members
            )
        ]
        clients += [group.create_task(keep_asking(port, others, cycle(asked))) for _ in range(4)]
        await ledger.until({200: 100})
        for _ in range(rounds):
            await asyncio.to_thread(server.stop, "immediate")
            await asyncio.gather(ledger.until({503: 2 * CLIENTS}), others.until({503: 8}))
            await asyncio.to_thread(server.start)
            await asyncio.gather(ledger.until({200: 100}), others.until({200: 8}))
        assert not any(client.done() for client in clients), "a connection to the service broke"
        for client in clients:
            client.cancel()


def check_restart_loses_nothing(server: postgres.Server, home: Path, *, rounds: int) -> None:
    """The service stays up, answers 503 in between and finds PostgreSQL again."""
    database_url = PostgresDatabases(server.url()).fresh()
    scene = set_scene(database_url, members=CLIENTS)
    with psycopg.connect(server.url(), autocommit=True) as operator:
        operator.execute("CHECKPOINT")
    ledger, others = Ledger(), Ledger()
    with running(service_of(home, database_url)) as service:
        patiently(restarted_under_load(service.port, scene, ledger, others, server, rounds=rounds))
        assert "Unexpected exit" not in service.log
        check_answers_were_expected(others)
        check_nothing_acknowledged_is_lost(ledger, records(database_url))


def test_postgresql_going_down_under_load_means_503_for_a_while_and_nothing_lost(
    durable: postgres.Server, tmp_path: Path
) -> None:
    check_restart_loses_nothing(durable, tmp_path, rounds=1)


@pytest.mark.long
def test_postgresql_going_down_again_and_again_means_503_for_a_while_and_nothing_lost(
    durable: postgres.Server, tmp_path: Path
) -> None:
    check_restart_loses_nothing(durable, tmp_path, rounds=8)


@pytest.mark.plants
def test_a_database_that_acknowledges_before_it_is_on_disk_is_caught(tmp_path: Path) -> None:
    with (
        postgres.running(FORGETFUL) as server,
        pytest.raises(AssertionError, match=LOST),
    ):
        check_restart_loses_nothing(server, tmp_path, rounds=1)


async def until_accepted(port: int, request: Request) -> list[int]:
    """The statuses of asking again and again until it is not 503; far oftener than there are connections."""
    statuses: list[int] = []
    async with connected(port) as client:
        while len(statuses) < 100 and statuses[-1:] in ([], [503]):
            statuses.append((await client.ask(request)).status)
    return statuses


@pytest.mark.parametrize("path", ["/register", "/login"])
def test_connections_that_died_unused_are_replaced(
    durable: postgres.Server, tmp_path: Path, path: str
) -> None:
    """Whatever is asked first after a restart, it finds its way to PostgreSQL again."""
    database_url = PostgresDatabases(durable.url()).fresh()
    member = set_scene(database_url).member
    bodies = [{"username": f"newcomer{number}", "password": PASSWORD} for number in range(CLIENTS)]
    registrations = [Request(method="POST", path="/register", body=body) for body in bodies]
    body = {"username": member.username if path == "/login" else "ada", "password": PASSWORD}
    with running(service_of(tmp_path, database_url, workers="1")) as service:
        assert {answer.status for answer in race(service.port, registrations)} == {201}
        durable.stop("immediate")
        durable.start()
        statuses = patiently(until_accepted(service.port, Request(method="POST", path=path, body=body)))
    assert statuses[-1] in (200, 201), f"still {statuses[-1]} after {len(statuses)} times"


async def killed_amid_answering(service: Service, answered: Request, done: Request) -> None:
    """What is asked first is stored and not answered, the other is done and its answer not yet kept."""

    async def stopped(request: Request, where: str) -> asyncio.Task[None]:
        (service.home / f"stops-{where}").touch()
        asking = asyncio.create_task(unanswered(service.port, request))
        while not [*service.home.glob(f"stopped-{where}-*")]:  # noqa: ASYNC110 # it happens elsewhere
            await asyncio.sleep(0.01)
        return asking

    asked = [await stopped(answered, "answering"), await stopped(done, "keeping")]
    service.kill()
    await asyncio.gather(*asked)


async def unanswered(port: int, request: Request) -> None:
    with suppress(OSError, EOFError):
        async with connected(port) as client:
            await client.ask(request)
            raise AssertionError("it was answered")


def check_a_crash_leaves_both_or_neither(database_url: str, service: Service, club: Club) -> None:
    """Killed between a sale and the keeping of its answer, and between that and the answering of another."""
    first, second = (club.sell(client, key=str(n)) for n, client in enumerate(club.clients))

    def sold() -> list[int]:
        passes = [it.client_id for it in books(database_url, club).passes.values()]
        return [passes.count(client.id) - 1 for client in club.clients]

    patiently(killed_amid_answering(service, first, second))
    assert sold() == [1, 0], "sold, and no answer is kept"
    del service.settings[SABOTAGE]
    service.start()
    answers = race(service.port, [first, second])
    assert [answer.status for answer in answers] == [201, 201]
    assert ["idempotency-replayed" in answer.headers for answer in answers] == [True, False]
    assert sold() == [1, 1]


def test_a_crash_between_a_sale_and_its_answer_leaves_both_or_neither(
    database_url: str, tmp_path: Path
) -> None:
    club = set_club(database_url, clients=2)
    service = service_of(tmp_path, database_url, "stops_between_effect_and_answer", workers="1")
    with running(service):
        check_a_crash_leaves_both_or_neither(database_url, service, club)


@pytest.mark.plants
def test_without_the_one_transaction_a_crash_leaves_a_sale_without_its_answer(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    club = set_club(database_url := sqlite_databases.fresh(), clients=2)
    sabotage = ("stops_between_effect_and_answer", "keeps_answers_in_a_transaction_of_their_own")
    service = service_of(tmp_path, database_url, *sabotage, workers="1")
    with running(service), pytest.raises(AssertionError, match="no answer is kept"):
        check_a_crash_leaves_both_or_neither(database_url, service, club)
