"""Tasks that run after the answer, such as noting when a session was last seen."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from attendance.adapters.processes import forking

log = logging.getLogger(__name__)


class RunInBackground:
    """Run tasks one after another on a thread of its own.

    At most `longest_queue` tasks wait; a further one is refused. What a task raises is only logged.
    """

    def __init__(self, longest_queue: int = 1000) -> None:
        self._longest_queue = longest_queue
        self._start()
        forking.care_for(self)

    def _start(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="attendance-background")
        self._slots = BoundedSemaphore(self._longest_queue)

    def before_fork(self) -> None: ...

    def after_fork(self, *, is_child: bool) -> None:
        """A child has no thread but the one that forked; the parent does what was queued."""
        if is_child:
            self._start()

    def __call__(self, task: Callable[[], None]) -> bool:
        """Return whether the task is run."""
        if not self._slots.acquire(blocking=False):
            return False
        self._thread.submit(self._run, task)
        return True

    def _run(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception:
            log.warning("a background task failed", exc_info=True)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Run what is queued, then stop."""
        self._thread.shutdown()
