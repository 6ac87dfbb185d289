"""Operations as Litestar has them: routed by it, answered by their plans."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from attendance.adapters.http.server.callers.authentication import Callers
from attendance.adapters.http.server.operations.declaration import PERMISSION, Operation, Room, Service
from attendance.adapters.http.server.operations.plan import Inputs, Plan
from attendance.adapters.http.server.wire import Reply

T = TypeVar("T")


def handlers_of(rooms: Iterable[Room], service: Service, callers: Callers) -> list[HTTPRouteHandler]:
    """Every operation of these rooms, ready to answer; one handler for all methods of a path."""
    operations = [operation for room in rooms for operation in room.operations]
    plans = by_path(
        (routed_path(it), it.method, Plan(it, Inputs.of(it), service, callers)) for it in operations
    )
    permissions = by_path(
        (routed_path(it), it.method, it.access(service.settings).permission) for it in operations
    )
    return [route(path, of_path, **{PERMISSION: permissions[path]}) for path, of_path in plans.items()]


def by_path(found: Iterable[tuple[str, str, T]]) -> dict[str, dict[str, T]]:
    """What there is for each method of each path. Raises ValueError where there are two for one."""
    sorted_out: dict[str, dict[str, T]] = {}
    for path, method, one in found:
        if sorted_out.setdefault(path, {}).setdefault(method, one) is not one:
            raise ValueError(f"{method} {path} is declared twice")
    return sorted_out


def route(path: str, plans: Mapping[str, ASGIApp], **options: Any) -> HTTPRouteHandler:
    """What answers at a path: a plan for each method, and OPTIONS with these methods.

    Litestar finds it and reads nothing of the request. It would make a handler of its own for OPTIONS.
    """
    allowed = ", ".join(sorted({*plans, "OPTIONS"})).encode()
    by_method: dict[str, ASGIApp] = {**plans, "OPTIONS": Reply(204, [(b"allow", allowed)])}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await by_method[scope["method"]](scope, receive, send)  # type: ignore[typeddict-item]

    def in_place_of(app: ASGIApp) -> ASGIApp:  # noqa: ARG001 # what would read the request by Litestar's rules
        return answer

    return HTTPRouteHandler(
        path,
        http_method=[*by_method],  # type: ignore[list-item]
        status_code=200,
        middleware=[in_place_of],
        sync_to_thread=False,
        include_in_schema=False,
        opt=options,
    )(_never_called)


def routed_path(operation: Operation) -> str:
    """The path as Litestar has it: it hands over what stands in it as text."""
    return operation.path.replace("}", ":str}")


def _never_called() -> None:
    raise TypeError("answered by a plan")
