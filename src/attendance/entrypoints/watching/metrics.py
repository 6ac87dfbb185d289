"""The metrics, for Prometheus: of all workers together, whichever is asked."""

import os
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from attendance.adapters.http.server.requests.observing import Metrics, Served
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import KINDS, kind_of
from attendance.adapters.sql.engine.replica import Outcome
from attendance.application.ports import Clock, Store
from attendance.application.ports.accounts import Backlog
from attendance.domain.accounts.accounts import InvalidCredentials
from attendance.domain.accounts.passwords import WrongPassword
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.events import Action, Event
from attendance.entrypoints.watching.processes import DIRECTORY, files_in, own_number

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
FAILED_SIGN_INS = frozenset({InvalidCredentials.code, WrongPassword.code})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BACKLOG_IS_KEPT_SECONDS = 1.0


class CountedRequests(NamedTuple):
    """What is added to for requests of a kind: the library's own values, past what it checks each time.

    `buckets` are those of `SECONDS`, and one for what took longer.
    """

    add: Callable[[float], None]
    add_seconds: Callable[[float], None]
    buckets: tuple[Callable[[float], None], ...]


class PrometheusMetrics(Metrics):
    """Counts what it is told of. Where `directory` is given, several processes count there together.

    `pools`: the databases whose connections are counted, by name. One in each process.
    """

    def __init__(
        self, *, store: Store, clock: Clock, pools: Mapping[str, Database], directory: Path | None = None
    ) -> None:
        self._store, self._clock, self._pools, self._directory = store, clock, pools, directory
        self._backlog: tuple[float, Backlog] | None = None
        self._of_request: dict[tuple[str, str, int], CountedRequests] = {}
        if directory is not None:
            number = own_number(directory)
            values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
        # what is counted is made known to `_registry`, which shows it where there is one process alone
        self._registry = CollectorRegistry()
        counter = partial(Counter, registry=self._registry)
        gauge = partial(Gauge, registry=self._registry, multiprocess_mode="livesum")
        self._requests = counter(
            "attendance_http_requests", "Requests that were answered.", ["method", "route", "status"]
        )
        self._durations = Histogram(
            "attendance_http_request_duration_seconds",
            "How long requests took until the last byte was handed on.",
            ["method", "route"],
            registry=self._registry,
            buckets=SECONDS,
        )
        self._failed_sign_ins = counter(
            "attendance_failed_sign_ins", "Sign-ins and changes of passwords with a wrong password or name."
        )
        self._limits_hit = counter("attendance_limits_hit", "Requests that a rate limit refused.", ["route"])
        self._marks = counter("attendance_marks", "Marks that were stored.", ["protocol"])
        self._charges = counter("attendance_charges", "Marks that a pass came to pay for.")
        self._errors = counter("attendance_database_errors", "What the database failed at.", ["kind"])
        self._reads = counter(
            "attendance_replica_reads", "Reads that a replica may answer, by whether it did.", ["outcome"]
        )
        self._workers = gauge("attendance_workers", "Processes that answer.")
        self._in_use = gauge(
            "attendance_database_connections_in_use", "Connections that are in use.", ["database"]
        )
        self._size = gauge(
            "attendance_database_connections_most", "Connections that there may be.", ["database"]
        )
        self._hashes = gauge("attendance_hashes_waiting", "Passwords that wait for a core to hash.")
        self._waiting = gauge("attendance_requests_waiting", "Requests that wait for a thread.")
        self._maintained = Gauge(
            "attendance_maintenance_success_timestamp_seconds",
            "When maintenance was last done.",
            registry=self._registry,
            multiprocess_mode="max",
        )
        # what was never counted would be unknown to alarms: its first time no increase
        for protocol in ("club", "labs"):
            self._marks.labels(protocol)
        for kind in KINDS:
            self._errors.labels(kind)
        self._workers.set(1)

    def observe(self, request: Served) -> None:
        """Count a request; the path of one that there is not is told by nobody, whatever it is."""
        method = request.method if request.method in METHODS else "other"
        key = method, request.route, request.status
        known = self._of_request.get(key)
        if known is None:
            known = self._of_request[key] = self._known(*key)
        known.add(1)
        known.add_seconds(request.seconds)
        known.buckets[bisect_left(SECONDS, request.seconds)](1)
        if request.refusal is not None:
            if request.refusal in FAILED_SIGN_INS:
                self._failed_sign_ins.inc()
            elif request.refusal == LimitReached.code:
                self._limits_hit.labels(request.route).inc()

    def _known(self, method: str, route: str, status: int) -> "CountedRequests":
        durations: Any = self._durations.labels(method, route)
        count: Any = self._requests.labels(method, route, str(status))
        return CountedRequests(
            count._value.inc, durations._sum.inc, tuple(bucket.inc for bucket in durations._buckets)
        )

    def committed(self, events: Collection[Event]) -> None:
        """Count what these events, which are stored, tell of."""
        marks = {"club": 0, "labs": 0}
        charges = 0
        for event in events:
            if event.action is Action.ATTENDANCE_MARKED:
                marks["club"] += 1
            elif event.action is Action.LAB_ATTENDANCE_MARKED:
                marks["labs"] += 1
            elif event.action is Action.ATTENDANCE_CHARGED and (event.after or {}).get("subscription_id"):
                charges += 1
        for protocol, number in marks.items():
            if number:
                self._marks.labels(protocol).inc(number)
        if charges:
            self._charges.inc(charges)

    def failed(self, error: BaseException) -> None:
        """Count a failure of the database; nothing where it is something else."""
        if (kind := kind_of(error)) is not None:
            self._errors.labels(kind).inc()

    def read(self, outcome: Outcome) -> None:
        """Count a read that the replica answered, or the primary in its place."""
        self._reads.labels(outcome.value).inc()

    def maintained(self) -> None:
        """Note that maintenance is done."""
        self._maintained.set(self._clock().timestamp())

    def sample(self, *, waiting_requests: int, waiting_hashes: int) -> None:
        self._waiting.set(waiting_requests)
        self._hashes.set(waiting_hashes)
        for name, database in self._pools.items():
            pool: Any = database.engine.pool
            self._in_use.labels(name).set(pool.checkedout())
            self._size.labels(name).set(pool.size())

    def exposition(self) -> bytes:
        shown = CollectorRegistry()
        shown.register(_Collected(self._counted))
        shown.register(_Collected(self._stored))
        return generate_latest(shown)

    def _counted(self) -> Iterator[Metric]:
        if self._directory is None:
            yield from self._registry.collect()
        else:
            yield from MultiProcessCollector.merge(files_in(self._directory))  # type: ignore[no-untyped-call]

    def _stored(self) -> Iterator[Metric]:
        """What is asked of the store; nothing where that fails, which is counted."""
        try:
            backlog = self._known_backlog()
        except Exception:
            return
        age = 0.0 if backlog.oldest is None else (self._clock() - backlog.oldest).total_seconds()
        for name, text, value in (
            ("attendance_mails_waiting", "Mails that wait to be sent.", backlog.waiting),
            ("attendance_mails_given_up", "Mails that were given up.", backlog.given_up),
            ("attendance_mails_oldest_seconds", "For how long the oldest waits.", max(0.0, age)),
        ):
            yield GaugeMetricFamily(name, text, value=value)

    def _known_backlog(self) -> Backlog:
        """As of a second ago at most, however often somebody asks."""
        now = monotonic()
        if self._backlog is None or now - self._backlog[0] > BACKLOG_IS_KEPT_SECONDS:
            with self._store.autocommit() as work:
                self._backlog = now, work.outbox.backlog()
        return self._backlog[1]


class _Collected:
    """A collector as prometheus-client wants it."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self.collect = collect

    def describe(self) -> list[Metric]:
        """Nothing: names are not checked against each other."""
        return []


def shared_directory() -> Path | None:
    """Where the processes of this service count together; None where there is one process alone."""
    directory = os.environ.get(DIRECTORY)
    return Path(directory) if directory else None
