"""PostgreSQL. The one module that needs psycopg: `attendance[postgres]`.

Statements go to libpq itself, through psycopg's own wrapper, and psycopg converts the values on the way in
and out. Its cursors ask in a loop that others could be served in meanwhile: here each thread has a connection
and waits for it, the GIL released, which is less than half of the work.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from select import POLLIN, poll
from time import monotonic
from typing import Any, TypeAlias, cast

import psycopg
import sqlalchemy as sa
from psycopg import errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import DiagnosticField, ExecStatus, PipelineStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import ExceptionContext

from attendance.adapters.sql.engine.databases import (
    LASTS_ANY_TIME,
    PooledDatabase,
    Question,
    begun,
    pool_options,
)
from attendance.adapters.sql.engine.drivers.silence import Listener
from attendance.adapters.sql.engine.statements import Answer, Prepared

CONNECTION_SETTINGS: Mapping[str, Any] = {
    "connect_timeout": 3,
    # a machine that is gone or cut off does not even say that its connections are over
    "tcp_user_timeout": 6_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""What a URL may say otherwise: in seconds, `tcp_user_timeout` in milliseconds."""
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000

# PostgreSQL's own placeholders, $1 and on: psycopg's would have to be looked for in every statement
NUMBERED: sa.Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

POSTGRES_SETTINGS = {
    "statement_timeout": STATEMENT_TIMEOUT_MS,
    "lock_timeout": LOCK_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
    "default_transaction_isolation": r"read\ committed",
    "timezone": "UTC",
}

POOLING = "pooling"
"""What a URL says of a pooler on the way: `pooling=transaction`."""
LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
LIMITS_BEHIND_POOLER = f"""
    SELECT set_config('timezone', 'UTC', false),
    {", ".join(f"current_setting('{name}')" for name in (*LIMITS, "default_transaction_isolation"))}
"""  # names of ours

CONTENDED = (errors.SerializationFailure, errors.DeadlockDetected)
"""Another transaction got in the way."""

UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction)
"""The server is away, or does not write at the moment. CONTENDED goes before: those are OperationalErrors."""

WAITS_FOR_REPLICAS = "SyncRepWaitForLSN"
NOT_REPLICATED = "the wait for a replica was cancelled: what was committed may be on one server alone"

PREPARED_AFTER = 3
"""How often a connection runs a statement before the server is to keep it: that costs, as planning does."""


@dataclass(slots=True)
class Use:
    """How often a connection ran a statement with parameters of such types, and its name once it is kept."""

    times: int = 0
    name: bytes | None = None


Uses: TypeAlias = dict[tuple[Prepared, tuple[int, ...]], Use]


