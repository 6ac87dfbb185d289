"""What the service is measured beside does the same work: otherwise it would be no measure."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.thorough, pytest.mark.processes]

Found = dict[str, list[str]]


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Found]:
    """Compares what the limit answers and stores on SQLite with what the service does; nothing is wanted."""
    # here, as a part of the suite has not what contenders need
    from benchmarks import contenders, sheet_check
    from benchmarks.club import club, fill
    from benchmarks.places import SQLITE, beside, place

    monkeypatch.setattr(contenders, "SERVICE_PYTHON", Path(sys.executable))

    def compare(spoil: str = "") -> Found:
        seeded = club()
        names = (contenders.OURS, contenders.LIMIT)
        with (
            place(SQLITE, tmp_path) as where,
            contenders.all_serving(names, where, lambda url: fill(url, seeded), tmp_path) as found,
        ):
            assert [each.name for each in found] == [*names]
            if spoil:
                with beside(found[1].url) as ask:
                    ask(spoil)
            differ: dict[str, Any] = sheet_check.faults(found, seeded)
            return differ

    return compare


def test_the_limit_marks_a_sheet_as_the_service_does(compared: Callable[..., Found]) -> None:
    assert compared() == {}


@pytest.mark.plants
def test_a_limit_that_knows_fewer_passes_is_found(compared: Callable[..., Found]) -> None:
    assert [*compared("UPDATE subscriptions SET visits = 0")] == ["limit"]
