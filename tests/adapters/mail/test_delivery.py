"""Sending in the background: what is due at once, the next look after a pause, ever slower while it fails."""

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from attendance.adapters.mail import Dispatcher
from attendance.domain.errors import Unavailable

SOON = 10


class Stop(Event):
    """Whoever waits for it is told to stop after so many pauses; time passes only meanwhile."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after
        self.pauses: list[float] = []
        self.now = 1000.0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        self.now += timeout
        self.left -= 1
        if self.left <= 0:
            self.set()
        return self.is_set()

    def time(self) -> float:
        return self.now


def nothing() -> None:
    pass


def unavailable() -> bool:
    raise Unavailable


def one_by_one(*outcomes: bool | Exception) -> Callable[[], bool]:
    """A dispatch with these outcomes, and nothing to do afterwards."""
    left: Iterator[bool | Exception] = iter(outcomes)

    def dispatch() -> bool:
        outcome = next(left, False)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return dispatch


def pauses(*outcomes: bool | Exception, pause: float = 1.0, looks: int) -> list[float]:
    stop = Stop(after=looks)
    Dispatcher(dispatch=one_by_one(*outcomes), run_maintenance=nothing, pause=pause, now=stop.time).run_until(
        stop
    )
    return stop.pauses


def test_between_mails_that_are_due_there_is_no_pause() -> None:
    calls = []

    def dispatch() -> bool:
        calls.append("look")
        return len(calls) < 5

    stop = Stop(after=1)
    Dispatcher(dispatch=dispatch, run_maintenance=nothing, pause=0.25, now=stop.time).run_until(stop)
    assert (len(calls), stop.pauses) == (5, [0.25])


def test_when_nothing_is_due_it_is_looked_for_after_a_pause() -> None:
    assert pauses(False, True, False, pause=0.5, looks=3) == [0.5, 0.5, 0.5]


def test_while_looking_fails_the_pause_grows_to_half_a_minute() -> None:
    failures = [Unavailable() for _ in range(7)]
    assert pauses(*failures, looks=8) == [2, 4, 8, 16, 30, 30, 30, 1]


def test_a_pause_of_more_than_half_a_minute_does_not_shrink_by_failing() -> None:
    assert pauses(RuntimeError(), pause=45, looks=2) == [45, 45]


def test_it_is_tidied_once_a_minute() -> None:
    stop, tidied = Stop(after=185), []
    Dispatcher(
        dispatch=one_by_one(), run_maintenance=lambda: tidied.append(stop.now - 1000), pause=1, now=stop.time
    ).run_until(stop)
    assert tidied == [60, 120, 180]


def test_it_is_tidied_though_mail_never_ends_and_though_looking_fails() -> None:
    stop, tidied = Stop(after=9), []

    def dispatch() -> bool:
        stop.now += 20
        if stop.now > 1100:
            raise Unavailable
        return True

    Dispatcher(dispatch=dispatch, run_maintenance=lambda: tidied.append(stop.now), now=stop.time).run_until(
        stop
    )
    assert tidied[0] == 1060
    assert len(tidied) > 2


def test_looking_goes_on_when_tidying_fails(caplog: pytest.LogCaptureFixture) -> None:
    stop, tidied = Stop(after=185), []

    def run_maintenance() -> None:
        tidied.append(stop.now)
        if len(tidied) < 3:
            raise ValueError("no broom")

    Dispatcher(dispatch=one_by_one(), run_maintenance=run_maintenance, now=stop.time).run_until(stop)
    assert len(tidied) == 3
    assert set(stop.pauses) == {1.0}
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_the_same_failure_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    pauses(*(Unavailable() for _ in range(5)), False, Unavailable(), looks=8)
    assert caplog.messages == [
        "sending mail fails, it is tried again: temporarily unavailable",
        "sending mail works again",
        "sending mail fails, it is tried again: temporarily unavailable",
        "sending mail works again",
    ]
    assert all(record.exc_info is None for record in caplog.records)


def test_it_makes_no_difference_where_something_is_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    stop, failing = Stop(after=4), itertools.cycle([one_by_one(*[Unavailable()] * 2), unavailable])
    Dispatcher(dispatch=lambda: next(failing)(), run_maintenance=nothing, now=stop.time).run_until(stop)
    assert len(caplog.records) == 1


def test_an_unexpected_failure_is_logged_with_its_traceback_once(caplog: pytest.LogCaptureFixture) -> None:
    pauses(*(ValueError(f"at {second} seconds") for second in range(5)), looks=5)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.levelname == "ERROR"


def test_another_failure_is_logged_anew(caplog: pytest.LogCaptureFixture) -> None:
    pauses(ValueError("one"), KeyError("two"), ValueError("three"), looks=3)
    assert len(caplog.records) == 3


def test_nothing_is_done_once_it_is_to_stop(caplog: pytest.LogCaptureFixture) -> None:
    stop = Stop(after=1)
    stop.set()
    Dispatcher(dispatch=unavailable, run_maintenance=nothing, now=stop.time).run_until(stop)
    assert stop.pauses == []
    assert caplog.records == []


def test_closing_waits_for_the_mail_under_way_and_sends_no_other() -> None:
    under_way, may_end = Event(), Event()
    sent = []

    def dispatch() -> bool:
        under_way.set()
        assert may_end.wait(SOON)
        sent.append("mail")
        return True

    dispatcher = Dispatcher(dispatch=dispatch, run_maintenance=nothing)
    dispatcher.start()
    assert under_way.wait(SOON)
    closing = threading.Thread(target=dispatcher.close)
    closing.start()
    assert dispatcher._closing.wait(SOON)
    assert sent == []
    assert closing.is_alive()
    may_end.set()
    closing.join(SOON)
    assert not closing.is_alive()
    assert sent == ["mail"]


def test_closing_ends_a_pause() -> None:
    looked = Event()

    def dispatch() -> bool:
        looked.set()
        return False

    dispatcher = Dispatcher(dispatch=dispatch, run_maintenance=nothing, pause=3600)
    dispatcher.start()
    assert looked.wait(SOON)
    dispatcher.close()
    assert not dispatcher._thread.is_alive()


def test_the_thread_is_not_cut_off_when_the_program_ends() -> None:
    assert not Dispatcher(dispatch=one_by_one(), run_maintenance=nothing)._thread.daemon


def test_closing_twice_or_without_a_start_does_no_harm() -> None:
    never_started, dispatcher = (Dispatcher(dispatch=one_by_one(), run_maintenance=nothing) for _ in range(2))
    never_started.close()
    dispatcher.start()
    dispatcher.close()
    dispatcher.close()
    assert not never_started._thread.is_alive()
    assert not dispatcher._thread.is_alive()


@pytest.mark.parametrize("pause", [0, -1])
def test_without_a_pause_it_would_never_rest(pause: float) -> None:
    with pytest.raises(ValueError, match="pause"):
        Dispatcher(dispatch=one_by_one(), run_maintenance=nothing, pause=pause)
