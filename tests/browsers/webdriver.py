"""Firefox and WebKit, driven by what they bring themselves: Marionette, and WebKitWebDriver.

Both know the commands of W3C WebDriver; only the way there differs.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx

from tests.service import free_port

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""Key of what WebDriver calls an element."""
LONGEST_START_SECONDS = 60
LONGEST_ANSWER_SECONDS = 60
LONGEST_LOAD_MILLISECONDS = 40_000
"""Less than an answer may take: a page that does not load is told by the browser, which then goes on."""
PHONE = (390, 844)
LANGUAGE = "en-US"


class NoBrowser(Exception):
    """It is not there, or does not start."""


class Refused(Exception):
    """What a browser says to a command that it cannot carry out."""


class Connection(Protocol):
    """The way to a browser."""

    @abstractmethod
    def ask(self, command: str, **parameters: Any) -> Any:
        """The value that a command answers. Raises Refused."""


class Window:
    """A window of a browser."""

    def __init__(self, connection: Connection, base_url: str) -> None:
        self._ask, self._base_url = connection.ask, base_url
        self._ask("SetTimeouts", pageLoad=LONGEST_LOAD_MILLISECONDS)

    def opens(self, path: str) -> None:
        """Open a page. Raises Refused with its path, also for a file to be saved, which never loads."""
        try:
            self._ask("Navigate", url=path if "://" in path else self._base_url + path)
        except Refused as refused:
            raise Refused(f"{path}: {refused}") from refused

    def types(self, selector: str, text: str) -> None:
        """Type a text into a field, in place of what was in it."""
        self._ask("ElementClear", id=self._element(selector))
        self._ask("ElementSendKeys", id=self._element(selector), text=text)

    def clicks(self, selector: str) -> None:
        self._ask("ElementClick", id=self._element(selector))

    def has_size(self, width: int, height: int) -> None:
        self._ask("SetWindowRect", width=width, height=height)

    def says(self, script: str) -> Any:
        """What a script on the page returns."""
        return self._ask("ExecuteScript", script=script, args=[])

    @property
    def path(self) -> str:
        return str(self._ask("GetCurrentURL")).removeprefix(self._base_url)

    def forgets_everybody(self) -> None:
        self._ask("DeleteAllCookies")

    def _element(self, selector: str) -> str:
        found = self._ask("FindElement", using="css selector", value=selector)
        return str(found[ELEMENT])


