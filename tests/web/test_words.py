"""What pages say, in the language of whoever reads them."""

import re

import pytest

from attendance.adapters.web.server.languages import LANGUAGES, language_for, words
from attendance.adapters.web.server.refusals import TEXT_BY_CODE, code_of, faults_of, field_text
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.errors import AttendanceError, Conflict
from tests.http.api import PASSWORD, Api
from tests.web.visitors import shown, visitor

TRANSLATED = [language for language in LANGUAGES if language != "en"]
PATHS = ["/", "/app/sign-in", "/app/create-account", "/app/forgot-password", "/app/sign-out", "/app/nothing"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("DE", "de"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("fr, de;q=0.5, ru;q=0.7", "ru"),
        ("en;q=0.5, de;q=0.5", "en"),
        ("fr", "en"),
        ("de;q=0", "en"),
        ("de;q=0, *", "en"),
        ("*", "en"),
        ("zh-Hant-TW, de", "de"),
        ("de;q=nonsense, ru", "ru"),
        ("de;q=2", "en"),
        (";;;,,,", "en"),
        ("a" * 10_000, "en"),
        (", ".join(["xx"] * 1000) + ", de", "en"),
        ("../../de", "en"),
    ],
)
def test_a_page_speaks_the_language_that_a_browser_prefers(accepted: str, language: str) -> None:
    assert language_for(accepted) == language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_each_page_is_in_its_language_and_no_other(memory: Api, path: str, language: str) -> None:
    page = visitor(memory, accept_language=language).opens(path)
    assert f'<html lang="{language}">' in page.text
    texts = [
        text for text in shown(page).texts if re.search(r"[^\W\d]{3}", text) and "attendance" not in text
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
def test_whatever_is_wrong_with_a_field_is_said_in_the_language(memory: Api, language: str) -> None:
    messages = refused_by(memory.container.use_cases())
    assert len(messages) > 12
    assert [message for message in messages if field_text(message, language) == message] == []


def test_numbers_have_their_forms() -> None:
    said = [field_text(f"must have at least {number} characters", "ru") for number in (1, 2, 8, 21)]
    assert said == [
        "не короче 1 символа",
        "не короче 2 символов",
        "не короче 8 символов",
        "не короче 21 символа",
    ]
    waits = [
        faults_of(LimitReached(seconds), "ru")[""].rpartition(": ")[2] for seconds in (1, 60, 61, 300, 1260)
    ]
    assert waits == [
        f"попробуйте через {minutes}"
        for minutes in ("1 минуту", "1 минуту", "2 минуты", "5 минут", "21 минуту")
    ]


def test_a_character_is_shown_where_there_is_something_to_see() -> None:
    assert field_text("must not contain U+003C", "en") == "must not contain < (U+003C)"
    assert field_text("must not contain U+200B", "en") == "must not contain U+200B"


def every_refusal(kind: type[AttendanceError] = AttendanceError) -> set[type[AttendanceError]]:
    return {kind, *(each for below in kind.__subclasses__() for each in every_refusal(below))}


def test_refusals_are_told_by_the_text_that_they_have() -> None:
    texts = {code_of(kind.__new__(kind)): kind.text for kind in every_refusal()}
    assert {code: text for code, text in TEXT_BY_CODE.items() if texts.get(code) != text} == {}


def test_a_refusal_with_a_text_of_its_own_says_that() -> None:
    assert (
        faults_of(Conflict("lessons are planned on 2026-03-02"), "de")[""]
        == "lessons are planned on 2026-03-02"
    )
    assert faults_of(Conflict(), "de")[""] == words("de").gettext("conflict") != "conflict"


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_signs_in_goes_on_in_the_language(memory: Api, language: str) -> None:
    memory.having(username="ada")
    ada = visitor(memory, accept_language=language)
    ada.signs_in("ada", PASSWORD)
    for path in ("/", "/app/account", "/app/confirm-email"):
        assert f'<html lang="{language}">' in ada.opens(path).text
