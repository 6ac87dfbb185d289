"""Lists of entries: whatever is wrong with one is told by its place."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from attendance.domain.errors import FieldError, Invalid
from attendance.domain.text import raise_if_errors

S = TypeVar("S")
T = TypeVar("T")


def entries(field: str, sent: Iterable[S], meant: Callable[[S], T]) -> tuple[T, ...]:
    """What each stands for; raise Invalid with the faults of all, at `field[3].until` for `field.until`."""
    result: list[T] = []
    field_errors: list[FieldError] = []
    for place, it in enumerate(sent):
        try:
            result.append(meant(it))
        except Invalid as invalid:
            field_errors += [
                FieldError(f"{field}[{place}]{field_error.field.removeprefix(field)}", field_error.message)
                for field_error in invalid.field_errors
            ]
    raise_if_errors(*field_errors)
    return tuple(result)
