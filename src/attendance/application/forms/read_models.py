"""How a read model is made of what is stored."""

from collections.abc import Collection
from typing import Any, ClassVar, Protocol, TypeVar


class Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


M = TypeVar("M", bound=Dataclass)


def read_model(kind: type[M], stored: object, hidden: Collection[str] = (), **derived: Any) -> M:
    """A `kind` with `hidden` fields None, `derived` ones as given, and the others as `stored` has them."""
    values = derived | dict.fromkeys(hidden)
    names = kind.__dataclass_fields__.keys() - values.keys()
    return kind(**{name: getattr(stored, name) for name in names}, **values)
