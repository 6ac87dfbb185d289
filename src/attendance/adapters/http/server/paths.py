"""Where the club protocol begins, and the id in a path that stands for whoever asks."""

from attendance.adapters.http.server.ids import sent_id
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor

API = "/api/v1"
ME = "me"


def user_of(actor: Actor, sent: str) -> AccountId:
    """The user a path is about; `me` is the caller."""
    return actor.id if sent == ME else AccountId(sent_id(sent))
