"""What a Python caller has: `open_attendance` over each store, with hashing that costs nothing."""

from collections.abc import Iterator

import pytest

from attendance import UseCases, open_attendance

CHEAP = {"argon2_memory_kib": 8, "argon2_time_cost": 1}


@pytest.fixture
def attendance(store_url: str) -> Iterator[UseCases]:
    with open_attendance(store_url, **CHEAP) as attendance:
        yield attendance
