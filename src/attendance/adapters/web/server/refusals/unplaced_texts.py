"""Texts that were typed into a form that is not on the page which refuses it: said there, not lost."""

from collections.abc import Iterator, Mapping

from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.languages import N_, words
from attendance.adapters.web.server.refusals.shown_forms import Forms, hash_of
from attendance.domain.accounts.accounts import Language

LABELS: Mapping[str, str] = {
    "address": N_("Address"),
    "closures.reason": N_("Reason"),
    "description": N_("Description"),
    "email": N_("Email"),
    "guardian_name": N_("Guardian"),
    "login": N_("Username or email"),
    "name": N_("Name"),
    "note": N_("Note"),
    "notes": N_("Notes"),
    "number": N_("Number"),
    "phone": N_("Phone"),
    "reason": N_("Reason"),
    "timezone": N_("Time zone"),
    "topic": N_("Topic"),
    "url": N_("Web address"),
    "username": N_("Username"),
}
"""The fields with words of people, by the names that they are sent by, and how they are called."""
KEPT = N_("You typed: %(field)s – %(value)s")


def kept_texts(typed: Typed, html: str, language: Language) -> Mapping[str, str]:
    """What is said of texts that were typed and stand in no field of a page, each under a key of its own."""
    texts = [*_texts(typed)]
    if not texts:
        return {}
    shown = {hash_of(each.value) for form in Forms(html).forms for each in form.fields.values()}
    say = words(language).gettext
    lost = [(label, text) for label, text in texts if hash_of(text) not in shown]
    return {
        f" kept {number}": say(KEPT) % {"field": say(label), "value": text}
        for number, (label, text) in enumerate(lost)
    }


def _texts(typed: Typed) -> Iterator[tuple[str, str]]:
    for name, text in typed.as_shown().items():
        # of one of several it is `note:<id>`
        label = LABELS.get(name.partition(":")[0])
        if label is not None and text.strip():
            yield label, text.strip()
