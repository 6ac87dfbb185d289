"""The use cases over HTTP, on Litestar: decode, call, encode."""

from attendance.adapters.http.app import http_application, openapi_document
from attendance.adapters.http.server.operations.declaration import HttpSettings

__all__ = ["HttpSettings", "http_application", "openapi_document"]
