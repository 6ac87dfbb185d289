"""The process that starts the workers, and starts those anew that die, whatever they die of."""

import logging
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from granian.server.mp import MPServer, WorkerProcess

from attendance.adapters.processes import cpus
from attendance.entrypoints.serving.process import DRAINING

log = logging.getLogger(__name__)

LIVED_LONG_SECONDS = 60
LONGEST_PAUSE_SECONDS = 30


@dataclass
class Deaths:
    """How often a worker died shortly after it was started, and when it is to be started again."""

    in_a_row: int = 0
    started_at: float = 0.0
    due_at: float | None = None

    def died(self, now: float) -> None:
        """It is started at once the first time, then after 1, 2, 4 … 30 seconds."""
        self.in_a_row = 1 if now - self.started_at > LIVED_LONG_SECONDS else self.in_a_row + 1
        pause = 0 if self.in_a_row == 1 else min(2.0 ** (self.in_a_row - 2), LONGEST_PAUSE_SECONDS)
        self.due_at = now + pause

    def started(self, now: float) -> None:
        self.started_at, self.due_at = now, None


def cpus_of_workers(workers: int, *, port: int) -> Sequence[int]:
    """A CPU for each worker; none where there are not enough, or but one.

    Services on several ports of a machine begin at different ones. The last come first: the system handles
    most interrupts on the first.
    """
    usable = sorted(cpus.usable(), reverse=True)
    if len(usable) < max(2, workers):
        return ()
    return [usable[(port + index) % len(usable)] for index in range(workers)]


def _loaded_on(cpu: int, load: Callable[[], Any]) -> Any:
    """What a worker serves, and all threads that it starts from then on, on one CPU."""
    cpus.stay_on(cpu)
    return load()


class Wakeup:
    """What ends a wait, told by any thread, or by a signal handler in the midst of the wait itself.

    A handler runs in the main thread wherever that is just then: setting a `threading.Event`, it would wait
    for ever for a lock that its own thread has. A `SimpleQueue` may be put to amid its own calls.
    """

    def __init__(self) -> None:
        self._told: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        self._told.put(None)

    def wait(self, seconds: float | None = None) -> None:
        """Return once it has been set since the last wait, or after so many seconds; None: not before."""
        with suppress(Empty):
            self._told.get(timeout=seconds)
            self.clear()

    def clear(self) -> None:
        """Forget that it was set."""
        with suppress(Empty):
            while True:
                self._told.get_nowait()


class Supervisor(MPServer):
    """Granian, but for four things.

    A worker that dies again and again is started again after a pause, while the others serve: Granian ends
    the whole service where one dies twice within 5.5 seconds. When it is told to stop, readiness goes first
    and requests are taken for `drain_seconds` more, until whoever distributes them has noticed. Each worker
    stays on its CPU of `pinned_to`, by its index; none does where that is empty. And it is woken by signals
    whatever it is about: see `Wakeup`.
    """

    def __init__(self, *args: Any, drain_seconds: float, pinned_to: Sequence[int], **options: Any) -> None:
        super().__init__(*args, **options)
        self.main_loop_interrupt = Wakeup()  # type: ignore[assignment]
        self._drain_seconds = drain_seconds
        self._pinned_to = pinned_to
        self._deaths: dict[int, Deaths] = defaultdict(Deaths)

    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Any, callback_loader: Callable[[], Any]
    ) -> WorkerProcess:
        if self._pinned_to:
            callback_loader = partial(_loaded_on, self._pinned_to[idx], callback_loader)
        return super()._spawn_worker(idx, target, callback_loader)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        # asked anew after each wait: what is told meanwhile ends the next one at once
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(self._until_due())
            if self.interrupt_signal:
                break
            # one at a time: others may be appended meanwhile
            while self.interrupt_children:
                index = self.interrupt_children.pop(0)
                self._say_of_what_died(index)
                self._deaths[index].died(time.monotonic())
            self._start_those_that_are_due(spawn_target, target_loader)
            if self.reload_signal:
                self._reload(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        self._drain()

    def _say_of_what_died(self, index: int) -> None:
        process = self.wrks[index].inner
        status = process.exitcode
        how = f"of {signal.Signals(-status).name}" if status and status < 0 else f"with status {status}"
        log.error("worker %d, process %d, ended %s", index + 1, process.pid, how)

    def _until_due(self) -> float | None:
        due = [deaths.due_at for deaths in self._deaths.values() if deaths.due_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _start_those_that_are_due(self, spawn_target: Any, target_loader: Any) -> None:
        for index, deaths in self._deaths.items():
            if deaths.due_at is not None and deaths.due_at <= time.monotonic():
                self._respawn_workers([index], spawn_target, target_loader)
                deaths.started(time.monotonic())

    def _drain(self) -> None:
        if not self._drain_seconds:
            return
        for worker in self.wrks:
            if worker.inner.is_alive():
                os.kill(worker.inner.pid, DRAINING)
        # told once more to stop, it waits no longer
        self.main_loop_interrupt.clear()
        self.main_loop_interrupt.wait(self._drain_seconds)
