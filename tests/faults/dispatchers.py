"""Run by itself: send the mails that wait, from several processes at once, or from some that are killed."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from threading import Barrier, Thread

from dependency_injector import providers

from attendance.adapters.clock import utc_now
from attendance.application.ports import Notifier
from attendance.domain.accounts.mail import LONGEST_LEASE, Mail
from attendance.entrypoints.container import Container, close
from attendance.entrypoints.settings import from_environment
from tests.faults.forks import forked

SECOND = 2


class Dying(Notifier):
    """Hands mails over; at the second it dies, in odd rounds once it is accepted, in even ones before."""

    def __init__(self, notifier: Notifier, round_: int) -> None:
        self._notifier = notifier
        self._dies_after = round_ % 2 == 1
        self._numbers = count(1)

    def send(self, mail: Mail) -> None:
        is_last = next(self._numbers) == SECOND
        if is_last and not self._dies_after:
            os.kill(os.getpid(), signal.SIGKILL)
        self._notifier.send(mail)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def dispatching(*, later: timedelta = timedelta(), round_: int = 0) -> Iterator[Callable[[], bool]]:
    container = Container(settings=from_environment())
    container.clock.override(providers.Object(lambda: utc_now() + later))
    if round_:
        container.notifier.override(providers.Object(Dying(container.notifier(), round_)))
    yield container.use_cases().dispatch_mail
    close(container)


def send_all(round_: int, *, dies: bool) -> None:
    """After the claims of the rounds before have ended."""
    with dispatching(later=round_ * LONGEST_LEASE * 2, round_=round_ if dies else 0) as dispatch:
        while dispatch():
            pass


def killed(rounds: int) -> None:
    """In each round a dispatcher sends one mail and dies with the next; then one is let alone."""
    for round_ in range(1, rounds + 1):
        statuses = forked([partial(send_all, round_, dies=True)])
        assert statuses == [-signal.SIGKILL], f"round {round_} ended with {statuses}"
    assert forked([partial(send_all, rounds + 1, dies=False)]) == [0]


def send_on_threads(number: int) -> None:
    start = Barrier(number)
    with dispatching() as dispatch:

        def send() -> None:
            start.wait()
            while dispatch():
                pass

        threads = [Thread(target=send) for _ in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def at_once(processes: int, threads: int) -> None:
    assert forked([partial(send_on_threads, threads)] * processes) == [0] * processes


if __name__ == "__main__":
    {"killed": killed, "at_once": at_once}[sys.argv[1]](*map(int, sys.argv[2:]))
