"""What the service is measured beside does the same work: otherwise it would be no measure."""

import sys
from pathlib import Path

import pytest


@pytest.mark.thorough
@pytest.mark.processes
def test_the_limit_marks_a_sheet_as_the_service_does_and_is_found_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # here, as a part of the suite has not what contenders need
    from benchmarks import contenders
    from benchmarks.club import club, fill
    from benchmarks.places import SQLITE, beside, place
    from benchmarks.sheet_check import faults

    monkeypatch.setattr(contenders, "SERVICE_PYTHON", Path(sys.executable))
    seeded = club()
    names = (contenders.OURS, contenders.LIMIT)
    with (
        place(SQLITE, tmp_path) as where,
        contenders.all_serving(names, where, lambda url: fill(url, seeded), tmp_path) as found,
    ):
        assert [each.name for each in found] == [*names]
        assert not faults(found, seeded)
        with beside(found[1].url) as ask:
            ask("UPDATE subscriptions SET visits = 0")
        assert [*faults(found, seeded)] == [contenders.LIMIT]
