"""Calendars over HTTP: what a calendar program reads, and what its token opens and what not."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from icalendar import Calendar, Event

from attendance.domain.permissions.roles import Role
from tests.http.api import (
    CLUB,
    IN_MEMORY,
    MARCH_2,
    UNKNOWN_ID,
    Api,
    Person,
    answer,
    fields,
    good,
    refusal,
    running,
)
from tests.http.operations import SIGNED_IN, Scene, operations

BERLIN = ZoneInfo("Europe/Berlin")
SIGN_IN_FIRST = refusal(401, "authentication required")
FORBIDDEN = refusal(403, "insufficient permissions")
NO_GROUP = refusal(404, "group not found")
TIMES = {"starts": "18:00", "ends": "19:30"}
CALENDARS = ("user_calendar", "group_calendar", "client_calendar")


class Club:
    """A group in Berlin that somebody teaches, with a child in it, as a manager keeps it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.head = api.having(Role.HEAD_MANAGER, "head")
        self.manager = api.having(Role.MANAGER, "manager")
        self.teacher = api.having(Role.EMPLOYEE, "teacher", name="Tessa")
        self.client = self.adds("/clients", by=self.teacher, name="Anna Ant", guardian_name="Gustav Ant")
        place = {"name": "Hall", "address": "2 Main Street, Berlin", "timezone": "Europe/Berlin"}
        self.location = self.adds("/locations", **place)
        self.group = self.adds(
            "/groups",
            name="Clay, wet",
            location_id=self.location,
            teachers=[{"user_id": self.teacher.id, "from": MARCH_2}],
            members=[{"client_id": self.client, "from": MARCH_2}],
        )
        self.own = f"/users/{self.teacher.id}/calendar.ics"
        self.shared = f"/groups/{self.group}/calendar.ics"

    def adds(self, path: str, *, by: Person | None = None, **body: Any) -> str:
        return good((by or self.head).posts(path, **body), 201)["id"]

    def lesson(self, day: str = "2026-03-09", **more: Any) -> str:
        return self.adds(f"/groups/{self.group}/lessons", date=day, **{**TIMES, **more})

    def edits(self, lesson_id: str, **body: Any) -> None:
        good(self.head.puts(f"/groups/{self.group}/lessons/{lesson_id}", **body), 200)

    def token(self, of: Person | None = None) -> str:
        return good((of or self.teacher).posts("/users/me/calendar_token"), 201)["token"]

    def gets(self, path: str, token: str | None = None, **more: str) -> httpx.Response:
        """As a calendar program does: by the address alone."""
        query = more if token is None else {"token": token, **more}
        return self.api.nobody.asks("GET", CLUB + path, params=query)


@pytest.fixture
def club(api: Api) -> Club:
    return Club(api)


def calendar(response: httpx.Response) -> Calendar:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    return Calendar.from_ical(response.content)


def events(response: httpx.Response) -> dict[str, Event]:
    return {str(event["UID"]): event for event in calendar(response).events}


# What a calendar holds


def test_a_calendar_shows_lessons_by_token_and_by_sign_in_alike(club: Club) -> None:
    lesson = club.lesson(topic="bowls; cups")
    token = club.token()
    responses = [
        club.gets(club.own, token),
        club.gets("/users/me/calendar.ics", token),
        club.gets(club.shared, token),
        club.teacher.reads(club.own),
        club.teacher.reads("/users/me/calendar.ics"),
        club.manager.reads(club.shared),
    ]
    for response in responses:
        [(uid, event)] = events(response).items()
        assert uid == lesson
        assert event["SUMMARY"] == "Clay, wet: bowls; cups"
        assert event["LOCATION"] == "Hall, 2 Main Street, Berlin"
        assert event["DTSTART"].dt == datetime(2026, 3, 9, 18, tzinfo=BERLIN)
        assert event["DTEND"].dt == datetime(2026, 3, 9, 19, 30, tzinfo=BERLIN)
        assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
        assert event["LAST-MODIFIED"].dt == datetime(2026, 3, 2, 12, tzinfo=UTC)
        assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", 1)
        assert [zone.tz_name for zone in calendar(response).timezones] == ["Europe/Berlin"]
    assert len({response.content for response in responses[:2]}) == 1
    assert calendar(responses[2])["NAME"] == "Clay, wet"
    assert calendar(club.manager.reads("/users/me/calendar.ics")).events == []


