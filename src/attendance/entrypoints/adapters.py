"""What a caller may bring in place of our own adapters."""

from dataclasses import dataclass

from attendance.application.ports import Clock, Hasher, NewId, Notifier, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """Implementations of one's own, each in place of ours. The ports they fill are in `attendance.ports`."""

    clock: Clock | None = None
    """The present instant, in UTC. Ours is the machine's."""
    new_id: NewId | None = None
    """A new UUID, which nothing has yet; later ones should sort after earlier ones, as our UUIDv7 do."""
    notifier: Notifier | None = None
    """Sends a mail when `dispatch_mail` is called."""
    hasher: Hasher | None = None
    """Hashes passwords. Ours is Argon2id."""
    store: Store | None = None
    """Where everything is kept, in place of a database URL. Whoever gives it closes it."""
