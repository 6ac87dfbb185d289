"""Who sends a request, from where: the bearer of a token or of a page's cookie, or nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field

from litestar.types import HTTPScope

from attendance.adapters.http.server.callers.addresses import TrustedProxies, address_of
from attendance.adapters.http.server.callers.cookies import SessionCookie
from attendance.adapters.http.server.fields.queries import parsed
from attendance.adapters.http.server.wire import Headers, header_value, header_values
from attendance.application.accounts.read_models import Visitor
from attendance.domain.accounts.sessions import InvalidToken
from attendance.domain.errors import Unauthenticated
from attendance.domain.permissions.actor import Actor

ACCOUNT = "attendance.account_id"
"""In a request's scope: whose request it is, once somebody asked."""
BEARER = "bearer"
CALENDAR_TOKEN = "calendar_token"  # noqa: S105 # a scheme, no token
MEANT_ACCOUNT = b"x-account"
"""Whose a request is meant to be: a page that was opened by one may be left over when another signs in."""
TOKEN_IN_QUERY = "token"  # noqa: S105 # a name, no token


def token_sent(headers: Headers) -> str | None:
    """The token in `Authorization: Bearer <token>`; two of them are none."""
    scheme, _, token = ", ".join(header_values(headers, b"authorization")).partition(" ")
    return (token.strip(" ") or None) if scheme.lower() == BEARER else None


@dataclass(frozen=True, slots=True)
class Callers:
    """What there is to tell who calls."""

    actor_of: Callable[[str], Actor]
    reader_of: Callable[[str], Actor]
    visitor_of: Callable[[str], Visitor]
    trusted: TrustedProxies
    cookie: SessionCookie = field(default_factory=SessionCookie)


@dataclass(slots=True)
class Caller:
    """Whoever sent a request. Asks the store, so its methods belong into a worker thread."""

    callers: Callers
    scope: HTTPScope

    @property
    def address(self) -> str | None:
        """Where the request came from, None where that is not known."""
        return address_of(self.scope, self.callers.trusted)

    def actor(self) -> Actor:
        """Whoever is signed in, by the token of the request or else by its cookie.

        Raises Unauthenticated for nobody, and a kind of it for a bad token; also where the request is meant
        to be another account's.
        """
        return self._meant(self.callers.actor_of(self._token()))

    def visitor_if_any(self) -> Visitor | None:
        """Whoever looks at a page, if that is somebody who is signed in."""
        try:
            visitor = self.callers.visitor_of(self._token())
            self._meant(visitor.actor)
        except Unauthenticated:
            return None
        return visitor

    def _token(self) -> str:
        token = token_sent(self.scope["headers"]) or self.callers.cookie.believed(self.scope)
        if token is None:
            raise Unauthenticated
        return token

    def _meant(self, actor: Actor) -> Actor:
        """The actor, if the request is meant to be theirs."""
        meant = header_value(self.scope["headers"], MEANT_ACCOUNT)
        if meant and meant != str(actor.id):
            raise Unauthenticated
        return self._known(actor)

    def _known(self, actor: Actor) -> Actor:
        """The actor, of whom the log is told."""
        self.scope[ACCOUNT] = actor.id  # type: ignore[literal-required]
        return actor

    def bearer(self) -> Actor:
        """Whoever is signed in by the token of the request; raise Unauthenticated for nobody else."""
        if token_sent(self.scope["headers"]) is None:
            raise Unauthenticated
        return self.actor()

    def reader_of_calendars(self) -> Actor:
        """Whoever is signed in, otherwise whose calendar token is in the query; two of them are none."""
        query = parsed(self.scope["query_string"]) or ()
        tokens = [value for name, value in query if name == TOKEN_IN_QUERY]
        if not tokens or token_sent(self.scope["headers"]) is not None:
            return self.actor()
        if len(tokens) != 1:
            raise InvalidToken if tokens else Unauthenticated
        return self._known(self.callers.reader_of(tokens[0]))

    def actor_if_any(self) -> Actor | None:
        """Whoever is signed in, if anybody; where no sign-in is needed, a bad token is ignored."""
        try:
            return self.actor()
        except Unauthenticated:
            return None
