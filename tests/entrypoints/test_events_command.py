"""`attendance events`: the log printed and followed, on either database."""

import json
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest
from click.testing import CliRunner

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import OPERATOR_ID
from attendance.entrypoints.cli import main
from tests import make
from tests.preloaded import Forked, loaded

PATIENCE_SECONDS = 300


class Log:
    """A database with a log, and what the command makes of it."""

    def __init__(self, database: Database, url: str) -> None:
        self.store = SqlStore(primary=database, replica=database)
        self.url = url

    def has(self, *actions: Action, subject: object = None) -> list[Event]:
        context = ChangeContext(OPERATOR_ID, make.NOON, make.new_id)
        events = [context.event(action, make.new_id(), after={"name": "Ada\n\x1b[2J"}) for action in actions]
        with self.store.transaction() as work:
            work.events.add_all(events)
        return events

    @property
    def settings(self) -> dict[str, str]:
        return {"ATTENDANCE_DATABASE_URL": self.url, "ATTENDANCE_SECRET_KEY": "k" * 32}

    def printed(self, *arguments: str) -> list[str]:
        done = CliRunner().invoke(main, ["events", *arguments], env=self.settings, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    def ids(self, *arguments: str) -> list[str]:
        return [json.loads(line)["id"] for line in self.printed("--json", *arguments)]

    @contextmanager
    def followed(self, home: Path, *arguments: str) -> Iterator["Followed"]:
        pipe = home / "printed"
        os.mkfifo(pipe)
        # opened before anybody writes: who opens the other end does not wait
        with os.fdopen(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)) as printed:
            process = loaded().start(
                "attendance",
                *("events", "--follow", "--json", *arguments),
                home=home,
                settings={"PATH": os.environ["PATH"], **self.settings},
                out=pipe,
            )
            try:
                yield Followed(process, printed)
            finally:
                process.kill()


@dataclass
class Followed:
    """The command, and what it prints as it is read."""

    process: Forked
    printed: TextIO

    def next_id(self) -> str:
        ready, _, _ = select.select([self.printed], [], [], PATIENCE_SECONDS)
        assert ready, "nothing was printed"
        return str(json.loads(self.printed.readline())["id"])


@pytest.fixture
def log(database: Database, database_url: str) -> Log:
    return Log(database, database_url)


def test_the_log_is_printed_oldest_first(log: Log) -> None:
    events = log.has(Action.LAB_CREATED, Action.LAB_JOINED, Action.PRICE_ADDED)
    ids = [str(event.id) for event in events]
    assert log.ids() == ids
    assert log.ids("--kind", "lab") == ids[:2]
    assert log.ids("--action", "lab.joined") == ids[1:2]
    assert log.ids("--last", "2") == ids[1:]
    assert log.ids("--last", "0") == []
    assert log.ids("--last", "100") == ids
    position = json.loads(log.printed("--json")[0])["position"]
    assert log.ids("--since", str(position)) == ids[1:]
    assert log.ids("--since", "0") == ids


def test_a_line_tells_who_did_what_and_is_one_line(log: Log) -> None:
    [event] = log.has(Action.LAB_CREATED)
    [line] = log.printed()
    position, *rest = line.split()
    assert int(position) > 0
    assert rest[:4] == ["2026-03-02", "12:00:00Z", "operator", "lab.created"]
    assert f"lab {event.subject_id}" in line
    assert line.endswith(r'is {"name":"Ada\n\u001b[2J"}')


def test_a_log_without_events_prints_nothing(log: Log) -> None:
    for arguments in ([], ["--last", "5"], ["--last", "0"], ["--json"]):
        assert log.printed(*arguments) == []


def test_what_cannot_be_is_refused_in_one_line(log: Log) -> None:
    log.has(Action.LAB_CREATED)
    for arguments, said in {
        ("--since", "1", "--last", "1"): "is not for --last",
        ("--since", "1000"): "beyond the end of the log",
        ("--since", "-1"): "--since",
        ("--kind", "x"): "--kind",
    }.items():
        done = CliRunner().invoke(main, ["events", *arguments], env=log.settings)
        assert done.exit_code != 0
        assert said in done.output.splitlines()[-1]
        assert "Traceback" not in done.output


@pytest.mark.processes
def test_it_follows_what_happens_until_ctrl_c_without_a_word(log: Log, tmp_path: Path) -> None:
    _, second = log.has(Action.LAB_CREATED, Action.LAB_JOINED)
    with log.followed(tmp_path, "--last", "1") as followed:
        assert followed.next_id() == str(second.id)
        for action in (Action.LAB_CREATED, Action.PRICE_ADDED):
            [event] = log.has(action)
            assert followed.next_id() == str(event.id)
        followed.process.send_signal(signal.SIGINT)
        assert followed.process.wait(timeout=PATIENCE_SECONDS) == 0
        assert (followed.printed.read(), followed.process.err.read_text()) == ("", "")


@pytest.mark.processes
def test_it_ends_without_a_word_when_nobody_reads_any_more(log: Log, tmp_path: Path) -> None:
    [event] = log.has(Action.LAB_CREATED)
    with log.followed(tmp_path) as followed:
        assert followed.next_id() == str(event.id)
        # nothing happens meanwhile: it is not by writing that this is noticed
        followed.printed.close()
        assert followed.process.wait(timeout=PATIENCE_SECONDS) == 0
        assert followed.process.err.read_text() == ""
