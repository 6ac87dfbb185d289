"""Calendars to subscribe to, and the tokens by which calendar programs read them."""

from dataclasses import dataclass

from attendance.application.editing import change_context
from attendance.application.listing import Reading
from attendance.application.ports import Clock, NewId, NewToken, Store, Today
from attendance.application.retrying import retried
from attendance.domain.accounts.links import digest_of
from attendance.domain.errors import Unauthenticated
from attendance.domain.ids import AccountId, GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_teach, require_level, require_level_for_some
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.calendars import Calendar, CalendarToken, shown_days

OWN_CALENDAR = "Lessons"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCalendarToken:
    """A token, told this once, and the groups that its user teaches today."""

    token: str
    user_id: AccountId
    group_ids: tuple[GroupId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeCalendarToken:
    """Make a token that reads calendars in one's own name, and nothing else; the one before ends.

    Only its SHA-256 is kept. Raises Forbidden, UserNotFound.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId
    new_token: NewToken

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> MadeCalendarToken:
        require_level(actor, Permission.MAKE_CALENDAR_TOKEN, own=actor.id == user_id)
        secret = self.new_token()
        token = CalendarToken(account_id=user_id, digest=digest_of(secret), created_at=self.clock())
        with self.store.transaction() as work:
            # held, so that of two at once each knows which one it replaces
            work.accounts.get_for_update(user_id)
            before = work.calendars.token_of(user_id)
            work.calendars.put_token(token)
            work.events.add(token.made(before, change_context(self, actor)))
            groups = work.calendars.groups_taught(user_id, self.today()) if may_teach(actor) else ()
        return MadeCalendarToken(token=secret, user_id=user_id, group_ids=tuple(groups))


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeCalendarToken:
    """End one's token, if there is one: it holds for the next request. Raises Forbidden, UserNotFound."""

    store: Store
    clock: Clock
    new_id: NewId

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> None:
        require_level(actor, Permission.REVOKE_CALENDAR_TOKEN, own=actor.id == user_id)
        with self.store.transaction() as work:
            work.accounts.get_for_update(user_id)
            token = work.calendars.token_of(user_id)
            if token is not None:
                work.calendars.remove_token(user_id)
                work.events.add(token.revoked(change_context(self, actor)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderOfCalendars:
    """Who a calendar token speaks for at this moment; whoever asks it lets them read calendars alone.

    Raises Unauthenticated when it speaks for nobody (any more).
    """

    store: Store

    @retried
    def __call__(self, token: str) -> Actor:
        with self.store.autocommit() as work:
            holder = work.calendars.holder(digest_of(token))
        if holder is None:
            raise Unauthenticated
        return Actor(holder.account_id, None, holder.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowUserCalendar:
    """The lessons that one teaches oneself, from 90 days ago to 366 days ahead; below level 3 none.

    Raises Forbidden.
    """

    store: Store
    today: Today

    def __call__(self, actor: Actor, *, user_id: AccountId) -> Calendar:
        require_level(actor, Permission.READ_USER_CALENDAR, own=actor.id == user_id)
        if not may_teach(actor):
            return Calendar(name=OWN_CALENDAR)
        days = shown_days(self.today())
        entries = Reading(self.store).one(lambda work: work.calendars.of_teacher(user_id, *days))
        return Calendar(name=OWN_CALENDAR, entries=entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowGroupCalendar:
    """A group's lessons, from 90 days ago to 366 days ahead, for who teaches it today, and managers.

    Raises Forbidden, GroupNotFound.
    """

    store: Store
    today: Today

    def __call__(self, actor: Actor, *, group_id: GroupId) -> Calendar:
        require_level_for_some(actor, Permission.READ_GROUP_CALENDAR)
        name = self._permitted(actor, group_id)
        days = shown_days(self.today())
        entries = Reading(self.store).one(lambda work: work.calendars.of_group(group_id, *days))
        return Calendar(name=name, entries=entries)

    @retried
    def _permitted(self, actor: Actor, group_id: GroupId) -> str:
        """The group's name, for whoever may read its calendar; never asked of a replica that lags."""
        with self.store.autocommit() as work:
            group = work.calendars.group(group_id, actor.id, self.today())
        require_level(actor, Permission.READ_GROUP_CALENDAR, own=group.is_taught)
        return group.name
