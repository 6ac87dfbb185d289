"""A user's favorite groups and lessons."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from attendance.application.editing import change_context, require_version
from attendance.application.ports import Clock, NewId, Store, UnitOfWork
from attendance.application.retrying import retried
from attendance.domain.club.favorites import Favorites
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFavorites:
    """A user's favorites, as far as they exist. Raises Forbidden, UserNotFound."""

    store: Store

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> Favorites:
        require_level(actor, Permission.READ_FAVORITES, own=actor.id == user_id)
        with self.store.autocommit() as work:
            return _resolved(work, work.favorites.of(work.accounts.get(user_id).id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceFavorites:
    """Choose other favorites; None keeps a list. `versions`: those the caller has seen, None for any.

    Raises Invalid for repetitions or too many, Forbidden, Outdated.
    """

    store: Store
    clock: Clock
    new_id: NewId

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        user_id: AccountId,
        groups: tuple[UUID, ...] | None = None,
        lessons: tuple[UUID, ...] | None = None,
        versions: Collection[int] | None = None,
    ) -> Favorites:
        Favorites(account_id=user_id, groups=groups or (), lessons=lessons or ())
        require_level(actor, Permission.REPLACE_FAVORITES, own=actor.id == user_id)
        with self.store.transaction() as work:
            before = work.favorites.of(work.accounts.get_for_update(user_id).id)
            require_version(before.version, versions)
            after, event = before.replaced(
                groups=groups, lessons=lessons, change_context=change_context(self, actor)
            )
            if event:
                work.favorites.save(after)
                work.events.add(event)
            return _resolved(work, after)


def _resolved(work: UnitOfWork, favorites: Favorites) -> Favorites:
    """What there is of what was chosen."""
    groups, lessons = work.groups.existing_ids(favorites.groups), work.lessons.existing_ids(favorites.lessons)
    return replace(
        favorites,
        groups=tuple(it for it in favorites.groups if it in groups),
        lessons=tuple(it for it in favorites.lessons if it in lessons),
    )
