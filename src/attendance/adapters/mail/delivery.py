"""Sending mail in the background, for as long as the program runs."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from traceback import walk_tb

from attendance.domain.errors import Unavailable

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0
_MAINTENANCE_INTERVAL = 60.0


class Dispatcher:
    """Call `dispatch` repeatedly and `run_maintenance` once a minute, on one thread. Cannot be restarted.

    `dispatch` sends one mail that is due and returns whether there was one; if not, it is called again after
    `pause` seconds. While it fails, the pause doubles up to 30 s. Failures are logged.
    """

    def __init__(
        self,
        *,
        dispatch: Callable[[], bool],
        run_maintenance: Callable[[], None],
        pause: float = 1.0,
        now: Callable[[], float] = monotonic,
    ) -> None:
        if pause <= 0:
            raise ValueError("pause must be more than 0")
        self._dispatch = dispatch
        self._run_maintenance = run_maintenance
        self._pause = pause
        self._now = now
        self._closing = Event()
        self._thread = Thread(target=self.run_until, args=(self._closing,), name="attendance-mail")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Finish the mail being sent, then stop."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def run_until(self, stop: Event) -> None:
        """Run in the calling thread until `stop` is set."""
        sending, maintaining = _FailureLog("sending mail"), _FailureLog("maintenance")
        pause, maintenance_due = self._pause, self._now() + _MAINTENANCE_INTERVAL
        while not stop.is_set():
            was_sent = False
            try:
                was_sent = self._dispatch()
                sending.succeeded()
                pause = self._pause
            except Exception as error:
                sending.failed(error)
                pause = min(2 * pause, max(_LONGEST_PAUSE, self._pause))
            if self._now() >= maintenance_due:
                maintenance_due = self._now() + _MAINTENANCE_INTERVAL
                try:
                    self._run_maintenance()
                    maintaining.succeeded()
                except Exception as error:
                    maintaining.failed(error)
            if not was_sent:
                stop.wait(pause)


class _FailureLog:
    """Logs a failure when it begins, changes and ends, not each time it recurs."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._last: object = None

    def failed(self, error: Exception) -> None:
        is_expected = isinstance(error, Unavailable)
        places = () if is_expected else tuple(walk_tb(error.__traceback__))
        this = (type(error), [(frame.f_code, line) for frame, line in places])
        if this == self._last:
            return
        self._last = this
        if is_expected:
            log.warning("%s fails, it is tried again: %s", self._task, _why(error))
        else:
            log.error("%s fails, it is tried again", self._task, exc_info=error)

    def succeeded(self) -> None:
        if self._last is not None:
            self._last = None
            log.info("%s works again", self._task)


def _why(error: BaseException) -> str:
    """What is behind an error, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().partition("\n")[0] or type(error).__name__
