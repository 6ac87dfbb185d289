"""The store as SQL tables, on SQLite and PostgreSQL, by SQLAlchemy Core."""

from attendance.adapters.sql.store import SqlStore

__all__ = ["SqlStore"]
