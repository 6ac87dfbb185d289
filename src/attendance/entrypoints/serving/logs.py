"""The log: one form for the lines of this code, of Granian and of every library, on standard error.

JSON, a line for each event, where machines read it, and text on a terminal.
"""

import asyncio
import logging
import os
import select
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from structlog.typing import EventDict

from attendance.adapters.http.server.requests.observing import REQUEST_ID, TRACE_ID, Observer, Served
from attendance.entrypoints.settings import LogFormat, Settings

TOLD = ("request_id", "method", "route", "status", "ms", "account_id", "address", "trace_id")
"""What a line may say beside its event."""
ORDER = ("time", "level", "event", *TOLD)
HANDLER = "stderr"
STDERR = 2
LONGEST_WAIT_SECONDS = 0.01
PIPE_BUF = getattr(select, "PIPE_BUF", 512)
"""So many bytes at once are never torn on their way through a pipe."""

log = logging.getLogger("attendance.requests")
_encoded = msgspec.json.Encoder().encode


def log_configuration(settings: Settings) -> dict[str, Any]:
    """What `logging.config.dictConfig` is given, here and in each worker."""
    to_handler: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {HANDLER: {"()": formatter, "is_json": is_json(settings.log_format)}},
        "handlers": {
            HANDLER: {"class": "logging.StreamHandler", "formatter": HANDLER, "stream": "ext://sys.stderr"}
        },
        "root": {"handlers": [HANDLER], "level": settings.log_level.upper()},
        "loggers": {
            "_granian": to_handler,
            "granian.access": to_handler,
            # it tells of each migration it has looked at
            "alembic": {"level": "WARNING"},
        },
    }


class RequestLine(msgspec.Struct):
    """A line about a request that was answered; its fields in the order of every line."""

    time: datetime
    level: str
    event: str
    request_id: str
    method: str
    route: str
    status: int
    ms: float
    account_id: UUID | None
    address: str | None


class TracedRequestLine(RequestLine):
    """The same of one that is part of a trace."""

    trace_id: str | None


def request_log(settings: Settings) -> tuple[Observer, ...]:
    """What writes a line of each request, at the level `info`."""
    logging_level = logging.getLevelName(settings.log_level.upper())
    if logging_level > logging.INFO:
        return ()
    if not is_json(settings.log_format):
        return (write_text,)
    return (write_json,) if settings.otlp_endpoint is None else (write_traced_json,)


def write_json(request: Served) -> None:
    """Past the machinery for lines of all kinds, which takes ten times as long.

    On an event loop it is written in a moment, with those that come until then. A log that nobody takes stops
    no request.
    """
    _lines.put(_encoded(RequestLine(**_told(request))) + b"\n")


def write_traced_json(request: Served) -> None:
    """The same with the trace that the request is part of."""
    _lines.put(_encoded(TracedRequestLine(**_told(request), trace_id=TRACE_ID.get())) + b"\n")


def _told(request: Served) -> dict[str, Any]:
    return {
        "time": datetime.now(UTC),
        "level": "info",
        "event": "request",
        "request_id": request.request_id,
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "ms": _milliseconds(request),
        "account_id": request.account_id,
        "address": request.address,
    }


class Lines:
    """Lines on their way to standard error: each write has the others wait for the interpreter's lock.

    Each line is whole, and in one piece with its neighbours where a pipe takes that in one piece, so that
    lines of several workers do not mix.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, line: bytes) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            _write(line)
            return
        if not self._waiting or loop is not self._loop:
            self._loop = loop
            loop.call_later(LONGEST_WAIT_SECONDS, self.flush)
        self._waiting.append(line)

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        piece: list[bytes] = []
        length = 0
        for line in waiting:
            if piece and length + len(line) > PIPE_BUF:
                _write(b"".join(piece))
                piece, length = [], 0
            piece.append(line)
            length += len(line)
        if piece:
            _write(b"".join(piece))


def _write(piece: bytes) -> None:
    with suppress(OSError):
        os.write(STDERR, piece)


_lines = Lines()


def finish_request_log() -> None:
    """Write the lines that still wait: the process is about to end."""
    _lines.flush()


def write_text(request: Served) -> None:
    log.info(
        "request",
        extra={
            "request_id": request.request_id,
            "method": request.method,
            "route": request.route,
            "status": request.status,
            "ms": _milliseconds(request),
            "account_id": request.account_id,
            "address": request.address,
        },
    )


def _milliseconds(request: Served) -> float:
    return round(request.seconds * 1000, 2)


def is_json(wanted: LogFormat) -> bool:
    if wanted is LogFormat.AUTO:
        return not sys.stderr.isatty()
    return wanted is LogFormat.JSON


def formatter(*, is_json: bool) -> logging.Formatter:
    """What makes lines of records, of this code and of others alike."""
    text = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="time", sort_keys=False)
    last = [_with_traceback, _json] if is_json else [_shortened, text]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.ExtraAdder(allow=TOLD),
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _of_request,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _of_request(_: Any, __: str, event: EventDict) -> EventDict:
    if "request_id" not in event and (request_id := REQUEST_ID.get()) is not None:
        event["request_id"] = request_id
    if (trace_id := TRACE_ID.get()) is not None:
        event["trace_id"] = trace_id
    return event


def _shortened(_: Any, __: str, event: EventDict) -> EventDict:
    """Nothing about what is not known."""
    return {name: value for name, value in event.items() if value is not None}


def _with_traceback(_: Any, __: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = "".join(traceback.format_exception(error))
    return event


def _json(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    ordered: Mapping[str, Any] = {name: event[name] for name in ORDER if name in event} | dict(event)
    return msgspec.json.encode(ordered, enc_hook=str).decode()
