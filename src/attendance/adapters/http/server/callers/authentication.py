"""Who sends a request, from where: the bearer of a token, or nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.datastructures import Headers

from attendance.adapters.http.server.callers.addresses import TrustedProxies, client_address
from attendance.domain.errors import Unauthenticated
from attendance.domain.permissions.actor import Actor

BEARER = "bearer"
CALENDAR_TOKEN = "calendar_token"  # noqa: S105 # a scheme, no token
TOKEN_IN_QUERY = "token"  # noqa: S105 # a name, no token

AnyRequest = Request[Any, Any, Any]


def token_sent(headers: Headers) -> str | None:
    """The token in `Authorization: Bearer <token>`; nothing else authenticates, two of them neither."""
    scheme, _, token = ", ".join(headers.getall("authorization", [])).partition(" ")
    return (token.strip(" ") or None) if scheme.lower() == BEARER else None


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks the store, so its methods belong into a worker thread. `address` is None where it is not known.

    `calendar_tokens` are those in the query: of use for calendars alone.
    """

    actor_of: Callable[[str], Actor]
    reader_of: Callable[[str], Actor]
    token: str | None
    address: str | None
    calendar_tokens: tuple[str, ...] = ()

    def actor(self) -> Actor:
        """Whoever is signed in; raise Unauthenticated for nobody."""
        if self.token is None:
            raise Unauthenticated
        return self.actor_of(self.token)

    def reader_of_calendars(self) -> Actor:
        """Whoever is signed in, otherwise whose calendar token is in the query; two of them are none."""
        if self.token is not None:
            return self.actor()
        if len(self.calendar_tokens) != 1:
            raise Unauthenticated
        return self.reader_of(self.calendar_tokens[0])

    def actor_if_any(self) -> Actor | None:
        """Whoever is signed in, if anybody; where no sign-in is needed, a bad token is ignored."""
        try:
            return self.actor()
        except Unauthenticated:
            return None


@dataclass(frozen=True, slots=True)
class Callers:
    """Tells who calls."""

    actor_of: Callable[[str], Actor]
    reader_of: Callable[[str], Actor]
    trusted: TrustedProxies

    def __call__(self, request: AnyRequest, calendar_tokens: tuple[str, ...] = ()) -> Caller:
        client = request.scope.get("client")
        address = client_address(
            client[0] if client else None, request.headers.getall("x-forwarded-for", []), self.trusted
        )
        return Caller(
            actor_of=self.actor_of,
            reader_of=self.reader_of,
            token=token_sent(request.headers),
            address=address,
            calendar_tokens=calendar_tokens,
        )
