"""Several threads read a body of one kind first, at once: msgspec must have looked at it before."""

import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from attendance.adapters.http.app import ROOMS
from attendance.adapters.http.server.operations import plan

pytestmark = pytest.mark.processes

READ_AT_ONCE = """
import sys, threading
import msgspec
from attendance.adapters.http.server.bodies.meaning import Body
from attendance.adapters.http.server.bodies.strict_json import prepare
from attendance.adapters.sql.tables.columns import ListOf
from dataclasses import make_dataclass
from typing import Optional

sys.setswitchinterval(1e-6)
NAMES = [f"field_{number}" for number in range(12)]
SENT = dict.fromkeys(NAMES, "x")

def at_once(read):
    together = threading.Barrier(4)
    def first():
        together.wait()
        read()
    threads = [threading.Thread(target=first) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

for number in range(1000):
    kind = msgspec.defstruct(f"Body{number}", [(name, Optional[str], None) for name in NAMES], bases=(Body,))
    prepare(kind)
    at_once(lambda: msgspec.convert(SENT, kind))
    item = make_dataclass(f"Item{number}", [(name, Optional[str]) for name in NAMES])
    column = ListOf(item)
    at_once(lambda: column.process_result_value([SENT], None))
"""
AS_IT_COMES = "msgspec.json.Decoder = lambda kind: None\nsys.setswitchinterval(1e-6)"


def ended(script: str, home: Path) -> int:
    """What a process ends with that reads types of all sorts for the first time in several threads."""
    # at home, as one that crashes may leave its memory behind in a file
    return subprocess.run([sys.executable, "-c", script], cwd=home, timeout=120, check=False).returncode


def test_types_that_were_prepared_are_read_by_all(tmp_path: Path) -> None:
    assert ended(READ_AT_ONCE, tmp_path) == 0


@pytest.mark.plants
def test_a_process_is_seen_to_end_where_nothing_is_prepared(tmp_path: Path) -> None:
    unprepared = READ_AT_ONCE.replace("sys.setswitchinterval(1e-6)", AS_IT_COMES)
    assert ended(unprepared, tmp_path) == -signal.SIGSEGV


def test_the_body_of_every_operation_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[object] = []
    monkeypatch.setattr(plan, "prepare", prepared.append)
    inputs = [plan.Inputs.of(it) for it in chain.from_iterable(room.operations for room in ROOMS)]
    assert prepared == [it.body for it in inputs if it.body is not None] != []
