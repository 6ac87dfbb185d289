"""Every page for everybody: who is shown it, whose form is taken, and who is told that they may not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from attendance.adapters.web.accounts import account
from attendance.adapters.web.server.declaration import Answer, Page, Visit
from attendance.domain.permissions.roles import Level
from tests.http.api import Lasting
from tests.web.registry import (
    TABLE,
    Row,
    declared,
    own_things_of,
    parts_of,
    request_of,
    scene_of,
    somebody,
    things_of,
    visiting,
)
from tests.web.visitors import shown, with_session

NAMES = [*TABLE]


def not_in_the_table() -> set[str]:
    return {*declared()} ^ {*TABLE}


def test_every_page_stands_in_the_table() -> None:
    assert not_in_the_table() == set()


@contextmanager
def planted(path: str) -> Iterator[None]:
    """A further page, which anybody is shown."""

    def page(visit: Visit) -> Answer:
        return Page("accounts/sign_out.html")

    account.room.page("GET", path)(page)
    try:
        yield
    finally:
        account.room.pages.pop()


@pytest.mark.plants
def test_a_page_that_is_missing_in_the_table_is_seen() -> None:
    with planted("/app/planted"):
        assert not_in_the_table() == {"GET /app/planted"}


def outcome(name: str, response: httpx.Response) -> str:
    """How somebody is answered: "shown", "sign-in", or the status of a page that refuses."""
    if response.status_code == 303 and response.headers["location"].startswith("/app/sign-in?next="):
        return "sign-in"
    if response.status_code == 401:
        # a form that was filled in is kept on the page that says so
        assert "You are signed out" in shown(response, has_scripts=declared()[name].has_scripts).texts
        return "sign-in"
    answers = TABLE[name].answers or ((200,) if name.startswith("GET") else (303,))
    if response.status_code in answers:
        return "shown"
    assert response.status_code != 303, response.headers["location"]
    shown(response, has_scripts=declared()[name].has_scripts)
    return str(response.status_code)


def expected(row: Row, level: Level, *, is_own: bool) -> str:
    lowest = row.own if is_own else row.who
    if level is Level.ANYBODY:
        if row.who is row.own is None:
            return str(row.refused)
        return "shown" if row.who is Level.ANYBODY else "sign-in"
    is_allowed = lowest is not None and lowest <= level <= row.highest
    return "shown" if is_allowed else str(row.refused)


def cases_of(name: str) -> Iterator[list[tuple[Level, bool]]]:
    """Who asks, and whether for things of their own: together those who leave all as it was for the next."""
    row = TABLE[name]
    has_own = row.own is not None and parts_of(name)
    cases = [
        (level, is_own) for level in Level for is_own in ((False, True) if has_own and level else (False,))
    ]
    # what one may do may be done once
    is_once = name.startswith("POST") or row.is_done_by_reading
    alone = [case for case in cases if is_once and expected(row, case[0], is_own=case[1]) == "shown"]
    yield [case for case in cases if case not in alone]
    yield from ([case] for case in alone)


def told_otherwise(application: Lasting, name: str) -> dict[str, tuple[str, str]]:
    """Who is answered otherwise than the table says, and how."""
    row, found = TABLE[name], {}
    for cases in cases_of(name):
        with application.over() as api:
            scene = scene_of(api)
            for level, is_own in cases:
                person = somebody(api, level)
                things = own_things_of(scene, person) if person and is_own else things_of(scene)
                who = visiting(api, person)
                request = request_of(name, things, who, with_session(api, scene.owner))
                said = outcome(name, request.by(who))
                if said != expected(row, level, is_own=is_own):
                    found[f"{level.name} with {'own' if is_own else 'other'} things"] = (
                        said,
                        expected(row, level, is_own=is_own),
                    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_for_whom_it_is_meant(application: Lasting, name: str) -> None:
    assert told_otherwise(application, name) == {}


@pytest.mark.plants
@pytest.mark.parametrize(
    "name", ["GET /app/labs/{lab_id:str}/members/{user_id:str}", "POST /app/labs/{lab_id:str}/marks"]
)
def test_a_page_for_too_many_is_seen(
    application: Lasting, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("attendance.application.labs.marks.owns", lambda *_: True)
    assert told_otherwise(application, name)["USER with other things"] == ("shown", "403")


@pytest.mark.plants
def test_a_page_for_too_few_is_seen(application: Lasting, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "GET /app/labs/{lab_id:str}/members/{user_id:str}"
    monkeypatch.setitem(TABLE, name, replace(TABLE[name], who=Level.USER))
    assert told_otherwise(application, name)["USER with other things"] == ("403", "shown")
