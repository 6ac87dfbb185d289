"""Favorite groups and lessons of a user."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from attendance.application.forms.editing import require_version
from attendance.application.forms.field_errors import record_errors, unknown_errors
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query
from attendance.application.ports import UnitOfWork
from attendance.domain.club.favorites import Favorites
from attendance.domain.errors import FieldError, raise_if_errors
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission, allows


class ShowFavorites(Query):
    """Return the ids of a user's favorite groups and lessons, in the user's order.

    Those that no longer exist are left out. Raises Forbidden, UserNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> Favorites:
        require_level(actor, Permission.READ_FAVORITES, own=actor.id == user_id)
        with self.store.autocommit() as work:
            return _existing(work, work.favorites.of(work.accounts.get(user_id).id))


class ReplaceFavorites(Command):
    """Replace one's own lists of favorites, at most 1000 ids each, and return them; None keeps a list.

    The same lists again change nothing. `versions`: refuse unless the stored version is one of these; None:
    any. Raises Invalid for an id that is repeated, too many or not there, Forbidden, Outdated.
    """

    @retried
    def errors_in(self, fields: Mapping[str, Any], *, actor: Actor, user_id: AccountId) -> list[FieldError]:
        given = {name: fields.get(name) or () for name in ("groups", "lessons")}
        errors = record_errors(Favorites, given, account_id=user_id)
        if allows(Permission.REPLACE_FAVORITES, actor.level, own=actor.id == user_id):
            with self.store.autocommit() as work:
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
                groups=groups, lessons=lessons, change_context=self._change_context(actor)
            )
            if event:
                work.favorites.save(after)
                work.events.add(event)
            return _existing(work, after)


def _existing(work: UnitOfWork, favorites: Favorites) -> Favorites:
    """The favorites without groups and lessons that do not exist."""
    group_ids = work.groups.existing_ids(favorites.groups)
    lesson_ids = work.lessons.existing_ids(favorites.lessons)
    return replace(
        favorites,
        groups=tuple(group_id for group_id in favorites.groups if group_id in group_ids),
        lessons=tuple(lesson_id for lesson_id in favorites.lessons if lesson_id in lesson_ids),
    )