class ServerConnection(psycopg.Connection[Any]):
    """A connection that knows how long its server has owed an answer, and what it warned of."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.asked_at: float | None = None
        """Since when an answer is waited for (`time.monotonic`), None while none is."""
        self.is_in_doubt = False
        """Whether a commit was reported that no replica has, though it was to wait for one."""
        self.add_notice_handler(self._note)

    def _note(self, notice: psycopg.errors.Diagnostic) -> None:
        # PostgreSQL calls it a success, with a warning: it cannot take the commit back
        if notice.source_function == WAITS_FOR_REPLICAS:
            self.is_in_doubt = True


class Unkept(Uses):
    """Each use is the first: no statement is kept where the next one may meet another server connection."""

    def get(self, *_: Any) -> Use:
        return Use()


class Postgres(PooledDatabase):
    """Where its URL says `pooling=transaction`, a pooler lends a connection to it for each transaction.

    Then nothing is left in one that the next transaction would miss, or another's would find.
    """

    runs_both = True

    def __init__(self, url: sa.URL, pool_size: int) -> None:
        self.is_behind_pooler = _is_behind_pooler(url)
        super().__init__(_engine(url, pool_size), NUMBERED)
        self._uses: dict[Any, Uses] = {}
        self._names = count()
        self._listener = Listener()
        sa.event.listen(self.engine, "do_connect", self._connect)
        sa.event.listen(self.engine, "connect", self._begin_with)
        sa.event.listen(self.engine, "close", lambda connection, _: self._uses.pop(connection, None))
        sa.event.listen(self.engine, "before_cursor_execute", _wait)
        sa.event.listen(self.engine, "after_cursor_execute", lambda _, cursor, *__: _wait_no_more(cursor))
        sa.event.listen(self.engine, "handle_error", _fail)

    def _connect(self, _: object, __: object, positional: Any, named: Any) -> ServerConnection:
        connection = ServerConnection.connect(*positional, **named)
        # SQLAlchemy asks a server what it is before it hands it out
        connection.asked_at = monotonic()
        self._listener.listen_to(connection)
        return connection

    def _begin_with(self, connection: ServerConnection, _: object) -> None:
        self._uses[connection] = Unkept() if self.is_behind_pooler else {}
        # once psycopg keeps statements of its own, it has the server forget all of them, ours too
        connection.prepare_threshold = None
        if self.is_behind_pooler:
            try:
                _check_server_connection(connection)
            except BaseException:
                connection.close()
                raise
        connection.asked_at = None

    def after_fork(self, *, is_child: bool) -> None:
        super().after_fork(is_child=is_child)
        if is_child:
            self._uses.clear()
            self._listener = Listener()

    @contextmanager
    def transaction(self, connection: Any) -> Iterator[None]:
        with begun(Commands(connection), "BEGIN"):
            yield

    @contextmanager
    def shared_transaction(self, connection: Any) -> Iterator[Any]:
        # the server itself lets those commit together who are at it at once
        with self.transaction(connection):
            yield connection

    def commands(self, connection: Any) -> "Commands":
        return Commands(connection)

    @contextmanager
    def bounded(self, connection: Any) -> Iterator[None]:
        connection.asked_at = monotonic()
        try:
            yield
        finally:
            connection.asked_at = None

    def run(self, connection: Any, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        return self._run(connection, *self._dumped(connection, statement, parameters))

    def _run(self, connection: Any, prepared: Prepared, transformer: Any, sent: Any, use: Use) -> Answer:
        types, formats = transformer.types or (), transformer.formats
        pgconn: Any = connection.pgconn
        connection.asked_at = monotonic()
        try:
            if use.name is None and use.times >= PREPARED_AFTER:
                name = b"attendance_%d" % next(self._names)
                _checked(pgconn.prepare(name, prepared.encoded, types), connection)
                use.name = name
            if use.name is None:
                use.times += 1
                result = pgconn.exec_params(prepared.encoded, sent, types, formats)
            else:
                result = pgconn.exec_prepared(use.name, sent, formats)
        finally:
            connection.asked_at = None
        _checked(result, connection)
        return _answer(prepared, transformer, result)

    def run_both(self, connection: Any, first: Question, second: Question) -> tuple[Answer, Answer | None]:
        both = [self._dumped(connection, *first)]
        if _is_kept_question(*both[0]):
            both.append(self._dumped(connection, *second))
        if not _is_kept_question(*both[-1]):
            return self._run(connection, *both[0]), None
        pgconn: Any = connection.pgconn
        with self.bounded(connection):
            pgconn.enter_pipeline_mode()
            for _, transformer, sent, use in both:
                pgconn.send_query_prepared(use.name, sent, transformer.formats)
            pgconn.pipeline_sync()
            results = [_only_result(pgconn) for _ in both]
            _only_result(pgconn, is_sync=True)
            pgconn.exit_pipeline_mode()
        _checked(results[0], connection)
        answers = [
            _answer(prepared, transformer, result) if result.status == ExecStatus.TUPLES_OK else None
            for (prepared, transformer, _, _), result in zip(both, results, strict=True)
        ]
        return cast(Answer, answers[0]), answers[1]

    def _dumped(
        self, connection: Any, statement: Executable, parameters: Mapping[str, Any]
    ) -> tuple[Prepared, Any, Any, Use]:
        """A statement, what converts for it, what it is sent with, and how often it was."""
        prepared = self._prepared(statement, parameters)
        values = prepared.values(parameters)
        transformer = Transformer(connection)
        sent = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
        uses = self._uses[connection]
        use = uses.get((prepared, transformer.types or ()))
        if use is None:
            use = uses[prepared, transformer.types or ()] = Use()
        return prepared, transformer, sent, use

    def is_in_transaction(self, connection: Any) -> bool:
        return bool(connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS)

    def is_idle(self, connection: Any) -> bool:
        is_idle = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        return bool(is_idle and connection.pgconn.pipeline_status == PipelineStatus.OFF)


class Commands:
    """A connection for what takes no parameters and has no answer."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    def execute(self, command: str) -> None:
        connection = self._connection
        connection.asked_at = monotonic()
        try:
            result = connection.pgconn.exec_(command.encode())
        finally:
            connection.asked_at = None
        _checked(result, connection)


def _wait(connection: sa.Connection, cursor: Any, *_: object) -> None:
    """What is asked through SQLAlchemy, as migrations and commands of operators do, is bounded, too."""
    if not connection.get_execution_options().get(LASTS_ANY_TIME):
        cursor.connection.asked_at = monotonic()


