"""Every page, and the files that pages load."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages

from attendance.adapters.http.server.callers.authentication import Callers
from attendance.adapters.http.server.operations.declaration import Pages, Service
from attendance.adapters.web.server.declared import PageRoom
from attendance.adapters.web.server.pages import handlers_of
from attendance.adapters.web.server.static_files import static_handlers


def _rooms() -> Iterator[PageRoom]:
    package = import_module("attendance.adapters.web")
    for found in walk_packages(package.__path__, f"{package.__name__}."):
        room = vars(import_module(found.name)).get("room")
        if isinstance(room, PageRoom):
            yield room


ROOMS = tuple(_rooms())
"""Every room of every module, each once."""


def pages(service: Service, callers: Callers) -> Pages:
    """The handlers of every page and of every file that pages load, and what says that there is no page."""
    has_labs = service.settings.has_labs
    rooms = [room for room in ROOMS if has_labs or not room.is_of_labs]
    found = handlers_of(rooms, service, callers)
    return replace(found, handlers=[*found.handlers, *static_handlers(service.settings.base_path)])