def test_on_both_sides_of_a_change_of_clocks_it_is_the_same_time(club: Club) -> None:
    before, after = club.lesson("2026-03-28"), club.lesson("2026-03-29")
    skipped = club.lesson("2026-03-29", starts="02:30", ends="03:30")
    found = events(club.gets(club.shared, club.token()))
    starts = {uid: event["DTSTART"].dt for uid, event in found.items()}
    assert starts[before].astimezone(UTC) == datetime(2026, 3, 28, 17, tzinfo=UTC)
    assert starts[after].astimezone(UTC) == datetime(2026, 3, 29, 16, tzinfo=UTC)
    assert (starts[before].hour, starts[after].hour, starts[skipped].hour) == (18, 18, 3)
    assert found[skipped]["DTEND"].dt == datetime(2026, 3, 29, 4, 30, tzinfo=BERLIN)


def test_a_change_is_the_same_event_with_a_higher_number(club: Club) -> None:
    lesson, token = club.lesson(), club.token()
    club.api.clock.pass_by(minutes=5)
    club.edits(lesson, starts="17:00", topic="cups")
    [(uid, event)] = events(club.gets(club.shared, token)).items()
    assert (uid, event["SEQUENCE"], event["SUMMARY"]) == (lesson, 2, "Clay, wet: cups")
    assert event["DTSTART"].dt.hour == 17
    assert event["LAST-MODIFIED"].dt == datetime(2026, 3, 2, 12, 5, tzinfo=UTC)
    club.edits(lesson, state="cancelled", reason="snow, much")
    [event] = events(club.gets(club.own, token)).values()
    assert (event["STATUS"], event["DESCRIPTION"], event["SEQUENCE"]) == ("CANCELLED", "snow, much", 3)
    club.edits(lesson, state="planned")
    [event] = events(club.gets(club.own, token)).values()
    assert (event["STATUS"], event.get("DESCRIPTION"), event["SEQUENCE"]) == ("CONFIRMED", None, 4)


def test_numbers_and_stamps_rise_with_the_names_of_group_and_location_and_never_fall(club: Club) -> None:
    annex = club.adds("/locations", name="Annex", address="3 Main Street")
    for n in range(3):
        good(club.head.puts(f"/locations/{annex}", name=f"Annex {n}"), 200)
    lesson, token = club.lesson(location_id=annex), club.token()
    of_client = f"/clients/{club.client}/calendar.ics"
    changes: list[Callable[[], object]] = [
        lambda: club.edits(lesson, topic="cups"),
        lambda: good(club.head.puts(f"/groups/{club.group}", name="Mud"), 200),
        lambda: good(club.head.puts(f"/locations/{annex}", name="Shed"), 200),
        lambda: good(club.head.puts(f"/locations/{annex}", address="4 Main Street"), 200),
        # to a place that was changed less often, and longer ago
        lambda: club.edits(lesson, location_id=club.location),
        lambda: good(club.head.puts(f"/locations/{club.location}", name="Barn"), 200),
        lambda: club.edits(lesson, date="2026-03-10"),
        lambda: club.edits(lesson, state="cancelled", reason="snow"),
    ]

    def shown(path: str) -> tuple[Any, ...]:
        [event] = events(club.gets(path, token)).values()
        return event["SEQUENCE"], event["DTSTAMP"].dt, event["LAST-MODIFIED"].dt

    seen = [shown(club.own)]
    for change in changes:
        club.api.clock.pass_by(minutes=5)
        change()
        seen.append(shown(club.own))
        assert seen[-1] == shown(club.shared) == shown(of_client)
        assert all(after > before for before, after in zip(seen[-2], seen[-1], strict=True))
    [event] = events(club.gets(club.own, token)).values()
    assert (event["SUMMARY"], event["LOCATION"]) == ("Mud: cups", "Barn, 2 Main Street, Berlin")


def test_nobody_who_attends_is_named(club: Club) -> None:
    lesson = club.lesson(MARCH_2, starts="09:00", ends="10:00")
    mark = {"client_id": club.client, "status": "late", "note": "bus"}
    good(club.teacher.puts(f"/lessons/{lesson}/attendance", attendances=[mark]), 200)
    for path in (club.own, club.shared):
        text = club.gets(path, club.token()).text
        assert lesson in text
        for secret in ("Ant", "Anna", "Gustav", "bus", "late", club.client):
            assert secret not in text


def test_a_substitute_sees_the_lesson_but_not_the_groups_calendar(club: Club) -> None:
    other = club.api.having(Role.EMPLOYEE)
    lesson, usual = club.lesson(MARCH_2), club.lesson()
    assert [*events(club.teacher.reads(club.own))] == [lesson, usual]
    club.edits(lesson, teachers=[other.id])
    token = club.token(other)
    assert [*events(club.gets("/users/me/calendar.ics", token))] == [lesson]
    # who is replaced no longer has it, though teaching the group
    assert [*events(club.teacher.reads(club.own))] == [usual]
    assert answer(club.gets(club.shared, token)) == FORBIDDEN


