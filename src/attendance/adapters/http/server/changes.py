"""Bodies that change something: what is left out stays, null clears."""

from typing import Any

import msgspec

Cleared = dict[str, Any]
"""What null stands for, by field; where nothing is said it stands for itself."""


def changes_in(body: msgspec.Struct, cleared: Cleared | None = None) -> dict[str, Any]:
    """The fields that were sent, by name."""
    cleared = cleared or {}
    return {
        name: cleared.get(name) if value is None else value
        for name, value in msgspec.structs.asdict(body).items()
        if value is not msgspec.UNSET
    }
