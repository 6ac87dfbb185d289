"""What the service says of itself: its front door, whether it lives, whether it can work."""

from typing import Literal

import msgspec

from attendance.adapters.http.server.openapi import SCHEMA
from attendance.adapters.http.server.operations.declaration import ANYBODY, API, Room, Runs, Service
from attendance.domain.errors import Unavailable

home_room, health_room = Room("Home", prefix=""), Room("Health", prefix="")


class LinksView(msgspec.Struct):
    registration: str
    login: str
    openapi: str


class HomeView(msgspec.Struct):
    name: str
    version: str
    links: LinksView


class HealthView(msgspec.Struct):
    status: Literal["ok"] = "ok"


@home_room.operation("GET", API, ANYBODY, runs=Runs.AT_ONCE)
def home(service: Service) -> HomeView:
    """What this is, and where to begin."""
    base = service.settings.base_path.text
    links = LinksView(
        registration=f"{base}{API}/auth/registration",
        login=f"{base}{API}/auth/login",
        openapi=f"{base}{SCHEMA}/openapi.json",
    )
    return HomeView("attendance", service.settings.version, links)


@health_room.operation("GET", "/health/live", ANYBODY, runs=Runs.AT_ONCE)
def live() -> HealthView:
    """The process answers."""
    return HealthView()


@health_room.operation("GET", "/health/ready", ANYBODY, runs=Runs.ALWAYS)
def ready(service: Service) -> HealthView:
    """The database can be read and written and has the shape this version expects; otherwise 503."""
    if not service.is_ready():
        raise Unavailable
    return HealthView()
