"""A store that refuses to be used once it is closed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from attendance.application.ports import Store, UnitOfWork


class Closed(RuntimeError):
    """A mistake of the caller's: what `open_attendance` gave was used after its block had ended."""

    def __init__(self) -> None:
        super().__init__("this attendance is closed: use it inside `with open_attendance(...)`")


class ClosableStore(Store):
    """Another store, until `close` is called. Lists that are read piece by piece end with it, too."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self._is_open = True

    def require_open(self) -> None:
        """Raise Closed from `close` on."""
        if not self._is_open:
            raise Closed

    def close(self) -> None:
        self._is_open = False

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        self.require_open()
        return self._inner.transaction()

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        self.require_open()
        return self._inner.autocommit()

    def read(self) -> AbstractContextManager[UnitOfWork]:
        self.require_open()
        return self._inner.read()

    def ambient(self) -> AbstractContextManager[None]:
        self.require_open()
        return self._inner.ambient()

    def attempts(self) -> Iterator[None]:
        self.require_open()
        return self._inner.attempts()
