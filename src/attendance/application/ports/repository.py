"""The one form of a repository, and how a resource states what is kept in it."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from attendance.application.pagination import PageRequest
from attendance.domain.errors import AttendanceError, NotFound

T = TypeVar("T")
F = TypeVar("F", contravariant=True)
E = TypeVar("E")
C = TypeVar("C")


class Repository(Protocol[T, F]):
    """Versioned entities `T`, listed by criteria `F`.

    A locked entity is changed by nobody else until this unit of work ends. Several are locked in the order of
    their ids, so that two units that lock some of the same do not wait for each other.
    """

    @abstractmethod
    def find(self, entity_id: UUID) -> T | None:
        """Return the entity, or None where there is none of this id."""

    @abstractmethod
    def get(self, entity_id: UUID) -> T:
        """Return the entity. Raises the NotFound of its kind."""

    @abstractmethod
    def get_for_update(self, entity_id: UUID) -> T:
        """Lock the entity and return it. Raises the NotFound of its kind."""

    @abstractmethod
    def get_all_for_update(self, entity_ids: Collection[UUID]) -> tuple[T, ...]:
        """Lock those of the entities that exist, in one statement, and return them, sorted by id."""

    @abstractmethod
    def lock_existing(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        """Lock those of the entities that exist, in one statement, and return their ids."""

    @abstractmethod
    def existing_ids(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those of the ids that exist. Locks nothing."""

    @abstractmethod
    def add(self, entity: T) -> None:
        """Store a new entity. Raises DuplicateId, and the refusal its unique fields stand for."""

    @abstractmethod
    def save(self, entity: T) -> None:
        """Store version N in place of version N - 1.

        Raises Contended where another version is stored or none, and the refusal its unique fields stand for.
        """

    @abstractmethod
    def list(self, criteria: F, page_request: PageRequest[T]) -> tuple[T, ...]:
        """Return the entities matching `criteria`, as sorted and cut by `page_request`, ties by id."""

    @abstractmethod
    def count(self, criteria: F) -> int:
        """Return how many entities match `criteria`."""


@dataclass(frozen=True, slots=True)
class Unique(Generic[E]):
    """No two entities have the same values in `columns`: the second is refused.

    Those with None in one of them are not compared, nor are those for which `where` does not hold.
    """

    refusal: type[AttendanceError]
    columns: tuple[str, ...]
    where: Callable[[E], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Resource(Generic[E, C]):
    """What is kept in the repository called `name`, and how it is listed: the same in every store.

    `sort` says by sort key which column is compared. A column has the field or property of its name, or what
    `keys` makes of an entity. A field of the criteria that is None or empty does not narrow; otherwise the
    predicate of its name decides, given the entity and the criteria; without one, the entity's field of that
    name is compared with it; without a field, it is for the predicates to compare with. `label` is the field
    by which the log names an entity, whose events are told by its `kind`; None: it is named in another way.
    """

    name: str
    entity: type[E]
    not_found: type[NotFound]
    criteria: type[C]
    sort: Mapping[str, str]
    keys: Mapping[str, Callable[[E], Any]] = field(default_factory=dict)
    predicates: Mapping[str, Callable[[E, C], bool]] = field(default_factory=dict)
    unique: tuple[Unique[E], ...] = ()
    label: str | None = None

    def value(self, column: str) -> Callable[[E], Any]:
        """What an entity has in a column."""
        return self.keys.get(column) or attrgetter(column)

    def of(self, work: Any) -> Repository[E, C]:
        """The repository of a unit of work."""
        repository: Repository[E, C] = getattr(work, self.name)
        return repository
