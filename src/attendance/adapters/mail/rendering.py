"""Mails as messages: headers that no inserted value can reach, and bodies whose lines stand as written."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from email_validator import EmailNotValidError, validate_email

from attendance.adapters.mail.texts import MailTexts, texts_of
from attendance.application.ports import NotSent
from attendance.domain.accounts.accounts import Language
from attendance.domain.accounts.mail import Mail, MailKind

_TOKEN = "{token}"  # noqa: S105 # where the token goes, no token
_LONGEST_SENDER_NAME = 100
_LONGEST_LINE = 998
"""Of a mail, in bytes, without its end (RFC 5322)."""
_ENCODED_WORD = "=?"
_SENDER = re.compile(r'(?:"?(?P<name>[^<>"\\]*?)"?\s*<(?P<boxed>[^<>\s]+)>|(?P<bare>[^<>\s]+))')
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ASCII_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


_UNFOLDED = SMTP.clone(max_line_length=_LONGEST_LINE)
# so that no encoded word has more than 75 characters (RFC 2047)
_FOLDED = SMTP.clone(max_line_length=76)


class _Headers(EmailPolicy):
    """Fold the subject alone: where Python folds another, it drops the quotes around a name with a comma."""

    def fold(self, name: str, value: Any) -> str:
        folded: str = (_FOLDED if name == "Subject" else _UNFOLDED).fold(name, value)
        return folded

    def fold_binary(self, name: str, value: Any) -> bytes:
        folded: bytes = (_FOLDED if name == "Subject" else _UNFOLDED).fold_binary(name, value)
        return folded


_HEADERS = _Headers(linesep="\r\n")


def _with_token(link: str, token: str) -> str:
    return link.replace(_TOKEN, quote(token, safe="", errors="replace"))


class _Sender(NamedTuple):
    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRenderer:
    """Render mails. Links come from these settings alone; `{token}` in them stands for the token.

    Without a `confirm_link` or `reset_link` they lead to this service's own pages under `base_url`. Readers
    without a language of their own are written to in `language`. Raises ValueError for a malformed link or
    sender.
    """

    base_url: str
    confirm_link: str | None = None
    reset_link: str | None = None
    sender: str = "attendance@localhost"
    language: Language = Language.EN

    def __post_init__(self) -> None:
        _require_http_url("base_url", self.base_url)
        for name, link in (("confirm_link", self.confirm_link), ("reset_link", self.reset_link)):
            if link is not None:
                _require_http_url(name, link)
                if link.count(_TOKEN) != 1:
                    raise ValueError(f"{name} must hold {_TOKEN} once")
        _sender_of(self.sender)

    @property
    def envelope_sender(self) -> str:
        """The bare address that mails come from, in ASCII."""
        return _sender_of(self.sender).address

    def link(self, mail: Mail) -> str | None:
        """Return the mail's link, None for a mail without one."""
        token = (mail.facts or {}).get("token")
        if token is None:
            return None
        if mail.kind is not MailKind.CONFIRM_EMAIL:
            return self.password_link(token)
        return _with_token(self.confirm_link or f"{self._home}/api/v1/auth/confirm_email/{_TOKEN}", token)

    def password_link(self, token: str) -> str:
        """Return the link that sets a password by this token."""
        return _with_token(self.reset_link or f"{self._home}/api/v1/auth/password_reset/{_TOKEN}", token)

    def render(self, mail: Mail, *, is_7bit: bool = False) -> EmailMessage:
        """Return the message as it is sent. Raises NotSent when it cannot be rendered.

        Headers are in ASCII. Lines of the bodies, and so links, stand in it as they are written, in UTF-8;
        `is_7bit`: for a server that takes ASCII alone, where the page has references to characters instead,
        and the text is quoted where it has to be.
        """
        sender, recipient, texts = _sender_of(self.sender), _recipient_of(mail), self._texts(mail)
        page = texts.page.encode("ascii", "xmlcharrefreplace").decode() if is_7bit else texts.page
        message = EmailMessage(policy=SMTP)
        message["From"] = f'"{sender.name}" <{sender.address}>' if sender.name else sender.address
        message["To"] = recipient
        message["Subject"] = texts.subject
        message["Date"] = mail.created_at
        message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        encodings = [_encoding_for(body, is_7bit=is_7bit) for body in (texts.text, page)]
        message.set_content(texts.text, cte=encodings[0])
        message.add_alternative(page, subtype="html", cte=encodings[1])
        message["Content-Transfer-Encoding"] = "8bit" if "8bit" in encodings else "7bit"
        message.policy = _HEADERS
        return message

    @property
    def _home(self) -> str:
        return self.base_url.rstrip("/")

    def _texts(self, mail: Mail) -> MailTexts:
        if mail.facts is None:
            raise NotSent("the mail's facts are gone", is_final=True)
        chosen = mail.facts.get("language")
        language = next((language for language in Language if language == chosen), self.language)
        return texts_of(mail.kind, mail.facts, language, link=self.link(mail), home=self._home)


def _require_http_url(name: str, link: str) -> None:
    if not link.isprintable() or " " in link:
        raise ValueError(f"{name} must not contain blanks or control characters")
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{name} must begin with http:// or https:// and a host")


def _sender_of(sender: str) -> _Sender:
    parts = _SENDER.fullmatch(sender)
    if parts is None or not sender.isprintable() or _ENCODED_WORD in sender:
        raise ValueError("the sender must be like club@example.org or Club <club@example.org>")
    try:
        address = _in_ascii(parts["boxed"] or parts["bare"])
    except EmailNotValidError as error:
        raise ValueError("the sender's address is none that mail can come from") from error
    name = (parts["name"] or "").strip()
    if len(name) > _LONGEST_SENDER_NAME:
        raise ValueError(f"the sender's name must have at most {_LONGEST_SENDER_NAME} characters")
    return _Sender(name, address)


def _recipient_of(mail: Mail) -> str:
    try:
        recipient = validate_email(mail.to, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError as error:
        raise NotSent("the address is none that mail can be sent to", is_final=True) from error
    if recipient is None or _ENCODED_WORD in recipient:
        raise NotSent("the address is none that mail can be sent to", is_final=True)
    return recipient


def _in_ascii(address: str) -> str:
    # A machine's own name such as localhost is good enough to come from, though nothing can be sent there.
    if _ASCII_ADDRESS.fullmatch(address):
        return address
    return validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email or address


def _encoding_for(body: str, *, is_7bit: bool) -> str:
    if any(len(line.encode()) > _LONGEST_LINE for line in body.splitlines()):
        return "quoted-printable"
    if body.isascii():
        return "7bit"
    return "quoted-printable" if is_7bit else "8bit"
