"""The store's whole contract, and protocols over HTTP, behind PgBouncer."""

import pytest
from _pytest.fixtures import FixtureFunctionDefinition

from attendance.testing import StoreContract
from tests.http import test_idempotency
from tests.http.accounts import test_sessions_protocol
from tests.http.attendance import test_sheets_protocol
from tests.http.club import test_clients_protocol

pytestmark = [pytest.mark.processes, pytest.mark.deployment]


class TestStore(StoreContract):
    """With the fixture `store` of this directory."""


def of(module: object) -> type:
    """The tests of a module that ask the API, for this directory's, and their fixtures."""
    found = vars(module)
    tests = {
        name: staticmethod(test)
        for name, test in found.items()
        if name.startswith("test_") and "api" in getattr(test, "__annotations__", {})
    }
    fixtures = {
        name: pytest.fixture(staticmethod(fixture.__wrapped__))
        for name, fixture in found.items()
        if isinstance(fixture, FixtureFunctionDefinition)
    }
    assert tests
    return type(module.__name__, (), tests | fixtures)  # type: ignore[attr-defined]


TestIdempotency = of(test_idempotency)
TestSessions = of(test_sessions_protocol)
TestSheets = of(test_sheets_protocol)
TestClients = of(test_clients_protocol)
