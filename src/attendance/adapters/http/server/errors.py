"""Every refusal as an answer: one table by category, one body for all.

What an error is called by programs, its code, is in the header `X-Error-Code` of each, and under `/api/v1` in
the body as well; the bodies of the labs protocol are as its document has them.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from inspect import getdoc
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ASGIApp, ExceptionHandlersMap, HTTPScope

from attendance.adapters.http.server.callers.places import is_in_pages
from attendance.adapters.http.server.requests.observing import REFUSAL, reason_of
from attendance.adapters.http.server.wire import Reply, is_in_api, json_reply
from attendance.domain.accounts.links import Gone
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.accounts.sessions import InvalidToken, SessionExpired
from attendance.domain.errors import (
    AttendanceError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Outdated,
    Unauthenticated,
    Unavailable,
    Unprocessable,
)

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]

STATUS_OF: dict[type[AttendanceError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    Outdated: 412,
    Unprocessable: 422,
    LimitReached: 429,
    Unavailable: 503,
}
RETRY_AFTER_SECONDS = 1

OF_THE_SERVICE = tuple(f"attendance.{floor}." for floor in ("domain", "application", "adapters"))

MEANING_OF = {
    400: "The request is malformed; `details` says where",
    401: "Nobody is signed in, or not any more",
    403: "The caller may not do this",
    404: "There is no such thing",
    405: "The path has other methods: see `Allow`",
    408: "The body was not sent in time",
    409: "It contradicts what is stored",
    413: "The body is larger than 1 MiB",
    415: "The body is not JSON in UTF-8",
    410: "The link is used up, too old, or never was one: ask for a new one",
    412: "Somebody was faster: read again, then decide",
    422: "The `Idempotency-Key` belongs to another request of the last 24 hours",
    429: "Too often: wait `Retry-After` seconds",
    500: "A mistake of the service's own, which its log tells more about",
    503: "Not done, or not known to be: try again after `Retry-After` seconds",
}
TEXT_AND_CODE_OF = {
    400: (Invalid.text, Invalid.code),
    404: (NotFound.text, NotFound.code),
    405: ("method not allowed", "method_not_allowed"),
    408: ("request was not sent in time", "request_timeout"),
    413: ("request body is too large", "body_too_large"),
    415: ("request body must be application/json", "body_not_json"),
    500: ("internal server error", "internal_error"),
}
"""What is said of a request that gets to no operation, and of a mistake of the service's own."""

ERROR_CODE = "X-Error-Code"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownError:
    """An error as it is documented: what it is called, said, answered with, and when."""

    status: int
    code: str
    text: str
    meaning: str


def known_errors() -> list[KnownError]:
    """Every error that an answer may name, by status and code, each code once.

    Refusals are those of what is imported: once the application is, all of them.
    """
    found = {
        code: KnownError(status=status, code=code, text=text, meaning=f"{MEANING_OF[status]}.")
        for status, (text, code) in TEXT_AND_CODE_OF.items()
    }
    for kind in refusals_of(AttendanceError):
        if kind.code not in found:
            meaning = " ".join((getdoc(kind) or "").partition("\n\n")[0].split())
            found[kind.code] = KnownError(
                status=status_of(kind), code=kind.code, text=kind.text, meaning=meaning
            )
    return sorted(found.values(), key=lambda error: (error.status, error.code))


def refusals_of(kind: type[AttendanceError]) -> Iterator[type[AttendanceError]]:
    """The kinds of refusals that are the service's own: not those of its commands, nor of whoever uses it."""
    for inner in kind.__subclasses__():
        if inner.__module__.startswith(OF_THE_SERVICE):
            yield inner
        yield from refusals_of(inner)


def status_of(kind: type[AttendanceError]) -> int:
    """By the nearest category: a refusal may be a special case of another."""
    return next(STATUS_OF[it] for it in kind.__mro__ if it in STATUS_OF)


class FieldErrorView(msgspec.Struct):
    """Where something is wrong (a JSON path, a query name, or `body`), and what."""

    field: str
    message: str


class PlainErrorView(msgspec.Struct, omit_defaults=True):
    """Why a request was refused; `details` lists what is malformed."""

    error: str
    details: list[FieldErrorView] = []


