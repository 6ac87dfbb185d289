"""Processes that begin with everything loaded, for whoever runs by itself and has one thread."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence


def forked(works: Sequence[Callable[[], object]]) -> list[int]:
    """Do each in a process of its own, all at once; their exit statuses, those of the killed negative."""
    sys.stdout.flush()
    children = [_begun(work) for work in works]
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _begun(work: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
