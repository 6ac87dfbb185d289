"""The rooms of an adapter: whatever stands in one of them is found, and need not be named elsewhere."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any, TypeVar, get_type_hints

from attendance.application.ports import UnitOfWork

T = TypeVar("T")

ROOMS = ("accounts", "labs", "club", "attendance", "reporting")


def modules_in(adapter: str) -> Iterator[ModuleType]:
    """The modules in the rooms of an adapter's package, room by room, by name, with packages in a room."""
    for room in ROOMS:
        package = import_module(f"{adapter}.{room}")
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            yield import_module(found.name)


def declared_in(adapter: str, kind: type[T], *beside: ModuleType) -> tuple[T, ...]:
    """What is of a kind in the rooms of an adapter, and in the modules `beside` them, each once."""
    modules = (*beside, *modules_in(adapter))
    declared = (value for module in modules for value in vars(module).values() if isinstance(value, kind))
    # what one module declares, another may import
    return tuple({id(it): it for it in declared}.values())


def repositories_in(adapter: str) -> dict[str, type[Any]]:
    """The repositories in the rooms of a store, by their names in a unit of work.

    Each is told by its resource, or by the port that it inherits.
    """
    found: dict[str, type[Any]] = {}
    names = {port: name for name, port in get_type_hints(UnitOfWork).items()}
    for module in modules_in(adapter):
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                resource = getattr(getattr(kind, "mapper", kind), "resource", None)
                name = (
                    resource.name
                    if resource
                    else next((names[it] for it in kind.__mro__ if it in names), None)
                )
                if name is not None:
                    found[name] = kind
    return found
