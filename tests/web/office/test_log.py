"""The log in words: every kind of event, in every language; who, what, when, and where it leads."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, time
from typing import Any

import pytest
from markupsafe import Markup

from attendance.adapters.web.reporting import event_texts
from attendance.adapters.web.reporting.event_texts import Teller
from attendance.adapters.web.reporting.event_words import FIELDS, KINDS, NOT_SHOWN, VALUES, WORDS
from attendance.adapters.web.server.languages import LANGUAGES, words
from attendance.application.ports.events import LoggedEvent
from attendance.application.reporting.events import LessonOfEvent
from attendance.domain.accounts.accounts import Account, Language
from attendance.domain.accounts.links import Purpose
from attendance.domain.accounts.role_changes import State
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.contracts import Contract
from attendance.domain.club.groups import Group
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.locations import Location
from attendance.domain.club.prices import Price
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.events import Action, Event, SubjectKind
from attendance.domain.ids import AccountId, ClientId, EventId, LessonId
from attendance.domain.labs.labs import Lab
from attendance.domain.permissions.roles import Role
from attendance.domain.revisions import NOT_IN_EVENTS
from tests import make
from tests.http.api import Api, Person, good
from tests.web.office.pages import faults, texts
from tests.web.visitors import Visitor, leads_to, shown, visitor, with_session

LOG = "/app/office/log"
MARCH_3 = date(2026, 3, 3)

FACTS: dict[str, Any] = {
    "role": "user",
    "from": "owner",
    "to": "admin",
    "status": "late",
    "account_id": str(make.new_id()),
    "lesson_id": str(make.new_id()),
}


def logged(action: Action, **changes: Any) -> LoggedEvent:
    event = Event(
        id=EventId(make.new_id()),
        at=make.NOON,
        actor_id=AccountId(make.new_id()),
        action=action,
        subject_id=make.new_id(),
        before=None,
        after=FACTS,
        client_id=ClientId(make.new_id()),
    )
    return LoggedEvent(1, replace(event, **changes), "ada", "Anna")


def said(language: Language, event: LoggedEvent) -> str:
    return Markup(Teller(language, UTC).told(event).text).striptags()


# Every kind of event


@pytest.mark.parametrize("action", Action)
def test_every_event_has_words_in_every_language(action: Action) -> None:
    told = [said(language, logged(action)) for language in LANGUAGES]
    assert len({*told}) == len(told), told
    for text in told:
        assert "%(" not in text
        assert str(action) not in text
        assert "Anna" in text or action in (Action.LAB_ATTENDANCE_MARKED, Action.LAB_ATTENDANCE_DELETED)
    assert re.search("[а-яё]", said(Language.RU, logged(action)))


@pytest.mark.plants
def test_an_event_without_words_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        event_texts, "WORDS", {action: text for action, text in WORDS.items() if action != "client.added"}
    )
    with pytest.raises(KeyError):
        test_every_event_has_words_in_every_language(Action.CLIENT_ADDED)


def test_no_two_kinds_of_events_have_the_same_words() -> None:
    assert {*WORDS} == {*Action}
    assert len({*WORDS.values()}) == len(WORDS)
    assert {*KINDS} == {*SubjectKind} == {event.event.subject_kind for event in map(logged, Action)}


def fields_in_events() -> Iterator[str]:
    for kind in (Account, Client, Contract, Price, Location, Group, Lesson, Subscription, Lab):
        yield from (field.name for field in fields(kind) if field.name not in NOT_IN_EVENTS)
    child, place = make.client(), make.location()
    yield from make.mark(make.lesson(make.group(place)), child, make.account()).payload()
    yield from ("purpose", "expires_at", "remembered", "groups", "lessons", "noted_at", "unpaid")


def test_every_field_of_an_event_is_called_something() -> None:
    nameless = {name for name in fields_in_events() if name not in FIELDS and name not in NOT_SHOWN}
    assert nameless == set()
    for language in (Language.DE, Language.RU):
        assert all(words(language).gettext(text) for text in FIELDS.values())


def test_every_status_state_and_purpose_has_a_word() -> None:
    assert {*Status, *State, *Purpose} <= VALUES.keys()


def test_what_differs_is_told_as_people_read_it() -> None:
    event = logged(
        Action.LOCATION_EDITED,
        before={"name": "House", "active": True, "closures": [], "capacity": None, "location_id": "x"},
        after={
            "name": "Home",
            "active": False,
            "closures": [{"since": "2026-04-06", "until": "2026-04-07", "reason": "Easter"}],
            "capacity": 12,
            "location_id": "y",
        },
    )
    differences = {
        each.name: (each.before, each.after) for each in Teller(Language.EN, UTC).told(event).differences
    }
    assert differences == {
        "Name or title": ("House", "Home"),
        "Active": ("yes", "no"),
        "Closures": ("–", "6 Apr 2026 – 7 Apr 2026 Easter"),
        "Places": ("–", "12"),
        "Location": ("another one", "another one"),
    }


def test_who_did_it_is_told_also_where_it_was_nobody() -> None:
    teller = Teller(Language.EN, UTC)
    by_itself = teller.told(logged(Action.ROLE_CHANGE_EXPIRED, actor_id=None))
    assert (by_itself.who, by_itself.who_path) == ("by itself", None)
    event = logged(Action.CLIENT_ADDED)
    somebody = teller.told(event)
    assert (somebody.who, somebody.who_path) == ("ada", f"/app/office/users/{event.event.actor_id}")


def test_a_name_is_a_text_and_nothing_else() -> None:
    event = replace(logged(Action.CLIENT_ADDED), subject_name="<b>x</b>%(status)s")
    for subject in (event, replace(event, event=replace(event.event, action=Action.LESSON_DELETED))):
        text = Teller(Language.EN, UTC).told(subject).text
        assert "&lt;b&gt;x&lt;/b&gt;%(status)s" in text


# The page


@pytest.fixture
def owner(memory: Api) -> Person:
    return memory.having(Role.OWNER, "olga")


@pytest.fixture
def at_the_desk(memory: Api, owner: Person) -> Visitor:
    return with_session(memory, owner)


def happened(page: Any) -> list[str]:
    """What happened, newest first, as texts."""
    return [
        " ".join(Markup(part.partition("</p>")[0]).striptags().split())
        for part in page.text.split('<p class="what">')[1:]
    ]


def test_the_log_tells_what_happened_and_leads_there(memory: Api, owner: Person) -> None:
    anna = good(owner.posts("/clients", name="Anna"), 201)["id"]
    price = good(owner.posts("/prices", name="Eight", amount="80", currency="EUR"), 201)["id"]
    place = good(owner.posts("/locations", name="House", address="Harbour 1"), 201)["id"]
    group = good(owner.posts("/groups", name="Clay", location_id=place), 201)["id"]
    [owner] = memory.passes(owner, days=1)
    lesson = good(
        owner.posts(f"/groups/{group}/lessons", date="2026-03-03", starts="08:00", ends="09:00"), 201
    )["id"]
    entry = {"client_id": anna, "status": "late", "minutes_late": 5}
    good(owner.puts(f"/lessons/{lesson}/attendance", attendances=[entry]), 200)
    page = with_session(memory, owner).opens(LOG)
    assert happened(page)[:7] == [
        "Visit of Anna: unpaid – Clay, Tue 3 Mar 2026, 08:00",
        "Anna marked: late – Clay, Tue 3 Mar 2026, 08:00",
        "Lesson added: Clay – Tue 3 Mar 2026, 08:00",
        "Group Clay added",
        "Location House added",
        "Price Eight added",
        "Client Anna added",
    ]
    links = shown(page).links
    for path in (
        f"/app/clients/{anna}",
        f"/app/office/prices/{price}",
        f"/app/office/locations/{place}",
        f"/app/groups/{group}",
        f"/app/lessons/{lesson}",
        f"/app/office/users/{owner.id}",
    ):
        assert path in links
    days = re.findall("<h2>([^<]+)</h2>", page.text)
    assert days == ["Tuesday, 3 March 2026", "Monday, 2 March 2026"]
    assert "Minutes late 5" in texts(page)
    for body, told in (
        ({"state": "cancelled", "reason": "ill"}, "Lesson cancelled: Clay – Tue 3 Mar 2026, 08:00"),
        ({"state": "planned"}, "Cancelled lesson takes place again: Clay – Tue 3 Mar 2026, 08:00"),
    ):
        good(owner.puts(f"/groups/{group}/lessons/{lesson}", **body), 200)
        assert told in happened(with_session(memory, owner).opens(LOG))


def test_the_log_says_which_lesson_also_where_it_was_moved_and_deleted(memory: Api, owner: Person) -> None:
    anna = good(owner.posts("/clients", name="Anna"), 201)["id"]
    place = good(owner.posts("/locations", name="House", address="Harbour 1"), 201)["id"]
    group = good(owner.posts("/groups", name="Clay", location_id=place), 201)["id"]
    times = {"starts": "18:00", "ends": "19:00"}
    lesson = good(owner.posts(f"/groups/{group}/lessons", date="2026-03-02", **times), 201)["id"]
    path = f"/groups/{group}/lessons/{lesson}"
    memory.clock.pass_by(hours=7)
    [owner] = memory.passes(owner)
    marks = f"/lessons/{lesson}/attendance"
    good(owner.puts(marks, attendances=[{"client_id": anna, "status": "absent"}]), 200)
    good(owner.puts(marks, attendances=[{"client_id": anna, "status": None}]), 200)
    good(owner.puts(path, date="2026-03-04", starts="17:30"), 200)
    assert owner.asks("DELETE", f"/api/v1{path}").status_code == 204
    good(owner.puts(f"/groups/{group}", name="Pottery"), 200)
    page = with_session(memory, owner).opens(LOG)
    was, then = "Mon 2 Mar 2026, 18:00", "Wed 4 Mar 2026, 17:30"
    assert happened(page)[1:7] == [
        f"Lesson deleted: Pottery – {then}",
        f"Lesson changed: Pottery – {was}",
        f"Mark of Anna cleared: it was absent – Pottery, {then}",
        f"Visit of Anna: unpaid – Pottery, {then}",
        f"Anna marked: absent – Pottery, {then}",
        f"Lesson added: Pottery – {was}",
    ]
    # what is gone has no page, and its details say nothing of "another" place
    assert f"/app/lessons/{lesson}" not in page.text.partition("Lesson changed")[0]
    assert "another one" not in page.text.partition("Lesson changed")[0]
    assert "17:30:00" not in page.text


def test_stored_events_that_say_less_are_told_all_the_same() -> None:
    charged = logged(Action.ATTENDANCE_CHARGED, after={"unpaid": True})
    assert said(Language.EN, charged) == "Visit of Anna: unpaid"
    told = Teller(Language.EN, UTC).told(charged)
    assert (told.lesson, told.lesson_path) == (None, None)
    cancelled = logged(Action.LESSON_CANCELLED, after={"cancelled": True})
    lesson = LessonOfEvent(group_name="Clay", date=MARCH_3, starts=time(8), is_there=True)
    told = Teller(Language.EN, UTC).told(cancelled, {LessonId(cancelled.event.subject_id): lesson})
    assert told.lesson == "Tue 3 Mar 2026, 08:00"


def test_whoever_signs_in_is_named_once(memory: Api, owner: Person) -> None:
    at_the_desk = visitor(memory)
    assert leads_to(at_the_desk.signs_in("olga"))
    assert happened(at_the_desk.opens(LOG))[0] == "Signed in"


def test_the_log_is_filtered(memory: Api, owner: Person) -> None:
    head = memory.having(Role.HEAD_MANAGER, "hedda")
    anna = good(owner.posts("/clients", name="Anna Adler"), 201)["id"]
    good(head.posts("/clients", name="Anna Bauer"), 201)
    good(head.posts("/prices", name="Eight", amount="80", currency="EUR"), 201)
    memory.clock.pass_by(days=1)
    [owner] = memory.passes(owner)
    good(owner.puts(f"/clients/{anna}", name="Anna Adler-Ohm"), 200)
    visitor = with_session(memory, owner)

    def found(query: str) -> list[str]:
        return happened(visitor.opens(f"{LOG}?{query}"))

    changed, added = "Client Anna Adler-Ohm changed", "Client Anna Adler-Ohm added"
    other, price = "Client Anna Bauer added", "Price Eight added"
    assert found("") == [changed, price, other, added]
    assert found("kind=client") == [changed, other, added]
    assert found("who=hedda") == found("who=HED") == [price, other]
    assert found("who=hedda&kind=price") == [price]
    assert found("from=2026-03-03") == [changed]
    assert found("to=2026-03-02") == [price, other, added]
    assert found("client=adler") == found(f"subject={anna}") == [changed, added]
    assert found("who=operator") == []
    assert "Nothing happened that is asked for." in texts(visitor.opens(f"{LOG}?who=operator"))
    assert "Only what concerns Anna Adler-Ohm." in texts(visitor.opens(f"{LOG}?subject={anna}"))


def test_amounts_and_freezes_are_told_as_people_write_them(
    memory: Api, owner: Person, at_the_desk: Visitor
) -> None:
    anna = good(owner.posts("/clients", name="Anna"), 201)["id"]
    price = good(owner.posts("/prices", name="Month", amount="80.00", currency="EUR", valid_months=1), 201)
    good(owner.posts("/subscriptions", client_id=anna, price_id=price["id"]), 201)
    good(owner.posts("/subscriptions/freeze", **{"from": "2026-03-05", "until": "2026-03-06"}), 200)
    told = texts(at_the_desk.opens(LOG))
    assert "€80.00" in told
    assert "5 Mar 2026 – 6 Mar 2026" in told
    assert "80.00 EUR" not in told
    assert "another one" not in told


def test_a_filter_that_means_several_asks_which(memory: Api, owner: Person, at_the_desk: Visitor) -> None:
    anna = good(owner.posts("/clients", name="Anna Adler"), 201)["id"]
    good(owner.posts("/clients", name="Anna Bauer"), 201)
    for name in ("hedda", "hedwig"):
        memory.having(Role.EMPLOYEE, name)
    page = at_the_desk.opens(f"{LOG}?client=anna&who=hed&kind=client")
    assert page.status_code == 400
    assert faults(page) == dict.fromkeys(
        ("who", "client"), "several are found: choose one below, or type more of the name"
    )
    links = shown(page).links
    assert "?kind=client&who=hedwig&client=anna" in links
    assert f"?kind=client&who=hed&client=&subject={anna}" in links
    wrong = at_the_desk.opens(f"{LOG}?client=zoe&who=zoe&from=2026-03-03&to=x")
    assert faults(wrong) == {"to": "must be a date"}
    for name in ("who", "client"):
        nobody = at_the_desk.opens(f"{LOG}?{name}=zoe")
        assert nobody.status_code == 200
        assert "Nobody of this name is found." in shown(nobody).texts
        assert "Client Anna Adler added" not in texts(nobody)
    assert "Client Anna Adler added" in texts(at_the_desk.opens(LOG))
    assert shown(nobody).values["client"] == "zoe"
    backwards = at_the_desk.opens(f"{LOG}?from=2026-03-03&to=2026-03-02")
    assert faults(backwards) == {"from": "must not be after the last day"}


def test_filters_stay_when_one_turns_the_page(memory: Api, owner: Person, at_the_desk: Visitor) -> None:
    for number in range(21):
        good(owner.posts("/clients", name=f"Child {number}"), 201)
    first = at_the_desk.opens(f"{LOG}?kind=client&who=olga")
    assert "?kind=client&who=olga&page=2" in shown(first).links
    assert happened(at_the_desk.opens(f"{LOG}?kind=client&who=olga&page=2")) == ["Client Child 0 added"]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_log_speaks_the_language(memory: Api, owner: Person, language: Language) -> None:
    good(owner.posts("/clients", name="Anna"), 201)
    visitor = with_session(memory, owner)
    visitor.headers["accept-language"] = language
    [text] = happened(visitor.opens(f"{LOG}?kind=client"))
    assert text == words(language).gettext("Client %(subject)s added") % {"subject": "Anna"}
