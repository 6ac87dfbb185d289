"""A user's favorite groups and lessons."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from attendance.application.editing import require_version
from attendance.application.ports import Clock, NewId, Store
from attendance.application.retrying import retried
from attendance.domain.favorites import Favorites
from attendance.domain.ids import AccountId, EventId
from attendance.domain.policy import Permission, require_level
from attendance.domain.sessions import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFavorites:
    """A user's favorites. Raises Forbidden, UserNotFound."""

    store: Store

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> Favorites:
        require_level(actor, Permission.READ_FAVORITES, own=actor.id == user_id)
        with self.store.each() as work:
            return work.favorites.of(work.accounts.get(user_id).id)


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
        with self.store.begin() as work:
            before = work.favorites.of(work.accounts.hold(user_id).id)
            require_version(before.version, versions)
            after, event = before.replaced(
                groups=groups, lessons=lessons, at=self.clock(), event_id=EventId(self.new_id())
            )
            if event:
                work.favorites.save(after)
                work.events.add(event)
        return after
