"""The front door of the club protocol."""

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from attendance.adapters.http.server.authentication import for_anybody
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.openapi import SCHEMA
from attendance.adapters.http.server.paths import API


class LinksView(msgspec.Struct):
    registration: str
    login: str
    openapi: str


class HomeView(msgspec.Struct):
    name: str
    version: str
    links: LinksView


def home_handlers(version: str) -> list[HTTPRouteHandler]:
    @get(API, sync_to_thread=False, responses=refusals(), tags=["Home"], **for_anybody())
    def home() -> HomeView:
        """What this is, and where to begin."""
        links = LinksView(
            registration=f"{API}/auth/registration",
            login=f"{API}/auth/login",
            openapi=f"{SCHEMA}/openapi.json",
        )
        return HomeView("attendance", version, links)

    return [home]
