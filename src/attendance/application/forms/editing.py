"""Editing what is stored: the version that the caller has seen, the next version, and its event."""

from collections.abc import Callable, Collection
from typing import Any, Protocol, TypeVar
from uuid import UUID

from attendance.application.ports import Repository, UnitOfWork
from attendance.domain.errors import Outdated
from attendance.domain.events import Event


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


E = TypeVar("E", bound=Versioned)


def edit(
    work: UnitOfWork,
    repository: Repository[E, Any],
    entity_id: UUID,
    versions: Collection[int] | None,
    edited: Callable[[E], tuple[E, Event | None]],
) -> E:
    """Lock an entity, store what `edited` makes of it with its event, and return it.

    Nothing is stored where `edited` returns no event. `versions`: refuse unless the stored version is one of
    these; None: any. Raises the entity's NotFound, Outdated, and what `edited` raises.
    """
    before = repository.get_for_update(entity_id)
    require_version(before.version, versions)
    after, event = edited(before)
    if event:
        repository.save(after)
        work.events.add(event)
    return after


def require_version(version: int, versions: Collection[int] | None) -> None:
    """Raise Outdated unless `version` is one of `versions`; None: any."""
    if versions is not None and version not in versions:
        raise Outdated
