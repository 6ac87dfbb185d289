"""Use cases as plain functions that check their arguments' types: what callers from Python are given.

Adapters that decode what they pass on, such as HTTP, call the use cases themselves. A `TypeCheck` is built
once for an annotation; asking it about a value that fits costs a fraction of a microsecond for each part of
the value.
"""

import inspect
import re
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from inspect import Parameter, Signature
from typing import (
    Any,
    Literal,
    NewType,
    TypeAlias,
    Union,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

from attendance.domain.errors import FieldError, Invalid

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
    datetime: "a datetime with a zone",
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
    if origin is Literal:
        return TypeCheck(" or ".join(map(repr, arguments)), lambda value: value in arguments)
    if is_typeddict(annotation):
        return _dict_of(annotation)
    if annotation is None:
        return TypeCheck("None", lambda value: value is None)
    if not isinstance(annotation, type):
        raise TypeError(f"no check for {annotation!r}")
    if is_dataclass(annotation):
        return _fields_of(annotation)
    complaint = "must be a time in whole minutes, without a zone" if annotation is time else ""
    return TypeCheck(_named(annotation), _instance_of(annotation), complaint=complaint)


def _instance_of(kind: type) -> Callable[[Any], bool]:
    # the databases' drivers know no subclasses of these, but for texts that are enumerated
    if kind is str:
        return lambda value: type(value) is str or isinstance(value, StrEnum)
    if kind is int:
        return lambda value: type(value) is int
    if kind is time:
        return lambda value: (
            isinstance(value, time) and value.tzinfo is None and not (value.second or value.microsecond)
        )
    if kind is float:
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    if kind is datetime:
        return lambda value: isinstance(value, datetime) and value.tzinfo is not None
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


def checked(use_case: Any, name: str, guard: Callable[[], None]) -> Any:
    """The use case as a function called `name`, with its public methods as attributes.

    Each call asks `guard` first, which may raise, then raises Invalid with every argument of a wrong type.
    """
    function = _checked(use_case.__call__, name, guard)
    function.__doc__ = inspect.getdoc(type(use_case))
    # for adapters: what takes fields some of which may be missing, and what is said ahead of a call
    left_out = {"errors_in", "expected", *(field.name for field in fields(use_case))}
    for method, _ in inspect.getmembers(type(use_case), inspect.isfunction):
        if not method.startswith("_") and method not in left_out:
            setattr(function, method, _checked(getattr(use_case, method), f"{name}.{method}", guard))
    return function


def signature_of(call: Callable[..., Any]) -> Signature:
    """As a reader wants it: short names of types, and each of the fields that are passed on by name."""
    parameters = []
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind is Parameter.VAR_KEYWORD:
            for name, (hint, is_required) in _passed_on(call, parameter.name).items():
                default = Parameter.empty if is_required else _Written("...")
                parameters.append(
                    Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=_short(hint))
                )
        elif parameter.name != "self":
            default = parameter.default
            if isinstance(default, Enum):
                default = _Written(f"{type(default).__name__}.{default.name}")
            parameters.append(parameter.replace(default=default, annotation=_short(parameter.annotation)))
    return Signature(parameters, return_annotation=_short(inspect.signature(call).return_annotation))


class _Written(str):
    """Text that a signature shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _short(annotation: Any) -> _Written:
    """An annotation as one writes it, without the modules that its names are from."""
    text = re.sub(r"Optional\[(.*)\]$", r"\1 | None", inspect.formatannotation(annotation))
    return _Written(re.sub(r"(\w+\.)+(?=\w)", "", text))


def _checked(call: Callable[..., Any], name: str, guard: Callable[[], None]) -> Any:
    signature = signature_of(call)
    checks = _checks_of(call)
    by_place = tuple(
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD
    )

    def function(*args: Any, **arguments: Any) -> Any:
        guard()
        if args and len(args) <= len(by_place):
            given = {**dict(zip(by_place, args, strict=False)), **arguments}
        else:
            given = arguments
        wrong: list[FieldError] = []
        for argument, value in given.items():
            check = checks.get(argument)
            if check is None:
                raise TypeError(f"{name}() got an unexpected keyword argument {argument!r}")
            if not check.accepts(value):
                wrong += check.errors(argument, value)
        if wrong:
            raise Invalid(*wrong)
        return call(*args, **arguments)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = inspect.getdoc(call)
    function.__module__ = "attendance"
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _checks_of(call: Callable[..., Any]) -> Mapping[str, TypeCheck]:
    hints = get_type_hints(call)
    checks: dict[str, TypeCheck] = {}
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind is Parameter.VAR_KEYWORD:
            passed_on = _passed_on(call, parameter.name)
            checks |= {name: check_of(hint) for name, (hint, _) in passed_on.items()}
        else:
            checks[parameter.name] = check_of(hints[parameter.name])
    return checks


def _passed_on(call: Callable[..., Any], name: str) -> Mapping[str, tuple[Any, bool]]:
    """What `**name: Unpack[...]` takes: each field's type, and whether it has to be given."""
    hint = get_type_hints(call, include_extras=True)[name]
    if get_origin(hint) is not Unpack:
        raise TypeError(f"{call!r} must say Unpack[...] of a TypedDict for **{name}")
    (kind,) = get_args(hint)
    return {field: (type_, field in kind.__required_keys__) for field, type_ in get_type_hints(kind).items()}
