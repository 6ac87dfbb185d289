"""What is wrong with some of a record's fields, as far as it can be told of them alone.

A use case that is given fields has `errors_in(fields)`: the errors that it would raise Invalid with, for any
of its fields, none of which has to be there. It raises all of them at once. Where something is looked up,
`errors_in` is told who asks, too, and of what.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields as fields_of
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from attendance.domain.errors import Conflict, FieldError, Invalid

NOBODY = UUID(int=0)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
KEPT: Mapping[str, Any] = {"id": NOBODY, "created_at": LONG_AGO, "updated_at": LONG_AGO}
"""What every record has beside what it is about."""


def errors_of(*checks: Callable[[], object]) -> list[FieldError]:
    """The errors that these checks raise Invalid with, in their order.

    A conflict is none: whether there is one is told once the fields are in order.
    """
    errors: list[FieldError] = []
    for check in checks:
        try:
            check()
        except Invalid as invalid:
            errors += invalid.field_errors
        except Conflict:
            continue
    return errors


def record_errors(kind: Any, given: Mapping[str, Any], **usual: Any) -> list[FieldError]:
    """What a record of a kind has against the fields that are given, beside `usual` ones."""
    names = {field.name for field in fields_of(kind)}
    values = {name: value for name, value in {**KEPT, **usual, **given}.items() if name in names}
    return errors_of(lambda: kind(**values))


def unknown_errors(field: str, ids: Collection[UUID], known: Collection[UUID], what: str) -> list[FieldError]:
    """One for each id in a list that is none of the known ones, by its place."""
    return [FieldError(f"{field}[{n}]", f"is no {what}") for n, one in enumerate(ids) if one not in known]


def named_errors(given: Mapping[str, Any], **checks: Callable[[Any], object]) -> list[FieldError]:
    """What the checks, by the names of fields, have against those that are given."""
    return errors_of(*(partial(check, given[name]) for name, check in checks.items() if name in given))


def given_errors(given: Mapping[str, Any], **checks: Callable[[Any], object]) -> list[FieldError]:
    """Likewise, of those that are given and not empty."""
    return named_errors({name: value for name, value in given.items() if value}, **checks)
