"""Whether the service lives, and whether it can work."""

from collections.abc import Callable
from typing import Literal

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from attendance.adapters.http.server.authentication import for_anybody
from attendance.adapters.http.server.errors import refusals
from attendance.domain.errors import Unavailable


class HealthView(msgspec.Struct):
    status: Literal["ok"] = "ok"


def health_handlers(is_ready: Callable[[], bool]) -> list[HTTPRouteHandler]:
    @get("/health/live", sync_to_thread=False, tags=["Health"], responses=refusals(), **for_anybody())
    def live() -> HealthView:
        """The process answers."""
        return HealthView()

    @get("/health/ready", sync_to_thread=True, tags=["Health"], responses=refusals(), **for_anybody())
    def ready() -> HealthView:
        """The database can be reached and has the shape this version expects; otherwise 503."""
        if not is_ready():
            raise Unavailable
        return HealthView()

    return [live, ready]
