"""Take the README's pictures of the main pages: `python -m tools.pictures`, or with names only those.

The demo's club, in memory, at an instant that stands still: the same pages each time.
"""

import asyncio
import base64
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import create_connection, socket
from time import monotonic, sleep
from zoneinfo import ZoneInfo

from dependency_injector import providers
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.sync_api import Browser, Page, sync_playwright
from tests.web.browsers import found_browser

from attendance.entrypoints.asgi import application
from attendance.entrypoints.container import Container, close
from attendance.entrypoints.demo.club import Demo, Size
from attendance.entrypoints.settings import settings_of

KEPT_IN = Path(__file__).parents[1] / "docs/pictures"
MOST_BYTES = 150 * 1024
"""Of all pictures together: whoever clones the repository takes them along."""
QUALITY = 60
NOW = datetime(2026, 11, 20, 17, 20, tzinfo=ZoneInfo("Europe/Berlin"))
PASSWORD = "correct horse battery"  # noqa: S105 # of nobody
PHONE, DESK = (390, 900), (1180, 760)
LONGEST_START_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page as somebody sees it; `follows` is a link of it that leads to the page that is meant.

    `taps`: what is tapped before the picture is taken.
    """

    name: str
    username: str
    path: str
    follows: str = ""
    taps: tuple[str, ...] = ()
    size: tuple[int, int] = DESK
    is_dark: bool = False


PICTURES = (
    Picture(name="today", username="demo-teacher-1", path="/app/today", size=PHONE),
    Picture(
        name="roll-call",
        username="demo-teacher-1",
        path="/app/today",
        follows=".lesson:has(.badge.wait) a",
        size=PHONE,
        is_dark=True,
    ),
    Picture(name="overview", username="demo-head", path="/app/overview"),
    Picture(name="statistics", username="demo-head", path="/app/statistics"),
    Picture(
        name="client",
        username="demo-head",
        path="/app/clients",
        follows="main table a[href^='/app/clients/']",
    ),
)


def main() -> None:
    """Exit with a line about what no picture can be taken of, or when they are too large."""
    names = {*sys.argv[1:]} or {picture.name for picture in PICTURES}
    KEPT_IN.mkdir(parents=True, exist_ok=True)
    with serving() as url, sync_playwright() as playwright:
        found = found_browser()
        browser = playwright.chromium.launch(
            executable_path=found.program,
            args=["--no-sandbox", "--no-zygote", "--disable-gpu", "--font-render-hinting=none"],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **found.environment},
        )
        for picture in PICTURES:
            if picture.name in names:
                (KEPT_IN / f"{picture.name}.webp").write_bytes(taken(browser, url, picture))
        browser.close()
    sizes = {path.name: path.stat().st_size for path in sorted(KEPT_IN.glob("*.webp"))}
    print("\n".join(f"{size:8} {name}" for name, size in sizes.items()))  # noqa: T201
    if (together := sum(sizes.values())) > MOST_BYTES:
        raise SystemExit(f"{together} bytes are more than {MOST_BYTES}")


def taken(browser: Browser, url: str, picture: Picture) -> bytes:
    """The picture as WebP. Exits where the page is not there."""
    width, height = picture.size
    context = browser.new_context(
        base_url=url,
        locale="en-GB",
        viewport={"width": width, "height": height},
        device_scale_factor=1.5 if picture.size == PHONE else 1,
        color_scheme="dark" if picture.is_dark else "light",
    )
    page = context.new_page()
    page.goto("/app/sign-in")
    page.locator("#login").fill(picture.username)
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.locator("header form").wait_for()
    page.goto(picture.path)
    if picture.follows:
        page.goto(page.locator(picture.follows).first.get_attribute("href", timeout=5000) or "")
    for tapped in picture.taps:
        page.locator(tapped).click()
    page.wait_for_load_state("networkidle")
    if page.title().startswith("Error"):
        raise SystemExit(f"{picture.name}: {page.url} is no page: {page.title()}")
    made = _webp(page)
    context.close()
    return made


def _webp(page: Page) -> bytes:
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(answer["data"])


@contextmanager
def serving() -> Iterator[str]:
    """The address of a service over the demo's club, in memory, for which it is always the same instant."""
    settings = {"database_url": "memory", "timezone": "Europe/Berlin", "argon2_memory_kib": 8}
    container = Container(settings=settings_of(settings))
    container.clock.override(providers.Object(lambda: NOW.astimezone(UTC)))
    club = Demo(
        use=container.use_cases(), size=Size.for_marks(None), today=NOW.date(), now=NOW, password=PASSWORD
    )
    for _ in club.fill():
        pass
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = Server(
        application(container), port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    deadline = monotonic() + LONGEST_START_SECONDS
    while True:
        try:
            create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            if monotonic() > deadline or not thread.is_alive():
                raise
            sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(server.stop)
    thread.join()
    loop.close()
    close(container)


if __name__ == "__main__":
    main()
