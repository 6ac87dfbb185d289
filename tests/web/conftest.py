"""The application in process, and one browser for all tests of a worker."""

from tests.http.conftest import application, memory

__all__ = ["application", "memory"]
