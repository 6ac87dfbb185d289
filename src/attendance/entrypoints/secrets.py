"""The key that signs tokens: given, or made once and kept beside the database."""

import os
import secrets
import tempfile
from pathlib import Path

from attendance.entrypoints.settings import MEMORY, Settings, SettingsError

KEPT_IN = Path("var/secret_key")


def signing_keys(settings: Settings) -> tuple[bytes, ...]:
    """The keys in force: the first signs, all of them verify."""
    if settings.secret_key is not None:
        return tuple(key.encode() for key in settings.secret_key.split(","))
    if settings.database_url == MEMORY:
        return (secrets.token_bytes(32),)
    return (_kept_key(KEPT_IN),)


def _kept_key(path: Path) -> bytes:
    """Read the key, or make it: complete or not at all, whoever else does the same, for its owner's eyes."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # a name nobody has, not even a start that was killed here under the same process id
            descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
            draft = Path(name)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"ATTENDANCE_SECRET_KEY is not set and {path} cannot be used: {error}") from error
