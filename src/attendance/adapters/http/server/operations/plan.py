"""The plan of an operation: made once from its handler's parameters, followed for each request."""

from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from types import UnionType
from typing import Annotated, Any, NamedTuple, NoReturn, Union, cast, get_args, get_origin, get_type_hints

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Stream
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from attendance.adapters.http.server.answers import Resource, reply_of
from attendance.adapters.http.server.bodies.meaning import Body, Fields
from attendance.adapters.http.server.bodies.strict_json import decoded, prepare
from attendance.adapters.http.server.bodies.validation import MOST_ERRORS, Malformed, merged
from attendance.adapters.http.server.callers.addresses import address_of
from attendance.adapters.http.server.callers.authentication import ACCOUNT, Caller, Callers
from attendance.adapters.http.server.callers.versions import IF_MATCH, unless_known, versions_seen
from attendance.adapters.http.server.compression import VARIES, chosen, compressed, in_pieces, is_compressible
from attendance.adapters.http.server.errors import reply_to
from attendance.adapters.http.server.exports.tables import ForExcel, Format, for_excel
from attendance.adapters.http.server.fields.ids import ME, sent_id
from attendance.adapters.http.server.fields.queries import PER_PAGE, QueryField, parsed, values_in
from attendance.adapters.http.server.operations.declaration import Access, Operation, Runs, Service
from attendance.adapters.http.server.operations.export_executor import begun_with, first_of, unless_gone
from attendance.adapters.http.server.operations.idempotency import (
    is_kept,
    key_sent,
    keyed_request,
    replayed,
    retry_while_in_use,
)
from attendance.adapters.http.server.requests.middleware import IS_HEAD
from attendance.adapters.http.server.wire import JSON, Reply, header_value, header_values
from attendance.application.pagination import NumberedPage
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.kept_answers import IdempotencyKeyInUse
from attendance.domain.errors import AttendanceError, FieldError, Invalid
from attendance.domain.permissions.actor import Actor

LARGEST_BODY = 1024 * 1024
FORMAT, EXCEL = "format", "excel"
NOTHING = nullcontext()
SECRETS = frozenset({"access_token", "token", "secret"})


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
                prepare(body)
            elif get_origin(hints[name]) is Annotated and IF_MATCH in hints[name].__metadata__:
                versions = True
            else:
                is_required = parameter.default is Parameter.empty
                field = QueryField.of(name, hints[name], parameter.default, is_required=is_required)
                query[field.sent_as] = field
                if field.kind is NumberedPage:
                    query[PER_PAGE.sent_as] = PER_PAGE
        if FORMAT in query:
            query[EXCEL] = QueryField.of(EXCEL, ForExcel, False, is_required=False)
        return cls(
            in_path, query, body, frozenset(GIVEN.keys() & parameters.keys()), versions, hints["return"]
        )


@dataclass(slots=True)
class Asked:
    """A request as far as handlers may look at it."""

    scope: HTTPScope
    service: Service
    caller: Caller
    actor: Actor | None


GIVEN: dict[str, Callable[[Asked], Any]] = {
    "use_cases": lambda asked: asked.service.use_cases,
    "service": lambda asked: asked.service,
    "actor": lambda asked: asked.actor,
    "address": lambda asked: asked.caller.address,
    "user_agent": lambda asked: header_value(asked.scope["headers"], b"user-agent"),
    "is_head": lambda asked: IS_HEAD in asked.scope,
    "wants_page": lambda asked: "text/html" in header_value(asked.scope["headers"], b"accept"),
}


@dataclass(frozen=True, slots=True)
class Export:
    """What takes long, to be made by the export executor: a file, or a whole list piece by piece."""

    call: Callable[[], Any]

    def __call__(self) -> Any:
        return self.call()


class Decoded(NamedTuple):
    """What a request's query and body mean, as far as that is good, and what is wrong with each."""

    query: tuple[dict[str, Any], list[FieldError]]
    body: tuple[dict[str, Any] | None, list[FieldError]]


