"""JSON as the databases keep it, of what Python callers may give: dates of a class of their own, say."""

from datetime import date, time
from typing import Any

import msgspec


def as_builtins(value: Any) -> Any:
    """A value as lists, dicts and texts."""
    return msgspec.to_builtins(value, enc_hook=_plain)


def as_json(value: Any) -> str:
    """A value as JSON."""
    return msgspec.json.encode(value, enc_hook=_plain).decode()


def _plain(value: Any) -> object:
    """A date or a time of a class of its own, of which msgspec knows nothing."""
    if isinstance(value, date | time):
        return value.isoformat()
    raise NotImplementedError(f"{type(value).__name__} has no form in JSON")
