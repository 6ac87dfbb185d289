"""What pages say, in the language of whoever reads them."""

import re
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from attendance.adapters.web.server.formats import LOCALES, formats
from attendance.adapters.web.server.languages import LANGUAGES, language_for, words
from attendance.adapters.web.server.refusals import faults_of, field_text
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import Language
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.errors import Conflict
from tests.http.api import PASSWORD, Api
from tests.web.visitors import shown, visitor

TRANSLATED = [language for language in LANGUAGES if language is not Language.EN]
PATHS = ["/", "/app/sign-in", "/app/create-account", "/app/forgot-password", "/app/sign-out", "/app/nothing"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", Language.EN),
        ("de", Language.DE),
        ("de-AT", Language.DE),
        ("DE", Language.DE),
        ("ru-RU,ru;q=0.9,en;q=0.8", Language.RU),
        ("fr, de;q=0.5, ru;q=0.7", Language.RU),
        ("en;q=0.5, de;q=0.5", Language.EN),
        ("fr", Language.EN),
        ("de;q=0", Language.EN),
        ("de;q=0, *", Language.EN),
        ("*", Language.EN),
        ("zh-Hant-TW, de", Language.DE),
        ("de;q=nonsense, ru", Language.RU),
        ("de;q=2", Language.EN),
        (";;;,,,", Language.EN),
        ("a" * 10_000, Language.EN),
        (", ".join(["xx"] * 1000) + ", de", Language.EN),
        ("../../de", Language.EN),
    ],
)
def test_a_page_speaks_the_language_that_a_browser_prefers(accepted: str, language: Language) -> None:
    assert language_for(accepted) == language


def test_pages_speak_every_language_that_an_account_may_have() -> None:
    assert {*LANGUAGES} == {*LOCALES} == {*Language}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_each_page_is_in_its_language_and_no_other(memory: Api, path: str, language: Language) -> None:
    page = visitor(memory, accept_language=language).opens(path)
    assert f'<html lang="{language}">' in page.text
    texts = [
        text
        for text in shown(page).texts
        if re.search(r"[^\W\d]{3}", text) and "attendance" not in text and text not in LANGUAGES.values()
    ]
    assert texts
    if language == "ru":
        assert [text for text in texts if not re.search("[а-яё]", text)] == []
    if language == "de":
        english = {*shown(visitor(memory).opens(path)).texts} & {*texts}
        assert english <= {"Name"}


def test_a_refused_form_speaks_the_language_too(memory: Api) -> None:
    typed = {"username": "a b", "email": "nowhere", "password": "short"}
    german = visitor(memory, accept_language="de").sends("/app/create-account", **typed).text
    assert "Benutzername: darf keine Leerzeichen enthalten" in german
    assert "mindestens 8 Zeichen" in german
    russian = visitor(memory, accept_language="ru").sends("/app/create-account", **typed).text
    assert "не короче 8 символов" in russian
    assert "неверное имя или пароль" in visitor(memory, accept_language="ru").signs_in("ada").text


def refused_by(use_cases: UseCases) -> set[str]:
    """What is said of fields of forms, whatever may be wrong with each."""
    bad = {
        "username": [
            "", "x" * 65, "a b", "me", "аd", "1٢", "e\u0301\u0301\u0301", "\u0301a", "a\u200bb", "אa",
            "\u1112\u1175", "a\0", "\ufdfa",
        ],
        "name": ["x" * 201, "a\nb", "\u200d", "\u202e", "\ud800"],
        "email": ["", "x", "ё@example.org", "x" * 300, "=?@example.org", "a@b"],
        "password": ["", "short", "password1", "x" * 1025, "a\0bcdefgh", "\ud800"],
    }  # fmt: skip
    return {
        error.message
        for field, values in bad.items()
        for value in values
        for error in use_cases.register.errors_in({field: value})
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_whatever_is_wrong_with_a_field_is_said_in_the_language(memory: Api, language: Language) -> None:
    messages = refused_by(memory.container.use_cases())
    assert len(messages) > 12
    assert [message for message in messages if field_text(message, language) == message] == []


def test_a_moment_is_written_with_the_day_that_it_has_where_it_is() -> None:
    """Moments that are alike in different zones may be on different days."""
    for language, days in {
        Language.EN: ("6 Mar 2026", "7 Mar 2026"),
        Language.DE: ("06.03.2026", "07.03.2026"),
    }.items():
        evening = datetime(2026, 3, 6, 23, 30, tzinfo=UTC)
        morning = evening.astimezone(timezone(timedelta(hours=1)))
        written = formats(language)["day"]
        assert evening == morning
        assert (written(evening), written(morning)) == days
        assert (written(evening.date()), written(morning.date())) == days


def test_sums_and_times_are_written_in_each_language() -> None:
    for language, amount in {
        Language.EN: "€1,080.50",
        Language.DE: "1.080,50\N{NO-BREAK SPACE}€",
        Language.RU: "1\N{NO-BREAK SPACE}080,50\N{NO-BREAK SPACE}€",
    }.items():
        written = formats(language)
        assert {written["money"](Decimal(each), "EUR") for each in ("1080.5", "1080.50")} == {amount}
        assert (
            written["clock"](time(7, 5))
            == written["clock"](datetime(2026, 3, 6, 7, 5, tzinfo=UTC))
            == "07:05"
        )


def test_numbers_have_their_forms() -> None:
    said = [field_text(f"must have at least {number} characters", Language.RU) for number in (1, 2, 8, 21)]
    assert said == [
        "не короче 1 символа",
        "не короче 2 символов",
        "не короче 8 символов",
        "не короче 21 символа",
    ]
    waits = [
        faults_of(LimitReached(seconds), Language.RU)[""].rpartition(": ")[2]
        for seconds in (1, 60, 61, 300, 1260)
    ]
    assert waits == [
        f"попробуйте через {minutes}"
        for minutes in ("1 минуту", "1 минуту", "2 минуты", "5 минут", "21 минуту")
    ]


def test_a_character_is_shown_where_there_is_something_to_see() -> None:
    assert field_text("must not contain U+003C", Language.EN) == "must not contain < (U+003C)"
    assert field_text("must not contain U+200B", Language.EN) == "must not contain U+200B"


def test_a_refusal_with_a_text_of_its_own_says_that() -> None:
    assert (
        faults_of(Conflict("lessons are planned on 2026-03-02"), Language.DE)[""]
        == "lessons are planned on 2026-03-02"
    )
    assert faults_of(Conflict(), Language.DE)[""] == words(Language.DE).gettext("conflict") != "conflict"


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_signs_in_goes_on_in_the_language(memory: Api, language: Language) -> None:
    memory.having(username="ada")
    ada = visitor(memory, accept_language=language)
    ada.signs_in("ada", PASSWORD)
    for path in ("/app/account", "/app/confirm-email", "/app/nothing"):
        assert f'<html lang="{language}">' in ada.opens(path).text
