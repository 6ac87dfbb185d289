"""Mails of every kind, with the facts that the use cases give each of them."""

from collections.abc import Mapping
from typing import Any

from attendance.domain.accounts.mail import Mail, MailKind
from attendance.domain.ids import MailId
from tests.make import NOON, new_id

_READER = {"name": "Anna Beispiel", "username": "anna"}
_LINK = _READER | {"token": "a-token_in-43-letters", "hours": "48"}
FACTS: Mapping[MailKind, dict[str, str]] = {
    MailKind.CONFIRM_EMAIL: _LINK,
    MailKind.RESET_PASSWORD: _LINK,
    MailKind.INVITATION: _LINK,
    MailKind.EMAIL_CHANGES: _READER | {"new_email": "anna@new.example.org"},
    MailKind.PASSWORD_CHANGED: _READER,
    MailKind.ROLE_GRANTED: _READER | {"about": "bert", "by": "cleo", "role": "head_manager"},
    MailKind.ROLE_CHANGE_AWAITS: _READER
    | {"about": "bert", "by": "cleo", "what": "role", "to": "head_manager"},
    MailKind.ACCOUNT_LINKED: _READER | {"about": "bert", "by": "cleo", "client": "Ännchen Beispiel"},
    MailKind.ROLE_GRANT_AWAITS: _READER | {"about": "bert", "by": "cleo", "role": "admin"},
}


def mail(kind: MailKind = MailKind.CONFIRM_EMAIL, *, address: str = "anna@example.org", **facts: str) -> Mail:
    """A mail as the outbox holds it; `facts` differ from the usual ones."""
    usual: dict[str, Any] = {"id": MailId(new_id()), "created_at": NOON, "due_at": NOON}
    return Mail(kind=kind, to=address, facts=FACTS[kind] | facts, **usual)
