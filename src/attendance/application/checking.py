"""Use cases as plain functions that check their arguments' types: what callers from Python are given.

Adapters that decode what they pass on, such as HTTP, call the use cases themselves.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from inspect import Parameter, Signature
from typing import Any, Unpack, get_args, get_origin, get_type_hints

from attendance.application.argument_types import TypeCheck, check_of
from attendance.domain.errors import FieldError, Invalid


def checked(use_case: Any, name: str, guard: Callable[[], None]) -> Any:
    """The use case as a function called `name`, with its public methods as attributes.

    Each call asks `guard` first, which may raise, then raises Invalid with every argument of a wrong type.
    """
    function = _checked(use_case.__call__, name, guard)
    function.__doc__ = inspect.getdoc(type(use_case))
    for method, _ in inspect.getmembers(type(use_case), inspect.isfunction):
        if not method.startswith("_") and method not in {field.name for field in fields(use_case)}:
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
