"""What the OpenAPI document says of an operation: what Litestar finds, and headers, codes, examples."""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from inspect import Parameter as Taken, Signature
from itertools import groupby
from operator import or_
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIHeader,
    OpenAPIResponse,
    Operation as DescribedOperation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, JSONBody
from litestar.response.base import ASGIResponse

from attendance.adapters.http.server.answers import Accepted, Resource
from attendance.adapters.http.server.bodies.strict_json import DescribedBody
from attendance.adapters.http.server.errors import ERROR_CODE, known_errors, refusals
from attendance.adapters.http.server.exports.tables import ExportingOperation
from attendance.adapters.http.server.operations.declaration import Access, HttpSettings, Operation, Room, Runs
from attendance.adapters.http.server.operations.examples import example_of
from attendance.adapters.http.server.operations.handlers import routed_path
from attendance.adapters.http.server.operations.idempotency import DESCRIPTION as IDEMPOTENCY_KEY, is_kept
from attendance.adapters.http.server.operations.plan import FORMAT, Inputs, status_of
from attendance.adapters.http.server.wire import JSON, is_in_api
from attendance.domain.permissions.roles import Level
from attendance.domain.permissions.table import allows

ETAG, LOCATION, RETRY_AFTER, AUTHENTICATE = "ETag", "Location", "Retry-After", "WWW-Authenticate"
TEXT = Schema(type=OpenAPIType.STRING)
ICALENDAR = "text/calendar"


def _header(description: str, schema: Schema = TEXT) -> OpenAPIHeader:
    return OpenAPIHeader(schema=schema, description=description, required=True)


HEADERS: dict[str, OpenAPIHeader] = {
    ETAG: _header(
        'What is shown, by its version: `"3"`. Weak (`W/"3"`) where the answer is compressed; the same '
        "version goes on with `-` and more where something is shown that no edit changed."
    ),
    LOCATION: _header("The path of what was made."),
    RETRY_AFTER: _header("After how many seconds to try again.", Schema(type=OpenAPIType.INTEGER, minimum=1)),
    AUTHENTICATE: _header('`Bearer`; with `error="invalid_token"` where a token was sent.'),
}
REPLAYED_NAME = "Idempotency-Replayed"
REPLAYED_HEADER = OpenAPIHeader(
    schema=TEXT, description="`true` where it is the answer that was kept of an earlier time."
)
OF_STATUS = {401: AUTHENTICATE, 429: RETRY_AFTER, 503: RETRY_AFTER}
IF_MATCH = Parameter(
    name="If-Match",
    param_in="header",
    required=False,
    schema=TEXT,
    description="The `ETag` of what the client has seen, weak or not, several with commas; `*`: any. "
    "Where the present version is none of them: 412, and nothing is changed.",
)
IF_NONE_MATCH = Parameter(
    name="If-None-Match",
    param_in="header",
    required=False,
    schema=TEXT,
    description="Tags that the client has, weak or not, several with commas; `*`: any. "
    "Where the present one is among them: 304 without a body.",
)


def error_headers() -> dict[str, OpenAPIHeader | Reference]:
    """The header with the code of an error, by the name that it has for each status; and the others."""
    of_status = {
        _code_header(status): _header(
            "What the error is called by programs.",
            Schema(type=OpenAPIType.STRING, enum=[error.code for error in errors]),
        )
        for status, errors in groupby(known_errors(), lambda error: error.status)
    }
    return {**of_status, **HEADERS}


def _code_header(status: int) -> str:
    return f"ErrorCode{status}"


def _reference(name: str) -> Reference:
    return Reference(ref=f"#/components/headers/{name}")


def _optional(name: str) -> OpenAPIHeader:
    return OpenAPIHeader(schema=HEADERS[name].schema, description=HEADERS[name].description)


