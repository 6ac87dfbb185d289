"""Clients that connect and stall: each is closed after its deadline, and others are answered meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.databases import SqliteDatabases
from tests.faults.conftest import running, service_of
from tests.faults.processes import PATIENCE_SECONDS
from tests.service import Service

BODY = (
    b'POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"user'
)
SENT = {
    "nothing": b"",
    "a byte": b"G",
    "half a head": b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Half: ",
    "half a body": BODY,
    "one request": b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
}
CONNECTIONS = 40


@contextmanager
def serving(databases: SqliteDatabases, home: Path, *sabotage: str, **settings: str) -> Iterator[Service]:
    service = service_of(home, databases.fresh(), *sabotage, workers="1", **settings)
    with running(service):
        yield service


@contextmanager
def stalling(port: int, sent: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(CONNECTIONS)
        ]
        for client in clients:
            client.sendall(sent)
        yield clients


def until_closed(client: socket.socket, patience: float = PATIENCE_SECONDS) -> bytes:
    """What it is told until then. Raises TimeoutError where nothing happens for so many seconds."""
    client.settimeout(patience)
    told = b""
    while piece := client.recv(4096):
        told += piece
    return told


def check_is_answered(port: int, patience: float = PATIENCE_SECONDS) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(patience)
        client.sendall(SENT["one request"])
        assert client.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_a_connection_on_which_nothing_comes_is_closed_after_its_deadline(
    sqlite_databases: SqliteDatabases, tmp_path: Path, sent: bytes
) -> None:
    with (
        serving(sqlite_databases, tmp_path, receive_seconds="0.2") as service,
        stalling(service.port, sent) as clients,
    ):
        told = {until_closed(client)[:12] for client in clients}
        assert told == {{BODY: b"HTTP/1.1 408", SENT["one request"]: b"HTTP/1.1 200"}.get(sent, b"")}


@pytest.mark.plants
def test_a_silent_connection_is_never_closed_by_a_server_that_finds_out_which_http_it_is(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with (
        serving(sqlite_databases, tmp_path, "finds_out_which_http", receive_seconds="0.2") as service,
        stalling(service.port, b"") as clients,
        pytest.raises(TimeoutError),
    ):
        until_closed(clients[0], patience=1)


def test_connections_that_stall_leave_others_theirs(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with (
        serving(sqlite_databases, tmp_path, receive_seconds="300") as service,
        stalling(service.port, b""),
    ):
        check_is_answered(service.port)


@pytest.mark.plants
def test_connections_that_stall_take_those_of_others_where_there_are_no_more(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with (
        serving(sqlite_databases, tmp_path, receive_seconds="300", connections="16") as service,
        stalling(service.port, b""),
        pytest.raises(TimeoutError),
    ):
        check_is_answered(service.port, patience=1)
