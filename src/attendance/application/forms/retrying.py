"""Trying a use case again after a conflict with another transaction."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from attendance.application.ports import Contended, Store
from attendance.domain.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")


class Storing(Protocol):
    @property
    def store(self) -> Store: ...


S = TypeVar("S", bound=Storing)


def retried(use_case: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Run a use case, or one step of it, again while it raises Contended, as often as its store allows.

    Raises Unavailable after the last attempt.
    """

    @wraps(use_case)
    def attempt(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        cause: Contended | None = None
        for _ in self.store.attempts():
            try:
                return use_case(self, *args, **kwargs)
            except Contended as contended:
                cause = contended
        raise Unavailable from cause

    return attempt
