"""Changing what is stored: what the caller has seen of it, a revision, and its event, together."""

from collections.abc import Callable, Collection
from typing import Any, Protocol, TypeVar
from uuid import UUID

from attendance.application.ports import Clock, NewId, Repository, UnitOfWork
from attendance.domain.errors import Outdated
from attendance.domain.events import ChangeContext, Event
from attendance.domain.permissions.actor import Actor


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


E = TypeVar("E", bound=Versioned)


class HasClockAndIds(Protocol):
    @property
    def clock(self) -> Clock: ...

    @property
    def new_id(self) -> NewId: ...


def change_context(use_case: HasClockAndIds, actor: Actor) -> ChangeContext:
    """What somebody does now."""
    return ChangeContext(actor.id, use_case.clock(), use_case.new_id)


def edit(
    work: UnitOfWork,
    repository: Repository[E, Any],
    entity_id: UUID,
    versions: Collection[int] | None,
    revised: Callable[[E], tuple[E, Event | None]],
) -> E:
    """What `revised` makes of it; nothing is stored where that is nothing new.

    `versions`: those the caller has seen, None for any. Raises the entity's NotFound, Outdated, and what
    `revised` raises.
    """
    before = repository.get_for_update(entity_id)
    require_version(before.version, versions)
    after, event = revised(before)
    if event:
        repository.save(after)
        work.events.add(event)
    return after


def require_version(version: int, seen: Collection[int] | None) -> None:
    """Raise Outdated when the caller has seen other versions than this one. None: the caller did not say."""
    if seen is not None and version not in seen:
        raise Outdated
