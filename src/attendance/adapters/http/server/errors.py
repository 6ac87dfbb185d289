"""Every refusal as an answer: one table by category, one body for all."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap, Receive, Scope, Send

from attendance.adapters.http.server.authentication import FIRST, Callers, token_sent
from attendance.domain.accounts.links import Gone
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.errors import (
    AttendanceError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Outdated,
    Unauthenticated,
    Unavailable,
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
    LimitReached: 429,
    Unavailable: 503,
}
RETRY_AFTER_SECONDS = 1

MEANING_OF = {
    400: "The request is malformed; `details` says where",
    401: "Nobody is signed in, or not any more",
    403: "The caller may not do this",
    404: "There is no such thing",
    405: "The path has other methods: see `Allow`",
    409: "It contradicts what is stored",
    413: "The body is larger than 1 MiB",
    415: "The body is not JSON in UTF-8",
    410: "The link is used up, too old, or never was one: ask for a new one",
    412: "Somebody was faster: read again, then decide",
    429: "Too often: wait `Retry-After` seconds",
    503: "Nothing was changed: try again after `Retry-After` seconds",
}
TEXT_OF = {
    400: Invalid.text,
    404: "not found",
    405: "method not allowed",
    413: "request body is too large",
    415: "request body must be application/json",
}


class FieldErrorView(msgspec.Struct):
    """Where something is wrong (a JSON path, a query name, or `body`), and what."""

    field: str
    message: str


class ErrorView(msgspec.Struct, omit_defaults=True):
    """Why a request was refused; `details` lists what is malformed."""

    error: str
    details: list[FieldErrorView] = []


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """What an operation may answer besides success, for the OpenAPI document."""
    return {
        status: ResponseSpec(ErrorView, generate_examples=False, description=MEANING_OF[status])
        for status in sorted({*statuses, 400, 413, 503})
    }


class InTurn(Response[ErrorView]):
    """A complaint about a request for which something else comes first: that somebody is signed in, say."""

    def __init__(self, complaint: Response[ErrorView], first: Callable[[], object]) -> None:
        super().__init__(complaint.content, status_code=complaint.status_code)
        self._first = first

    def to_asgi_response(self, app: Litestar | None, request: AnyRequest, **options: Any) -> Any:
        complaint = super().to_asgi_response(app, request, **options)

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            refusal = await sync_to_thread(self._refusal, request)
            response = refusal.to_asgi_response(app, request, **options) if refusal else complaint
            await response(scope, receive, send)

        return respond

    def _refusal(self, request: AnyRequest) -> Response[ErrorView] | None:
        try:
            self._first()
        except AttendanceError as error:
            return _answer(request, error)
        except Exception as error:
            # nobody else would catch it: this runs after Litestar's handlers
            return _failure(request, error)
        return None


def error_handlers(callers: Callers) -> ExceptionHandlersMap:
    """What Litestar does with what is raised, its own exceptions included."""

    def refused(request: AnyRequest, error: AttendanceError) -> Response[ErrorView]:
        return _answer(request, error)

    def malformed(request: AnyRequest, error: Invalid) -> Response[ErrorView]:
        return in_turn(request, _answer(request, error))

    def framework(request: AnyRequest, error: HTTPException) -> Response[ErrorView]:
        if error.status_code >= 500:
            return _failure(request, error)
        status = error.status_code if error.status_code in TEXT_OF else 400
        complaint = Response(ErrorView(TEXT_OF[status]), status_code=status, headers=error.headers)
        return in_turn(request, complaint) if status in (400, 415) else complaint

    def in_turn(request: AnyRequest, complaint: Response[ErrorView]) -> Response[ErrorView]:
        handler: Any = request.scope.get("route_handler")
        first = handler and handler.opt.get(FIRST)
        return InTurn(complaint, partial(first, callers(request))) if first else complaint

    return {
        AttendanceError: refused,
        Invalid: malformed,
        HTTPException: framework,
        Exception: _failure,
    }


def _failure(request: AnyRequest, error: Exception) -> Response[ErrorView]:
    log.error("%s %s failed", request.method, request.scope.get("path_template"), exc_info=error)
    return Response(ErrorView("internal server error"), status_code=500)


def _answer(request: AnyRequest, error: AttendanceError) -> Response[ErrorView]:
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    details = [
        FieldErrorView(field_error.field, field_error.message)
        for field_error in getattr(error, "field_errors", ())
    ]
    headers = {}
    if status == 401:
        headers["www-authenticate"] = (
            "Bearer" if token_sent(request.headers) is None else 'Bearer error="invalid_token"'
        )
    if status in (429, 503):
        headers["retry-after"] = str(getattr(error, "retry_after", RETRY_AFTER_SECONDS))
    return Response(ErrorView(error.text, details), status_code=status, headers=headers)
