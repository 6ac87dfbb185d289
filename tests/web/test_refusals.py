"""Whatever is refused is said in every language: nobody forgets the words of a new refusal."""

import re
from collections.abc import Callable, Iterator
from datetime import date, time

import pytest

import attendance.adapters.http.app
import attendance.adapters.web.app  # noqa: F401 # whatever refuses is imported with both
from attendance.adapters.http.server.errors import TEXT_AND_CODE_OF, known_errors
from attendance.adapters.web.server.languages import LANGUAGES, words
from attendance.adapters.web.server.refusals import FIELD_OF, faults_of, field_text, text_of
from attendance.adapters.web.server.refusals.texts import FIELD_TEXTS, TEXT_BY_CODE, TEXTS_WITH_VALUES
from attendance.domain.accounts.accounts import Language
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.club.groups import GroupFull, HeldRosterChanges, RosterHeld
from attendance.domain.club.lessons import LessonsPlanned
from attendance.domain.club.subscriptions import VisitsOutside
from attendance.domain.errors import AttendanceError, Conflict, FieldError, Invalid, Outdated
from attendance.testing import make
from tests.web.messages import ANY, ATTENDANCE, fits, messages, messages_in, raised_with_a_text

TRANSLATED = [language for language in LANGUAGES if language is not Language.EN]
DAYS = [date(2026, 3, day) for day in range(1, 13)]
OF_PAGES = ("attendance.domain", "attendance.application", "attendance.adapters")
FOR_PROGRAMS = {code for status, (_, code) in TEXT_AND_CODE_OF.items() if status not in (400, 404)}
"""What no page is refused with: they have texts of their own for these."""


def planned_lessons() -> LessonsPlanned:
    group = make.group(make.location())
    return LessonsPlanned(make.lesson(group, date=DAYS[1], starts=time(17), ends=time(18)))


WITH_VALUES: dict[type[AttendanceError], Callable[[], AttendanceError]] = {
    LessonsPlanned: planned_lessons,
    GroupFull: lambda: GroupFull(23),
    HeldRosterChanges: lambda: HeldRosterChanges(*DAYS[:2]),
    RosterHeld: lambda: RosterHeld(*DAYS[:2]),
    VisitsOutside: lambda: VisitsOutside(DAYS),
    LimitReached: lambda: LimitReached(61),
    Invalid: Invalid,
    Outdated: lambda: Outdated(FieldError("attendances[0].if_version", "is 3 now")),
}
"""Refusals that say more than the text of their kind."""


def kinds_of_refusals(kind: type[AttendanceError] = AttendanceError) -> Iterator[type[AttendanceError]]:
    for inner in kind.__subclasses__():
        # pages have no bodies of JSON
        if inner.__module__.startswith(OF_PAGES) and ".http." not in inner.__module__:
            yield inner
        yield from kinds_of_refusals(inner)


def codes_without_a_text(*more: type[AttendanceError]) -> set[str]:
    codes = {error.code for error in known_errors()} | {kind.code for kind in more}
    return codes - FOR_PROGRAMS - {*TEXT_BY_CODE}


def kinds_without_a_sample(*more: type[AttendanceError]) -> set[type[AttendanceError]]:
    kinds = {*kinds_of_refusals(), *more}
    return {kind for kind in kinds if "__init__" in vars(kind)} - {*WITH_VALUES}


def is_known(message: str) -> bool:
    """Whether there is a text for a message of a field, whatever values are in it."""
    filled = message.replace(f"U+{ANY}", "U+0041").replace("U+0000", "U+0041").replace(ANY, "7")
    return any(fits(message, known) for known in FIELD_TEXTS) or (field_text(filled, Language.DE) != filled)


# Each has a text


def test_each_refusal_has_a_text_by_its_code() -> None:
    assert codes_without_a_text() == set()
    assert {*TEXT_BY_CODE} - {error.code for error in known_errors()} == set()
    assert {*FIELD_OF} - {*TEXT_BY_CODE} == set()


@pytest.mark.slow
def test_each_refusal_that_says_more_is_tried() -> None:
    assert kinds_without_a_sample() == set()
    names = {kind.__name__ for kind in kinds_of_refusals()} - {"Invalid", "Outdated"}
    raised = [
        text
        for floor in ("domain", "application")
        for path in (ATTENDANCE / floor).rglob("*.py")
        for text in raised_with_a_text(path.read_text(), names)
    ]
    assert raised == [], "a refusal says more by its own `__init__`, which is tried here"