class Marionette(Connection):
    """What Firefox speaks by itself: JSON with its length before it, over TCP."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_ANSWER_SECONDS)
        self._file, self._number = self._socket.makefile("rb"), 0
        self._read()
        self.ask("NewSession")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, command: str, **parameters: Any) -> Any:
        self._number += 1
        sent = json.dumps([0, self._number, f"WebDriver:{command}", parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(sent), sent))
        _, _, error, result = self._read()
        if error:
            raise Refused(f"{command}: {error['message']}")
        return result.get("value") if isinstance(result, dict) and {*result} == {"value"} else result

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            digit = self._file.read(1)
            if not digit:
                raise Refused("Firefox has gone")
            length += digit
        return json.loads(self._file.read(int(length[:-1])))


class OverHttp(Connection):
    """What WebKitWebDriver speaks: W3C WebDriver."""

    PATHS: Mapping[str, tuple[str, str]] = {
        "Navigate": ("POST", "/url"),
        "GetCurrentURL": ("GET", "/url"),
        "FindElement": ("POST", "/element"),
        "ElementSendKeys": ("POST", "/element/{id}/value"),
        "ElementClear": ("POST", "/element/{id}/clear"),
        "ElementClick": ("POST", "/element/{id}/click"),
        "ExecuteScript": ("POST", "/execute/sync"),
        "SetTimeouts": ("POST", "/timeouts"),
        "SetWindowRect": ("POST", "/window/rect"),
        "DeleteAllCookies": ("DELETE", "/cookie"),
    }

    def __init__(self, url: str, capabilities: Mapping[str, Any]) -> None:
        self._http = httpx.Client(base_url=url, timeout=LONGEST_ANSWER_SECONDS, trust_env=False)
        started = self._value(
            self._http.post("/session", json={"capabilities": {"alwaysMatch": capabilities}}), "NewSession"
        )
        self._session = f"/session/{started['sessionId']}"

    def close(self) -> None:
        self._http.delete(self._session)
        self._http.close()

    def ask(self, command: str, **parameters: Any) -> Any:
        method, path = self.PATHS[command]
        url = self._session + path.format(id=parameters.get("id"))
        return self._value(
            self._http.request(method, url, json=parameters if method == "POST" else None), command
        )

    @staticmethod
    def _value(answered: httpx.Response, command: str) -> Any:
        value = answered.json()["value"]
        if answered.status_code != 200:
            raise Refused(f"{command}: {value['message']}")
        return value


Which = Callable[[str], str | None]


def found(names: tuple[str, ...], package: str, which: Which = shutil.which) -> Path:
    """The first of these programs there is. Raises NoBrowser with a line that names the package."""
    for name in names:
        if program := which(name):
            return Path(program)
    raise NoBrowser(f"no {names[0]}: `apt install {package}`")


@contextmanager
def started(
    command: list[str], log: Path, environment: Mapping[str, str], **more: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """A program that is ended with all that it started."""
    with log.open("ab") as opened:
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "LANG": "en_US.UTF-8", **environment},
            stdout=opened,
            stderr=opened,
            start_new_session=True,
            **more,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def once(process: "subprocess.Popen[bytes]", log: Path, connect: Callable[[], Any]) -> Any:
    """What `connect` returns, once it can. Raises NoBrowser when the program ends or takes too long."""
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return connect()
        except (OSError, httpx.TransportError):
            time.sleep(0.05)
    raise NoBrowser(f"it does not start:\n{log.read_text()}")


PREFERENCES = {
    "intl.accept_languages": LANGUAGE,
    "intl.locale.requested": LANGUAGE,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
"""Nothing is asked of anybody but the service."""


@contextmanager
def firefox(home: Path) -> Iterator[Connection]:
    """Firefox without a screen. Raises NoBrowser."""
    program, port, log = found(("firefox-esr", "firefox"), "firefox-esr"), free_port(), home / "firefox.log"
    profile = home / "profile"
    profile.mkdir()
    lines = {**PREFERENCES, "marionette.port": port}
    (profile / "user.js").write_text(
        "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in lines.items())
    )
    command = [str(program), "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
    with started(command, log, {"HOME": str(home)}) as process:
        connection = once(process, log, lambda: Marionette(port))
        yield connection
        connection.close()


@contextmanager
def webkit(home: Path) -> Iterator[Connection]:
    """WebKitGTK on a screen that nobody sees. Raises NoBrowser."""
    driver = found(("WebKitWebDriver",), "webkit2gtk-driver")
    screen = found(("Xvfb",), "xvfb")
    log, port = home / "webkit.log", free_port()
    with ExitStack() as running:
        number = running.enter_context(on_a_screen(screen, home))
        environment = {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "DISPLAY": f":{number}",
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "GTK_A11Y": "none",
            "NO_AT_BRIDGE": "1",
        }
        process = running.enter_context(started([str(driver), f"--port={port}"], log, environment))
        once(process, log, lambda: httpx.get(f"http://127.0.0.1:{port}/status", trust_env=False))
        connection = OverHttp(f"http://127.0.0.1:{port}", {"browserName": "MiniBrowser"})
        yield connection
        connection.close()


@contextmanager
def on_a_screen(xvfb: Path, home: Path) -> Iterator[int]:
    """The number of a screen of its own."""
    reading, writing = os.pipe()
    command = [str(xvfb), "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with started(command, home / "xvfb.log", {}, pass_fds=(writing,)), os.fdopen(reading, "rb") as told:
        os.close(writing)
        number = told.readline().strip()
        if not number:
            raise NoBrowser(f"Xvfb does not start:\n{(home / 'xvfb.log').read_text()}")
        yield int(number)
