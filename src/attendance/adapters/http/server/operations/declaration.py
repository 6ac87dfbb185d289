"""One form for an operation: a function of its module, declared with its method, path and who may.

What else there is to say follows from the function: its parameters are what is read of the request, its
answer is what is described, its docstring the text. A handler takes, by name: `use_cases`, `service`, `actor`
(`Actor | None` where nobody may ask, too), `address` (where the request came from), `user_agent`, `is_head`,
`wants_page`, ids by their names in the path; by type: `Fields[...]`, the body, and `Versions`, what
`If-Match` names. Anything else is a query parameter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from attendance.adapters.http.server.callers.addresses import TrustedProxies
from attendance.adapters.http.server.callers.authentication import BEARER, CALENDAR_TOKEN, Caller
from attendance.adapters.http.server.operations.export_executor import ExportExecutor
from attendance.adapters.http.server.operations.hashing_executor import HashingExecutor
from attendance.adapters.http.server.operations.request_threads import RequestThreads
from attendance.adapters.http.server.requests.base_path import BasePath
from attendance.adapters.http.server.wire import API as API
from attendance.application.forms.answering_once import AnswerOnce
from attendance.application.ports import Today
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import Language
from attendance.domain.errors import FieldError
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Directory, Permission

PERMISSION = "permission"
"""Key of what Litestar knows of a path: for each method the permission it takes, None for anybody."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`threads` answer requests, for one of which others wait for at most `queue_seconds`.

    `hashers` hash passwords, with at most `longest_queue` calls waiting.

    `exports` files are made at a time, `exports_per_person` of one person at most.
    `has_labs`: whether the labs protocol is answered, too.
    A client may stall for `receive_seconds` amid a request or an answer.
    Addresses of calendars begin with `base_url`, by which browsers know the service. Pages speak `language`
    to whoever prefers no other, and tell times in `zone`. Metrics are shown to whoever sends `metrics_token`,
    to everybody where there is none.
    """

    version: str
    base_url: str = ""
    directory: Directory = Directory.PUBLIC
    has_labs: bool = True
    language: Language = Language.EN
    zone: tzinfo = UTC
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: TrustedProxies = ()
    threads: int = 8
    queue_seconds: float = 5.0
    hashers: int = 1
    longest_queue: int = 256
    receive_seconds: float = 20.0
    exports: int = 1
    exports_per_person: int = 2
    metrics_token: str | None = None

    @property
    def base_path(self) -> BasePath:
        """What stands in front of the paths that are sent."""
        return BasePath.of(self.base_url)

    def calendar_url(self, kind: str, of_id: UUID, token: str) -> str:
        """Where a calendar program reads with a token: `kind` is `users`, `groups` or `clients`."""
        return f"{self.base_url}{API}/{kind}/{of_id}/calendar.ics?token={token}"


@dataclass(frozen=True, slots=True)
class Pages:
    """What another adapter answers beside the operations. `no_page`: what says that there is no such page."""

    handlers: Sequence[HTTPRouteHandler] = ()
    no_page: ASGIApp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What an application has to answer with. `today`: the present date in the organisation's zone."""

    use_cases: UseCases
    today: Today
    answer_once: AnswerOnce
    settings: HttpSettings
    is_ready: Callable[[], bool]
    request_threads: RequestThreads
    hashing_executor: HashingExecutor
    export_executor: ExportExecutor


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask: whoever has a `permission`, which the use case looks at, or anybody.

    `actor` tells who asks, and refuses strangers; `schemes` are the ways to say so.
    """

    permission: Permission | None
    actor: Callable[[Caller], Actor | None]
    schemes: tuple[str, ...] = ()


ANYBODY = Access(None, Caller.actor_if_any)
SIGNED_IN = Access(None, Caller.actor, (BEARER,))


def by_token_alone(permission: Permission) -> Access:
    """Whoever has a permission and sends a token; a cookie, which browsers send unasked, will not do."""
    return Access(permission, Caller.bearer, (BEARER,))


def by_calendar_token(permission: Permission) -> Access:
    """Whoever is signed in or has a calendar token: for calendars and nothing else."""
    return Access(permission, Caller.reader_of_calendars, (BEARER, CALENDAR_TOKEN))


def in_directory(settings: HttpSettings) -> Access:
    """Anybody, unless a setting closes the lists of users and labs to strangers."""
    return ANYBODY if settings.directory is Directory.PUBLIC else SIGNED_IN


class Runs(Enum):
    """Where an operation runs: on a thread for requests, on one that hashes, or at once: it never waits.

    `AS_EXPORT`: it makes a file. One that makes tables of what it lists does so there as well. `ALWAYS`:
    on a thread for requests, however long others wait for one.
    """

    ON_A_THREAD = "thread"
    ALWAYS = "thread, always"
    HASHING = "hashing"
    AS_EXPORT = "export"
    AT_ONCE = "at once"


FieldErrors = list[FieldError]
Judge = Callable[..., FieldErrors]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A handler and what was said of it.

    `refuses` are statuses beside those that follow from its form. `first`: what is refused before anything
    malformed is told. `judge` tells which rules some of the fields break; without it the use case that is
    `judged_by`, or called like the handler, does. `keeps_answer`: not False where an answer is kept under an
    `Idempotency-Key`, if the operation is of a form for that.
    """

    handler: Callable[..., Any]
    method: str
    path: str
    tag: str
    access: Callable[[HttpSettings], Access]
    refuses: tuple[int, ...]
    status: int | None
    runs: Runs
    media_type: str
    first: Callable[[UseCases, Caller], None] | None
    judge: Judge | None
    judged_by: str | None
    awaits: type[msgspec.Struct] | None
    keeps_answer: bool


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """The operations of one subject: under one tag, their paths below one prefix.

    `is_of_labs`: they are the labs protocol's, which a setting turns off.
    """

    tag: str
    prefix: str = API
    is_of_labs: bool = False
    operations: list[Operation] = field(default_factory=list)

    def operation(
        self,
        method: str,
        path: str,
        who: Permission | Access | Callable[[HttpSettings], Access],
        *,
        refuses: tuple[int, ...] = (),
        status: int | None = None,
        runs: Runs = Runs.ON_A_THREAD,
        media_type: str = "application/json",
        first: Callable[[UseCases, Caller], None] | None = None,
        judge: Judge | None = None,
        judged_by: str | None = None,
        awaits: type[msgspec.Struct] | None = None,
        keeps_answer: bool = True,
    ) -> Callable[[F], F]:
        """Declare the function below an operation; it stays the function it is."""

        def declare(handler: F) -> F:
            declared = Operation(
                handler=handler,
                method=method,
                path=self.prefix + path,
                tag=self.tag,
                access=_access(who),
                refuses=refuses,
                status=status,
                runs=runs,
                media_type=media_type,
                first=first,
                judge=judge,
                judged_by=judged_by,
                awaits=awaits,
                keeps_answer=keeps_answer,
            )
            self.operations.append(declared)
            return handler

        return declare


def _access(who: Permission | Access | Callable[[HttpSettings], Access]) -> Callable[[HttpSettings], Access]:
    if isinstance(who, Permission):
        who = Access(who, Caller.actor, (BEARER,))
    if isinstance(who, Access):
        access = who
        return lambda _: access
    return who
