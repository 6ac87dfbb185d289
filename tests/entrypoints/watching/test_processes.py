"""Which numbers processes count under, and whose counts are shown."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from attendance.entrypoints.watching import processes
from attendance.entrypoints.watching.processes import (
    DIRECTORY,
    counting_together,
    files_in,
    is_alive,
    own_number,
)

CLAIM = (
    "import sys, pathlib; from attendance.entrypoints.watching.processes import own_number\n"
    "print(own_number(pathlib.Path(sys.argv[1])), flush=True); sys.stdin.read()"
)


class Claiming:
    """A process that has a number for as long as it lives."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout
        self.number = int(self.process.stdout.readline())

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.mark.processes
def test_a_number_is_one_process_and_goes_on_to_the_next_when_that_dies(tmp_path: Path) -> None:
    first, second = Claiming(tmp_path), Claiming(tmp_path)
    assert (first.number, second.number) == (0, 1)
    assert own_number(tmp_path) == own_number(tmp_path) == 2
    assert [is_alive(tmp_path, number) for number in range(4)] == [True, True, True, False]
    first.kill()
    assert not is_alive(tmp_path, 0)
    third = Claiming(tmp_path)
    assert third.number == 0
    for claiming in (second, third):
        claiming.kill()


@pytest.mark.processes
def test_of_the_dead_the_counts_are_shown_and_nothing_that_waits(tmp_path: Path) -> None:
    claiming = Claiming(tmp_path)
    for name in ("counter_0", "histogram_0", "gauge_max_0", "gauge_livesum_0"):
        (tmp_path / f"{name}.db").touch()
    assert [Path(path).stem for path in files_in(tmp_path)] == [
        "counter_0",
        "gauge_livesum_0",
        "gauge_max_0",
        "histogram_0",
    ]
    claiming.kill()
    assert [Path(path).stem for path in files_in(tmp_path)] == ["counter_0", "gauge_max_0", "histogram_0"]


@pytest.fixture
def in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(processes, "IN_MEMORY", tmp_path)
    monkeypatch.delenv(DIRECTORY, raising=False)
    return tmp_path


def test_what_a_service_that_was_killed_has_left_is_gone_at_the_next_start(in_memory: Path) -> None:
    left = in_memory / f"attendance-metrics-{os.getuid()}-there"
    left.mkdir()
    (left / "counter_0.db").write_bytes(b"of the dead")
    with counting_together("there"):
        assert os.environ[DIRECTORY] == str(left)
        assert [*left.iterdir()] == []
        assert left.stat().st_mode & 0o777 == 0o700
    assert not left.exists()
    assert DIRECTORY not in os.environ


def test_what_somebody_else_has_put_there_is_not_used(
    in_memory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr(processes.tempfile, "tempdir", str(elsewhere))
    (in_memory / f"attendance-metrics-{os.getuid()}-there").symlink_to(tmp_path_factory.mktemp("theirs"))
    with counting_together("there"):
        assert Path(os.environ[DIRECTORY]).parent == elsewhere


def test_where_nothing_can_be_made_the_service_starts_all_the_same(
    in_memory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(processes, "IN_MEMORY", in_memory / "missing")
    monkeypatch.setattr(processes.tempfile, "tempdir", str(in_memory / "missing"))
    with counting_together("there"):
        assert DIRECTORY not in os.environ
    assert "metrics are those of the worker that is asked alone" in caplog.text


def test_a_directory_that_is_named_is_emptied_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DIRECTORY, str(tmp_path / "named"))
    for _ in range(2):
        with counting_together("there"):
            assert [*(tmp_path / "named").iterdir()] == []
            (tmp_path / "named" / "counter_0.db").touch()
    assert os.environ[DIRECTORY] == str(tmp_path / "named")