@pytest.mark.slow
def test_each_message_of_a_field_has_a_text() -> None:
    # what `unknown_errors` says is looked at where it is called
    said = {message: place for message, place in messages().items() if message != f"is no {ANY}"}
    assert len(said) > 60
    assert {message: place for message, place in said.items() if not is_known(message)} == {}


@pytest.mark.slow
def test_no_text_is_left_of_a_message_that_is_gone() -> None:
    said = {*messages()} | {"does not cover this visit", "has paid for all its visits of this week"}
    left = {text for text in FIELD_TEXTS if not any(fits(message, text) for message in said)}
    # characters are named in other ways than other values, and ids by their kinds
    assert left == {"must not contain U+0020", "must not contain %(character)s", "is no lesson"}


@pytest.mark.parametrize("language", TRANSLATED)
def test_each_refusal_is_said_in_the_language(language: Language) -> None:
    catalogue = words(language)
    texts: set[str | tuple[str, str]] = {
        *TEXT_BY_CODE.values(),
        *FIELD_TEXTS.values(),
        *TEXTS_WITH_VALUES.values(),
    }
    for text in texts:
        if isinstance(text, str):
            assert catalogue.gettext(text) != text
        else:
            assert {catalogue.ngettext(*text, number) for number in (1, 2, 5)} & {*text} == set()
    for kind, made in WITH_VALUES.items():
        [said] = faults_of(made(), language).values()
        assert said, kind
        assert said != made().text
        assert not re.search("[a-z]" if language is Language.RU else r"\b(the|on|more|lessons)\b", said), said


# What is said with values


def test_days_are_said_as_people_write_them() -> None:
    said = [text_of(VisitsOutside(DAYS), language) for language in LANGUAGES]
    assert all("2026-03" not in text for text in said)
    assert said[0].startswith("visits are charged to it on 1 Mar 2026, 2 Mar 2026, ")
    assert said[0].endswith(" and 2 more days")
    assert text_of(VisitsOutside(DAYS[:1]), Language.EN) == "visits are charged to it on 1 Mar 2026"
    assert text_of(VisitsOutside(DAYS[:11]), Language.EN).endswith(" and 1 more day")
    assert text_of(planned_lessons(), Language.DE).endswith("02.03.2026 17:00")


def test_numbers_and_amounts_are_said_as_people_write_them() -> None:
    assert field_text("must be from 0 to 9999999.99", Language.DE).endswith("und 9.999.999,99 liegen")
    assert field_text("must have at most 1 characters", Language.EN) == "must have at most 1 character"
    assert field_text("must have at most 0 decimal places in JPY", Language.EN).endswith(
        "0 decimal places in JPY"
    )
    months = [field_text(f"must be at most {days} days from from", Language.RU) for days in (1, 2, 365, 366)]
    assert [re.findall(r"\d+ (\w+)", text)[0] for text in months] == ["день", "дня", "дней", "дней"]


def test_programs_are_told_in_english_whatever_is_said_to_people() -> None:
    error = VisitsOutside(DAYS[:1])
    text_of(error, Language.DE)
    assert error.text == "visits are charged to it on 2026-03-01"


# Twins


@pytest.mark.plants
def test_a_refusal_without_words_is_seen() -> None:
    class Planted(Conflict):
        text = "planted"

        def __init__(self, day: date) -> None:
            super().__init__(f"planted on {day}")

    assert codes_without_a_text(Planted) == {"planted"}
    assert kinds_without_a_sample(Planted) == {Planted}


@pytest.mark.plants
@pytest.mark.parametrize(
    "source",
    [
        "FieldError('x', 'must be planted')",
        "error_if(True, 'x', f'must be planted {7} times')",
        "self.refuse(name, PLANTED)\nPLANTED = 'must be planted'",
        "def wrong():\n    return 'must be planted'\nif problem := wrong():\n    FieldError('x', problem)",
    ],
)
def test_a_message_without_words_is_seen(source: str) -> None:
    [(_, message)] = messages_in(source)
    assert not is_known(message)


@pytest.mark.plants
def test_a_message_that_cannot_be_told_is_seen() -> None:
    with pytest.raises(AssertionError, match="nobody knows"):
        [*messages_in("FieldError('x', planted[7])")]
    assert [*raised_with_a_text("raise Conflict('planted')", {"Conflict"})] == ["'planted'"]
