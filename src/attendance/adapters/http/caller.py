"""Who sends a request: the bearer of a token, or nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.datastructures import Headers
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from attendance.domain.errors import Unauthenticated
from attendance.domain.sessions import Actor

BEARER = "bearer"
SIGNED_IN = "signed_in"


def signed_in() -> dict[str, Any]:
    """Options of an operation for whoever is signed in, for the OpenAPI document and the error handlers."""
    return {"security": [{BEARER: []}], "opt": {SIGNED_IN: True}}


def token_sent(headers: Headers) -> str | None:
    """The token in `Authorization: Bearer <token>`; nothing else authenticates, two of them neither."""
    scheme, _, token = ", ".join(headers.getall("authorization", [])).partition(" ")
    return (token.strip(" ") or None) if scheme.lower() == BEARER else None


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks the store, so its methods belong into a worker thread."""

    actor_of: Callable[[str], Actor]
    token: str | None

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


def provide_caller(actor_of: Callable[[str], Actor]) -> Provide:
    def caller(request: Request[Any, Any, Any]) -> Caller:
        return Caller(actor_of, token_sent(request.headers))

    return Provide(caller, sync_to_thread=False)
