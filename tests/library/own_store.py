"""A small store of somebody's own: it writes down how transactions ended, and keeps all in another."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from attendance.adapters.memory import MemoryStore
from attendance.ports import Store, UnitOfWork


@dataclass
class DiaryStore(Store):
    inner: Store = field(default_factory=MemoryStore)
    diary: list[str] = field(default_factory=list)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self.inner.transaction() as work:
            try:
                yield work
            except BaseException as error:
                self.diary.append(f"rolled back: {type(error).__name__}")
                raise
        self.diary.append("committed")

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.autocommit()

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.read()

    def ambient(self) -> AbstractContextManager[None]:
        return self.inner.ambient()

    def attempts(self) -> Iterator[None]:
        return self.inner.attempts()
