"""Calendars to subscribe to, and the tokens with which calendar programs read them."""

from dataclasses import dataclass
from datetime import datetime

from attendance.application.accounts.sessions import end_calendar_token
from attendance.application.forms.client_access import own_clients, readable_client
from attendance.application.forms.listing import Reading
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, DatedCommand, DatedQuery, Query
from attendance.application.ports import NewToken
from attendance.domain.accounts.links import digest_of
from attendance.domain.accounts.sessions import InvalidToken
from attendance.domain.errors import Unauthenticated
from attendance.domain.ids import AccountId, ClientId, GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_teach, require, require_level, require_level_for_some
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.calendars import Calendar, CalendarToken, calendar_range

OWN_CALENDAR = "Lessons"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCalendarToken:
    """A new token, which is not shown again, and the calendars that its user reads with it now.

    `group_ids`: the groups that the user teaches today, by id. `client_ids`: the clients that are the user's
    own, by name, ties by id.
    """

    token: str
    user_id: AccountId
    group_ids: tuple[GroupId, ...]
    client_ids: tuple[ClientId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeCalendarToken(DatedCommand):
    """Make a token for reading one's own calendars, and nothing else, and return it.

    A token made before is revoked. Only the SHA-256 of a token is stored. Raises Forbidden, UserNotFound, and
    Unauthenticated where the account was deactivated meanwhile.
    """

    new_token: NewToken

    @retried
    def made_at(self, actor: Actor, *, user_id: AccountId) -> datetime | None:
        """When the token that one has now was made; None: one has none. Raises Forbidden."""
        require_level(actor, Permission.MAKE_CALENDAR_TOKEN, own=actor.id == user_id)
        with self.store.autocommit() as work:
            token = work.calendars.token_of(user_id)
        return None if token is None else token.created_at

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> MadeCalendarToken:
        require_level(actor, Permission.MAKE_CALENDAR_TOKEN, own=actor.id == user_id)
        secret = self.new_token()
        token = CalendarToken(account_id=user_id, digest=digest_of(secret), created_at=self.clock())
        with self.store.transaction() as work:
            # locked, so that each of two at once has the event of the one it replaces, and that none outlives
            # a deactivation
            require(work.accounts.get_for_update(user_id).active, Unauthenticated)
            before = work.calendars.token_of(user_id)
            work.calendars.put_token(token)
            work.events.add(token.made(before, self._change_context(actor)))
            groups = work.calendars.groups_taught(user_id, self.today()) if may_teach(actor) else ()
            clients = own_clients(work, actor)
        return MadeCalendarToken(
            token=secret,
            user_id=user_id,
            group_ids=tuple(groups),
            client_ids=tuple(client.id for client in clients),
        )


class RevokeCalendarToken(Command):
    """Revoke one's own token, if there is one, with effect on the next request.

    Raises Forbidden, UserNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> None:
        require_level(actor, Permission.REVOKE_CALENDAR_TOKEN, own=actor.id == user_id)
        with self.store.transaction() as work:
            work.accounts.get_for_update(user_id)
            end_calendar_token(work, user_id, self._change_context(actor))


class ReaderOfCalendars(Query):
    """Return the actor that a calendar token stands for now. Let that actor read calendars only.

    Raises InvalidToken for a token that is unknown, revoked, or of a deactivated account.
    """

    @retried
    def __call__(self, token: str) -> Actor:
        with self.store.autocommit() as work:
            holder = work.calendars.holder(digest_of(token))
        if holder is None:
            raise InvalidToken
        return Actor(holder.account_id, None, holder.level)


class ShowUserCalendar(DatedQuery):
    """Return the calendar of a user's lessons, from 90 days ago to 366 days ahead, sorted by start.

    Lessons whose own `teachers` include the user: those in which the user is replaced are not among them. It
    is empty below employees. Raises Forbidden.
    """

    def __call__(self, actor: Actor, *, user_id: AccountId) -> Calendar:
        require_level(actor, Permission.READ_USER_CALENDAR, own=actor.id == user_id)
        if not may_teach(actor):
            return Calendar(name=OWN_CALENDAR)
        days = calendar_range(self.today())
        entries = Reading(self.store).one(lambda work: work.calendars.of_teacher(user_id, *days))
        return Calendar(name=OWN_CALENDAR, entries=entries)


class ShowGroupCalendar(DatedQuery):
    """Return the calendar of a group's lessons, from 90 days ago to 366 days ahead, by their beginning.

    For managers, and below them for who teaches the group today. Raises Forbidden, GroupNotFound.
    """

    def __call__(self, actor: Actor, *, group_id: GroupId) -> Calendar:
        require_level_for_some(actor, Permission.READ_GROUP_CALENDAR)
        name = self._permitted(actor, group_id)
        days = calendar_range(self.today())
        entries = Reading(self.store).one(lambda work: work.calendars.of_group(group_id, *days))
        return Calendar(name=name, entries=entries)

    @retried
    def _permitted(self, actor: Actor, group_id: GroupId) -> str:
        """The group's name, if the actor may read its calendar; not read from a store that may lag behind."""
        with self.store.autocommit() as work:
            group = work.calendars.group(group_id, actor.id, self.today())
        require_level(actor, Permission.READ_GROUP_CALENDAR, own=group.is_taught)
        return group.name


class ShowClientCalendar(DatedQuery):
    """Return the calendar of a client's lessons, from 90 days ago to 366 days ahead, by their beginning.

    They are those of the groups that the client is in on their date. For employees, and for parents of their
    own clients. Raises Forbidden, ClientNotFound.
    """

    def __call__(self, actor: Actor, *, client_id: ClientId) -> Calendar:
        name = self._permitted(actor, client_id)
        days = calendar_range(self.today())
        entries = Reading(self.store).one(lambda work: work.calendars.of_client(client_id, *days))
        return Calendar(name=name, entries=entries)

    @retried
    def _permitted(self, actor: Actor, client_id: ClientId) -> str:
        """The client's name, if the actor may read its calendar."""
        return readable_client(self.store, actor, client_id).name
