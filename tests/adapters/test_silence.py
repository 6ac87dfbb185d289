"""Whose connection is cut, and whose is not."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from attendance.adapters.sql.engine.drivers.silence import LONGEST_SILENCE_SECONDS, cut_if_silent

ASKED_AT = 1000.0
LATER = ASKED_AT + LONGEST_SILENCE_SECONDS


@dataclass
class Line:
    """A connection to a server; `meanwhile` happens while it is looked at."""

    client: socket.socket
    server: socket.socket
    asked_at: float | None = ASKED_AT
    closed: bool = False
    meanwhile: Callable[["Line"], None] = field(default=lambda _: None)

    def fileno(self) -> int:
        number = self.client.fileno()
        self.meanwhile(self)
        return number

    def is_cut(self) -> bool:
        self.server.setblocking(False)
        try:
            return self.server.recv(1) == b""
        except BlockingIOError:
            return False


@pytest.fixture
def line() -> Iterator[Line]:
    client, server = socket.socketpair()
    with client, server:
        yield Line(client, server)


def test_a_server_that_owes_an_answer_for_too_long_is_cut_off(line: Line) -> None:
    cut_if_silent(line, LATER)
    assert line.is_cut()


def test_whoever_waits_for_nothing_or_not_long_yet_is_left_alone(line: Line) -> None:
    cut_if_silent(line, LATER - 0.1)
    line.asked_at = None
    cut_if_silent(line, LATER)
    assert not line.is_cut()


@pytest.mark.parametrize("asked_at", [None, LATER])
def test_a_connection_whose_answer_comes_while_it_is_looked_at_is_left_alone(
    line: Line, asked_at: float | None
) -> None:
    """By then its number may even be another's."""

    def answered(line: Line) -> None:
        line.asked_at = asked_at

    line.meanwhile = answered
    cut_if_silent(line, LATER)
    assert not line.is_cut()


def test_a_connection_that_is_closed_meanwhile_is_no_error(line: Line) -> None:
    line.client.close()
    cut_if_silent(line, LATER)
