"""The whole application, over every store or in memory."""

from collections.abc import Iterator

import pytest

from tests.http.api import Api, running


@pytest.fixture
def api(store_url: str) -> Iterator[Api]:
    """Over each of the stores, so each test that takes it is part of their contract."""
    with running(store_url) as api:
        yield api


@pytest.fixture
def memory() -> Iterator[Api]:
    """In memory alone, for what no store has a part in."""
    with running() as api:
        yield api


@pytest.fixture(scope="module")
def quiet() -> Iterator[Api]:
    """In memory, shared by tests that change nothing."""
    with running() as api:
        yield api
        assert api.shown() == ((200, {"users": [], "total": 0}), (200, {"labs": [], "total": 0}))
