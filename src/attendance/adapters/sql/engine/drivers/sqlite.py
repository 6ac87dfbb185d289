"""SQLite: one writer at a time, those of a process lined up, several committed together."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Condition
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, Executable

from attendance.adapters.processes.forking import LONGEST_REST_SECONDS
from attendance.adapters.sql.engine.databases import PooledDatabase, begun, pool_options
from attendance.adapters.sql.engine.drivers.group_commit import GroupCommit
from attendance.adapters.sql.engine.statements import Answer
from attendance.domain.errors import Unavailable

BUSY_TIMEOUT_MS = 100

MOVED = "{} was moved, removed or replaced since it was opened: stop whatever has it open"

SQLITE_ARGUMENTS: Mapping[str, Any] = {"isolation_level": None, "check_same_thread": False}
SQLITE_SETTINGS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": BUSY_TIMEOUT_MS,
    "cache_size": -1024,  # KiB for each connection; the system caches the file anyway
}


class Sqlite(PooledDatabase):
    """One writer at a time. Those of this process are lined up: SQLite's own waiting is unfair.

    Whoever writes, one statement or several, does so on one connection, whose pages are in its memory.
    """

    def __init__(self, url: sa.URL, pool_size: int) -> None:
        engine = _sqlite_engine(url, pool_size)
        super().__init__(engine, engine.dialect)
        self._path = Path(str(engine.url.database))
        self._file = _identity(self._path)
        self._writers = GroupCommit(self._connect, self._close)
        sa.event.listen(engine, "engine_disposed", lambda _: self._reopen())
        self._rest = Condition()
        self._at_work = 0
        self._is_forking = False

    @contextmanager
    def transaction(self, connection: Any) -> Iterator[None]:
        self._require_file()
        with self._writers.exclusive(), begun(connection, "BEGIN IMMEDIATE"):
            yield

    def shared_transaction(self, _: Any) -> AbstractContextManager[Any]:
        self._require_file()
        return self._writers.transaction()

    def _require_file(self) -> None:
        """Raise Unavailable where the file was moved or replaced: nobody would read what is written.

        SQLite goes on with what it opened, whatever that is called now.
        """
        if _identity(self._path) != self._file:
            raise Unavailable from OSError(MOVED.format(self._path))

    def _reopen(self) -> None:
        """No connection is left of those before: whatever file has the name now is meant."""
        self._writers.disconnect()
        self._file = _identity(self._path) or self._file

    def run(self, connection: Any, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        prepared = self._prepared(statement, parameters)
        if prepared.is_read or connection.in_transaction:
            return prepared.answer(connection.execute(prepared.sql, prepared.values(parameters)))
        values = prepared.values(parameters)
        with self.shared_transaction(connection) as writer:
            return prepared.answer(writer.execute(prepared.sql, values))

    def is_in_transaction(self, connection: Any) -> bool:
        return bool(connection.in_transaction)

    def is_idle(self, connection: Any) -> bool:
        return not connection.in_transaction

    @contextmanager
    def connection(self) -> Iterator[Any]:
        with self._rest:
            self._rest.wait_for(lambda: not self._is_forking)
            self._at_work += 1
        try:
            with super().connection() as connection:
                yield connection
        finally:
            with self._rest:
                self._at_work -= 1
                self._rest.notify_all()

    def before_fork(self) -> None:
        """Close every connection: a child must not inherit what SQLite knows of this process's locks.

        Waits for other threads to give theirs back, but not for ever: one may be this very thread's.
        """
        with self._rest:
            self._is_forking = True
            self._rest.wait_for(lambda: not self._at_work, LONGEST_REST_SECONDS)
        self.engine.dispose()

    def after_fork(self, *, is_child: bool) -> None:
        super().after_fork(is_child=is_child)
        if is_child:
            self._writers = GroupCommit(self._connect, self._close)
            self._rest, self._at_work = Condition(), 0
        with self._rest:
            self._is_forking = False
            self._rest.notify_all()

    def _connect(self) -> Any:
        """A connection beside those of the pool."""
        arguments, named = self.engine.dialect.create_connect_args(self.engine.url)
        connection = self.engine.dialect.connect(*arguments, **{**named, **SQLITE_ARGUMENTS})
        _configure(connection)
        self._opened.add(connection)
        return connection

    def _close(self, connection: Any) -> None:
        self._opened.discard(connection)
        connection.close()


def _sqlite_engine(url: sa.URL, pool_size: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("SQLite needs a file (sqlite:///path); to keep nothing, use `memory`")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        # for its owner's eyes: it holds hashes of passwords, and links in mails that wait
        Path(url.database).touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{url.database} cannot be kept there: {error}") from error
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={**SQLITE_ARGUMENTS},
        **pool_options(pool_size),
    )

    sa.event.listen(engine, "connect", lambda connection, _: _configure(connection))
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of its name; None where none has it."""
    try:
        file = path.stat()
    except OSError:
        return None
    return file.st_dev, file.st_ino


def _configure(connection: Any) -> None:
    for name, value in SQLITE_SETTINGS.items():
        connection.execute(f"PRAGMA {name} = {value}")
