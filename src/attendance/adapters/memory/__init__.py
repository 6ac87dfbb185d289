"""The store as dictionaries: for trying out, for tests, and for callers with nothing to keep."""

from attendance.adapters.memory.store import MemoryStore

__all__ = ["MemoryStore"]