def test_head_answers_without_a_body(club: Club) -> None:
    club.lesson()
    for path in (club.own, club.shared):
        shown = club.gets(path, token := club.token())
        head = club.api.nobody.asks("HEAD", CLUB + path, params={"token": token})
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == shown.headers["content-type"]
        assert head.headers["content-length"] == str(len(shown.content))


# Tokens


def test_a_token_comes_with_addresses_that_work(club: Club) -> None:
    lesson = club.lesson()
    club.adds("/groups", name="Not taught", location_id=club.location)
    made = club.teacher.posts(f"/users/{club.teacher.id}/calendar_token")
    body = good(made, 201)
    assert body.keys() == {"token", "urls"}
    assert body["urls"].keys() == {"user", "groups", "clients"}
    assert body["urls"]["groups"].keys() == {club.group}
    for address in (body["urls"]["user"], body["urls"]["groups"][club.group]):
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc) == ("http", "127.0.0.1:8000")
        assert parse_qs(parts.query) == {"token": [body["token"]]}
        assert [*events(club.api.http.get(f"{parts.path}?{parts.query}"))] == [lesson]
    # whoever reads all groups is told of none: the token opens each of them
    managers = good(club.manager.posts("/users/me/calendar_token"), 201)
    assert managers["urls"]["groups"] == {}
    assert [*events(club.gets(club.shared, managers["token"]))] == [lesson]


def test_addresses_begin_as_the_service_is_known_outside() -> None:
    with running(base_url="https://club.example.org/attendance/") as api:
        body = good(api.having(Role.USER).posts("/users/me/calendar_token"), 201)
    assert body["urls"]["user"].startswith("https://club.example.org/attendance/api/v1/users/")


def test_a_new_token_and_a_revoked_one_hold_for_the_next_request(club: Club) -> None:
    first = club.token()
    second = club.token()
    assert answer(club.gets(club.own, first)) == answer(club.gets(club.shared, first)) == SIGN_IN_FIRST
    calendar(club.gets(club.own, second))
    for _ in range(2):
        assert answer(club.teacher.asks("DELETE", f"{CLUB}/users/me/calendar_token")) == (204, None)
        assert answer(club.gets(club.own, second)) == answer(club.gets(club.shared, second)) == SIGN_IN_FIRST
    calendar(club.teacher.reads(club.own))


def test_a_token_is_worth_what_its_user_may_at_the_moment(club: Club) -> None:
    club.lesson()
    token = club.token()
    assert len(events(club.gets(club.own, token))) == 1
    good(club.head.puts(f"/users/{club.teacher.id}/role", role="user"), 200)
    assert events(club.gets(club.own, token)) == {}
    assert answer(club.gets(club.shared, token)) == FORBIDDEN
    good(club.head.puts(f"/users/{club.teacher.id}/role", role="manager"), 200)
    assert len(events(club.gets(club.shared, token))) == 1
    good(club.head.puts(f"/users/{club.teacher.id}/active", active=False), 200)
    assert answer(club.gets(club.own, token)) == answer(club.gets(club.shared, token)) == SIGN_IN_FIRST
    # for good: a link that was given away does not come back with the account
    good(club.head.puts(f"/users/{club.teacher.id}/active", active=True), 200)
    assert answer(club.gets(club.own, token)) == answer(club.gets(club.shared, token)) == SIGN_IN_FIRST


def test_a_token_goes_on_when_one_signs_out(club: Club) -> None:
    token = club.token()
    assert club.teacher.asks("POST", f"{CLUB}/auth/logout?all=true").status_code == 204
    assert answer(club.teacher.reads(club.own)) == SIGN_IN_FIRST
    calendar(club.gets(club.own, token))


def test_the_log_tells_of_tokens_and_not_what_they_are(club: Club) -> None:
    tokens = [club.token(), club.token()]
    club.teacher.asks("DELETE", f"{CLUB}/users/me/calendar_token")
    owner = club.api.having(Role.OWNER)
    log = owner.reads("/events", subject=club.teacher.id)
    found = good(log, 200)["events"]
    assert [event["action"] for event in found] == [
        "calendar_token.revoked", "calendar_token.made", "calendar_token.made",
    ]  # fmt: skip
    teacher = {"id": club.teacher.id, "name": club.teacher.username}
    assert found[0]["subject"] == {"kind": "calendar_token", **teacher}
    assert not any(token in log.text for token in tokens)


