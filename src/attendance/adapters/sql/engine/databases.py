"""A database: its pool of connections, how a statement is run, how a writing transaction begins.

Connections are in the driver's autocommit mode; the store says BEGIN and COMMIT itself, so that what it means
is what the database does.
"""

import os
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy import Dialect, Engine, Executable

from attendance.adapters.backoff import LONGEST_WAIT_SECONDS
from attendance.adapters.processes import forking
from attendance.adapters.sql.engine.errors import kind_of
from attendance.adapters.sql.engine.plain import as_json
from attendance.adapters.sql.engine.statements import Answer, Prepared
from attendance.adapters.units_of_work import OTHERS_TRANSACTION
from attendance.domain.errors import Unavailable

WHAT_A_URL_IS = "a database URL begins with sqlite:/// or postgresql://, or is the word memory"
WHAT_SEVERAL_SERVERS_NEED = (
    "a database URL with several servers says which of them is meant: add ?target_session_attrs=read-write"
)
WHAT_A_HOST_IS_NOT = "a database URL says @ : / ? of a user or password as %40 %3A %2F %3F"
NO_DRIVER = "PostgreSQL needs a driver that is not installed: pip install 'attendance[postgres]'"

# libpq's form of several servers, which SQLAlchemy does not read: user:password@one:5432,other:5432
SEVERAL_SERVERS = re.compile(r"(postgresql[^:/]*://(?:[^/?]*@)?)([^/?@]*,[^/?@]*)([/?].*)?", re.DOTALL)
SERVER = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::(\d*))?")
POSTGRESQL_PORT = "5432"
WRITING_SESSIONS = {"read-write", "primary"}

LASTS_ANY_TIME = "attendance_lasts_any_time"
"""An execution option of SQLAlchemy's: a statement, of a migration say, is waited for however long it is."""

Question: TypeAlias = tuple[Executable, Mapping[str, Any]]
"""A statement and its parameters."""

_left_behind: list[Any] = []
"""Connections of a parent process: its own to use and to close, so here they may not even be collected."""


