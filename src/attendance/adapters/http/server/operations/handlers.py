"""Operations as Litestar has them: routed by it, answered by their plans."""

from collections.abc import Iterable, Mapping
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from attendance.adapters.http.server.callers.authentication import Callers
from attendance.adapters.http.server.operations.declaration import PERMISSION, Operation, Room, Service
from attendance.adapters.http.server.operations.plan import Inputs, Plan
from attendance.adapters.http.server.wire import Reply


def handlers_of(rooms: Iterable[Room], service: Service, callers: Callers) -> list[HTTPRouteHandler]:
    """Every operation of these rooms, ready to answer; one handler for all methods of a path."""
    operations = [operation for room in rooms for operation in room.operations]
    plans: dict[str, dict[str, ASGIApp]] = {}
    permissions: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = routed_path(operation)
        plan = Plan(operation, Inputs.of(operation), service, callers)
        plans.setdefault(path, {})[operation.method] = plan
        permissions.setdefault(path, {})[operation.method] = operation.access(service.settings).permission
    return [route(path, of_path, **{PERMISSION: permissions[path]}) for path, of_path in plans.items()]


def route(path: str, answers: Mapping[str, ASGIApp], **options: Any) -> HTTPRouteHandler:
    """What answers at a path, by method; and OPTIONS, with these methods.

    Litestar finds it and reads nothing of the request. It would make a handler of its own for OPTIONS.
    """
    allowed = ", ".join(sorted({*answers, "OPTIONS"})).encode()
    by_method: dict[str, ASGIApp] = {**answers, "OPTIONS": Reply(204, [(b"allow", allowed)])}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await by_method[scope["method"]](scope, receive, send)  # type: ignore[typeddict-item]

    def answers_instead(app: ASGIApp) -> ASGIApp:  # noqa: ARG001 # what would read the request by Litestar's rules
        # a function, as Litestar copies whatever else it is given, and a plan holds the store
        return answer

    return HTTPRouteHandler(
        path,
        http_method=[*by_method],  # type: ignore[list-item]
        status_code=200,
        middleware=[answers_instead],
        sync_to_thread=False,
        include_in_schema=False,
        opt=options,
    )(_answered_instead)


def routed_path(operation: Operation) -> str:
    """The path as Litestar has it: it hands over what stands in it as text."""
    return operation.path.replace("}", ":str}")


def _answered_instead() -> None:
    raise TypeError("answered by its middleware")
