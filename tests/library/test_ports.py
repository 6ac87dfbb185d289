"""Whoever brings an implementation finds every name that it needs in `attendance.ports` or `attendance`."""

import dataclasses
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from types import ModuleType

import attendance
from attendance import ports
from attendance.application import ports as own
from attendance.application.use_cases import USE_CASES

PUBLIC = [*vars(attendance).values(), *vars(ports).values()]
INTERNAL = {"Directory", "Permission"}
"""Of the table of permissions, which is no business of a port."""


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(own.__path__):
        yield importlib.import_module(f"{own.__name__}.{found.name}")


def reached(annotation: object, found: set[type]) -> None:
    """Every class of ours that an annotation is made of, and those of their fields."""
    for part in (typing.get_origin(annotation), *typing.get_args(annotation)):
        reached(part, found) if part is not None else None
    is_ours = inspect.isclass(annotation) and annotation.__module__.startswith("attendance.")
    if is_ours and annotation not in found:
        found.add(annotation)
        if dataclasses.is_dataclass(annotation):
            for hint in typing.get_type_hints(annotation).values():
                reached(hint, found)


def test_every_port_and_what_goes_with_it_is_public() -> None:
    for module in modules():
        for name, thing in vars(module).items():
            if inspect.isclass(thing) and thing.__module__ == module.__name__:
                assert getattr(ports, name) is thing


def test_all_that_ports_and_use_cases_take_and_give_is_public() -> None:
    functions = [use_case.__call__ for use_case in USE_CASES.values()]
    for port in vars(ports).values():
        if getattr(port, "_is_protocol", False):
            functions += [method for method in vars(port).values() if inspect.isfunction(method)]
    found: set[type] = set()
    for function in functions:
        for hint in typing.get_type_hints(function).values():
            reached(hint, found)
    assert len(found) > 80
    public = {*map(id, PUBLIC)}
    assert {kind.__name__ for kind in found if id(kind) not in public} <= INTERNAL
