"""The actor: who calls a use case."""

from dataclasses import dataclass

from attendance.domain.ids import OPERATOR_ID, AccountId, SessionId
from attendance.domain.permissions.roles import Level


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls a use case, and at which level.

    `actor_of(token)` returns one, which is valid for one request. `session_id` is None without a session: for
    the operator, and for readers of calendars by a token.
    """

    id: AccountId
    session_id: SessionId | None
    level: Level


OPERATOR = Actor(OPERATOR_ID, None, Level.ADMIN)
"""The operator, at the command line: with the permissions of an admin."""
