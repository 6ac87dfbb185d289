"""The application in process; and for what only a browser can tell, one for all tests of a worker."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.http.conftest import application, memory
from tests.service import Service, serving
from tests.web.browsers import NoBrowser, found_browser

__all__ = ["application", "memory"]

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
