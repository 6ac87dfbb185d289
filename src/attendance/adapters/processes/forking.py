"""What has to happen around `fork()` so that a child may go on using what its parent opened."""

import os
from typing import Protocol
from weakref import WeakSet

LONGEST_REST_SECONDS = 2.0
"""How long a fork waits for what other threads are at."""


class Forkable(Protocol):
    """Holds connections, threads or locks, none of which two processes may share."""

    def before_fork(self) -> None:
        """In the parent: come to rest, so that the child inherits nothing half done."""

    def after_fork(self, *, is_child: bool) -> None:
        """In both processes: go on; in the child with connections, threads and locks of its own."""


_forkable: WeakSet[Forkable] = WeakSet()


def care_for(forkable: Forkable) -> None:
    """See to it around every fork from now on, for as long as somebody holds it."""
    _forkable.add(forkable)


def _before() -> None:
    for forkable in [*_forkable]:
        forkable.before_fork()


def _after(*, is_child: bool) -> None:
    for forkable in [*_forkable]:
        forkable.after_fork(is_child=is_child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(is_child=False),
        after_in_child=lambda: _after(is_child=True),
    )