def described_handlers(rooms: Iterable[Room], settings: HttpSettings) -> list[HTTPRouteHandler]:
    """Every operation of these rooms, for Litestar to describe. None answers."""
    return [_described_handler(operation, settings) for room in rooms for operation in room.operations]


def _described_handler(operation: Operation, settings: HttpSettings) -> HTTPRouteHandler:
    inputs, access = Inputs.of(operation), operation.access(settings)
    path = routed_path(operation)
    options: dict[str, Any] = {"dto": DescribedBody, "return_dto": None} if inputs.body else {}
    if access.schemes:
        options["security"] = [{scheme: []} for scheme in access.schemes]
    is_keyed = is_kept(operation, access, inputs.answer)
    documented = refusals(path, *_refused(operation, inputs, access, is_keyed=is_keyed))
    if operation.awaits:
        documented[202] = ResponseSpec(
            operation.awaits, generate_examples=False, description="It awaits confirmation"
        )
    return HTTPRouteHandler(
        path,
        http_method=operation.method,  # type: ignore[arg-type]
        status_code=status_of(operation, inputs.answer),
        media_type=operation.media_type,
        sync_to_thread=False,
        responses=documented,
        tags=[operation.tag],
        operation_class=_operation_class(operation, inputs, is_keyed=is_keyed),  # type: ignore[arg-type]
        **options,
    )(_stand_in(operation, inputs))


def _refused(operation: Operation, inputs: Inputs, access: Access, *, is_keyed: bool) -> set[int]:
    """The statuses of refusals that follow from an operation's form, and those that were named."""
    statuses = {*operation.refuses}
    if access.schemes:
        statuses.add(401)
    if access.permission and not allows(access.permission, Level.UNCONFIRMED):
        statuses.add(403)
    if any(kind is not str for kind in inputs.in_path.values()):
        statuses.add(404)
    if inputs.versions:
        statuses.add(412)
    if inputs.body:
        statuses |= {408, 415}
    if FORMAT in inputs.query or operation.runs is Runs.AS_EXPORT:
        statuses.add(429)
    if is_keyed:
        statuses |= {409, 422}
    return statuses


def _stand_in(operation: Operation, inputs: Inputs) -> Any:
    """A function in place of the handler, with the parameters and the answer that Litestar is to describe."""
    parameters: dict[str, tuple[Any, Any]] = dict.fromkeys(inputs.in_path, (FromPath[str], Taken.empty))
    # Litestar keeps some names for itself: `state`, `query`
    parameters |= {f"sent_{field.name}": field.described() for field in inputs.query.values()}
    if inputs.body:
        body: Any = inputs.body
        parameters["data"] = (JSONBody[body], Taken.empty)  # type: ignore[misc]

    def stand_in(**_: Any) -> None:
        raise TypeError("answered by its plan")

    stand_in.__name__ = operation.handler.__name__
    stand_in.__doc__ = operation.handler.__doc__
    stand_in.__module__ = operation.handler.__module__
    answer = _answer(inputs.answer)
    if operation.awaits:
        answer = next(view for view in get_args(answer) if view is not operation.awaits)
    stand_in.__annotations__ = {name: kind for name, (kind, _) in parameters.items()} | {"return": answer}
    stand_in.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Taken(name, Taken.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in parameters.items()
        ],
        return_annotation=answer,
    )
    return stand_in


def _answer(hint: Any) -> Any:
    if get_origin(hint) in (UnionType, Union):
        views = dict.fromkeys(map(_answer, get_args(hint)))
        return reduce(or_, views)
    if get_origin(hint) in (Resource, Response):
        (hint,) = get_args(hint)
    return ASGIResponse if hint is Accepted else hint


def _operation_class(
    operation: Operation, inputs: Inputs, *, is_keyed: bool
) -> Callable[..., DescribedOperation]:
    """What makes the description of this operation from what Litestar knows of it.

    `is_keyed`: it may be sent with a key, so that it has its effect once.
    """
    kind = ExportingOperation if FORMAT in inputs.query else DescribedOperation

    def make(**known: Any) -> DescribedOperation:
        made = kind(**known)
        _complete(made, operation, inputs, is_keyed=is_keyed)
        return made

    return make


