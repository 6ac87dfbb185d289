"""Whoever asks."""

from dataclasses import dataclass

from attendance.domain.ids import OPERATOR_ID, AccountId, SessionId
from attendance.domain.permissions.roles import Level


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks, as their session says. Obtained from `actor_of(token)`, valid for one request.

    `session_id` is None for whoever has no session: the operator, and who reads calendars by a token.
    """

    id: AccountId
    session_id: SessionId | None
    level: Level


OPERATOR = Actor(OPERATOR_ID, None, Level.ADMIN)
"""Whoever works at the machine itself: with an admin's rights and no more."""
