"""A user's favorite groups and lessons."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from attendance.application.editing import require_version
from attendance.application.field_errors import record_errors, unknown_errors
from attendance.application.ports import Clock, NewId, Store, UnitOfWork
from attendance.application.retrying import retried
from attendance.domain.club.favorites import Favorites
from attendance.domain.errors import FieldError
from attendance.domain.ids import AccountId, EventId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission, allows
from attendance.domain.text import raise_if_errors


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

    Raises Invalid for repetitions, too many, and such as are not there, Forbidden, Outdated.
    """

    store: Store
    clock: Clock
    new_id: NewId

    @retried
    def errors_in(self, fields: Mapping[str, Any], *, actor: Actor, user_id: AccountId) -> list[FieldError]:
        given = {name: fields.get(name) or () for name in ("groups", "lessons")}
        errors = record_errors(Favorites, given, account_id=user_id)
        if allows(Permission.REPLACE_FAVORITES, actor.level, own=actor.id == user_id):
            with self.store.read() as work:
                for name, what, repository in (
                    ("groups", "group", work.groups),
                    ("lessons", "lesson", work.lessons),
                ):
                    known = repository.existing_ids(given[name])
                    errors += unknown_errors(name, given[name], known, what)
        return errors

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
        given = {"groups": groups, "lessons": lessons}
        raise_if_errors(*self.errors_in(given, actor=actor, user_id=user_id))
        require_level(actor, Permission.REPLACE_FAVORITES, own=actor.id == user_id)
        with self.store.transaction() as work:
            before = work.favorites.of(work.accounts.get_for_update(user_id).id)
            require_version(before.version, versions)
            after, event = before.replaced(
                groups=groups, lessons=lessons, at=self.clock(), event_id=EventId(self.new_id())
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