def _wait_no_more(cursor: Any) -> None:
    cursor.connection.asked_at = None


def _fail(failed: ExceptionContext) -> None:
    if failed.execution_context is not None:
        _wait_no_more(failed.execution_context.cursor)


def _is_kept_question(prepared: Prepared, _: object, __: object, use: Use) -> bool:
    """Whether the server keeps it, and it changes nothing."""
    return prepared.is_read and use.name is not None


def _answer(prepared: Prepared, transformer: Any, result: PGresult) -> Answer:
    if not prepared.is_read:
        return Answer([], result.command_tuples or 0)
    transformer.set_pgresult(result)
    if prepared.is_plain:
        return Answer(transformer.load_rows(0, result.ntuples, prepared.named), result.ntuples)
    return Answer(prepared.rows(transformer.load_rows(0, result.ntuples, tuple)), result.ntuples)


def _only_result(pgconn: Any, *, is_sync: bool = False) -> PGresult:
    """The result of the next of several statements, or with `is_sync` what comes after them."""
    result = _next_result(pgconn)
    if result is None or is_sync is not (result.status == ExecStatus.PIPELINE_SYNC):
        raise psycopg.OperationalError(pgconn.get_error_message())
    if not is_sync:
        # the end of what one statement answers
        while _next_result(pgconn) is not None:
            pass
    return result


def _next_result(pgconn: Any) -> PGresult | None:
    """The next result, once it is there: psycopg waits for it with the GIL held, and all threads with it."""
    if pgconn.is_busy():
        arrives = poll()
        arrives.register(pgconn.socket, POLLIN)
        while pgconn.is_busy():
            arrives.poll()
            pgconn.consume_input()
    return cast("PGresult | None", pgconn.get_result())


def _checked(result: PGresult, connection: ServerConnection) -> None:
    """Raise psycopg's error for a statement that failed, as its cursors do, or is not known to be kept."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        if connection.is_in_doubt:
            connection.is_in_doubt = False
            raise psycopg.OperationalError(NOT_REPLICATED)
        return
    encoding = connection.info.encoding
    if not result.error_field(DiagnosticField.SQLSTATE):
        # no server has said so: it is away
        raise psycopg.OperationalError(result.get_error_message(encoding))
    raise errors.error_from_result(result, encoding)


def broken_constraint(error: psycopg.Error) -> str | None:
    """The name of the unique constraint that a statement would have broken, "" for one without a name.

    None where it was something else.
    """
    return (error.diag.constraint_name or "") if isinstance(error, errors.UniqueViolation) else None


def _is_behind_pooler(url: sa.URL) -> bool:
    pooling = url.query.get(POOLING)
    if pooling not in (None, "transaction"):
        raise ValueError(f"{POOLING}={pooling}: it can be {POOLING}=transaction, or nothing")
    if pooling and "options" in url.query:
        raise ValueError("a pooler passes on no options: ALTER ROLE … IN DATABASE … SET … does the same")
    return pooling is not None


def _check_server_connection(connection: Any) -> None:
    """Say in which zone times are meant, which a pooler passes on; raise ValueError where limits are missing.

    They would be missing for every statement: whoever waits for a lock would do so for ever.
    """
    result = connection.pgconn.exec_(LIMITS_BEHIND_POOLER.encode())
    _checked(result, connection)
    _, *limits, isolation = [
        (result.get_value(0, number) or b"").decode() for number in range(result.nfields)
    ]
    missing = [name for name, value in zip(LIMITS, limits, strict=True) if value == "0"]
    if isolation != "read committed":
        missing.append(f"default_transaction_isolation = 'read committed' (but {isolation})")
    if missing:
        raise ValueError(
            f"behind the pooler there is no {', '.join(missing)}: see connect_query in deploy/pgbouncer.ini"
        )


def _engine(url: sa.URL, pool_size: int) -> sa.Engine:
    # PostgreSQL takes the last word: the URL's options (a search_path) come first, what we rely on after them
    theirs = url.query.get("options", "")
    options = [theirs] if isinstance(theirs, str) else [*theirs]
    options += [f"-c {name}={value}" for name, value in POSTGRES_SETTINGS.items()]
    connect_args: dict[str, Any] = {"options": " ".join(filter(None, options))}
    if _is_behind_pooler(url):
        del connect_args["options"]
    connect_args |= {name: value for name, value in CONNECTION_SETTINGS.items() if name not in url.query}
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["options", POOLING]),
        connect_args=connect_args,
        **pool_options(pool_size),
    )
