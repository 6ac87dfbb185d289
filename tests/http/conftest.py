"""The whole application, over every store or in memory."""

from collections.abc import Iterator

import pytest

from attendance.application.ports import Store
from tests.http.api import Api, Lasting, lasting
from tests.http.operations import remember


@pytest.fixture(scope="session")
def application() -> Iterator[Lasting]:
    with lasting() as application:
        remember(application)
        yield application


@pytest.fixture
def api(application: Lasting, store: Store) -> Iterator[Api]:
    """Over each of the stores, so each test that takes it is part of their contract."""
    with application.over(store) as api:
        yield api


@pytest.fixture
def memory(application: Lasting) -> Iterator[Api]:
    """In memory alone, for what no store has a part in."""
    with application.over() as api:
        yield api


@pytest.fixture
def quiet(memory: Api) -> Iterator[Api]:
    """In memory, for tests that change nothing."""
    yield memory
    assert memory.shown() == ((200, {"users": [], "total": 0}), (200, {"labs": [], "total": 0}))


@pytest.fixture(scope="session")
def unlimited_application() -> Iterator[Lasting]:
    with lasting(
        limit_registrations_per_hour=10_000, limit_failed_sign_ins_per_account=10_000
    ) as application:
        yield application


@pytest.fixture
def unlimited(unlimited_application: Lasting) -> Iterator[Api]:
    """In memory, where one address may try as often as it likes."""
    with unlimited_application.over() as api:
        yield api
