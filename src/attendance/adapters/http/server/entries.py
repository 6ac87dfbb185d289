"""Lists of entries: whatever is wrong with one is told by its place."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from attendance.domain.errors import Fault, Invalid
from attendance.domain.text import require_faultless

S = TypeVar("S")
T = TypeVar("T")


def entries(field: str, sent: Iterable[S], meant: Callable[[S], T]) -> tuple[T, ...]:
    """What each stands for; raise Invalid with the faults of all, at `field[3].until` for `field.until`."""
    result: list[T] = []
    faults: list[Fault] = []
    for place, it in enumerate(sent):
        try:
            result.append(meant(it))
        except Invalid as invalid:
            faults += [
                Fault(f"{field}[{place}]{fault.field.removeprefix(field)}", fault.message)
                for fault in invalid.faults
            ]
    require_faultless(*faults)
    return tuple(result)
