"""Whoever is told to stop stops, even amid a wait, with the lock of what is waited for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import CHEAP_HASHING, SECRET, free_port

pytestmark = pytest.mark.processes

TOLD_AMID_A_WAIT = """
import os, queue, signal, threading

waits = threading.Condition.wait

def told_to_stop_first(condition, timeout=None):
    # whoever waits has the lock of the condition by now
    os.kill(os.getpid(), signal.SIGTERM)
    return waits(condition, timeout)

class Told(queue.SimpleQueue):
    def get(self, block=True, timeout=None):
        os.kill(os.getpid(), signal.SIGTERM)
        return super().get(block, timeout)

def stop_amid_a_wait():
    threading.Condition.wait = told_to_stop_first
"""
BY_A_HANDLER = """
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
stop_amid_a_wait()
stop.wait(0.1)
"""
SENDING_MAIL = """
from attendance.entrypoints.cli import main
main(["migrate"], standalone_mode=False)
stop_amid_a_wait()
main(["mail"])
"""
SERVING = """
from attendance.entrypoints.cli import main
from attendance.entrypoints.serving import supervising
supervising.SimpleQueue = Told
loops = supervising.Supervisor._serve_loop

def loops_and_is_told(supervisor, *given):
    stop_amid_a_wait()
    return loops(supervisor, *given)

supervising.Supervisor._serve_loop = loops_and_is_told
"""
SERVE = """
main(["serve"])
"""
AS_GRANIAN_DOES = """
supervising.Wakeup = threading.Event
"""


def ends(script: str, home: Path, *, seconds: float) -> bool:
    """Whether a process that is told to stop with each of its waits comes to an end of its own."""
    settings = {
        **CHEAP_HASHING,
        "PATH": os.environ["PATH"],
        "ATTENDANCE_DATABASE_URL": f"sqlite:///{home / 'attendance.db'}",
        "ATTENDANCE_MAIL_DIRECTORY": str(home / "mail"),
        "ATTENDANCE_PORT": str(free_port()),
        "ATTENDANCE_SECRET_KEY": SECRET,
    }
    command = [sys.executable, "-c", TOLD_AMID_A_WAIT + script]
    with subprocess.Popen(command, env=settings, cwd=home, stdout=subprocess.DEVNULL) as process:
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            return False


def test_what_sends_mail_stops(tmp_path: Path) -> None:
    assert ends(SENDING_MAIL, tmp_path, seconds=60)


def test_what_serves_stops(tmp_path: Path) -> None:
    assert ends(SERVING + SERVE, tmp_path, seconds=60)


@pytest.mark.plants
def test_a_handler_that_ends_a_wait_is_seen_to_wait_for_itself(tmp_path: Path) -> None:
    assert not ends(BY_A_HANDLER, tmp_path, seconds=3)


@pytest.mark.plants
def test_a_service_is_seen_to_wait_for_itself_where_an_event_wakes_it(tmp_path: Path) -> None:
    assert not ends(SERVING + AS_GRANIAN_DOES + SERVE, tmp_path, seconds=10)
