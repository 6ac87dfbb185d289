"""The use cases over HTTP, on Litestar: decode, call, encode."""

from attendance.adapters.http.server.app import HttpSettings, http_application

__all__ = ["HttpSettings", "http_application"]