class Database(Protocol):
    """A pool of connections to one database, and its ways of asking and of beginning to write.

    A connection here is the driver's own: `psycopg.Connection` or `sqlite3.Connection`.
    """

    engine: Engine
    is_behind_pooler: bool = False
    """Whether each transaction may be on another connection to the server."""
    runs_both: bool = False
    """Whether `run_both` ever does so."""

    @abstractmethod
    def transaction(self, connection: Any) -> AbstractContextManager[None]:
        """A block in which the connection is inside a transaction that may write."""

    @abstractmethod
    def shared_transaction(self, connection: Any) -> AbstractContextManager[Any]:
        """A block in a transaction that may write, and the connection to use inside instead of this one.

        When the block ends it is committed, perhaps with that of others who are waited for: it must not take
        long.
        """

    @abstractmethod
    def is_in_transaction(self, connection: Any) -> bool:
        """Whether the connection lives and is in a transaction that can go on."""

    @contextmanager
    def savepoint(self, connection: Any) -> Iterator[None]:
        """A block inside a transaction whose writes are taken back when it raises; the transaction goes on.

        Raises Unavailable where there is no transaction any more.
        """
        if not self.is_in_transaction(connection):
            raise Unavailable
        commands = self.commands(connection)
        commands.execute("SAVEPOINT part")
        try:
            yield
            commands.execute("RELEASE SAVEPOINT part")
        except BaseException:
            # where not even this works, the transaction is lost: see `is_in_transaction`
            with suppress(Exception):
                commands.execute("ROLLBACK TO SAVEPOINT part")
                commands.execute("RELEASE SAVEPOINT part")
            raise

    @abstractmethod
    def run(self, connection: Any, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        """Run one statement; each is compiled once."""

    def run_both(self, connection: Any, first: Question, second: Question) -> tuple[Answer, Answer | None]:
        """Run the first of two questions, and the second as well where that takes no further exchange.

        In autocommit mode. What is wrong with the second is nobody's concern: it has no answer then.
        """
        del second
        return self.run(connection, *first), None

    @abstractmethod
    def is_idle(self, connection: Any) -> bool:
        """Whether the connection lives and is in no transaction, so that somebody else may have it."""

    def commands(self, connection: Any) -> Any:
        """What executes commands on a connection that take no parameters and have no answer."""
        return connection

    def bounded(self, connection: Any) -> AbstractContextManager[None]:
        """A block of statements of the driver's after whose time, 12 seconds, a silent server is given up.

        `run`, what begins and ends transactions, and what SQLAlchemy executes are bounded by themselves.
        """
        return nullcontext()

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """A connection from the pool, given back unless something is wrong with it.

        Where it is broken, or its server has come to read only, all of its pool are thrown away.
        """
        pool, process = self.engine.pool, os.getpid()
        pooled = pool.connect()
        connection: Any = pooled.dbapi_connection

        def is_past() -> bool:
            """Whether nobody takes a connection from its pool any more."""
            return self.engine.pool is not pool and os.getpid() == process

        try:
            yield connection
        except BaseException as error:
            if not self.is_idle(connection) or kind_of(error) == "read_only":
                pooled.invalidate()
                # whatever broke this one broke those that wait in the pool as well, but none of a newer pool
                if self.engine.pool is pool:
                    self.engine.dispose()
            raise
        finally:
            was_past = is_past()
            if was_past and pooled.is_valid:
                pooled.invalidate()
            pooled.close()
            if is_past() and not was_past:
                pool.dispose()


_compiled: dict[str, dict[Executable, Prepared]] = {}
"""Compiled statements by dialect, shared by all databases of a process: they are the same for each."""


class PooledDatabase(Database):
    """What both databases have in common: statements compiled once, and a pool for each process."""

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self.engine = engine
        self._dialect = dialect
        self._compiled = _compiled.setdefault(dialect.name, {})
        self._opened: set[Any] = set()
        sa.event.listen(engine, "connect", lambda connection, _: self._opened.add(connection))
        sa.event.listen(engine, "close", lambda connection, _: self._opened.discard(connection))
        forking.care_for(self)

    def before_fork(self) -> None: ...

    def after_fork(self, *, is_child: bool) -> None:
        if is_child:
            _left_behind.extend(self._opened)
            self._opened.clear()
            self.engine.dispose(close=False)

    def _prepared(self, statement: Executable, parameters: Mapping[str, Any]) -> Prepared:
        prepared = self._compiled.get(statement)
        if prepared is None:
            prepared = self._compiled[statement] = Prepared(statement, self._dialect, [*parameters])
        return prepared


def open_database(url: str, *, pool_size: int, only_reads: bool = False) -> Database:
    """The database behind a SQLAlchemy-like URL, or one of libpq's with several servers.

    Raises ValueError for one that is neither of the two, for several servers of which it is not said that the
    one that writes is meant, unless it `only_reads`, and where the driver of PostgreSQL is not installed.
    """
    parsed = parsed_url(url)
    if not only_reads:
        _check_writes_find_their_server(parsed)
    match parsed.get_backend_name():
        case "sqlite":
            # late, as each driver is made of what stands here
            from attendance.adapters.sql.engine.drivers.sqlite import Sqlite

            return Sqlite(parsed, pool_size)
        case "postgresql":
            try:
                # an extra, and large
                from attendance.adapters.sql.engine.drivers.postgres import Postgres
            except ImportError as error:
                raise ValueError(NO_DRIVER) from error
            return Postgres(parsed, pool_size)
        case _:
            raise ValueError(WHAT_A_URL_IS)


def parsed_url(text: str) -> sa.URL:
    """Several servers of PostgreSQL, in whatever form they are named, are `host` and `port` of the query.

    Raises ValueError for what is no URL.
    """
    several = SEVERAL_SERVERS.fullmatch(text)
    servers: Iterable[str] = several[2].split(",") if several else ()
    try:
        url = sa.make_url(several[1] + (several[3] or "") if several else text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise ValueError(WHAT_A_URL_IS) from error
    if "@" in (url.host or ""):
        # told now, as whoever resolves it would tell everybody a part of the password
        raise ValueError(WHAT_A_HOST_IS_NOT)
    if not several and isinstance(url.query.get("host"), tuple):
        servers = url.query["host"]
    if not servers:
        return url
    named = [SERVER.fullmatch(server) for server in servers]
    if not all(each and each[1] for each in named):
        raise ValueError(WHAT_A_URL_IS)
    hosts = ",".join(each[1].strip("[]") for each in named if each)
    ports = ",".join(each[2] or POSTGRESQL_PORT for each in named if each)
    return url.update_query_dict({"host": hosts, "port": ports})


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database, without making it; None for every other URL, and for what is none."""
    try:
        parsed = parsed_url(url)
    except ValueError:
        return None
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:"
    return Path(str(parsed.database)) if is_file else None


def _check_writes_find_their_server(url: sa.URL) -> None:
    """A server that replicates another may be the first to answer, and would be asked for ever."""
    hosts = url.query.get("host") or url.host or ""
    if "," in hosts and url.query.get("target_session_attrs") not in WRITING_SESSIONS:
        raise ValueError(WHAT_SEVERAL_SERVERS_NEED)


@contextmanager
def begun(connection: Any, begin: str) -> Iterator[None]:
    """A transaction on a driver's connection: committed when the block ends, rolled back when it raises."""
    connection.execute(begin)
    process = os.getpid()
    try:
        yield
        if os.getpid() != process:
            raise Unavailable(OTHERS_TRANSACTION)
        connection.execute("COMMIT")
    except BaseException:
        if os.getpid() != process:
            raise
        # where not even this works, the connection is not given back: see `Database.connection`
        with suppress(Exception):
            connection.execute("ROLLBACK")
        raise


def pool_options(size: int) -> dict[str, Any]:
    """How an engine of either database is made, with at most `size` connections."""
    return {
        "isolation_level": "AUTOCOMMIT",
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": LONGEST_WAIT_SECONDS,
        "pool_use_lifo": True,
        "pool_reset_on_return": None,
        "poolclass": sa.QueuePool,
        "json_serializer": as_json,
        "json_deserializer": msgspec.json.decode,
    }
