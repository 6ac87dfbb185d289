"""The use cases over HTTP, on Litestar: decode, call, encode."""

from attendance.adapters.http.app import HttpSettings, create_app

__all__ = ["HttpSettings", "create_app"]
