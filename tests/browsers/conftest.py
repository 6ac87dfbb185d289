"""A browser of each of the other engines, at the club of the demo."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.browsers.webdriver import PHONE, Connection, NoBrowser, Window, firefox, webkit
from tests.service import Service
from tests.web.conftest import demo_service

__all__ = ["demo_service"]

ENGINES: dict[str, Callable[[Path], AbstractContextManager[Connection]]] = {
    "firefox": firefox,
    "webkit": webkit,
}


@pytest.fixture(scope="session", params=ENGINES)
def connection(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    engine: str = request.param
    try:
        browser = ENGINES[engine](tmp_path_factory.mktemp(engine))
        running = browser.__enter__()
    except NoBrowser as none:
        pytest.fail(str(none), pytrace=False)
    yield running
    browser.__exit__(None, None, None)


@pytest.fixture
def window(connection: Connection, demo_service: Service) -> Window:
    """A window as narrow as it gets, in which nobody is signed in."""
    window = Window(connection, demo_service.url)
    window.opens("/app/sign-in")
    window.forgets_everybody()
    window.has_size(*PHONE)
    return window
