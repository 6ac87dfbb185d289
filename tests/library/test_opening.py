"""Opening and closing: one's own adapters, settings, files, forks, accounts of one's own sign-in."""

import inspect
import os
import pydoc
import subprocess
import sys
import threading
import typing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

import attendance as library
from attendance import (
    OPERATOR,
    AccountId,
    Actor,
    Adapters,
    Forbidden,
    Level,
    NotFound,
    Role,
    SettingsDict,
    Unauthenticated,
    Unavailable,
    UseCases,
    open_attendance,
)
from attendance.adapters.memory import MemoryStore
from attendance.application.use_cases import USE_CASES
from attendance.entrypoints.settings import Settings
from attendance.ports import Closed, NestedUnitOfWork, NoNotifier
from attendance.testing import FastHasher, FrozenClock, RecordingNotifier
from tests.faults.forks import forked
from tests.library.conftest import CHEAP

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"


def events(attendance: UseCases) -> int:
    return attendance.list_events(OPERATOR).total


# One's own adapters


def test_ones_own_clock_ids_notifier_hasher_and_store_are_taken() -> None:
    clock, notifier, hasher, store = FrozenClock(), RecordingNotifier(), FastHasher(), MemoryStore()
    ids = [UUID(int=n) for n in range(1, 100)]
    adapters = Adapters(clock=clock, new_id=lambda: ids.pop(0), notifier=notifier, hasher=hasher, store=store)
    with open_attendance(adapters=adapters) as attendance:
        ada = attendance.register(username="ada", email="ada@example.org", password=PASSWORD)
        assert attendance.dispatch_mail()
        assert not attendance.dispatch_mail()
        clock.advance(days=3)
        client = attendance.add_client(OPERATOR, name="Tom")
    assert [mail.to for mail in notifier.sent] == ["ada@example.org"]
    assert client.created_at == clock.now == FrozenClock().now + timedelta(days=3)
    assert ada.int < client.id.int < 100
    with store.autocommit() as work:
        account = work.accounts.get(ada)
        assert account.password_hash == hasher.hash(PASSWORD)


def test_adapters_that_are_none_are_refused() -> None:
    wrong: Any = {"clock": FrozenClock()}
    with pytest.raises(TypeError, match=r"^adapters must be attendance\.Adapters, not dict$"):
        open_attendance(adapters=wrong).__enter__()


def test_a_clock_of_ones_own_ends_sessions_too() -> None:
    clock = FrozenClock(datetime(2030, 1, 1, tzinfo=UTC))
    with open_attendance(adapters=Adapters(clock=clock, hasher=FastHasher())) as attendance:
        attendance.register(username="ada", password=PASSWORD)
        token = attendance.sign_in(username="ada", password=PASSWORD).access_token
        assert attendance.actor_of(token).level is Level.UNCONFIRMED
        clock.advance(hours=13)
        with pytest.raises(Unauthenticated):
            attendance.actor_of(token)


def test_a_store_of_ones_own_and_a_database_are_one_too_many(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with (
        pytest.raises(ValueError, match="not both"),
        open_attendance(f"sqlite:///{path}", adapters=Adapters(store=MemoryStore())),
    ):
        pass
    assert not path.exists()


# Settings


def test_the_settings_that_mypy_knows_are_those_of_the_service() -> None:
    hints = typing.get_type_hints(SettingsDict)
    assert [*hints] == [name for name in Settings.__struct_fields__ if name != "database_url"]
    for name, kind in typing.get_type_hints(Settings).items():
        if name == "database_url":
            continue
        taken = hints[name]
        if isinstance(kind, type) and issubclass(kind, str) and kind is not str:
            choices = {
                it for part in (typing.get_args(taken) or (taken,)) for it in [part, *typing.get_args(part)]
            }
            assert {*map(str, kind)} <= {it for it in choices if isinstance(it, str)}, name
        else:
            assert taken == kind, name


@pytest.mark.processes
def test_mypy_finds_a_misspelt_setting(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from attendance import Adapters, open_attendance\n"
        "with open_attendance('memory', password_min_length=12, adapters=Adapters()) as right: ...\n"
        "with open_attendance('memory', password_min_lenght=12) as misspelt: ...\n"
        "with open_attendance('memory', password_min_length='12') as mistyped: ...\n"
        "with open_attendance('memory', adapters=Adapters(clock=3)) as wrong: ...\n"
    )
    # with the cache of `make test`, which has seen all but these lines
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(program)], cwd=ROOT, capture_output=True, text=True
    )
    lines = [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line]
    assert lines == ["3", "4", "5"], done.stdout


