"""Events: one for each change of what is stored, never edited, never removed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from attendance.domain.ids import AccountId, ClientId, EventId

Facts = Mapping[str, Any]
"""An object of JSON: strings, whole numbers, booleans, null, and arrays and objects of them."""


class Action(StrEnum):
    ACCOUNT_REGISTERED = "account.registered"
    ACCOUNT_INVITED = "account.invited"
    ACCOUNT_INVITATION_WITHDRAWN = "account.invitation_withdrawn"
    ACCOUNT_EDITED = "account.edited"
    ACCOUNT_EMAIL_CONFIRMED = "account.email_confirmed"
    ACCOUNT_EMAIL_LAPSED = "account.email_lapsed"
    ACCOUNT_PASSWORD_SET = "account.password_set"  # noqa: S105 # an action, no password
    ACCOUNT_REHASHED = "account.rehashed"
    ACCOUNT_ROLE_CHANGED = "account.role_changed"
    ACCOUNT_DEACTIVATED = "account.deactivated"
    ACCOUNT_REACTIVATED = "account.reactivated"
    ACCOUNT_LINK_SENT = "account.link_sent"
    FAVORITES_REPLACED = "favorites.replaced"
    CALENDAR_TOKEN_MADE = "calendar_token.made"  # noqa: S105 # an action, no token
    CALENDAR_TOKEN_REVOKED = "calendar_token.revoked"  # noqa: S105 # an action, no token
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    ROLE_CHANGE_REQUESTED = "role_change.requested"
    ROLE_CHANGE_APPLIED = "role_change.applied"
    ROLE_CHANGE_REJECTED = "role_change.rejected"
    ROLE_CHANGE_WITHDRAWN = "role_change.withdrawn"
    ROLE_CHANGE_EXPIRED = "role_change.expired"
    ROLE_CHANGE_SUPERSEDED = "role_change.superseded"
    CLIENT_ADDED = "client.added"
    CLIENT_EDITED = "client.edited"
    CONTRACT_ADDED = "contract.added"
    CONTRACT_EDITED = "contract.edited"
    PRICE_ADDED = "price.added"
    PRICE_EDITED = "price.edited"
    LOCATION_ADDED = "location.added"
    LOCATION_EDITED = "location.edited"
    GROUP_ADDED = "group.added"
    GROUP_EDITED = "group.edited"
    LESSON_ADDED = "lesson.added"
    LESSON_EDITED = "lesson.edited"
    LESSON_CANCELLED = "lesson.cancelled"
    LESSON_RESTORED = "lesson.restored"
    LESSON_DELETED = "lesson.deleted"
    SUBSCRIPTION_SOLD = "subscription.sold"
    SUBSCRIPTION_EDITED = "subscription.edited"
    ATTENDANCE_MARKED = "attendance.marked"
    ATTENDANCE_CHARGED = "attendance.charged"
    ATTENDANCE_CLEARED = "attendance.cleared"
    LAB_CREATED = "lab.created"
    LAB_JOINED = "lab.joined"
    LAB_ATTENDANCE_MARKED = "lab_attendance.marked"
    LAB_ATTENDANCE_DELETED = "lab_attendance.deleted"


class SubjectKind(StrEnum):
    """What an event is about: the part of its action before the dot."""

    ACCOUNT = "account"
    FAVORITES = "favorites"
    CALENDAR_TOKEN = "calendar_token"  # noqa: S105 # a kind, no token
    SESSION = "session"
    ROLE_CHANGE = "role_change"
    CLIENT = "client"
    CONTRACT = "contract"
    PRICE = "price"
    LOCATION = "location"
    GROUP = "group"
    LESSON = "lesson"
    SUBSCRIPTION = "subscription"
    ATTENDANCE = "attendance"
    LAB = "lab"
    LAB_ATTENDANCE = "lab_attendance"


_KINDS = {action: SubjectKind(action.partition(".")[0]) for action in Action}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of the subject by the actor, with the fields that differ.

    `before` None: the subject is new; `after` None: it is removed. `actor_id` None: nobody did it, it follows
    from another change or from time. `client_id`: the client it concerns, where that is not the subject.
    """

    id: EventId
    at: datetime
    actor_id: AccountId | None
    action: Action
    subject_id: UUID
    before: Facts | None = None
    after: Facts | None = None
    client_id: ClientId | None = None

    @property
    def subject_kind(self) -> SubjectKind:
        """The kind of the subject: the part of the action before the dot."""
        return _KINDS[self.action]


@dataclass(frozen=True, slots=True)
class ChangeContext:
    """By whom (None: nobody) and when something is changed, and where its events get their ids."""

    by: AccountId | None
    at: datetime
    new_id: Callable[[], UUID]

    def by_itself(self) -> "ChangeContext":
        """The context of a change that nobody makes, which follows from another or from time."""
        return replace(self, by=None)

    def event(
        self,
        action: Action,
        subject_id: UUID,
        *,
        before: Facts | None = None,
        after: Facts | None = None,
        client_id: ClientId | None = None,
    ) -> Event:
        return Event(
            id=EventId(self.new_id()),
            at=self.at,
            actor_id=self.by,
            action=action,
            subject_id=subject_id,
            before=before,
            after=after,
            client_id=client_id,
        )
