"""What is known of a request once it is answered: for the log, and for whoever counts.

Never a body, a token, or a value of a query.
"""

from abc import abstractmethod
from collections.abc import Callable
from contextvars import ContextVar
from typing import NamedTuple, Protocol, TypeAlias, cast
from uuid import UUID

from litestar.types import HTTPScope

from attendance.adapters.http.server.callers.authentication import ACCOUNT

REFUSAL = "attendance.refusal"
"""In a request's scope where it was refused: the refusal's code."""

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request under way, in its thread as well."""

TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""Of the trace that the request under way is part of, 32 hex digits, where it is traced."""


class Served(NamedTuple):
    """A request and how it was answered.

    `route`: the path with the names of its parameters in place of their values; "" where there is no such
    path. `seconds` until the last byte was handed on. `account_id`: None for nobody, and where it was not
    asked. `status`: 0 where the client left before there was an answer. `refusal`: the code of what was
    refused, None where nothing was.
    """

    request_id: str
    method: str
    route: str
    status: int
    seconds: float
    account_id: UUID | None
    address: str | None
    refusal: str | None = None


Observer: TypeAlias = Callable[[Served], None]


class Metrics(Protocol):
    """What is counted while the service runs, and shown to whoever watches it."""

    @abstractmethod
    def sample(self, *, waiting_requests: int, waiting_hashes: int) -> None:
        """Note how many calls of this process wait for a thread, and how many for a core that hashes."""

    @abstractmethod
    def exposition(self) -> bytes:
        """Return everything in the text format of Prometheus. Raises nothing where the database is away."""


def served(
    scope: HTTPScope, *, request_id: str, method: str, status: int, seconds: float, address: str | None
) -> Served:
    """What is known of the request of a scope that was answered so."""
    return Served(
        request_id=request_id,
        method=method,
        route=scope.get("path_template", ""),
        status=status,
        seconds=seconds,
        account_id=cast(UUID | None, scope.get(ACCOUNT)),
        address=address,
        refusal=cast(str | None, scope.get(REFUSAL)),
    )


def reason_of(error: BaseException) -> str:
    """What a driver says is wrong, without the values that its further lines may name."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