# Files


@pytest.mark.slow
def test_no_file_is_written_that_was_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("memory", "sqlite:///kept/attendance.db"):
        with open_attendance(url, **CHEAP) as attendance:
            attendance.register(username="ada", email="ada@example.org", password=PASSWORD)
            attendance.sign_in(username="ada", password=PASSWORD)
            with pytest.raises(NoNotifier, match="smtp_url or mail_directory"):
                attendance.dispatch_mail()
    assert {path.name for path in tmp_path.rglob("*")} == {"kept", "attendance.db"}


def test_a_setting_that_is_none_says_nothing_of_how_mail_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_attendance(smtp_url=None, **CHEAP) as attendance:
        attendance.register(username="mia", email="mia@example.org", password=PASSWORD)
        with pytest.raises(NoNotifier):
            attendance.dispatch_mail()
    assert [*tmp_path.iterdir()] == []


def test_mail_that_waited_is_sent_once_it_is_said_how(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/attendance.db"
    with open_attendance(url, **CHEAP) as attendance:
        attendance.register(username="ada", email="ada@example.org", password=PASSWORD)
        with pytest.raises(NoNotifier):
            attendance.dispatch_mail()
    with open_attendance(url, mail_directory=str(tmp_path / "mail"), **CHEAP) as attendance:
        assert attendance.dispatch_mail()
    assert len([*(tmp_path / "mail").glob("*.eml")]) == 1


@pytest.mark.slow
def test_a_token_is_good_where_the_key_is_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/attendance.db"
    with open_attendance(url, secret_key="k" * 32, **CHEAP) as attendance:
        attendance.register(username="ada", password=PASSWORD)
        token = attendance.sign_in(username="ada", password=PASSWORD).access_token
    with open_attendance(url, secret_key="k" * 32, **CHEAP) as attendance:
        assert attendance.actor_of(token)
    with open_attendance(url, **CHEAP) as attendance, pytest.raises(Unauthenticated):
        attendance.actor_of(token)


# Closing


def test_a_short_list_is_the_same_however_often_it_is_read(store_url: str) -> None:
    with open_attendance(store_url, **CHEAP) as attendance:
        attendance.add_client(OPERATOR, name="Tom")
        clients = attendance.list_clients(OPERATOR)
        with pytest.raises(ZeroDivisionError), attendance.transaction():
            attendance.add_client(OPERATOR, name="Zoe")
            inside = attendance.list_clients(OPERATOR)
            raise ZeroDivisionError
    for _ in range(2):
        assert [client.name for client in clients] == ["Tom"]
        assert [client.name for client in inside] == ["Tom", "Zoe"]
    assert (len(clients), len(inside)) == (1, 2)


def test_using_it_after_closing_is_refused_with_one_clear_error(store_url: str) -> None:
    with open_attendance(store_url, **CHEAP) as attendance:
        for n in range(501):
            attendance.add_client(OPERATOR, name=f"Client {n}")
        clients = attendance.list_clients(OPERATOR)
    for name in USE_CASES:
        with pytest.raises(Closed, match="is closed"):
            getattr(attendance, name)()
    with pytest.raises(Closed), attendance.transaction():
        pass
    with pytest.raises(Closed):
        list(clients.items)


@pytest.mark.slow
def test_what_was_to_be_written_apart_is_written_before_it_closes(tmp_path: Path) -> None:
    url, clock = f"sqlite:///{tmp_path}/attendance.db", FrozenClock()
    settings = {"secret_key": "k" * 32, "session_idle_hours": 2, **CHEAP}
    with open_attendance(url, adapters=Adapters(clock=clock), **settings) as attendance:
        attendance.register(username="ada", password=PASSWORD)
        token = attendance.sign_in(username="ada", password=PASSWORD).access_token
        clock.advance(hours=1.5)
        attendance.actor_of(token)
    clock.advance(hours=1.5)
    with open_attendance(url, adapters=Adapters(clock=clock), **settings) as attendance:
        assert attendance.actor_of(token)


# Forks


@pytest.mark.processes
def test_a_child_uses_what_its_parent_opened_and_so_does_the_parent(store_url: str) -> None:
    with open_attendance(store_url, **CHEAP) as attendance:
        attendance.register(username="ada", password=PASSWORD)

        def child() -> None:
            for n in range(20):
                attendance.add_client(OPERATOR, name=f"Client of {os.getpid()}, {n}")
            token = attendance.sign_in(username="ada", password=PASSWORD).access_token
            assert attendance.actor_of(token)
            assert attendance.list_clients(OPERATOR, q=f"of {os.getpid()},").total == 20

        assert forked([child, child, child]) == [0, 0, 0]
        child()
        expected = 20 if store_url == "memory" else 80
        assert attendance.list_clients(OPERATOR).total == expected
        names = {client.name for client in attendance.list_clients(OPERATOR).items}
        assert len(names) == expected


@pytest.mark.processes
def test_a_child_that_ends_leaves_the_connections_of_its_parent_alone(store_url: str) -> None:
    """A child that exits, instead of vanishing, closes and collects all that it has."""

    def end() -> None:
        with open_attendance(store_url, **CHEAP) as attendance:
            attendance.add_client(OPERATOR, name="Tom")
            child = os.fork()
            if child == 0:
                attendance.add_client(OPERATOR, name="Tim")
            else:
                assert os.waitpid(child, 0)[1] == 0
                attendance.add_client(OPERATOR, name="Tam")
                expected = 2 if store_url == "memory" else 3
                assert attendance.list_clients(OPERATOR).total == expected
        import gc

        gc.collect()

    assert forked([end]) == [0]


@pytest.mark.processes
@pytest.mark.attacks
def test_a_fork_while_other_threads_work_harms_nobody(store_url: str) -> None:
    with open_attendance(store_url, **CHEAP) as attendance:
        stop, wrong, added = threading.Event(), [], []

        def work() -> None:
            try:
                while not stop.is_set():
                    added.append(attendance.add_client(OPERATOR, name="Tom").id)
                    attendance.list_clients(OPERATOR, page=1)
            except BaseException as error:
                wrong.append(error)

        def child() -> None:
            before = attendance.list_clients(OPERATOR).total
            for _ in range(5):
                attendance.add_client(OPERATOR, name="Tim")
            assert attendance.list_clients(OPERATOR, q="Tim").total >= 5
            assert attendance.list_clients(OPERATOR).total >= before + 5

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        results = [forked([child, child]) for _ in range(3)]
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert results == [[0, 0]] * 3
        expected = len(added) + (0 if store_url == "memory" else 30)
        assert attendance.list_clients(OPERATOR).total == expected


# Actors of one's own sign-in


def test_an_actor_for_an_account_of_ones_own_sign_in(attendance: UseCases) -> None:
    ada = attendance.create_owner(username="ada", email="ada@example.org", password=PASSWORD)
    actor = attendance.act_as(ada)
    assert actor == Actor(ada, None, Level.OWNER)
    boris = attendance.invite_user(actor, username="boris", email="boris@example.org", role=Role.EMPLOYEE)
    assert attendance.act_as(boris.id).level is Level.UNCONFIRMED
    with pytest.raises(Forbidden):
        attendance.add_client(attendance.act_as(boris.id), name="Tom")
    attendance.change_active(actor, user_id=boris.id, active=False)
    with pytest.raises(Unauthenticated):
        attendance.act_as(boris.id)
    with pytest.raises(NotFound):
        attendance.act_as(AccountId(uuid4()))


# One transaction


def test_several_use_cases_are_one_transaction(attendance: UseCases) -> None:
    before = events(attendance)
    with pytest.raises(ZeroDivisionError), attendance.transaction():
        tom = attendance.add_client(OPERATOR, name="Tom")
        assert attendance.show_client(OPERATOR, client_id=tom.id) == tom
        raise ZeroDivisionError
    assert (attendance.list_clients(OPERATOR).total, events(attendance)) == (0, before)
    with attendance.transaction():
        tom = attendance.add_client(OPERATOR, name="Tom")
        with pytest.raises(NotFound):
            attendance.add_contract(OPERATOR, client_id=uuid4(), number="1")
        attendance.add_contract(OPERATOR, client_id=tom.id, number="1")
        # it hashes a password, apart from any transaction where there is none
        attendance.register(username="ada", password=PASSWORD)
        token = attendance.sign_in(username="ada", password=PASSWORD).access_token
        assert attendance.actor_of(token).level is Level.UNCONFIRMED
    assert attendance.contracts_of_client(OPERATOR, client_id=tom.id).total == 1
    assert attendance.actor_of(token)


def test_a_transaction_inside_another_is_refused(attendance: UseCases) -> None:
    with attendance.transaction():
        attendance.add_client(OPERATOR, name="Tom")
        with pytest.raises(NestedUnitOfWork), attendance.transaction():
            pass
        attendance.add_client(OPERATOR, name="Tim")
    assert attendance.list_clients(OPERATOR).total == 2


@pytest.mark.slow
def test_others_see_nothing_of_it_before_it_is_committed(attendance: UseCases) -> None:
    seen: list[int] = []
    look = threading.Thread(target=lambda: seen.append(attendance.list_clients(OPERATOR).total))
    with attendance.transaction():
        attendance.add_client(OPERATOR, name="Tom")
        look.start()
        look.join(0.2)
        early = [*seen]
    look.join()
    assert early in ([], [0])
    assert attendance.list_clients(OPERATOR).total == 1


# What it says of itself


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert library.__version__ == version("attendance")


def test_help_lists_every_use_case_by_its_room_and_says_what_it_does() -> None:
    text = pydoc.plain(pydoc.render_doc(UseCases))
    places = [text.index(f"\n |  {name}\n |      {name}(") for name in USE_CASES]
    assert places == sorted(places)
    listed = inspect.getdoc(UseCases)
    assert listed
    named = [
        word.strip(",.") for line in listed.splitlines() if line.startswith("    ") for word in line.split()
    ]
    assert named == [*USE_CASES]
    for name, use_case in USE_CASES.items():
        assert inspect.getdoc(use_case), name
    assert "(self" not in text.split("Data descriptors")[1]


def test_help_of_one_use_case_reads_like_a_function(attendance: UseCases) -> None:
    # from Python 3.13 on, a long signature has a line for each parameter
    text = " ".join(pydoc.plain(pydoc.render_doc(attendance.add_contract)).split()).replace("( ", "(")
    assert (
        "add_contract(actor: Actor, *, client_id: ClientId, number: str = ..., signed_on: date | None" in text
    )
    assert "-> Contract" in text
    # from Python 3.12 on, an empty line has no blanks behind its bar
    shown = "\n".join(
        line.removeprefix(" |").removeprefix("  ")
        for line in pydoc.plain(pydoc.render_doc(attendance)).splitlines()
    )
    assert inspect.getdoc(type(attendance)) in shown


def test_settings_are_refused_by_name_when_they_cannot_be() -> None:
    with pytest.raises(ValueError, match="password_min_lenght"), open_attendance(password_min_lenght=1):  # type: ignore[call-arg]
        pass
    assert msgspec.structs.fields(Settings)


@pytest.fixture
def hasty_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who forks amid a transaction of its own waits for nobody who could end it."""
    for room in ("memory.store", "sql.engine.drivers.sqlite"):
        monkeypatch.setattr(f"attendance.adapters.{room}.LONGEST_REST_SECONDS", 0.05)


@pytest.mark.processes
@pytest.mark.usefixtures("hasty_forks")
def test_a_child_has_no_part_in_a_transaction_that_is_open(store_url: str) -> None:
    with open_attendance(store_url, **CHEAP) as attendance:

        def child() -> None:
            with pytest.raises(Unavailable, match="belongs to the process that opened it"):
                attendance.add_client(OPERATOR, name="of the child")

        with pytest.raises(ZeroDivisionError), attendance.transaction():
            attendance.add_client(OPERATOR, name="of the parent")
            assert forked([child]) == [0]
            raise ZeroDivisionError
        assert attendance.list_clients(OPERATOR).total == 0
        with attendance.transaction():
            attendance.add_client(OPERATOR, name="of the parent")
            assert forked([child]) == [0]
        assert [client.name for client in attendance.list_clients(OPERATOR)] == ["of the parent"]


@pytest.mark.processes
@pytest.mark.usefixtures("hasty_forks")
def test_a_child_that_leaves_the_block_of_its_parent_ends_nothing(store_url: str) -> None:
    with open_attendance(store_url, **CHEAP) as attendance:
        parent, child = os.getpid(), 0
        try:
            with attendance.transaction():
                attendance.add_client(OPERATOR, name="of the parent")
                child = os.fork()
                if os.getpid() == parent:
                    _, status = os.waitpid(child, 0)
                    raise ZeroDivisionError
        except ZeroDivisionError:
            assert os.waitstatus_to_exitcode(status) == 3
        except BaseException as error:
            if os.getpid() == parent:
                raise
            os._exit(3 if isinstance(error, Unavailable) else 1)
        finally:
            if os.getpid() != parent:
                os._exit(2)
        assert attendance.list_clients(OPERATOR).total == 0


def test_misspelt_settings_are_named_as_they_were_given() -> None:
    with pytest.raises(ValueError, match=r"^other, sesion_hours: not a setting$"):
        open_attendance("memory", sesion_hours=3, other=1).__enter__()  # type: ignore[call-arg]
