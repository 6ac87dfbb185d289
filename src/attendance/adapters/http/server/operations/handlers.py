"""Operations as Litestar has them: routed and described by it, answered by their plans."""

from collections.abc import Iterable
from functools import reduce
from inspect import Parameter, Signature
from operator import or_
from types import UnionType
from typing import Any, Union, get_args, get_origin

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from attendance.adapters.http.server.answers import Accepted, Resource
from attendance.adapters.http.server.bodies.strict_json import DescribedBody
from attendance.adapters.http.server.callers.authentication import Callers
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.operations.declaration import (
    PERMISSION,
    Access,
    Operation,
    Room,
    Runs,
    Service,
)
from attendance.adapters.http.server.operations.description import described_as
from attendance.adapters.http.server.operations.idempotency import is_kept
from attendance.adapters.http.server.operations.plan import FORMAT, Inputs, Plan, status_of
from attendance.domain.permissions.roles import Level
from attendance.domain.permissions.table import allows


def handlers_of(rooms: Iterable[Room], service: Service, callers: Callers) -> list[HTTPRouteHandler]:
    """Every operation of these rooms, ready to answer."""
    return [_handler(operation, service, callers) for room in rooms for operation in room.operations]


def _handler(operation: Operation, service: Service, callers: Callers) -> HTTPRouteHandler:
    inputs, access = Inputs.of(operation), operation.access(service.settings)
    plan = Plan(operation, inputs, service, callers)

    def answers(app: ASGIApp) -> ASGIApp:  # noqa: ARG001 # what would read the request by Litestar's rules
        # a function, as Litestar copies whatever else it is given, and a plan holds the store
        return plan

    path = operation.path
    for name in _names_in(path):
        path = path.replace(f"{{{name}}}", f"{{{name}:str}}")
    options: dict[str, Any] = {"dto": DescribedBody, "return_dto": None} if inputs.body else {}
    if access.schemes:
        options["security"] = [{scheme: []} for scheme in access.schemes]
    documented = refusals(path, *refused(operation, inputs, access))
    if operation.awaits:
        documented[202] = ResponseSpec(
            operation.awaits, generate_examples=False, description="It awaits confirmation"
        )
    return HTTPRouteHandler(
        path,
        http_method=operation.method,  # type: ignore[arg-type]
        status_code=status_of(operation, inputs.answer),
        media_type=operation.media_type,
        middleware=[answers],
        sync_to_thread=False,
        responses=documented,
        tags=[operation.tag],
        opt={PERMISSION: access.permission},
        operation_class=described_as(operation, inputs, is_keyed=is_kept(operation, access, inputs.answer)),  # type: ignore[arg-type]
        **options,
    )(_described(operation, inputs))


def refused(operation: Operation, inputs: Inputs, access: Access) -> set[int]:
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
    if FORMAT in inputs.query or operation.runs is Runs.IN_EXPORT_LANE:
        statuses.add(429)
    if is_kept(operation, access, inputs.answer):
        statuses |= {409, 422}
    return statuses


def _names_in(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _described(operation: Operation, inputs: Inputs) -> Any:
    """A function with the parameters and the answer that Litestar is to describe, and nothing in it."""
    parameters: dict[str, tuple[Any, Any]] = dict.fromkeys(inputs.in_path, (FromPath[str], Parameter.empty))
    # Litestar keeps some names for itself: `state`, `query`
    parameters |= {f"sent_{field.name}": field.described() for field in inputs.query.values()}
    if inputs.body:
        body: Any = inputs.body
        parameters["data"] = (JSONBody[body], Parameter.empty)  # type: ignore[misc]

    def described(**_: Any) -> None:
        raise TypeError("answered by its plan")

    described.__name__ = operation.handler.__name__
    described.__doc__ = operation.handler.__doc__
    described.__module__ = operation.handler.__module__
    answer = _answer(inputs.answer)
    if operation.awaits:
        answer = next(view for view in get_args(answer) if view is not operation.awaits)
    described.__annotations__ = {name: kind for name, (kind, _) in parameters.items()} | {"return": answer}
    described.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in parameters.items()
        ],
        return_annotation=answer,
    )
    return described


def _answer(hint: Any) -> Any:
    if get_origin(hint) in (UnionType, Union):
        views = dict.fromkeys(map(_answer, get_args(hint)))
        return reduce(or_, views)
    if get_origin(hint) in (Resource, Response):
        (hint,) = get_args(hint)
    return ASGIResponse if hint is Accepted else hint
