"""Every page, and the files that pages load."""

from dataclasses import replace

from attendance.adapters.http.server.callers.authentication import Callers
from attendance.adapters.http.server.operations.declaration import Pages, Service
from attendance.adapters.rooms import declared_in
from attendance.adapters.web import front_door, office
from attendance.adapters.web.server.declaration import PageRoom
from attendance.adapters.web.server.pages import handlers_of
from attendance.adapters.web.server.static_files import static_handlers

ROOMS = declared_in("attendance.adapters.web", PageRoom, front_door, office)


def pages(service: Service, callers: Callers) -> Pages:
    """The handlers of every page and of every file that pages load, and what says that there is no page."""
    has_labs = service.settings.has_labs
    rooms = [room for room in ROOMS if has_labs or not room.is_of_labs]
    found = handlers_of(rooms, service, callers)
    return replace(found, handlers=[*found.handlers, *static_handlers(service.settings.base_path)])
