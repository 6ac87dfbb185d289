"""What use cases are made of: the ports that most of them need, and what most of them do with these."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from attendance.application.forms.editing import edit
from attendance.application.forms.listing import Listed, listed
from attendance.application.pagination import PageChoice, parse_sort
from attendance.application.ports import Clock, NewId, Resource, Store, Today
from attendance.domain.events import ChangeContext, Event
from attendance.domain.permissions.actor import Actor

E = TypeVar("E")
C = TypeVar("C")
R = TypeVar("R")


class Editable(Protocol):
    """A record whose fields are edited, with an event that tells which."""

    @property
    def version(self) -> int: ...

    def edited(
        self, changes: Mapping[str, Any], change_context: ChangeContext
    ) -> tuple[Self, Event | None]: ...


D = TypeVar("D", bound=Editable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A use case that needs the store alone, as most do that read."""

    store: Store

    def _stored(self, resource: Resource[E, Any], entity_id: UUID) -> E:
        """What is stored under an id. Raises the NotFound of its kind."""
        with self.store.autocommit() as work:
            return resource.of(work).get(entity_id)

    def _listed(
        self,
        resource: Resource[E, C],
        criteria: C,
        details: Callable[[E], R],
        *,
        permitted: Callable[[], object] = lambda: None,
        page: PageChoice,
        sort: str,
        hidden: Collection[str] = (),
    ) -> Listed[R]:
        """A page of what matches the criteria, or the whole list, each as `details` makes it; see `listed`.

        Raises Invalid for a sort key that the resource does not know, or a page below 1, then what
        `permitted` raises.
        """
        return listed(
            self.store,
            permitted,
            order=parse_sort(sort, resource.sort),
            page=page,
            count=lambda work: resource.of(work).count(criteria),
            rows=lambda work, page_request: resource.of(work).list(criteria, page_request),
            details=details,
            hidden=hidden,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedQuery(Query):
    """The same, of what depends on the date."""

    today: Today


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedQuery(Query):
    """The same, of what depends on the time."""

    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(TimedQuery):
    """A use case that changes what is stored, with an event for each change."""

    new_id: NewId

    def _change_context(self, actor: Actor) -> ChangeContext:
        """The context of a change: by this actor, at this instant, with new ids for its events."""
        return ChangeContext(actor.id, self.clock(), self.new_id)

    def _new_record(self, fields: Mapping[str, object], **more: Any) -> dict[str, Any]:
        """All the fields of a record that is made at this instant."""
        now = self.clock()
        return {"id": self.new_id(), "created_at": now, "updated_at": now, **more, **fields}

    def _edit(
        self,
        actor: Actor,
        resource: Resource[D, Any],
        record_id: UUID,
        versions: Collection[int] | None,
        changes: Mapping[str, object],
    ) -> D:
        """Edit fields of a record that nothing else depends on; see `edit`."""
        context = self._change_context(actor)
        with self.store.transaction() as work:
            return edit(
                work, resource.of(work), record_id, versions, lambda before: before.edited(changes, context)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedCommand(Command):
    """A use case whose changes depend on the date."""

    today: Today
