"""Ids in the paths of pages."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from attendance.domain.errors import NotFound

T = TypeVar("T")


def id_in_path(text: str, kind: Callable[[UUID], T]) -> T:
    """The id that a part of a path is. Raises NotFound for what is none."""
    try:
        return kind(UUID(text))
    except ValueError as error:
        raise NotFound from error