class ErrorView(msgspec.Struct, omit_defaults=True):
    """Why a request was refused, `code` for programs; `details` lists what is malformed."""

    error: str
    code: str
    details: list[FieldErrorView] = []


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is said of an error."""

    status: int
    text: str
    code: str
    details: list[FieldErrorView] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def view(self, path: str) -> ErrorView | PlainErrorView:
        """Its body in the answer to a request of this path."""
        if is_in_api(path):
            return ErrorView(self.text, self.code, self.details)
        return PlainErrorView(self.text, self.details)


def refusals(path: str, *statuses: int) -> dict[int, ResponseSpec]:
    """What an operation may answer besides success, for the OpenAPI document."""
    view = ErrorView if is_in_api(path) else PlainErrorView
    return {
        status: ResponseSpec(view, generate_examples=False, description=MEANING_OF[status])
        for status in sorted({*statuses, 400, 413, 503})
    }


def reply_to(error: Exception, scope: HTTPScope) -> Reply:
    """What is sent of whatever was raised; what nobody meant to raise is logged, and told as that alone."""
    refusal = refusal_of(error, scope)
    encoded = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in refusal.headers.items()
    ]
    return json_reply(refusal.status, msgspec.json.encode(refusal.view(scope["path"])), *encoded)


def error_handlers(no_page: ASGIApp | None = None) -> ExceptionHandlersMap:
    """What Litestar does with what is raised before there is a plan, its own exceptions included.

    `no_page` answers who asks for a page where there is none, however much of its path is that of another.
    """

    def handled(request: AnyRequest, error: Exception) -> Response[Any]:
        if no_page is not None and _is_of_no_page(request, error):
            request.scope["path_params"] = {}
            return _HandedOn(no_page)
        return _handled(request, error)

    return {Exception: handled}


class _HandedOn(Response[None]):
    """An answer that something else gives."""

    def __init__(self, answers: ASGIApp) -> None:
        super().__init__(None)
        self._answers = answers

    def to_asgi_response(self, *_: object, **__: object) -> Any:
        return self._answers


def _is_of_no_page(request: AnyRequest, error: Exception) -> bool:
    """Whether Litestar found nothing where pages are, or, elsewhere, for a browser that asks for one."""
    path, method = request.scope["path"], request.method
    if is_in_pages(path):
        is_nothing = isinstance(error, (NotFoundException, MethodNotAllowedException))
        return is_nothing and method in ("GET", "HEAD", "POST")
    asks_for_a_page = "text/html" in request.headers.get("accept", "") and method in ("GET", "HEAD")
    return isinstance(error, NotFoundException) and asks_for_a_page and not is_in_api(path)


def _handled(request: AnyRequest, error: Exception) -> Response[ErrorView | PlainErrorView]:
    refusal = refusal_of(error, request.scope)
    view = refusal.view(request.scope["path"])
    return Response(view, status_code=refusal.status, headers=refusal.headers)


def refusal_of(error: Exception, scope: HTTPScope) -> Refusal:
    if isinstance(error, AttendanceError):
        note_refusal(error, scope)
        return _refusal_of_ours(error)
    status, headers = 500, {}
    if isinstance(error, HTTPException) and error.status_code < 500:
        status = error.status_code if error.status_code in TEXT_AND_CODE_OF else 400
        headers = error.headers or {}
    else:
        log.error("%s %s failed", scope["method"], scope.get("path_template"), exc_info=error)
    text, code = TEXT_AND_CODE_OF[status]
    return Refusal(status, text, code, headers={**headers, ERROR_CODE: code})


def note_refusal(error: AttendanceError, scope: HTTPScope) -> None:
    """For whoever observes requests; and log what a driver said, where the service was failed by it."""
    scope[REFUSAL] = error.code  # type: ignore[literal-required]
    if isinstance(error, Unavailable) and error.__cause__ is not None:
        log.warning("unavailable: %s", reason_of(error.__cause__))


def _refusal_of_ours(error: AttendanceError) -> Refusal:
    status = status_of(type(error))
    details = [
        FieldErrorView(field_error.field, field_error.message)
        for field_error in getattr(error, "field_errors", ())
    ]
    headers = {ERROR_CODE: error.code}
    if status == 401:
        is_about_a_token = isinstance(error, (SessionExpired, InvalidToken))
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if is_about_a_token else "Bearer"
    if status in (429, 503) or hasattr(error, "retry_after"):
        headers["Retry-After"] = str(getattr(error, "retry_after", RETRY_AFTER_SECONDS))
    return Refusal(status, error.text, error.code, details, headers)
