"""Who may what: pure predicates, asked once, by the use case."""

from enum import StrEnum

from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.ids import AccountId
from attendance.domain.sessions import Actor


class Directory(StrEnum):
    """Whom the lists of users and labs are shown to."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"


def may_browse(actor: Actor | None, directory: Directory) -> bool:
    """Anybody sees a public directory; a closed one is for whoever is signed in."""
    match directory:
        case Directory.PUBLIC:
            return True
        case Directory.SIGNED_IN:
            return actor is not None


def owns(actor: Actor, owner_id: AccountId) -> bool:
    """A lab's attendance is its owner's business alone."""
    return actor.id == owner_id


def require(allowed: bool, refusal: type[Forbidden] | type[Unauthenticated]) -> None:
    if not allowed:
        raise refusal
