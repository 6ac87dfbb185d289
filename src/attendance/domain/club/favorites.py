"""Favorite groups and lessons of a user."""

from dataclasses import dataclass, replace
from uuid import UUID

from attendance.domain.errors import FieldError, error_if, raise_if_errors
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId

MOST_FAVORITES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Favorites:
    """The ids of a user's favorite groups and lessons, in the order that the user chose.

    Raises Invalid for an id that is repeated, or more than 1000 in a list.
    """

    account_id: AccountId
    groups: tuple[UUID, ...] = ()
    lessons: tuple[UUID, ...] = ()
    version: int = 0

    def __post_init__(self) -> None:
        raise_if_errors(_ids_error("groups", self.groups), _ids_error("lessons", self.lessons))

    def replaced(
        self,
        *,
        groups: tuple[UUID, ...] | None,
        lessons: tuple[UUID, ...] | None,
        change_context: ChangeContext,
    ) -> tuple["Favorites", Event | None]:
        """The favorites with other lists, and the event of the change; None keeps a list.

        The same lists again are no change: then there is no event.
        """
        after = replace(
            self,
            groups=self.groups if groups is None else groups,
            lessons=self.lessons if lessons is None else lessons,
        )
        if after == self:
            return self, None
        event = change_context.event(
            Action.FAVORITES_REPLACED, self.account_id, before=self._facts(), after=after._facts()
        )
        return replace(after, version=self.version + 1), event

    def _facts(self) -> dict[str, str]:
        return {"groups": " ".join(map(str, self.groups)), "lessons": " ".join(map(str, self.lessons))}


def _ids_error(field: str, ids: tuple[UUID, ...]) -> FieldError | None:
    if len(ids) > MOST_FAVORITES:
        return FieldError(field, f"must be at most {MOST_FAVORITES}")
    return error_if(len(set(ids)) < len(ids), field, "must not repeat an id")