class Plan:
    """What is done with each request to an operation, in the order in which refusals come.

    Too large a body, then nobody signed in, then what the operation refuses `first`, then another type of
    body, then whatever is malformed, all of it at once; then what the use case refuses. A request goes to a
    thread once, after its body is read, and comes back as bytes.
    """

    def __init__(self, operation: Operation, inputs: Inputs, service: Service, callers: Callers) -> None:
        self._operation, self._inputs, self._service, self._callers = operation, inputs, service, callers
        self._access: Access = operation.access(service.settings)
        self._needs_actor = "actor" in inputs.takes or bool(self._access.schemes)
        self._status = status_of(operation, inputs.answer)
        self._expected = expected_of(operation, service.use_cases)
        self._judge = judge_of(operation, service.use_cases) if inputs.body else None
        self._keeps_answers = is_kept(operation, self._access, inputs.answer)
        self._is_get = operation.method == "GET"
        self._is_compressed = not holds_secrets(operation, inputs.answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http_scope = cast(HTTPScope, scope)
        try:
            made = await self._made(http_scope, receive)
        except (AttendanceError, HTTPException) as refusal:
            made = reply_to(refusal, http_scope)
        if isinstance(made, Export):
            await self._exported(made, http_scope, receive, send)
        else:
            await made(scope, receive, send)

    async def _made(self, scope: HTTPScope, receive: Receive) -> "Reply | Export":
        _refuse_announced(scope)
        raw = await _read(scope, receive) if self._inputs.body else b""
        match self._operation.runs:
            case Runs.AT_ONCE:
                return self._answered(scope, raw)
            case Runs.HASHING:
                call = await self._service.request_threads(self._called, scope, raw)
                return await self._service.hashing_executor(self._replied, scope, call)
            case Runs.ALWAYS:
                return await self._service.request_threads.admitted(self._answered, scope, raw)
            case _ if self._keeps_answers:
                return await retry_while_in_use(
                    lambda: self._service.request_threads(self._answered, scope, raw)
                )
            case _:
                return await self._service.request_threads(self._answered, scope, raw)

    def _answered(self, scope: HTTPScope, raw: bytes) -> "Reply | Export":
        if self._expected is None:
            return self._followed(scope, raw, None)
        decoded = self._decoded(scope, raw)
        with self._expecting(self._expected, scope, decoded):
            return self._followed(scope, raw, decoded)

    def _followed(self, scope: HTTPScope, raw: bytes, decoded: "Decoded | None") -> "Reply | Export":
        call = self._called(scope, raw, decoded)
        return call if isinstance(call, Export) else self._replied(scope, call)

    def _expecting(
        self,
        expected: Callable[..., AbstractContextManager[object]],
        scope: HTTPScope,
        decoded: "Decoded",
    ) -> AbstractContextManager[object]:
        """A block in which the use case is about to be called, unless something is wrong with a request."""
        # a body of another type is not read
        is_unread = self._inputs.body is not None and decoded.body[0] is None
        if decoded.query[1] or decoded.body[1] or is_unread:
            return NOTHING
        arguments = decoded.query[0] | (decoded.body[0] or {})
        try:
            for name, kind in self._inputs.in_path.items():
                arguments[name] = _in_path(kind, scope["path_params"][name], None)
        except AttendanceError:
            return NOTHING
        return expected(**arguments)

    async def _exported(self, export: "Export", scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Make what takes long and send it, holding one of the caller's places there meanwhile."""
        executor = self._service.export_executor
        person = scope.get(ACCOUNT) or address_of(scope, self._callers.trusted)

        async def begun() -> ASGIApp:
            await held.enter_async_context(executor.place(person))
            reply = await executor(self._replied, scope, export)
            return await self._stream(scope, reply) if isinstance(reply, Export) else reply

        async with AsyncExitStack() as held:
            try:
                reply = await unless_gone(receive, begun())
            except (AttendanceError, HTTPException) as refusal:
                reply = reply_to(refusal, scope)
            if reply is not None:
                await reply(scope, receive, send)

    def _called(self, scope: HTTPScope, raw: bytes, decoded: "Decoded | None" = None) -> Callable[[], Any]:
        """The handler with all that it takes, or the raising of whatever comes before."""
        try:
            arguments = self._arguments(scope, raw, decoded)
            is_for_excel = arguments.pop(EXCEL, False)
            handler = partial(self._operation.handler, **arguments)
            if is_for_excel:
                handler = partial(for_excel, handler)
            if (
                arguments.get("form", Format.JSON) is not Format.JSON
                or self._operation.runs is Runs.AS_EXPORT
            ):
                return Export(handler)
            key, _ = key_sent(scope["headers"]) if self._keeps_answers else (None, [])
            return (
                handler if key is None else partial(self._once, key, arguments["actor"], handler, scope, raw)
            )
        except Exception as error:
            return partial(_raise, error)

    def _once(
        self, key: str, actor: Actor, handler: Callable[[], Any], scope: HTTPScope, raw: bytes
    ) -> Reply:
        """The answer of the handler, or of the first time that this was asked for under the key."""

        def answer() -> Reply:
            reply = reply_of(handler(), self._status, scope["path"])
            if not isinstance(reply, Reply):
                raise TypeError(f"{self._operation.path} answers what cannot be kept")
            return reply

        request = keyed_request(key, scope, raw, self._access.permission, answer)
        reply, is_replayed = self._service.answer_once(actor, request)
        return replayed(reply) if is_replayed else reply

    def _replied(self, scope: HTTPScope, call: Callable[[], Any]) -> "Reply | Export":
        """What is sent, or for what is made piece by piece how to go on."""
        try:
            answer = call()
            reply = answer if isinstance(answer, Reply) else reply_of(answer, self._status, scope["path"])
            if isinstance(reply, Stream):
                return Export(lambda: reply)
            if isinstance(reply, Response):
                made = reply.to_asgi_response(None, Request(scope), status_code=self._status)
                reply = Reply(made.status_code, made.encode_headers(), made.body)
            if self._is_get and reply.status == 200:
                reply = unless_known(reply, scope["headers"])
        except IdempotencyKeyInUse:
            # it is asked again, or refused in the end: see `retry_while_in_use`
            raise
        except Exception as error:
            reply = reply_to(error, scope)
        return compressed(reply, scope["headers"]) if self._is_compressed else reply

    async def _stream(self, scope: HTTPScope, export: "Export") -> ASGIApp:
        """What is sent piece by piece, once the first piece is there; or why there is none."""
        response = export()
        pieces: Any = response.iterator
        content_type = response.headers.get("Content-Type", response.media_type or "")
        if self._is_compressed and is_compressible(content_type):
            name, value = (it.decode() for it in VARIES)
            response.headers[name] = value
            if encoding := chosen(scope["headers"]):
                response.headers["Content-Encoding"] = encoding
                pieces = in_pieces(pieces, encoding)
        made = self._service.export_executor.iterate(pieces)
        try:
            first = await first_of(made)
        except Exception as error:
            return reply_to(error, scope)
        response.iterator = begun_with(first, made)
        streamed: ASGIApp = response.to_asgi_response(None, Request(scope), status_code=self._status)
        return streamed

    def _decoded(self, scope: HTTPScope, raw: bytes) -> "Decoded":
        """What is sent with a request, and what is wrong with it."""
        inputs, query = self._inputs, scope["query_string"]
        is_read = inputs.body is not None and _is_json(scope)
        return Decoded(
            values_in(parsed(query), inputs.query) if query or inputs.query else ({}, []),
            _fields(raw, inputs.body) if is_read and inputs.body else (None, []),
        )

    def _arguments(self, scope: HTTPScope, raw: bytes, decoded: "Decoded | None") -> dict[str, Any]:
        """What the handler takes. Raises whatever comes before."""
        caller = Caller(self._callers, scope)
        actor = self._actor(caller)
        inputs, asked = self._inputs, Asked(scope, self._service, caller, actor)
        arguments = {name: GIVEN[name](asked) for name in inputs.takes}
        for name, kind in inputs.in_path.items():
            arguments[name] = _in_path(kind, scope["path_params"][name], actor)
        if inputs.versions:
            arguments["versions"] = versions_seen(header_values(scope["headers"], b"if-match"))
        field_errors: list[FieldError] = []
        if self._keeps_answers:
            _, field_errors = key_sent(scope["headers"])
        sent = decoded or self._decoded(scope, raw)
        values, more = sent.query
        field_errors += more
        arguments |= values
        if values.get(EXCEL) and values.get("form", Format.JSON) is not Format.CSV:
            field_errors.append(FieldError(EXCEL, "is for format=csv alone"))
        if inputs.body:
            if not _is_json(scope):
                self._refuse(caller, HTTPException(status_code=415))
            arguments["fields"], more = sent.body
            field_errors += more
        if field_errors:
            if inputs.body and self._judge and arguments["fields"] is not None:
                field_errors = merged(field_errors, self._judge(arguments))
            self._refuse(caller, Invalid(*field_errors[:MOST_ERRORS]))
        return arguments

    def _actor(self, caller: Caller) -> Actor | None:
        return self._access.actor(caller) if self._needs_actor else None

    def _refuse(self, caller: Caller, refusal: Exception) -> NoReturn:
        """Refuse a request, unless something else comes first."""
        if self._operation.first:
            self._operation.first(self._service.use_cases, caller)
        raise refusal


def expected_of(
    operation: Operation, use_cases: UseCases
) -> Callable[..., AbstractContextManager[object]] | None:
    """What tells the store what a handler's use case is about to ask, None where that has nothing to tell."""
    return getattr(getattr(use_cases, operation.handler.__name__, None), "expected", None)


def _raise(error: Exception) -> NoReturn:
    raise error


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


def holds_secrets(operation: Operation, answer: Any) -> bool:
    """Whether an answer may hold a token or another secret, by the names of its fields and of the path's."""
    if get_origin(answer) in (UnionType, Union, Resource, Response):
        return any(holds_secrets(operation, kind) for kind in get_args(answer))
    names = getattr(answer, "__struct_fields__", ())
    return not SECRETS.isdisjoint(names) or any(f"{{{name}}}" in operation.path for name in SECRETS)


def status_of(operation: Operation, answer: Any) -> int:
    """The status of success: what was said, else that of the method and of an answer with nothing in it."""
    if operation.status is not None:
        return operation.status
    if answer is type(None):
        return 204
    return 201 if operation.method == "POST" else 200


def _refuse_announced(scope: HTTPScope) -> None:
    """Raise HTTPException for a body that is announced to be too large, read or not."""
    announced = header_value(scope["headers"], b"content-length").lstrip("0")
    if announced.isdecimal() and (len(announced) > len(str(LARGEST_BODY)) or int(announced) > LARGEST_BODY):
        raise HTTPException(status_code=413)


async def _read(scope: HTTPScope, receive: Receive) -> bytes:
    """The body. Raises HTTPException for one that is too large, or announced by what is no number."""
    try:
        for announced in header_values(scope["headers"], b"content-length"):
            int(announced)
    except ValueError as error:
        raise HTTPException(status_code=400) from error
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            # the client hung up in the middle: nobody will read this
            raise HTTPException(status_code=400)
        piece = message["body"]
        size += len(piece)
        if size > LARGEST_BODY:
            raise HTTPException(status_code=413)
        if not message.get("more_body"):
            return b"".join((*pieces, piece)) if pieces else piece
        pieces.append(piece)


def _is_json(scope: HTTPScope) -> bool:
    """Whether the body is called JSON in UTF-8, or nothing."""
    called = header_value(scope["headers"], b"content-type")
    if called in ("", JSON):
        return True
    kind, options = Request[Any, Any, Any](scope).content_type
    charset = options.get("charset") or "utf-8"
    return kind == JSON and charset.lower() in ("utf-8", "utf8")


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
