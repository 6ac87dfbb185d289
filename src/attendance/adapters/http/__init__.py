"""The use cases over HTTP, on Litestar: decode, call, encode."""

from attendance.adapters.http.app import http_application, rooms_of
from attendance.adapters.http.server.openapi import openapi_document
from attendance.adapters.http.server.operations.declaration import HttpSettings

__all__ = ["HttpSettings", "http_application", "openapi_document", "rooms_of"]
