"""Whether a value is of the type that an annotation names, for callers whom no type checker has stopped.

A `TypeCheck` is built once for an annotation; asking it about a value that fits costs a fraction of a
microsecond for each part of the value.
"""

import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, NewType, TypeAlias, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from attendance.domain.errors import FieldError

Parts: TypeAlias = Iterator[tuple[str, "TypeCheck", Any]]

_NAMES: Mapping[Any, str] = {
    str: "text",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    UUID: "a UUID",
    Decimal: "a Decimal",
    date: "a date without a time",
    time: "a time",
    datetime: "a datetime",
    type(None): "None",
}
_ITERABLES: Mapping[Any, str] = {
    tuple: "a tuple",
    frozenset: "a frozenset",
    AbstractSet: "a set",
    Sequence: "a list or a tuple",
    Collection: "a collection such as a list or a set",
}


@dataclass(frozen=True, slots=True)
class TypeCheck:
    """`accepts` tells whether a value fits; `errors` says what is wrong with one that does not."""

    name: str
    accepts: Callable[[Any], bool]
    parts: Callable[[str, Any], Parts] | None = None
    """What is inside a value of the right kind, each part with its path and check; else nothing."""
    complaint: str = ""
    """What is said of a value that does not fit, where "must be `name`" would not do."""

    def errors(self, path: str, value: object) -> Iterator[FieldError]:
        """What is wrong, each part of the value by its path (`attendances[3].status`)."""
        parts = () if self.parts is None else self.parts(path, value)
        wrong = [(at, check, part) for at, check, part in parts if not check.accepts(part)]
        inner = [error for at, check, part in wrong for error in check.errors(at, part)]
        message = self.complaint or f"must be {self.name}, not {_named(type(value))}"
        yield from inner or [FieldError(path, message)]


@cache
def check_of(annotation: Any) -> TypeCheck:
    """The check that an annotation stands for. Raises TypeError for one that it has no check for."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any or annotation is object:
        return TypeCheck("anything", lambda _: True)
    if isinstance(annotation, NewType):
        return check_of(annotation.__supertype__)
    if origin in (Union, types.UnionType):
        return _any_of(tuple(map(check_of, arguments)))
    if origin in _ITERABLES and (origin is not tuple or arguments[1:] == (...,)):
        return _each(origin, check_of(arguments[0]))
    if is_typeddict(annotation):
        return _dict_of(annotation)
    if annotation is None:
        return TypeCheck("None", lambda value: value is None)
    if not isinstance(annotation, type):
        raise TypeError(f"no check for {annotation!r}")
    if is_dataclass(annotation):
        return _fields_of(annotation)
    return TypeCheck(_named(annotation), _instance_of(annotation))


def _instance_of(kind: type) -> Callable[[Any], bool]:
    if kind is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool | Enum)
    if kind is float:
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    if kind is date:
        return lambda value: isinstance(value, date) and not isinstance(value, datetime)
    return lambda value: isinstance(value, kind)


def _any_of(checks: tuple[TypeCheck, ...]) -> TypeCheck:
    inner = [check for check in checks if check.parts is not None]
    return TypeCheck(
        " or ".join(check.name for check in checks),
        lambda value: any(check.accepts(value) for check in checks),
        inner[0].parts if len(inner) == 1 else None,
    )


def _each(kind: type, item: TypeCheck) -> TypeCheck:
    accepts = item.accepts

    def is_one(value: Any) -> bool:
        return isinstance(value, kind) and not isinstance(value, str | bytes)

    def parts(path: str, value: Any) -> Parts:
        for place, part in enumerate(value if is_one(value) else ()):
            yield f"{path}[{place}]", item, part

    return TypeCheck(
        _ITERABLES[kind], lambda value: is_one(value) and all(accepts(part) for part in value), parts
    )


def _fields_of(kind: type) -> TypeCheck:
    hints = get_type_hints(kind)
    checks = [(field.name, check_of(hints[field.name])) for field in fields(kind)]

    def accepts(value: Any) -> bool:
        return isinstance(value, kind) and all(check.accepts(getattr(value, name)) for name, check in checks)

    def parts(path: str, value: Any) -> Parts:
        if isinstance(value, kind):
            yield from ((f"{path}.{name}", check, getattr(value, name)) for name, check in checks)

    return TypeCheck(_named(kind), accepts, parts)


def _dict_of(kind: Any) -> TypeCheck:
    checks = {name: check_of(hint) for name, hint in get_type_hints(kind).items()}
    required = kind.__required_keys__
    unknown = TypeCheck("", lambda _: False, complaint="is not known")
    missing = TypeCheck("", lambda _: False, complaint="is required")

    def accepts(value: Any) -> bool:
        return (
            isinstance(value, Mapping)
            and value.keys() <= checks.keys()
            and value.keys() >= required
            and all(checks[name].accepts(part) for name, part in value.items())
        )

    def parts(path: str, value: Any) -> Parts:
        if isinstance(value, Mapping):
            yield from ((f"{path}.{name}", checks.get(name, unknown), part) for name, part in value.items())
            yield from ((f"{path}.{name}", missing, None) for name in sorted(required - value.keys()))

    return TypeCheck(f"a dict like {kind.__name__}", accepts, parts)


def _named(kind: type) -> str:
    return _NAMES.get(kind) or f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"
