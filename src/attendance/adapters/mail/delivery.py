"""Sending mail in the background, for as long as the program runs."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from traceback import walk_tb

from attendance.domain.errors import Unavailable

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0
_BETWEEN_TIDYINGS = 60.0


class Dispatcher:
    """Calls `dispatch` again and again, and `tidy` once a minute, on one thread; of no use once closed.

    `dispatch` sends one mail that is due and says whether there was one; when there was none it is called
    again after `pause` seconds. While it fails, the pause doubles up to 30 s; what fails is only logged.
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
        self._tidy = run_maintenance
        self._pause = pause
        self._now = now
        self._closing = Event()
        self._thread = Thread(target=self.run_until, args=(self._closing,), name="attendance-mail")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Finish the mail under way, and no other."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def run_until(self, stop: Event) -> None:
        """Do it here, in the foreground."""
        sending, tidying = _Trouble("sending mail"), _Trouble("tidying up")
        pause, tidy_at = self._pause, self._now() + _BETWEEN_TIDYINGS
        while not stop.is_set():
            is_more = False
            try:
                is_more = self._dispatch()
                sending.is_over()
                pause = self._pause
            except Exception as error:
                sending.goes_on(error)
                pause = min(2 * pause, max(_LONGEST_PAUSE, self._pause))
            if self._now() >= tidy_at:
                tidy_at = self._now() + _BETWEEN_TIDYINGS
                try:
                    self._tidy()
                    tidying.is_over()
                except Exception as error:
                    tidying.goes_on(error)
            if not is_more:
                stop.wait(pause)


class _Trouble:
    """Logs what fails when it begins, changes and ends, not each time."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._last: object = None

    def goes_on(self, error: Exception) -> None:
        is_expected = isinstance(error, Unavailable)
        places = () if is_expected else tuple(walk_tb(error.__traceback__))
        this = (type(error), [(frame.f_code, line) for frame, line in places])
        if this == self._last:
            return
        self._last = this
        if is_expected:
            log.warning("%s fails, it is tried again: %s", self._what, error)
        else:
            log.error("%s fails, it is tried again", self._what, exc_info=error)

    def is_over(self) -> None:
        if self._last is not None:
            self._last = None
            log.info("%s works again", self._what)
