"""Mails in every language: nothing untranslated, nothing doubtful, and the same facts in all of them."""

import re
from dataclasses import replace

import pytest
from babel.messages.catalog import Catalog
from tools import catalogues

from attendance.adapters.mail import MailRenderer
from attendance.adapters.mail.languages import CATALOGUES, SOURCE, translations_in
from attendance.domain.accounts.accounts import Language
from attendance.domain.accounts.mail import Mail, MailKind
from tests.adapters.mail.make import FACTS, mail
from tests.adapters.mail.test_rendering import bodies

TRANSLATED = [language for language in Language if language is not SOURCE]
renderer = MailRenderer(base_url="https://club.example.org/", sender="Club <club@example.org>")


def kept(language: Language) -> Catalog:
    return catalogues.catalogue(CATALOGUES / f"{language}.po")


def in_language(language: Language, kind: MailKind, **facts: str) -> Mail:
    return mail(kind, language=language.value, **facts)


def test_every_language_but_that_of_the_texts_has_a_catalogue() -> None:
    for form in ("po", "mo"):
        assert {path.stem for path in CATALOGUES.glob(f"*.{form}")} == {*TRANSLATED}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_none_is_doubtful(language: Language) -> None:
    texts = {message.id for message in catalogues.MAILS.found() if message.id}
    assert len(texts) > 40
    assert {message.id for message in kept(language) if message.id} == texts
    assert [*catalogues.faults(kept(language))] == []


@pytest.mark.slow
def test_what_is_read_is_made_of_todays_texts() -> None:
    assert catalogues.main(["--check"]) is None


@pytest.mark.plants
@pytest.mark.parametrize("fault", ["missing", "empty", "fuzzy", "plural", "placeholder"])
def test_a_catalogue_that_is_not_whole_is_seen(fault: str) -> None:
    catalogue = kept(Language.RU)
    text = catalogue["The link is good for %(duration)s."]
    match fault:
        case "missing":
            catalogue.delete(text.id)
        case "empty":
            text.string = ""
        case "fuzzy":
            text.flags.add("fuzzy")
        case "plural":
            catalogue["%(number)d day"].string = ("день", "дня", "")
        case _:
            text.string = "Ссылка действует %(hours)s."
    texts = {message.id for message in catalogues.MAILS.found()}
    is_missing = {message.id for message in catalogue} != texts
    assert is_missing or [*catalogues.faults(catalogue)]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_is_in_the_language_of_its_reader(kind: MailKind, language: Language) -> None:
    letter = renderer.render(in_language(language, kind))
    subject = str(letter["Subject"])
    english = renderer.render(mail(kind))
    assert (subject == english["Subject"]) == (language is SOURCE)
    text, page = bodies(letter)
    assert text.startswith({"en": "Hello", "de": "Hallo", "ru": "Здравствуйте"}[language])
    assert f'<html lang="{language}">' in page
    for name in FACTS[kind].keys() & {"about", "by", "new_email", "name"}:
        assert FACTS[kind][name] in text
        assert FACTS[kind][name] in page


def test_who_has_chosen_no_language_is_written_to_in_the_organisations() -> None:
    club = replace(renderer, language=Language.DE)
    assert club.render(mail())["Subject"] == "Bitte bestätigen Sie Ihre E-Mail-Adresse"
    assert club.render(in_language(Language.EN, MailKind.CONFIRM_EMAIL))["Subject"].startswith("Please")
    assert club.render(mail(language="tlh"))["Subject"].startswith("Bitte"), "one that this program has not"


@pytest.mark.parametrize(
    ("number", "told"), [(1, "1 день"), (3, "3 дня"), (5, "5 дней"), (21, "21 день"), (22, "22 дня")]
)
def test_numbers_take_the_forms_of_the_language(number: int, told: str) -> None:
    found = translations_in(Language.RU).ngettext("%(number)d day", "%(number)d days", number)
    assert found % {"number": number} == told


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", ["Zoë Müller", "Ян Новак", "山田 太郎", "a" * 200, "Anna"])
def test_a_link_stands_whole_whatever_the_reader_is_called(language: Language, name: str) -> None:
    sent = in_language(language, MailKind.CONFIRM_EMAIL, name=name, token="t" * 43)
    raw = renderer.render(sent).as_bytes()
    assert f"\r\n{renderer.link(sent)}\r\n".encode() in raw
    assert max(map(len, raw.split(b"\r\n"))) < 998


@pytest.mark.plants
def test_a_link_that_is_quoted_is_seen_to_be_folded() -> None:
    sent = mail(name="Zoë Müller", token="t" * 43)
    letter = renderer.render(sent)
    text = bodies(letter)[0]
    letter.get_body(("plain",)).set_content(text, cte="quoted-printable")  # type: ignore[union-attr]
    assert f"\r\n{renderer.link(sent)}\r\n".encode() not in letter.as_bytes()


@pytest.mark.parametrize("language", Language)
def test_a_server_that_takes_ascii_alone_gets_the_link_whole_in_the_page(language: Language) -> None:
    sent = in_language(language, MailKind.CONFIRM_EMAIL, name="Zoë Müller", token="t" * 43)
    letter = renderer.render(sent, is_7bit=True)
    raw, link = letter.as_bytes(), str(renderer.link(sent))
    assert raw.isascii()
    assert f'<a href="{link}"'.encode() in raw
    assert f"\n{link}\n" in bodies(letter)[0]
    assert max(map(len, raw.split(b"\r\n"))) < 998


@pytest.mark.parametrize("kind", MailKind)
def test_subjects_are_folded_as_servers_want_them(kind: MailKind) -> None:
    head = renderer.render(in_language(Language.RU, kind)).as_bytes().partition(b"\r\n\r\n")[0]
    words = re.findall(rb"=\?utf-8\?\S+\?=", head)
    assert words
    assert max(map(len, words)) <= 75
