"""Events told in words: what happened, to whom, in which lesson, and which fields differ."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from attendance.adapters.web.accounts.role_names import names_of_roles
from attendance.adapters.web.reporting.event_words import (
    ANOTHER,
    BY_ITSELF,
    DAYS,
    ENTRIES,
    FIELDS,
    IN_WORDS,
    MOMENTS,
    NAMELESS,
    NOT_SHOWN,
    OF_ONE_DAY,
    OF_ONESELF,
    OPERATOR,
    PERIODS,
    REFERENCES,
    SAID_IN,
    TIMES,
    VALUES,
    WORDS,
)
from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.languages import N_, words
from attendance.adapters.web.server.rendering.compiling import escaped, marked
from attendance.application.ports.events import LoggedEvent
from attendance.application.reporting.events import LessonOfEvent, lesson_of
from attendance.domain.accounts.accounts import Language
from attendance.domain.events import Action, Event, SubjectKind
from attendance.domain.ids import OPERATOR_ID, LessonId


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs: before and after, as people read them; "–" for nothing."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event in words: `text` may hold a link. `who_path` None: nobody with a page of their own.

    `lesson`: which one it is about, None where it is about none; `lesson_path` None: its page is gone, or the
    text leads there.
    """

    at: datetime
    who: str
    who_path: str | None
    text: Markup
    lesson: str | None
    lesson_path: str | None
    differences: tuple[Difference, ...]


@cache
def teller(language: Language, zone: tzinfo) -> "Teller":
    """Whoever tells events in a language, their moments in a zone."""
    return Teller(language, zone)


class Teller:
    """Tells events in a language, their moments in a zone."""

    def __init__(self, language: Language, zone: tzinfo) -> None:
        self._catalogue, self._zone = words(language), zone
        self._roles = {role.value: text for role, text in names_of_roles(language).items()}
        self._formats: Mapping[str, Callable[..., Any]] = formats(language)

    def told(
        self, logged: LoggedEvent, lessons: Mapping[LessonId, LessonOfEvent] = MappingProxyType({})
    ) -> Told:
        """`lessons`: those that events are about, by their ids."""
        event, lesson_id = logged.event, lesson_of(logged.event)
        lesson = lessons.get(lesson_id) if lesson_id else None
        is_of_mark = event.subject_kind is SubjectKind.ATTENDANCE
        is_person = event.actor_id not in (None, OPERATOR_ID)
        return Told(
            at=event.at,
            who=self._who(logged),
            who_path=f"/app/office/users/{event.actor_id}" if is_person else None,
            text=self._text(logged, lesson),
            lesson=self._lesson(event, lesson, with_group=is_of_mark),
            lesson_path=f"/app/lessons/{lesson_id}" if is_of_mark and lesson and lesson.is_there else None,
            differences=tuple(self._differences(event)),
        )

    def _who(self, logged: LoggedEvent) -> str:
        if logged.event.actor_id is None:
            return self._said(BY_ITSELF)
        return self._said(OPERATOR) if logged.event.actor_id == OPERATOR_ID else logged.actor_username or "–"

    def _lesson(self, event: Event, lesson: LessonOfEvent | None, *, with_group: bool) -> str | None:
        """Clay, Tue 3 Mar 2026, 08:00: as it was before the event, where that says so, or else as it is."""
        day, starts = _time_of_lesson(event)
        if lesson:
            day, starts = day or lesson.date, starts or lesson.starts
        if day is None:
            return None
        parts = [f"{self._formats['weekday'](day)} {self._formats['day'](day)}"]
        if lesson and with_group:
            parts.insert(0, lesson.group_name)
        return ", ".join([*parts, self._formats["clock"](starts)] if starts else parts)

    def _text(self, logged: LoggedEvent, lesson: LessonOfEvent | None) -> Markup:
        event, facts = logged.event, logged.event.after or logged.event.before or {}
        name, path = logged.subject_name, subject_path(logged.event)
        if name is None and event.subject_kind is SubjectKind.SESSION:
            # it is over, and was most likely one's own
            name = logged.actor_username
        if name is None and lesson and event.subject_kind is SubjectKind.LESSON:
            name = lesson.group_name
        name = name or self._said(NAMELESS)
        values = {"subject": f'<a href="{escaped(path)}">{escaped(name)}</a>' if path else escaped(name)}
        # what few texts say is worked out for these alone
        said = SAID_IN[event.action]
        if "before" in said:
            before, after = _change(event)
            values |= {
                "before": escaped(self._value("role", before)),
                "after": escaped(self._value("role", after)),
            }
        if "status" in said:
            values["status"] = escaped(self._value("status", facts.get("status")))
        if "charge" in said:
            values["charge"] = escaped(self._said(_charge(facts)))
        is_own = event.actor_id is not None and str(event.actor_id) == _fact(event, "account_id")
        text = OF_ONESELF.get(event.action) if is_own else None
        return marked(self._said(text or WORDS[event.action]) % values)

    def _differences(self, event: Event) -> Iterator[Difference]:
        before, after = event.before or {}, event.after or {}
        for name in {**before, **after}:
            is_moved = before.get(name) and after.get(name)
            is_told = name in ("date", "starts") and event.action in OF_ONE_DAY and not is_moved
            if is_told or name in NOT_SHOWN or before.get(name) == after.get(name):
                continue
            if name in REFERENCES and not (before.get(name) and after.get(name)):
                # the first one is no other one, nor is the last one, and its name is not at hand
                continue
            if name == "amount" and (currency := after.get("currency") or before.get("currency")):
                money = self._money(before.get(name), before.get("currency") or currency)
                yield Difference(
                    self._said(FIELDS[name]),
                    money if event.before is not None else None,
                    self._money(after.get(name), currency) if event.after is not None else None,
                )
                continue
            yield Difference(
                self._said(FIELDS.get(name, name.replace("_", " "))),
                self._value(name, before.get(name)) if event.before is not None else None,
                self._value(name, after.get(name)) if event.after is not None else None,
            )

    def _value(self, name: str, value: Any) -> str:
        """A value as people read it."""
        if isinstance(value, str):
            return self._text_value(name, value) if value else "–"
        match value:
            case None | []:
                return "–"
            case bool():
                return self._said(_ON_OR_OFF[value] if name == "role" else _YES_OR_NO[value])
            case list() | tuple():
                if name in PERIODS:
                    return "; ".join(self._period(each) for each in value)
                return self._number(len(value))
            case dict():
                return ", ".join(str(each) for each in value.values())
            case _:
                return str(value)

    def _text_value(self, name: str, value: str) -> str:
        if name == "role":
            return self._roles.get(value, value)
        if name in IN_WORDS:
            return self._said(VALUES[value]) if value in VALUES else value
        if name in DAYS:
            return str(self._formats["day"](date.fromisoformat(value)))
        if name in TIMES:
            return str(self._formats["clock"](time.fromisoformat(value)))
        if name in MOMENTS:
            return str(self._formats["moment"](datetime.fromisoformat(value), self._zone))
        if name in ("groups", "lessons"):
            return self._number(len(value.split()))
        if name in REFERENCES:
            return self._said(ANOTHER)
        return value

    def _period(self, period: Mapping[str, Any]) -> str:
        """The days of a closure, with its reason, or of a freeze."""
        day = self._formats["day"]
        days = " – ".join(day(date.fromisoformat(period[each])) for each in ("since", "until"))
        return f"{days} {period.get('reason') or ''}".strip()

    def _money(self, amount: str | None, currency: str) -> str:
        return str(self._formats["money"](Decimal(amount), currency)) if amount else "–"

    def _number(self, number: int) -> str:
        return self._catalogue.ngettext(*ENTRIES, number) % {"num": number}

    def _said(self, text: str) -> str:
        return self._catalogue.gettext(text)


