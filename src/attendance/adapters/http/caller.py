"""Who sends a request, from where: the bearer of a token, or nobody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.datastructures import Headers
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidation

from attendance.adapters.http.addresses import TrustedProxies, client_address
from attendance.domain.errors import Unauthenticated
from attendance.domain.permissions import Permission
from attendance.domain.sessions import Actor

BEARER = "bearer"
PERMISSION = "permission"
FIRST = "first"

AnyRequest = Request[Any, Any, Any]


def permitted(permission: Permission) -> dict[str, Any]:
    """Options of an operation for whoever is signed in and may; the use case itself asks whether they may."""
    return {
        "security": [{BEARER: []}],
        "opt": {PERMISSION: permission, FIRST: lambda caller: caller.actor()},
    }


def for_anybody(first: "Callable[[Caller], object] | None" = None) -> dict[str, Any]:
    """Options of an operation for anybody. What `first` refuses comes before what is malformed."""
    return {"opt": {PERMISSION: None} | ({FIRST: first} if first else {})}


def token_sent(headers: Headers) -> str | None:
    """The token in `Authorization: Bearer <token>`; nothing else authenticates, two of them neither."""
    scheme, _, token = ", ".join(headers.getall("authorization", [])).partition(" ")
    return (token.strip(" ") or None) if scheme.lower() == BEARER else None


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks the store, so its methods belong into a worker thread. `address` is None where it is not known."""

    actor_of: Callable[[str], Actor]
    token: str | None
    address: str | None

    def actor(self) -> Actor:
        """Whoever is signed in; raise Unauthenticated for nobody."""
        if self.token is None:
            raise Unauthenticated
        return self.actor_of(self.token)

    def actor_if_any(self) -> Actor | None:
        """Whoever is signed in, if anybody; where no sign-in is needed, a bad token is ignored."""
        try:
            return self.actor()
        except Unauthenticated:
            return None


FromCaller = NamedDependency[SkipValidation[Caller]]
"""A handler's parameter: who calls."""


@dataclass(frozen=True, slots=True)
class Callers:
    """Tells who calls."""

    actor_of: Callable[[str], Actor]
    trusted: TrustedProxies

    def __call__(self, request: AnyRequest) -> Caller:
        client = request.scope.get("client")
        address = client_address(
            client[0] if client else None, request.headers.getall("x-forwarded-for", []), self.trusted
        )
        return Caller(self.actor_of, token_sent(request.headers), address)


def provide_caller(callers: Callers) -> Provide:
    def caller(request: AnyRequest) -> Caller:
        return callers(request)

    return Provide(caller, sync_to_thread=False)


def require_permissions(handlers: Iterable[HTTPRouteHandler]) -> None:
    """Raise ValueError for an operation of which it is not said who may: better now than later."""
    for handler in handlers:
        if PERMISSION not in handler.opt:
            operation = " ".join([*sorted(handler.http_methods), *sorted(handler.paths)])
            raise ValueError(f"{operation}: who may?")
