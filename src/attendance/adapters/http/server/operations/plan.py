"""The plan of an operation: made once from its handler's parameters, followed for each request."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from typing import Annotated, Any, NoReturn, get_args, get_origin, get_type_hints

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException, InternalServerException
from litestar.response.base import ASGIResponse

from attendance.adapters.http.server.answers import response_of
from attendance.adapters.http.server.bodies.meaning import Body, Fields
from attendance.adapters.http.server.bodies.strict_json import decoded
from attendance.adapters.http.server.bodies.validation import MOST_ERRORS, Malformed, merged
from attendance.adapters.http.server.callers.authentication import TOKEN_IN_QUERY, Caller, Callers
from attendance.adapters.http.server.callers.versions import IF_MATCH, versions_seen
from attendance.adapters.http.server.fields.ids import ME, sent_id
from attendance.adapters.http.server.fields.queries import QueryField, parsed, values_in
from attendance.adapters.http.server.middleware import IS_HEAD
from attendance.adapters.http.server.operations.declaration import Access, Operation, Runs, Service
from attendance.application.use_cases import UseCases
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.permissions.actor import Actor

LARGEST_BODY = 1024 * 1024

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a handler takes of a request, by the names of its parameters."""

    in_path: dict[str, Any]
    query: dict[str, QueryField]
    body: type[Body] | None
    takes: frozenset[str]
    versions: bool
    answer: Any

    @classmethod
    def of(cls, operation: Operation) -> "Inputs":
        hints = get_type_hints(operation.handler, include_extras=True)
        parameters = signature(operation.handler).parameters
        in_path = {name: hints[name] for name in parameters if f"{{{name}}}" in operation.path}
        body, versions, query = None, False, {}
        for name, parameter in parameters.items():
            if name in in_path or name in GIVEN:
                continue
            if get_origin(hints[name]) is Fields:
                (body,) = get_args(hints[name])
            elif get_origin(hints[name]) is Annotated and IF_MATCH in hints[name].__metadata__:
                versions = True
            else:
                is_required = parameter.default is Parameter.empty
                field = QueryField.of(name, hints[name], parameter.default, is_required=is_required)
                query[field.sent_as] = field
        return cls(
            in_path, query, body, frozenset(GIVEN.keys() & parameters.keys()), versions, hints["return"]
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as handlers may look at it."""

    request: AnyRequest
    service: Service
    caller: Caller
    actor: Actor | None


GIVEN: dict[str, Callable[[Asked], Any]] = {
    "use_cases": lambda asked: asked.service.use_cases,
    "service": lambda asked: asked.service,
    "actor": lambda asked: asked.actor,
    "address": lambda asked: asked.caller.address,
    "is_head": lambda asked: IS_HEAD in asked.request.scope,
    "wants_page": lambda asked: "text/html" in asked.request.headers.get("accept", ""),
}


class Plan:
    """What is done with each request to an operation, in the order in which refusals come.

    Too large a body, then nobody signed in, then what the operation refuses `first`, then another type of
    body, then whatever is malformed, all of it at once; then what the use case refuses.
    """

    def __init__(self, operation: Operation, inputs: Inputs, service: Service, callers: Callers) -> None:
        self._operation, self._inputs, self._service, self._callers = operation, inputs, service, callers
        self._access: Access = operation.access(service.settings)
        self._needs_actor = "actor" in inputs.takes or bool(self._access.schemes)
        self._status = status_of(operation, inputs.answer)
        self._judge = judge_of(operation, service.use_cases) if inputs.body else None

    async def __call__(self, request: AnyRequest) -> Any:
        _refuse_announced(request)
        raw = await _read(request) if self._inputs.body else b""
        match self._operation.runs:
            case Runs.AT_ONCE:
                return self._sent(request, self._call(request, raw)())
            case Runs.HASHING:
                call = await sync_to_thread(self._call, request, raw)
                return self._sent(request, await self._service.hashing_executor(call))
            case _:
                return await sync_to_thread(self._answered, request, raw)

    def _answered(self, request: AnyRequest, raw: bytes) -> Any:
        return self._sent(request, self._call(request, raw)())

    def _call(self, request: AnyRequest, raw: bytes) -> Callable[[], Any]:
        """The handler with all that it takes. Raises whatever comes before."""
        pairs = parsed(request.scope["query_string"])
        tokens = tuple(value for name, value in pairs or () if name == TOKEN_IN_QUERY)
        caller = self._callers(request, tokens)
        actor = self._actor(caller)
        inputs, asked = self._inputs, Asked(request, self._service, caller, actor)
        arguments = {name: GIVEN[name](asked) for name in inputs.takes}
        for name, kind in inputs.in_path.items():
            arguments[name] = _in_path(kind, request.path_params[name], actor)
        if inputs.versions:
            arguments["versions"] = versions_seen(request.headers.getall("if-match", []))
        field_errors: list[FieldError] = []
        if pairs is None or pairs or inputs.query:
            values, field_errors = values_in(pairs, inputs.query)
            arguments |= values
        if inputs.body:
            if not _is_json(request):
                self._refuse(caller, HTTPException(status_code=415))
            arguments["fields"], more = _fields(raw, inputs.body)
            field_errors += more
        if field_errors:
            if inputs.body and self._judge and arguments["fields"] is not None:
                field_errors = merged(field_errors, self._judge(arguments))
            self._refuse(caller, Invalid(*field_errors[:MOST_ERRORS]))
        return partial(self._operation.handler, **arguments)

    def _actor(self, caller: Caller) -> Actor | None:
        return self._access.actor(caller) if self._needs_actor else None

    def _refuse(self, caller: Caller, refusal: Exception) -> NoReturn:
        """Refuse a request, unless something else comes first."""
        if self._operation.first:
            self._operation.first(self._service.use_cases, caller)
        raise refusal

    def _sent(self, request: AnyRequest, answer: Any) -> Any:
        response = response_of(answer, self._status, request.scope["path"])
        if isinstance(response, ASGIResponse):
            return response
        return response.to_asgi_response(None, request, status_code=self._status)


def judge_of(
    operation: Operation, use_cases: UseCases
) -> Callable[[dict[str, Any]], list[FieldError]] | None:
    """What tells from a handler's arguments which rules some of a body's fields break.

    None where there are none beside their types.
    """
    use_case = getattr(use_cases, operation.judged_by or operation.handler.__name__, None)
    judge = operation.judge or getattr(use_case, "errors_in", None)
    if judge is None:
        return None
    names = signature(judge).parameters
    return lambda arguments: judge(**{name: arguments[name] for name in names})


def status_of(operation: Operation, answer: Any) -> int:
    """The status of success: what was said, else that of the method and of an answer with nothing in it."""
    if operation.status is not None:
        return operation.status
    if answer is type(None):
        return 204
    return 201 if operation.method == "POST" else 200


def _refuse_announced(request: AnyRequest) -> None:
    """Raise HTTPException for a body that is announced to be too large, read or not."""
    announced = request.headers.get("content-length", "").lstrip("0")
    if announced.isdecimal() and (len(announced) > len(str(LARGEST_BODY)) or int(announced) > LARGEST_BODY):
        raise HTTPException(status_code=413)


async def _read(request: AnyRequest) -> bytes:
    """The body. Raises HTTPException for one that is too large."""
    try:
        return await request.body()
    except InternalServerException as error:
        # the client hung up in the middle: nobody will read this
        raise HTTPException(status_code=400) from error


def _is_json(request: AnyRequest) -> bool:
    """Whether the body is called JSON in UTF-8, or nothing."""
    if not request.headers.get("content-type"):
        return True
    kind, options = request.content_type
    charset = options.get("charset") or "utf-8"
    return kind == "application/json" and charset.lower() in ("utf-8", "utf8")


def _fields(raw: bytes, kind: type[Body]) -> tuple[dict[str, Any] | None, list[FieldError]]:
    """What the fields of a body mean, as far as they are good, and what is wrong with others.

    None where it has no fields at all.
    """
    if not raw:
        return None, [FieldError("body", "is missing")]
    try:
        return decoded(raw, kind).meant()
    except Malformed as malformed:
        return malformed.good, [*malformed.field_errors]


def _in_path(kind: Any, sent: str, actor: Actor | None) -> Any:
    """An id, of which a malformed one is simply one that nothing has; or the text that it is."""
    if kind is str:
        return sent
    if actor is not None and sent == ME and get_origin(kind) is Annotated and ME in kind.__metadata__:
        return actor.id
    return sent_id(sent)
