"""`GET /metrics`, for whoever watches the service. Not in the OpenAPI document: it is nothing for clients."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from attendance.adapters.http.server.operations.declaration import PERMISSION, Service
from attendance.adapters.http.server.requests.observing import Metrics
from attendance.adapters.http.server.wire import Headers
from attendance.domain.errors import Unauthenticated

PATH = "/metrics"
TEXT = "text/plain; version=0.0.4"
SAMPLED_EVERY_SECONDS = 1.0


def metrics_route(metrics: Metrics, service: Service) -> HTTPRouteHandler:
    """What answers the metrics, as text: to everybody, or to whoever sends the token of the settings."""
    token = service.settings.metrics_token

    @get(PATH, include_in_schema=False, opt={PERMISSION: {"GET": None}})
    async def show_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        if token is not None and not is_sent(token, request.scope["headers"]):
            raise Unauthenticated
        take_sample(metrics, service)
        shown = await service.request_threads.admitted(metrics.exposition)
        return Response(shown, media_type=TEXT)

    return show_metrics


def is_sent(token: str, headers: Headers) -> bool:
    """Whether a request's `Authorization` has this token; how long that takes tells nothing of it."""
    sent = next((value for name, value in headers if name == b"authorization"), b"")
    scheme, _, credentials = sent.partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(credentials.strip(), token.encode())


def take_sample(metrics: Metrics, service: Service) -> None:
    metrics.sample(
        waiting_requests=service.request_threads.waiting, waiting_hashes=service.hashing_executor.waiting
    )


@asynccontextmanager
async def sampling(metrics: Metrics, service: Service) -> AsyncIterator[None]:
    """Meanwhile, what waits in this process is noted once a second, for whichever process is asked."""

    async def sample_again_and_again() -> None:
        while True:
            take_sample(metrics, service)
            await asyncio.sleep(SAMPLED_EVERY_SECONDS)

    task = asyncio.create_task(sample_again_and_again())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
