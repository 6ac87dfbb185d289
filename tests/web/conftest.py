"""The application in process; and for what only a browser can tell, one for all tests of a worker."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from attendance import open_attendance
from attendance.entrypoints.demo.club import Demo, Size
from tests.http.api import Lasting, lasting
from tests.http.conftest import memory
from tests.http.operations import remember
from tests.library.conftest import CHEAP
from tests.service import Service, serving
from tests.web.browsers import NoBrowser, found_browser
from tests.web.clicks import PASSWORD
from tests.web.registry import remember_pages

__all__ = ["memory"]

LONGEST_WAIT = 20_000
"""Milliseconds: machines may be busy with something else."""
# a sandbox needs rights that a container does not give; what is opened is this service's
# names that end in .test are this machine: as others in a house call it, over plain http
ARGUMENTS = [
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--font-render-hinting=none",
]

expect.set_options(timeout=LONGEST_WAIT)


@pytest.fixture(scope="session")
def application() -> Iterator[Lasting]:
    with lasting() as application:
        remember(application)
        remember_pages(application)
        yield application


@contextmanager
def running(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Playwright's loop runs in this thread all the time; whoever else uses the thread must not find it."""
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)


@dataclass(frozen=True)
class Driven:
    """A browser, and the loop by which it is driven."""

    browser: Browser
    loop: asyncio.AbstractEventLoop


@pytest.fixture(scope="session")
def driven() -> Iterator[Driven]:
    try:
        found = found_browser()
    except NoBrowser as none:
        pytest.fail(str(none), pytrace=False)
    environment: Any = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | found.environment
    playwright = sync_playwright().start()
    loop = asyncio.get_running_loop()
    with running(loop):
        browser = playwright.chromium.launch(executable_path=found.program, args=ARGUMENTS, env=environment)
    yield Driven(browser, loop)
    with running(loop):
        browser.close()
        playwright.stop()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The real service, in memory; its mails are files in its home."""
    with serving(Path(tmp_path_factory.mktemp("service")), "memory") as service:
        yield service


@pytest.fixture(scope="session")
def demo_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The real service over the club of `attendance demo`, with its school year up to now.

    Everybody in it, `demo-owner`, `demo-teacher-1`, `demo-parent`, has the password of `clicks`. For looking
    at: whoever changes something in it changes it for all tests of this worker.
    """
    home = Path(tmp_path_factory.mktemp("demo"))
    shutil.copy(made_once(tmp_path_factory, "demo.db", fill_demo), home)
    with serving(home, f"sqlite:///{home}/demo.db") as service:
        yield service


def fill_demo(path: Path) -> None:
    with open_attendance(f"sqlite:///{path}", **CHEAP) as attendance:
        size = Size(groups=3, clients=24, members=8)
        now = datetime.now(UTC)
        for _ in Demo(use=attendance, size=size, today=now.date(), now=now, password=PASSWORD).fill():
            pass


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A file that the first process of a run makes; the others wait for it."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make(own / name)
            (own / name).rename(made)
    return made


@pytest.fixture
def demo_page(driven: Driven, demo_service: Service) -> Iterator[Page]:
    """A browser of somebody's own at the club of the demo."""
    with running(driven.loop):
        context = driven.browser.new_context(base_url=demo_service.url, locale="en-US")
        context.set_default_timeout(LONGEST_WAIT)
        yield context.new_page()
        context.close()


@pytest.fixture
def browser(driven: Driven) -> Iterator[Browser]:
    """One for all tests of this worker."""
    with running(driven.loop):
        yield driven.browser


@pytest.fixture
def context(browser: Browser, service: Service) -> Iterator[BrowserContext]:
    """A browser of somebody's own, in which nothing is kept yet."""
    context = browser.new_context(base_url=service.url, locale="en-US")
    context.set_default_timeout(LONGEST_WAIT)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
