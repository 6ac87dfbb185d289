"""PostgreSQL. The one module that needs psycopg: `attendance[postgres]`.

Statements go to libpq itself, through psycopg's own wrapper, and psycopg converts the values on the way in
and out. Its cursors ask in a loop that others could be served in meanwhile: here each thread has a connection
and waits for it, the GIL released, which is less than half of the work.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias, cast

import psycopg
import sqlalchemy as sa
from psycopg import errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import DiagnosticField, ExecStatus, PipelineStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from attendance.adapters.sql.engine.databases import PooledDatabase, Question, begun, pool_options
from attendance.adapters.sql.engine.statements import Answer, Prepared

CONNECT_TIMEOUT_S = 3
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

CONTENDED = (errors.SerializationFailure, errors.DeadlockDetected)
"""Another transaction got in the way."""

UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction)
"""The server is away, or does not write at the moment. CONTENDED goes before: those are OperationalErrors."""


PREPARED_AFTER = 3
"""How often a connection runs a statement before the server is to keep it: that costs, as planning does."""


@dataclass(slots=True)
class Use:
    """How often a connection ran a statement with parameters of such types, and its name once it is kept."""

    times: int = 0
    name: bytes | None = None


Uses: TypeAlias = dict[tuple[Prepared, tuple[int, ...]], Use]


class Postgres(PooledDatabase):
    runs_both = True

    def __init__(self, url: sa.URL, pool_size: int) -> None:
        super().__init__(_engine(url, pool_size), NUMBERED)
        self._uses: dict[Any, Uses] = {}
        self._names = count()
        sa.event.listen(self.engine, "connect", self._begin_with)
        sa.event.listen(self.engine, "close", lambda connection, _: self._uses.pop(connection, None))

    def _begin_with(self, connection: Any, _: object) -> None:
        self._uses[connection] = {}
        # once psycopg keeps statements of its own, it has the server forget all of them, ours too
        connection.prepare_threshold = None

    def after_fork(self, *, is_child: bool) -> None:
        super().after_fork(is_child=is_child)
        if is_child:
            self._uses.clear()

    @contextmanager
    def transaction(self, connection: Any) -> Iterator[None]:
        with begun(Commands(connection), "BEGIN"):
            yield

    @contextmanager
    def shared_transaction(self, connection: Any) -> Iterator[Any]:
        # the server itself lets those commit together who are at it at once
        with begun(connection, "BEGIN"):
            yield connection

    def run(self, connection: Any, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        return self._run(connection, *self._dumped(connection, statement, parameters))

    def _run(self, connection: Any, prepared: Prepared, transformer: Any, sent: Any, use: Use) -> Answer:
        types, formats = transformer.types or (), transformer.formats
        pgconn: Any = connection.pgconn
        if use.name is None and use.times >= PREPARED_AFTER:
            name = b"attendance_%d" % next(self._names)
            _checked(pgconn.prepare(name, prepared.encoded, types), connection)
            use.name = name
        if use.name is None:
            use.times += 1
            result = pgconn.exec_params(prepared.encoded, sent, types, formats)
        else:
            result = pgconn.exec_prepared(use.name, sent, formats)
        _checked(result, connection)
        return _answer(prepared, transformer, result)

    def run_both(self, connection: Any, first: Question, second: Question) -> tuple[Answer, Answer | None]:
        both = [self._dumped(connection, *first)]
        if _is_kept_question(*both[0]):
            both.append(self._dumped(connection, *second))
        if not _is_kept_question(*both[-1]):
            return self._run(connection, *both[0]), None
        pgconn: Any = connection.pgconn
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

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, command: str) -> None:
        _checked(self._connection.pgconn.exec_(command.encode()), self._connection)


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
    result = pgconn.get_result()
    if result is None or is_sync is not (result.status == ExecStatus.PIPELINE_SYNC):
        raise psycopg.OperationalError(pgconn.get_error_message())
    if not is_sync:
        # the end of what one statement answers
        while pgconn.get_result() is not None:
            pass
    return cast(PGresult, result)


def _checked(result: PGresult, connection: Any) -> None:
    """Raise psycopg's error for a statement that failed, as its cursors do."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
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


def _engine(url: sa.URL, pool_size: int) -> sa.Engine:
    # PostgreSQL takes the last word: the URL's options (a search_path) come first, what we rely on after them
    theirs = url.query.get("options", "")
    options = [theirs] if isinstance(theirs, str) else [*theirs]
    options += [f"-c {name}={value}" for name, value in POSTGRES_SETTINGS.items()]
    connect_args: dict[str, Any] = {"options": " ".join(filter(None, options))}
    if "connect_timeout" not in url.query:
        connect_args["connect_timeout"] = CONNECT_TIMEOUT_S
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
        connect_args=connect_args,
        **pool_options(pool_size),
    )
