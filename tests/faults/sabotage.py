"""Protections taken out of the real service: the twin of a test runs with one of these, and must fail.

The service's processes call them before anything else (`tests/preloaded.py`), when all is loaded: what they
change is an attribute of a class or a module.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from contextlib import nullcontext, suppress
from itertools import count
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Lock, Thread
from typing import Any

import sqlalchemy as sa

PROCESSES_MEETING = 3
PATIENCE_SECONDS = 30


def meet(number: int = PROCESSES_MEETING) -> None:
    """Go on when so many processes in this directory have come here."""
    Path(f"met-{os.getpid()}").touch()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(list(Path().glob("met-*"))) < number:
        assert time.monotonic() < deadline, "the others did not come"
        time.sleep(0.005)


def reads_before_others_write() -> None:
    """The first two of a process that look at a place see the same, whoever writes first."""
    from attendance.adapters.sql.labs.marks import SqlLabAttendance

    look = SqlLabAttendance.place
    meetings: dict[Any, Barrier] = {}
    come, lock = Counter[Any](), Lock()

    def place(self: Any, *about: Any) -> Any:
        found = look(self, *about)
        with lock:
            meeting = meetings.setdefault(about, Barrier(2))
            come[about] += 1
            is_one_of_them = come[about] <= 2
        if is_one_of_them:
            with suppress(BrokenBarrierError):  # when this process was sent no second request
                meeting.wait(timeout=PATIENCE_SECONDS)
        return found

    SqlLabAttendance.place = place  # type: ignore[method-assign]


def adds_marks_unguarded() -> None:
    """The unique constraint is dropped from the database as well."""
    from attendance.adapters.sql.labs import marks as lab_attendance
    from attendance.adapters.sql.tables import lab_marks

    columns = {name: sa.bindparam(name, type_=lab_marks.c[name].type) for name in lab_attendance.MARK_FIELDS}
    lab_attendance.ADD = lab_attendance._guarded(sa.insert(lab_marks).values(columns))


def revises_any_version() -> None:
    from attendance.adapters.sql.labs import marks as lab_attendance
    from attendance.adapters.sql.tables import lab_marks

    columns = {name: sa.bindparam(name) for name in ("status", "note", "marked_by", "marked_at", "version")}
    lab_attendance.REVISE = lab_attendance._guarded(
        sa.update(lab_marks).where(lab_marks.c.id == sa.bindparam("mark_id")).values(columns)
    )


def adds_members_unguarded() -> None:
    """The unique constraint is dropped from the database as well."""
    from attendance.adapters.sql.labs import labs
    from attendance.adapters.sql.tables import lab_members

    labs.ADD_MEMBER = dict.fromkeys(labs.ADD_MEMBER, sa.insert(lab_members))


def adds_accounts_unguarded() -> None:
    """The unique constraint is dropped from the database as well."""
    from attendance.adapters.sql.accounts.accounts import SqlAccounts

    object.__setattr__(SqlAccounts.mapper, "add", sa.insert(SqlAccounts.mapper.table))


def hashes_where_requests_are_answered() -> None:
    from attendance.adapters.http.server.operations.hashing_executor import HashingExecutor
    from attendance.adapters.http.server.operations.request_threads import RequestThreads

    made: list[RequestThreads] = []
    make = RequestThreads.__init__

    def init(self: RequestThreads, *how: Any, **more: Any) -> None:
        make(self, *how, **more)
        made.append(self)

    async def call(_: Any, function: Any, /, *args: Any) -> Any:
        # the first are those that answer
        return await made[0](function, *args)

    RequestThreads.__init__ = init  # type: ignore[method-assign]
    HashingExecutor.__call__ = call  # type: ignore[method-assign, assignment]


def hashes_when_it_is_let() -> None:
    """No protection taken out: whoever verifies a password leaves a file `hashing-…`, then waits for `go`."""
    from attendance.adapters.security.passwords import Argon2Hasher

    verify = Argon2Hasher.verify
    arrivals = count()

    def verify_when_let(self: Any, password: str, password_hash: str | None) -> bool:
        Path(f"hashing-{os.getpid()}-{next(arrivals)}").touch()
        while not Path("go").exists():
            time.sleep(0.01)
        return verify(self, password, password_hash)

    Argon2Hasher.verify = verify_when_let  # type: ignore[method-assign]


def answers_before_it_writes() -> None:
    """Each write of a process waits for the next one."""
    from attendance.adapters.sql.labs.marks import SqlLabAttendance

    write = SqlLabAttendance.save
    waiting: list[Any] = []
    lock = Lock()

    def save(self: Any, mark: Any, event: Any) -> None:
        with lock:
            waiting.append((mark, event))
            due = waiting.pop(0) if len(waiting) > 1 else None
        if due:
            write(self, *due)

    SqlLabAttendance.save = save  # type: ignore[method-assign]


def logs_in_a_transaction_of_its_own() -> None:
    """Each event of a process is written after the next mark."""
    from attendance.adapters.sql.events import ADD, event_row
    from attendance.adapters.sql.labs import marks as lab_attendance

    waiting: list[Any] = []
    lock = Lock()

    def change(self: Any, statements: Any, parameters: Any, event: Any) -> None:
        with self.connection.transaction():
            assert self.connection.run(statements["sqlite"], parameters).rowcount == 1
        with lock:
            waiting.append(event)
            due = waiting.pop(0) if len(waiting) > 1 else None
        if due:
            with self.connection.transaction():
                self.connection.run(ADD, event_row(due))

    lab_attendance.SqlLabAttendance._change = change  # type: ignore[method-assign]


def migrates_without_taking_turns() -> None:
    """All the processes find that nothing is there before one of them begins."""
    from alembic.runtime.migration import MigrationContext

    from attendance.adapters.sql.schema import migrating

    def ensure_version_table(self: Any, purge: bool = False) -> None:
        is_there = sa.inspect(self.connection).has_table(self.version_table)
        meet()
        if not is_there:
            self._version.create(self.connection, checkfirst=False)

    MigrationContext._ensure_version_table = ensure_version_table  # type: ignore[method-assign]
    migrating._locked = lambda *_: nullcontext()  # type: ignore[assignment]


def keeps_the_key_it_made() -> None:
    """All the processes find that there is no key before one of them makes it."""
    import secrets as random

    from attendance.entrypoints import secrets

    def kept_key(path: Path) -> bytes:
        assert not path.exists()
        meet()
        path.parent.mkdir(exist_ok=True)
        key = random.token_urlsafe(48)
        path.write_text(key)
        return key.encode()

    secrets._kept_key = kept_key


def has_always_the_same_process_id() -> None:
    """No protection taken out: as the first process of a container."""
    os.getpid = lambda: 7  # type: ignore[method-assign]


def dies_before_it_keeps_the_key() -> None:
    os.link = _dies  # type: ignore[assignment]


def dies_after_it_kept_the_key() -> None:
    os.unlink = _dies  # type: ignore[assignment]


def _dies(*_: Any, **__: Any) -> None:
    signal.raise_signal(signal.SIGKILL)


def has_little_patience() -> None:
    """No protection taken out: as in service, in a fraction of the time."""
    from attendance.adapters.backoff import attempts
    from attendance.adapters.sql.engine.drivers import postgres
    from attendance.adapters.sql.store import SqlStore

    postgres.POSTGRES_SETTINGS["lock_timeout"] = 300
    SqlStore.attempts = lambda _: attempts(0.3)  # type: ignore[method-assign]


def has_endless_patience() -> None:
    from attendance.adapters.backoff import attempts
    from attendance.adapters.sql.engine.drivers import postgres
    from attendance.adapters.sql.store import SqlStore

    postgres.POSTGRES_SETTINGS |= {"lock_timeout": 0, "statement_timeout": 0}
    SqlStore.attempts = lambda _: attempts(3600)  # type: ignore[method-assign]


def waits_with_each_mark() -> None:
    """No protection taken out: a PUT leaves a file `arrived-…` and goes on when there is a file `go`.

    A worker that was asked anything leaves a file `alive-…`.
    """
    from attendance.adapters.http.server.requests.middleware import Middleware

    answer = Middleware.__call__
    arrivals = count()

    async def call(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            leave(f"alive-{os.getpid()}")
            if scope["method"] == "PUT":
                leave(f"arrived-{os.getpid()}-{next(arrivals)}")
                while not may_go():  # noqa: ASYNC110 # the word comes from another process
                    await asyncio.sleep(0.01)
        await answer(self, scope, receive, send)

    def leave(name: str) -> None:
        Path(name).touch()

    def may_go() -> bool:
        return Path("go").exists()

    Middleware.__call__ = call  # type: ignore[method-assign]


def waits_with_each_start() -> None:
    """No protection taken out: a worker leaves a file `starting-…` and goes on when there is a file `go`."""
    from attendance.entrypoints import asgi

    create = asgi.create_app

    def create_app() -> Any:
        Path(f"starting-{os.getpid()}").touch()
        while not Path("go").exists():
            time.sleep(0.01)
        return create()

    asgi.create_app = create_app


def answers_before_the_group_commits() -> None:
    """SQLite: whoever wrote goes on at once, while the commit takes its time."""
    from attendance.adapters.sql.engine.drivers.group_commit import GroupCommit, _Group

    go_on = GroupCommit._go_on
    wait = _Group.wait

    def late(self: Any, group: Any) -> None:
        if self._waiting:
            go_on(self, group)
        else:
            # whoever goes on may be the next that writes: the turn is its own no more
            self._holder = None
            Thread(target=lambda: (time.sleep(0.2), go_on(self, group), wait(group))).start()

    GroupCommit._go_on = late  # type: ignore[method-assign]
    _Group.wait = lambda _: None  # type: ignore[method-assign]


def outlives_its_parent() -> None:
    """Workers go on when the process that started them is gone."""
    from attendance.entrypoints.serving import process

    process._die_with_parent = lambda *_: None


def gives_up_on_workers_that_die() -> None:
    """As Granian by itself, when a worker dies twice within 5.5 seconds, however long that takes here."""
    from granian.server.mp import MPServer

    from attendance.entrypoints.serving.supervising import Supervisor

    respawn = MPServer._respawn_workers

    def respawned_just_now(self: Any, workers: Any, *how: Any, **options: Any) -> None:
        respawn(self, workers, *how, **options)
        self.respawned_wrks.update(dict.fromkeys(workers, float("inf")))

    Supervisor._serve_loop = MPServer._serve_loop  # type: ignore[method-assign]
    Supervisor._respawn_workers = respawned_just_now  # type: ignore[method-assign]


def finds_out_which_http() -> None:
    """As Granian does unless it is told."""
    from granian.constants import HTTPModes

    from attendance.entrypoints.serving.supervising import Supervisor

    start = Supervisor.__init__

    def started(self: Any, *args: Any, **options: Any) -> None:
        start(self, *args, **options | {"http": HTTPModes.auto})

    Supervisor.__init__ = started  # type: ignore[method-assign]


def keeps_lines_of_requests_until_it_ends() -> None:
    """No protection: what is written in a moment would be written in an hour."""
    from attendance.entrypoints.serving import logs

    logs.LONGEST_WAIT_SECONDS = 3600


def forgets_what_waits_as_it_ends() -> None:
    keeps_lines_of_requests_until_it_ends()
    from attendance.entrypoints.serving import logs

    logs.Lines.flush = lambda _: None  # type: ignore[method-assign]