@IN_MEMORY
def test_a_token_is_ones_own_business(club: Club) -> None:
    path = f"/users/{club.teacher.id}/calendar_token"
    for person in (club.head, club.manager, club.api.having(Role.OWNER), club.api.having(Role.ADMIN)):
        assert answer(person.posts(path)) == FORBIDDEN
        assert answer(person.asks("DELETE", CLUB + path)) == FORBIDDEN
        assert answer(person.reads(club.own)) == FORBIDDEN
        assert answer(club.gets(club.own, club.token(person))) == FORBIDDEN
    assert answer(club.api.nobody.posts(path)) == SIGN_IN_FIRST


@IN_MEMORY
def test_what_is_no_token_opens_nothing(club: Club) -> None:
    token = club.token()
    for path in (club.own, club.shared, "/users/me/calendar.ics"):
        for wrong in (
            "",
            "x",
            token[:-1],
            f"{token}=",
            f" {token}",
            token.swapcase(),
            "\0",
            club.teacher.token,
        ):
            response = club.gets(path, wrong)
            assert answer(response) == SIGN_IN_FIRST, wrong
            assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        for name in ("Token", "access_token", "calendar_token"):
            assert answer(club.gets(path, **{name: token})) == SIGN_IN_FIRST
        # two are none, and what is malformed is told to whoever may read
        twice = f"{CLUB}{path}?token={token}&token="
        assert answer(club.api.http.get(twice + token)) == answer(club.api.http.get(twice)) == SIGN_IN_FIRST
        assert fields(club.gets(path, token, x="1")) == ["x"]
        assert answer(club.gets(path, "x", x="1")) == SIGN_IN_FIRST
        for query in (b"token=%FF", b"token=\xff", b"&" * 60_000, b"a=1&" * 200 + b"token=" + token.encode()):
            response = club.api.transport.ask("GET", f"{CLUB}{path}?".encode() + query)
            assert answer(response) == SIGN_IN_FIRST


@IN_MEMORY
def test_who_signs_in_is_who_asks_whatever_token_there_is_beside(club: Club) -> None:
    token = club.token()
    for path in (club.own, club.shared):
        assert answer(Person(club.api.http, token="x").reads(path, token=token)) == SIGN_IN_FIRST
        stranger = club.api.having(Role.EMPLOYEE)
        assert answer(stranger.reads(path, token=token)) == FORBIDDEN
        calendar(club.teacher.reads(path, token="x"))
        header = {"authorization": f"Bearer {token}"}
        assert answer(club.api.nobody.asks("GET", CLUB + path, headers=header)) == SIGN_IN_FIRST
        for scheme in ("Basic", "Token"):
            response = club.api.nobody.asks(
                "GET", CLUB + path, headers={"authorization": f"{scheme} x"}, params={"token": token}
            )
            calendar(response)


@pytest.mark.slow
@IN_MEMORY
def test_a_calendar_token_opens_nothing_else(api: Api) -> None:
    scene = Scene.of(api)
    tokens = {
        person.id: good(person.posts("/users/me/calendar_token"), 201)["token"]
        for person in {operation.by.id: operation.by for operation in operations(scene).values()}.values()
    }
    for name in SIGNED_IN:
        of = operations(scene)[name]
        token = tokens[of.by.id]
        options = of.request | {"params": {**of.query, "token": token}}
        by_query = api.nobody.asks(of.method, of.path, **options)
        if name in CALENDARS:
            calendar(by_query)
        else:
            assert answer(by_query) == SIGN_IN_FIRST, name
        bearer = Person(api.http, token=token).asks(of.method, of.path, **of.request)
        assert answer(bearer) == SIGN_IN_FIRST, name
        by_cookie = api.nobody.asks(of.method, of.path, headers={"cookie": f"token={token}"}, **of.request)
        assert answer(by_cookie) == SIGN_IN_FIRST, name


@IN_MEMORY
def test_a_calendar_of_nothing_is_not_found(club: Club) -> None:
    token = club.token(club.manager)
    for nothing in (UNKNOWN_ID, "x", club.location, "me"):
        assert answer(club.gets(f"/groups/{nothing}/calendar.ics", token)) == NO_GROUP
        assert answer(club.manager.reads(f"/groups/{nothing}/calendar.ics")) == NO_GROUP
    for nobody in (UNKNOWN_ID, "x", club.group):
        assert answer(club.gets(f"/users/{nobody}/calendar.ics", token)) == FORBIDDEN
