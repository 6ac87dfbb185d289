"""Small writes that no answer waits for."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

log = logging.getLogger(__name__)


class RunInBackground:
    """Runs what it is given on one thread of its own; what does not fit into its queue is dropped."""

    def __init__(self, longest_queue: int = 1000) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="attendance-aside")
        self._places = BoundedSemaphore(longest_queue)

    def __call__(self, task: Callable[[], None]) -> None:
        if self._places.acquire(blocking=False):
            self._thread.submit(self._run, task)

    def _run(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception:
            log.warning("a write apart from the answer failed", exc_info=True)
        finally:
            self._places.release()

    def close(self) -> None:
        """Finish what is queued."""
        self._thread.shutdown()