_YES_OR_NO = {True: N_("yes"), False: N_("no")}
_ON_OR_OFF = {True: N_("active"), False: N_("switched off")}


def _change(event: Event) -> tuple[Any, Any]:
    """From which role to which, or whether an account is active before and after."""
    facts = event.after or {}
    if event.subject_kind is SubjectKind.ROLE_CHANGE:
        return facts.get("from"), facts.get("to")
    return (event.before or {}).get("role"), facts.get("role")


def _charge(facts: Mapping[str, Any]) -> str:
    """What a visit costs now."""
    if facts.get("subscription_id"):
        return N_("a pass pays")
    return N_("unpaid") if facts.get("unpaid") else N_("nothing to pay")


def _time_of_lesson(event: Event) -> tuple[date | None, time | None]:
    """When a lesson was before it was changed, or is since it was added; events may say neither."""
    if event.subject_kind is not SubjectKind.LESSON:
        return None, None
    day, starts = ((event.before or {}).get(it) or (event.after or {}).get(it) for it in ("date", "starts"))
    return day and date.fromisoformat(day), starts and time.fromisoformat(starts)


def _fact(event: Event, name: str) -> str | None:
    for facts in (event.after, event.before):
        if facts and facts.get(name):
            return str(facts[name])
    return None


def subject_path(event: Event) -> str | None:
    """The page of what an event is about, None where it has none, or none any more."""
    match event.subject_kind:
        case SubjectKind.ACCOUNT | SubjectKind.FAVORITES | SubjectKind.CALENDAR_TOKEN:
            return f"/app/office/users/{event.subject_id}"
        case SubjectKind.SESSION:
            account_id = _fact(event, "account_id")
            return f"/app/office/users/{account_id}" if account_id else None
        case SubjectKind.ROLE_CHANGE:
            return "/app/office/role-changes"
        case SubjectKind.CLIENT:
            return f"/app/clients/{event.subject_id}"
        case SubjectKind.CONTRACT | SubjectKind.SUBSCRIPTION | SubjectKind.ATTENDANCE:
            return f"/app/clients/{event.client_id}" if event.client_id else None
        case SubjectKind.PRICE:
            return f"/app/office/prices/{event.subject_id}"
        case SubjectKind.LOCATION:
            return f"/app/office/locations/{event.subject_id}"
        case SubjectKind.GROUP:
            return f"/app/groups/{event.subject_id}"
        case SubjectKind.LESSON:
            return None if event.action is Action.LESSON_DELETED else f"/app/lessons/{event.subject_id}"
        case SubjectKind.LAB | SubjectKind.LAB_ATTENDANCE:
            # of its owner and members alone
            return None
