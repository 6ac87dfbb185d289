"""What mails say, in the language of their reader: a subject, a text, and the same as a page.

The subject of a kind of mail stands here, its paragraphs in `templates/<kind>.jinja`, once for both forms.
"""

import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from gettext import NullTranslations
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup, escape

from attendance.adapters.mail.languages import translations_in, untranslated
from attendance.application.ports import NotSent
from attendance.domain.accounts.accounts import Language
from attendance.domain.accounts.mail import MailKind

SUBJECTS: Mapping[MailKind, str] = {
    MailKind.CONFIRM_EMAIL: untranslated("Please confirm your email address"),
    MailKind.RESET_PASSWORD: untranslated("Set a new password"),
    MailKind.INVITATION: untranslated("An account was opened for you"),
    MailKind.EMAIL_CHANGES: untranslated("Your email address is about to change"),
    MailKind.PASSWORD_CHANGED: untranslated("Your password was changed"),
    MailKind.ROLE_GRANTED: untranslated("Somebody was given a powerful role"),
    MailKind.ROLE_CHANGE_AWAITS: untranslated("A change to an owner awaits confirmation"),
    MailKind.ACCOUNT_LINKED: untranslated("Somebody else may read what you may read"),
    MailKind.ROLE_GRANT_AWAITS: untranslated("A powerful role awaits confirmation"),
}
"""Fixed, so that nobody's name or address is ever part of one."""

ROLE_NAMES: Mapping[str, str] = {
    "user": untranslated("user"),
    "employee": untranslated("employee"),
    "manager": untranslated("manager"),
    "head_manager": untranslated("head manager"),
    "owner": untranslated("owner"),
    "admin": untranslated("admin"),
}

_CODES = frozenset({"hours", "role", "to", "what"})
"""Facts that stand for words; the others are inserted as they are."""
_WIDTH = 76
_LONGEST_NAME = 60
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INSIDE_A_LINK = re.compile(r"(?<=\S)[.:/@](?=\S)")


class MailTexts(NamedTuple):
    subject: str
    text: str
    page: str


def texts_of(
    kind: MailKind, facts: Mapping[str, str], language: Language, *, link: str | None, home: str
) -> MailTexts:
    """What a mail says. Raises NotSent where a fact is missing that it needs."""
    subject = translations_in(language).gettext(SUBJECTS[kind])
    codes = {name: facts[name] for name in _CODES & facts.keys()}
    fixed = {"link": link, "home": home, "subject": subject, "language": language.value, **codes}
    names = {name: _neutralised(facts[name]) for name in facts.keys() - _CODES - {"token", "language"}}
    try:
        names["reader"] = _salutation(names.get("name") or names["username"])
        text, page = (
            _environment(form, language)
            .get_template(f"{kind}.jinja")
            .render({name: form.inserted(fact) for name, fact in names.items()} | fixed, layout=form.layout)
            for form in (TEXT, PAGE)
        )
    except (KeyError, TemplateError) as error:
        # Not final: a newer version of this program may know how to write it.
        raise NotSent(f"the mail cannot be written: {type(error).__name__}") from error
    return MailTexts(subject, text, page)


@dataclass(frozen=True, slots=True)
class Form:
    """How a mail's paragraphs and its link are written, and what somebody is called in them."""

    layout: str
    escapes: bool
    inserted: Callable[[str], str]
    paragraph: Callable[[str], str]
    button: Callable[[str, str, str], str]


def _text_paragraph(text: str) -> str:
    return _wrapped(text) + "\n"


def _text_button(label: str, link: str, _: str) -> str:
    return f"{label}:\n\n{link}\n"


def _page_inserted(fact: str) -> str:
    return Markup("<bdi>{}</bdi>").format(fact)


def _page_paragraph(text: str) -> str:
    return Markup(f"<p>{_wrapped(str(escape(text)))}</p>")  # noqa: S704 # it is escaped


def _page_button(label: str, link: str, instead: str) -> str:
    return Markup(
        '<p><a href="{link}" style="display: inline-block; padding: .6em 1.2em; border-radius: 4px; '
        'background: #1a5fb4; color: #fff; text-decoration: none">{label}</a></p>\n'
        '<p style="font-size: 13px">{instead}<br>\n<span style="word-break: break-all">{link}</span></p>'
    ).format(link=link, label=label, instead=instead)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


TEXT = Form("layout.txt", False, str, _text_paragraph, _text_button)
PAGE = Form("layout.html", True, _page_inserted, _page_paragraph, _page_button)


@cache
def _environment(form: Form, language: Language) -> Environment:
    translations = translations_in(language)
    environment = Environment(
        loader=PackageLoader("attendance.adapters.mail"),
        extensions=["jinja2.ext.i18n"],
        autoescape=form.escapes,  # noqa: S701 # the text is none of HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    i18n: Any = environment
    i18n.install_gettext_translations(translations, newstyle=True)
    instead = translations.gettext("If the button does not work, copy this address into your browser:")
    environment.globals |= {
        "paragraph": form.paragraph,
        "button": lambda label, link: form.button(label, link, instead),
        "duration": partial(_duration, translations=translations),
        "role_name": lambda role: translations.gettext(ROLE_NAMES.get(role, role)),
    }
    return environment


def _duration(hours: str, *, translations: NullTranslations) -> str:
    if not (hours.isascii() and hours.isdecimal()):
        return hours
    match divmod(int(hours), 24):
        case 0, 0:
            return translations.gettext("less than an hour")
        case days, 0 if days > 1:
            return translations.ngettext("%(number)d day", "%(number)d days", days) % {"number": days}
        case _:
            number = int(hours)
            return translations.ngettext("%(number)d hour", "%(number)d hours", number) % {"number": number}


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
