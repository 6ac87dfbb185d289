"""Mails as messages: text and HTML from templates, under fixed headers that no inserted value can reach."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError, select_autoescape

from attendance.application.ports import NotSent
from attendance.domain.accounts.mail import Mail, MailKind

SUBJECTS: Mapping[MailKind, str] = {
    MailKind.CONFIRM_EMAIL: "Please confirm your email address",
    MailKind.RESET_PASSWORD: "Set a new password",
    MailKind.INVITATION: "An account was opened for you",
    MailKind.EMAIL_CHANGES: "Your email address is about to change",
    MailKind.PASSWORD_CHANGED: "Your password was changed",
    MailKind.ROLE_GRANTED: "Somebody was given a powerful role",
    MailKind.ROLE_CHANGE_AWAITS: "A change to an owner awaits confirmation",
    MailKind.ACCOUNT_LINKED: "Somebody else may read what you may read",
}
"""Fixed, so that nobody's name or address is ever part of one."""

_TOKEN = "{token}"  # noqa: S105 # where the token goes, no token
# Headers are short and never folded: where Python folds, it drops the quotes around a name with a comma.
_UNFOLDED = SMTP.clone(max_line_length=998)
_LONGEST_NAME = 60
_LONGEST_SENDER_NAME = 100
_LONGEST_PLAIN_LINE = 900
_ENCODED_WORD = "=?"
_SENDER = re.compile(r'(?:"?(?P<name>[^<>"\\]*?)"?\s*<(?P<boxed>[^<>\s]+)>|(?P<bare>[^<>\s]+))')
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ASCII_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INSIDE_A_LINK = re.compile(r"(?<=\S)[.:/@](?=\S)")


class _Sender(NamedTuple):
    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRenderer:
    """Render mails. Links come from these settings alone; `{token}` in them stands for the token.

    Without a `confirm_link` or `reset_link` they lead to this service's own pages under `base_url`.
    Raises ValueError for a malformed link or sender.
    """

    base_url: str
    confirm_link: str | None = None
    reset_link: str | None = None
    sender: str = "attendance@localhost"

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
        if mail.kind is MailKind.CONFIRM_EMAIL:
            template = self.confirm_link or f"{self._home}/api/v1/auth/confirm_email/{_TOKEN}"
        else:
            template = self.reset_link or f"{self._home}/api/v1/auth/password_reset/{_TOKEN}"
        return template.replace(_TOKEN, quote(token, safe="", errors="replace"))

    def render(self, mail: Mail) -> EmailMessage:
        """Return the message as it is sent, in ASCII. Raises NotSent when it cannot be rendered."""
        sender, recipient = _sender_of(self.sender), _recipient_of(mail)
        message = EmailMessage(policy=SMTP)
        message["From"] = f'"{sender.name}" <{sender.address}>' if sender.name else sender.address
        message["To"] = recipient
        message["Subject"] = SUBJECTS[mail.kind]
        message["Date"] = mail.created_at
        message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        text, page = self._bodies(mail)
        message.set_content(text, cte=_encoding_for(text))
        message.add_alternative(page, subtype="html", cte=_encoding_for(page))
        message.policy = _UNFOLDED
        return message

    @property
    def _home(self) -> str:
        return self.base_url.rstrip("/")

    def _bodies(self, mail: Mail) -> tuple[str, str]:
        """Text and HTML."""
        if mail.facts is None:
            raise NotSent("the mail's facts are gone", is_final=True)
        facts = {name: _neutralised(fact) for name, fact in mail.facts.items() if name != "token"}
        fixed = {"link": self.link(mail), "home": self._home, "subject": SUBJECTS[mail.kind]}
        try:
            values = facts | fixed | {"reader": _salutation(facts.get("name") or facts["username"])}
            text, page = (
                _templates().get_template(f"{mail.kind}.{form}").render(values) for form in ("txt", "html")
            )
        except (KeyError, TemplateError) as error:
            # Not final: a newer version of this program may know how to write it.
            raise NotSent(f"the mail cannot be written: {type(error).__name__}") from error
        return text, page


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("attendance.adapters.mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["duration"] = _duration
    templates.filters["spoken"] = _role_in_words
    return templates


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


def _neutralised(fact: str) -> str:
    """Return the value without line breaks, control or bidi characters or lone surrogates."""
    return "".join(map(_neutral_character, fact))


def _neutral_character(character: str) -> str:
    if character in _BIDI_CONTROLS:
        return ""
    return " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character


def _salutation(name: str) -> str:
    """Return a name no mail program turns into a link: a stranger may have chosen it as an advertisement."""
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return _INSIDE_A_LINK.sub(lambda found: f"{found[0]}\u2060", short)


def _duration(hours: str) -> str:
    if not (hours.isascii() and hours.isdecimal()):
        return f"{hours} hours"
    match divmod(int(hours), 24):
        case 0, 0:
            return "less than an hour"
        case 0, 1:
            return "1 hour"
        case days, 0 if days > 1:
            return f"{days} days"
        case _:
            return f"{int(hours)} hours"


def _role_in_words(role: str) -> str:
    return role.replace("_", " ")


def _encoding_for(body: str) -> str:
    is_plain = body.isascii() and all(len(line) <= _LONGEST_PLAIN_LINE for line in body.splitlines())
    return "7bit" if is_plain else "quoted-printable"