def _complete(made: DescribedOperation, operation: Operation, inputs: Inputs, *, is_keyed: bool) -> None:
    """Add what Litestar does not know of: headers, 304, examples."""
    responses: dict[str, Any] = made.responses or {}
    is_tagged = any(get_origin(it) is Resource for it in _kinds(inputs.answer)) or (
        operation.media_type == ICALENDAR
    )
    for status, response in responses.items():
        if isinstance(response, OpenAPIResponse):
            _complete_response(response, int(status), operation, inputs)
        if is_keyed and isinstance(response, OpenAPIResponse) and int(status) < 300:
            response.headers = {**(response.headers or {}), REPLAYED_NAME: REPLAYED_HEADER}
    if is_tagged and operation.method == "GET":
        tag: dict[str, OpenAPIHeader | Reference] = {ETAG: _reference(ETAG)}
        responses["304"] = OpenAPIResponse(description="The client has it already", headers=tag)
    headers = [
        *([IF_MATCH] if inputs.versions else []),
        *([IF_NONE_MATCH] if is_tagged and operation.method == "GET" else []),
        *([IDEMPOTENCY_KEY] if is_keyed else []),
    ]
    if headers:
        made.parameters = [*(made.parameters or []), *headers]
    if inputs.body and isinstance(made.request_body, RequestBody):
        made.request_body.content[JSON].example = example_of(inputs.body)


def _complete_response(response: OpenAPIResponse, status: int, operation: Operation, inputs: Inputs) -> None:
    headers: dict[str, Any] = dict(response.headers or {})
    if status >= 400:
        headers[ERROR_CODE] = _reference(_code_header(status))
        if status in OF_STATUS:
            headers[OF_STATUS[status]] = _reference(OF_STATUS[status])
    elif resources := [get_origin(it) is Resource for it in _kinds(inputs.answer)]:
        names = [ETAG, *([LOCATION] if status in (201, 202) else [])] if any(resources) else []
        # where something else is answered as well they may be missing
        headers |= {name: _reference(name) if all(resources) else _optional(name) for name in names}
    if status == 200 and operation.media_type == ICALENDAR:
        headers[ETAG] = _reference(ETAG)
    response.headers = headers or None
    if JSON in (response.content or {}):
        example = _error_example(status, operation) if status >= 400 else _example(status, operation, inputs)
        response.content[JSON].example = example  # type: ignore[index]


def _error_example(status: int, operation: Operation) -> dict[str, Any]:
    """The most general error of a status: the one that no rule of one subject names."""
    errors = [error for error in known_errors() if error.status == status]
    error = next((it for it in errors if it.code in GENERAL), errors[0])
    shown: dict[str, Any] = {"error": error.text}
    if is_in_api(operation.path):
        shown["code"] = error.code
    if status == 400:
        shown["details"] = [{"field": "name", "message": "is missing"}]
    return shown


GENERAL = {"malformed_request", "authentication_required", "insufficient_permissions", "not_found"}


def _example(status: int, operation: Operation, inputs: Inputs) -> dict[str, Any] | None:
    if status == 202 and operation.awaits:
        return example_of(operation.awaits)
    for kind in _kinds(inputs.answer):
        (view,) = get_args(kind) or (kind,)
        if isinstance(view, type) and issubclass(view, msgspec.Struct) and view is not operation.awaits:
            # a list is whole, unless a page of it is asked for
            return example_of(view, but=("page", "pages"))
    return None


def _kinds(answer: Any) -> Iterator[Any]:
    """What an operation may answer."""
    if get_origin(answer) in (UnionType, Union):
        for kind in get_args(answer):
            yield from _kinds(kind)
    elif get_origin(answer) in (Resource, Response) or isinstance(answer, type):
        yield answer
