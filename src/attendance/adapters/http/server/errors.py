"""Every refusal as an answer: one table by category, one body for all."""

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap, HTTPScope

from attendance.adapters.http.server.callers.authentication import token_sent
from attendance.adapters.http.server.wire import Reply, json_reply
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
    422: "The `Idempotency-Key` belongs to another request of the last 24 hours",
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


def reply_to(error: Exception, scope: HTTPScope) -> Reply:
    """What is sent of whatever was raised; what nobody meant to raise is logged, and told as that alone."""
    status, view, headers = _told(error, scope)
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return json_reply(status, msgspec.json.encode(view), *encoded)


def error_handlers() -> ExceptionHandlersMap:
    """What Litestar does with what is raised before there is a plan, its own exceptions included."""
    return {Exception: _handled}


def _handled(request: AnyRequest, error: Exception) -> Response[ErrorView]:
    status, view, headers = _told(error, request.scope)
    return Response(view, status_code=status, headers=headers)


def _told(error: Exception, scope: HTTPScope) -> tuple[int, ErrorView, dict[str, str]]:
    if isinstance(error, AttendanceError):
        return _refused(error, scope)
    if isinstance(error, HTTPException) and error.status_code < 500:
        status = error.status_code if error.status_code in TEXT_OF else 400
        return status, ErrorView(TEXT_OF[status]), error.headers or {}
    log.error("%s %s failed", scope["method"], scope.get("path_template"), exc_info=error)
    return 500, ErrorView("internal server error"), {}


def _refused(error: AttendanceError, scope: HTTPScope) -> tuple[int, ErrorView, dict[str, str]]:
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    details = [
        FieldErrorView(field_error.field, field_error.message)
        for field_error in getattr(error, "field_errors", ())
    ]
    headers = {}
    if status == 401:
        is_told = token_sent(scope["headers"]) is not None
        headers["www-authenticate"] = 'Bearer error="invalid_token"' if is_told else "Bearer"
    if status in (429, 503) or hasattr(error, "retry_after"):
        headers["retry-after"] = str(getattr(error, "retry_after", RETRY_AFTER_SECONDS))
    return status, ErrorView(error.text, details), headers
