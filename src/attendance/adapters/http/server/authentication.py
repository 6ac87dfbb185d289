"""Who sends a request, from where: the bearer of a token, or nobody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import Headers
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidation

from attendance.adapters.http.server.addresses import TrustedProxies, client_address
from attendance.domain.errors import Unauthenticated
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

BEARER = "bearer"
CALENDAR_TOKEN = "calendar_token"  # noqa: S105 # a scheme, no token
TOKEN_IN_QUERY = "token"  # noqa: S105 # a name, no token
MOST_QUERY_FIELDS = 100
PERMISSION = "permission"
FIRST = "first"

AnyRequest = Request[Any, Any, Any]


def permitted(permission: Permission) -> dict[str, Any]:
    """Options of an operation for whoever is signed in and may; the use case itself asks whether they may."""
    return {
        "security": [{BEARER: []}],
        "opt": {PERMISSION: permission, FIRST: lambda caller: caller.actor()},
    }


def permitted_by_calendar_token(permission: Permission) -> dict[str, Any]:
    """Likewise, for whoever is signed in or has a calendar token: for calendars and nothing else."""
    return {
        "security": [{BEARER: []}, {CALENDAR_TOKEN: []}],
        "opt": {PERMISSION: permission, FIRST: lambda caller: caller.reader_of_calendars()},
    }


def for_anybody(first: "Callable[[Caller], object] | None" = None) -> dict[str, Any]:
    """Options of an operation for anybody. What `first` refuses comes before what is malformed."""
    return {"opt": {PERMISSION: None} | ({FIRST: first} if first else {})}


def token_sent(headers: Headers) -> str | None:
    """The token in `Authorization: Bearer <token>`; nothing else authenticates, two of them neither."""
    scheme, _, token = ", ".join(headers.getall("authorization", [])).partition(" ")
    return (token.strip(" ") or None) if scheme.lower() == BEARER else None


def tokens_in(query: bytes) -> list[str]:
    """What a query calls a token: of use for calendars alone."""
    try:
        sent = parse_qsl(query.decode(), keep_blank_values=True, max_num_fields=MOST_QUERY_FIELDS)
    except ValueError:
        return []
    return [value for name, value in sent if name == TOKEN_IN_QUERY]


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks the store, so its methods belong into a worker thread. `address` is None where it is not known."""

    actor_of: Callable[[str], Actor]
    reader_of: Callable[[str], Actor]
    token: str | None
    address: str | None
    query: bytes

    def actor(self) -> Actor:
        """Whoever is signed in; raise Unauthenticated for nobody."""
        if self.token is None:
            raise Unauthenticated
        return self.actor_of(self.token)

    def reader_of_calendars(self) -> Actor:
        """Whoever is signed in, otherwise whose calendar token is in the query; two of them are none."""
        if self.token is not None:
            return self.actor()
        sent = tokens_in(self.query)
        if len(sent) != 1:
            raise Unauthenticated
        return self.reader_of(sent[0])

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
    reader_of: Callable[[str], Actor]
    trusted: TrustedProxies

    def __call__(self, request: AnyRequest) -> Caller:
        client = request.scope.get("client")
        address = client_address(
            client[0] if client else None, request.headers.getall("x-forwarded-for", []), self.trusted
        )
        return Caller(
            actor_of=self.actor_of,
            reader_of=self.reader_of,
            token=token_sent(request.headers),
            address=address,
            query=request.scope["query_string"],
        )


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
