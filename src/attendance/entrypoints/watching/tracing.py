"""Traces by OpenTelemetry: a span for each request, and below it one for each unit of work of the store.

Loaded where a setting says where traces go, and needs `attendance[otel]`. A span tells of what it is about by
the route's template alone: never a path, a query, a body, a name or a token.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from attendance.adapters.http.server.requests.observing import TRACE_ID
from attendance.application.ports import Store, UnitOfWork

SERVICE = "attendance"
TIMEOUT_SECONDS = 5
"""For a collector to take what is sent; meanwhile requests go on, and what does not fit is left out."""

FLUSH_MILLISECONDS = 2000
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CARRIED = (b"traceparent", b"tracestate")


class Tracing:
    """Sends spans to an endpoint of OTLP over HTTP, from a thread of its own. For one process."""

    def __init__(self, endpoint: str) -> None:
        resource = Resource.create({"service.name": SERVICE, "service.version": version("attendance")})
        self._provider = TracerProvider(resource=resource)
        exporter = OTLPSpanExporter(endpoint=endpoint, timeout=TIMEOUT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(SERVICE)

    def requests(self, app: ASGIApp) -> ASGIApp:
        """The application with a span around each request."""
        return TracedRequests(app, self._tracer)

    def store(self, store: Store, system: str) -> Store:
        """The store with a span around each of its units of work; `system` as OpenTelemetry calls it."""
        return TracedStore(store, self._tracer, system)

    def close(self) -> None:
        """Send what there is, where somebody takes it, and end."""
        self._provider.force_flush(FLUSH_MILLISECONDS)
        self._provider.shutdown()


class TracedRequests:
    """A span for each request, named by method and route; a child of the one that `traceparent` names."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app, self._tracer = app, tracer
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        headers = scope["headers"]
        carried = {name.decode(): value.decode("latin-1") for name, value in headers if name in CARRIED}
        with self._tracer.start_as_current_span(
            method,
            context=self._propagator.extract(carried),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            under_way = TRACE_ID.set(format_trace_id(span.get_span_context().trace_id))

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _answered(span, message["status"], message["headers"])
                await send(message)

            try:
                await self._app(scope, receive, sent)
            finally:
                TRACE_ID.reset(under_way)
                if route := scope.get("path_template"):
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)


def _answered(span: Span, status: int, headers: object) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(StatusCode.ERROR)
    for name, value in cast("list[tuple[bytes, bytes]]", headers):
        if name == b"x-request-id":
            span.set_attribute("attendance.request_id", value.decode("latin-1"))


class TracedStore(Store):
    """Another store, with a span around each unit of work. Of what goes wrong the kind is told alone."""

    def __init__(self, inner: Store, tracer: Tracer, system: str) -> None:
        self._inner, self._tracer = inner, tracer
        self._attributes = {"db.system.name": system}

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        return self._traced("transaction", self._inner.transaction())

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return self._traced("autocommit", self._inner.autocommit())

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._traced("read", self._inner.read())

    @contextmanager
    def ambient(self) -> Iterator[None]:
        with self._span("transaction"), self._inner.ambient():
            yield

    def attempts(self) -> Iterator[None]:
        return self._inner.attempts()

    @contextmanager
    def _traced(self, name: str, begun: AbstractContextManager[UnitOfWork]) -> Iterator[UnitOfWork]:
        with self._span(name), begun as work:
            yield work

    @contextmanager
    def _span(self, name: str) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name,
            kind=SpanKind.CLIENT,
            attributes=self._attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise
