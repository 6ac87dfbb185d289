"""The roll call without a connection: kept, sent later, and nothing lost on the way."""

import datetime as dt
import json
import re
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.web.attendance.conftest import Club, Lesson, RollCall
from tests.web.clicks import PASSWORD, has_session, meets, signs_in
from tests.web.conftest import LONGEST_WAIT
from tests.web.test_in_a_browser import attacked_by

pytestmark = pytest.mark.processes
Opens = Callable[[Lesson], RollCall]
SHEET = re.compile(r"/attendance$")


def is_kept(page: Page, path: str) -> None:
    """Wait until the worker keeps a page."""
    is_there = page.evaluate(
        """async ([path, wait]) => {
            const until = Date.now() + wait;
            const isKept = async () => await (await caches.open("pages")).match(path);
            while (!await isKept()) {
                if (Date.now() > until) return false;
                await new Promise(resolve => setTimeout(resolve, 20));
            }
            return true;
        }""",
        [path, LONGEST_WAIT],
    )
    assert is_there, f"{path} is not kept"


def kept_pages(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        """async () => {
            const kept = await (await caches.open("pages")).keys();
            return kept.map(each => new URL(each.url).pathname);
        }"""
    )
    return found


def stored(page: Page) -> dict[str, list[Any]]:
    """What there is in the phone's database."""
    found: dict[str, list[Any]] = page.evaluate(
        """async () => {
            const db = await new Promise(resolve => {
                const request = indexedDB.open("attendance", 1);
                request.onsuccess = () => resolve(request.result);
            });
            const all = name => new Promise(resolve => {
                const request = db.transaction(name).objectStore(name).getAll();
                request.onsuccess = () => resolve(request.result);
            });
            const names = [...db.objectStoreNames];
            const pairs = await Promise.all(names.map(async name => [name, await all(name)]));
            db.close();
            return Object.fromEntries(pairs);
        }"""
    )
    return found


def everything_kept(page: Page) -> str:
    """All that the phone keeps of the service: pages and files, and its database."""
    pages: str = page.evaluate(
        """async () => {
            const texts = [];
            for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const each of await cache.keys()) texts.push(await (await cache.match(each)).text());
            }
            return texts.join() + JSON.stringify({...localStorage, ...sessionStorage});
        }"""
    )
    return pages + json.dumps(stored(page))


def sessions_end(lesson: Lesson) -> None:
    """Somewhere else the teacher signs out everywhere."""
    login = {"username": lesson.teacher, "password": PASSWORD}
    token = httpx.post(f"{lesson.service.url}/login", json=login).json()["access_token"]
    ended = httpx.post(
        f"{lesson.service.url}/api/v1/auth/logout",
        params={"all": "true"},
        headers={"authorization": f"Bearer {token}"},
    )
    assert ended.status_code == 204


# One long way, and what may come between


def signs_in_on_the_phone(phone: BrowserContext, lesson: Lesson) -> RollCall:
    page = phone.new_page()
    page.goto(lesson.path)
    signs_in(page, lesson.teacher)
    return RollCall(page)


def until_the_connection_is_back(phone: BrowserContext, lesson: Lesson) -> RollCall:
    """Up to where a connection is all that is missing, and the office has excused two meanwhile."""
    roll = signs_in_on_the_phone(phone, lesson)
    for name, status in (("Anna Adler", "Present"), ("Bea Berg", "Late"), ("Carl Conrad", "Absent")):
        roll.taps(name, status)
    roll.says("Saved")
    is_kept(roll.page, lesson.path)
    phone.set_offline(True)
    roll.taps("Dora Dreyer", "Present")
    roll.says("Offline: 1 waiting")
    roll.button("Mark the rest present").click()
    roll.says("Offline: 3 waiting")
    roll.page.reload()
    roll.says("Offline: 3 waiting")
    roll.progress("6 of 6")
    roll.page.close()
    roll = RollCall(phone.new_page())
    roll.page.goto(lesson.path)
    for name, status in (("Anna Adler", "Present"), ("Bea Berg", "Late"), ("Carl Conrad", "Absent")):
        roll.is_shown(name, status)
    roll.is_shown("Fritz Falk", "Present")
    roll.taps("Fritz Falk", "Present")
    roll.says("Offline: 2 waiting")
    lesson.office_says(Dora="excused", Emil="excused")
    return roll


def decides_and_is_done(roll: RollCall, lesson: Lesson, *others: RollCall) -> None:
    """One is asked about, the other stands; all is there, once."""
    dialog = roll.page.get_by_role("dialog", name="Changed meanwhile")
    expect(dialog.get_by_role("radiogroup")).to_have_count(1)
    dora = dialog.get_by_role("radiogroup", name="Dora Dreyer")
    expect(dora.get_by_role("radio", name="Theirs: Excused")).not_to_be_checked()
    dora.get_by_role("radio", name="Mine: Present").check()
    dialog.get_by_role("button", name="Save", exact=True).click()
    for each in (roll, *others):
        each.says("Saved")
        each.progress("5 of 6")
        each.is_shown("Dora Dreyer", "Present")
        each.is_shown("Emil Ebert", "Excused")
        each.is_shown("Fritz Falk", None)
    assert lesson.statuses == {
        "Anna Adler": "present",
        "Bea Berg": "late",
        "Carl Conrad": "absent",
        "Dora Dreyer": "present",
        "Emil Ebert": "excused",
        "Fritz Falk": None,
    }
    events = {name: lesson.events(name.split()[0]) for name in lesson.clients}
    once = ["marked", "charged"]
    assert events == {
        "Anna Adler": once,
        "Bea Berg": once,
        "Carl Conrad": once,
        "Dora Dreyer": ["marked", *once],
        "Emil Ebert": ["marked"],
        "Fritz Falk": [],
    }
    left = lesson.visits_left()
    assert [left[name] for name in lesson.clients] == [9, 9, 9, 9, 10, 10]
    assert stored(roll.page)["waiting"] == []


def test_a_roll_call_without_connection_loses_nothing(phone: BrowserContext, lesson: Lesson) -> None:
    roll = until_the_connection_is_back(phone, lesson)
    phone.set_offline(False)
    decides_and_is_done(roll, lesson)


@pytest.mark.attacks
def test_nor_where_the_session_has_ended_meanwhile(phone: BrowserContext, lesson: Lesson) -> None:
    roll = until_the_connection_is_back(phone, lesson)
    sessions_end(lesson)
    phone.set_offline(False)
    roll.says("Please sign in again")
    roll.is_shown("Dora Dreyer", "Present")
    roll.page.get_by_role("link", name="Please sign in again").click()
    signs_in(roll.page, lesson.teacher)
    expect(roll.page).to_have_url(f"{lesson.service.url}{lesson.path}")
    decides_and_is_done(roll, lesson)


def test_on_the_page_to_sign_in_it_is_said_how_much_waits_on_the_device(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    page = roll.page
    is_kept(page, lesson.path)
    phone.set_offline(True)
    roll.taps("Anna Adler", "Present")
    roll.taps("Bea Berg", "Late")
    roll.says("Offline: 2 waiting")
    page.goto("about:blank")
    sessions_end(lesson)
    phone.set_offline(False)
    page.goto("/app/today")
    told = page.get_by_text("2 marks on this device are not sent yet.")
    expect(told).to_be_visible()
    for name in ("Anna", "Clay", lesson.teacher):
        expect(page.get_by_text(name)).to_have_count(0)
    signs_in(page, lesson.teacher, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(told).to_be_visible()
    signs_in(page, lesson.teacher)
    expect(page).to_have_url(re.compile("/app/today$"))
    expect(page.locator("#waiting")).to_have_text("Saved")
    assert [*lesson.statuses.values()][:2] == ["present", "late"]
    page.get_by_role("button", name="Sign out").click()
    page.goto("/app/sign-in")
    expect(page.get_by_label("Password")).to_be_visible()
    expect(told).to_have_count(0)


@pytest.mark.attacks
def test_nor_where_one_signs_in_beside_it(phone: BrowserContext, lesson: Lesson) -> None:
    """In another tab; the page goes on when it is looked at again."""
    roll = until_the_connection_is_back(phone, lesson)
    sessions_end(lesson)
    phone.set_offline(False)
    roll.says("Please sign in again")
    has_session(roll.page, lesson.service, lesson.teacher)
    roll.page.evaluate("dispatchEvent(new Event('focus'))")
    decides_and_is_done(roll, lesson)


@pytest.mark.attacks
def test_nor_where_the_worker_is_killed_while_it_is_sent(phone: BrowserContext, lesson: Lesson) -> None:
    roll = until_the_connection_is_back(phone, lesson)
    killer = phone.new_cdp_session(roll.page)
    killer.send("ServiceWorker.enable")

    def killing(route: Route) -> None:
        killer.send("ServiceWorker.stopAllWorkers")
        route.continue_()

    meets(roll.page, SHEET, killing, times=2)
    phone.set_offline(False)
    decides_and_is_done(roll, lesson)


@pytest.mark.attacks
def test_nor_where_the_page_is_killed_while_it_is_sent(phone: BrowserContext, lesson: Lesson) -> None:
    """The service has it, the page does not know."""
    roll = until_the_connection_is_back(phone, lesson)

    def killing(route: Route) -> None:
        route.fetch()
        route.abort()

    meets(roll.page, SHEET, killing, times=1)
    with roll.page.expect_event("requestfailed", lambda request: bool(SHEET.search(request.url))):
        phone.set_offline(False)
    roll.page.close()
    roll = RollCall(phone.new_page())
    roll.page.goto(lesson.path)
    decides_and_is_done(roll, lesson)


@pytest.mark.attacks
def test_nor_where_the_service_is_away_for_a_while(phone: BrowserContext, lesson: Lesson) -> None:
    roll = until_the_connection_is_back(phone, lesson)
    statuses = chain([503, 502, 429, 503], repeat(None))

    def away(route: Route) -> None:
        status = next(statuses)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, headers={"retry-after": "1"}, json={"error": "later"})

    roll.page.route(SHEET, away)
    phone.set_offline(False)
    decides_and_is_done(roll, lesson)
    assert next(statuses) is None


@pytest.mark.attacks
def test_nor_where_two_tabs_are_open(phone: BrowserContext, lesson: Lesson) -> None:
    roll = until_the_connection_is_back(phone, lesson)
    other = RollCall(phone.new_page())
    other.page.goto(lesson.path)
    other.says("Offline: 2 waiting")
    sent: list[str] = []
    phone.on(
        "request", lambda request: sent.append(request.post_data or "") if request.method == "PUT" else None
    )
    phone.set_offline(False)
    expect(other.page.get_by_role("dialog", name="Changed meanwhile")).to_be_visible()
    decides_and_is_done(roll, lesson, other)
    expect(other.page.get_by_role("dialog")).to_be_hidden()
    emil = lesson.clients["Emil Ebert"]
    # refused with Dora's, then without it
    assert sum(emil in body for body in sent) == 2
    assert len(sent) == 3


@pytest.mark.plants
def test_without_versions_what_the_office_said_is_seen_to_be_lost(
    phone: BrowserContext, lesson: Lesson
) -> None:
    roll = until_the_connection_is_back(phone, lesson)

    def unguarded(route: Route) -> None:
        if route.request.method != "PUT":
            route.continue_()
            return
        body = json.loads(route.request.post_data or "")
        for each in body["attendances"]:
            each.pop("if_version", None)
        route.continue_(post_data=json.dumps(body))

    roll.page.route(SHEET, unguarded)
    phone.set_offline(False)
    roll.says("Saved")
    assert lesson.statuses["Dora Dreyer"] == "present"
    expect(roll.page.get_by_role("dialog")).to_be_hidden()
    with pytest.raises(AssertionError):
        expect(roll.page.get_by_role("dialog")).to_be_visible(timeout=1)


@pytest.mark.plants
def test_where_the_rest_is_for_anybody_what_the_office_said_is_seen_to_be_lost(
    phone: BrowserContext, lesson: Lesson
) -> None:
    roll = until_the_connection_is_back(phone, lesson)

    def unguarded(route: Route) -> None:
        body = (route.request.post_data or "").replace('"if_unmarked":true', '"if_unmarked":false')
        route.continue_(post_data=body) if body else route.continue_()

    roll.page.route(SHEET, unguarded)
    phone.set_offline(False)
    dialog = roll.page.get_by_role("dialog", name="Changed meanwhile")
    dialog.get_by_role("radio", name="Mine: Present").check()
    dialog.get_by_role("button", name="Save", exact=True).click()
    roll.says("Saved")
    assert lesson.statuses["Emil Ebert"] == "present"


def test_whom_one_excuses_ahead_without_connection_waits_and_is_sent(
    phone: BrowserContext, opened: Opens, club: Club
) -> None:
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    lesson = club.lesson("Anna Adler", on=tomorrow)
    roll = opened(lesson)
    is_kept(roll.page, lesson.path)
    phone.set_offline(True)
    roll.page.reload()
    roll.taps("Anna Adler", "Excused")
    roll.says("Offline: 1 waiting")
    phone.set_offline(False)
    roll.says("Saved")
    assert lesson.statuses == {"Anna Adler": "excused"}


def test_what_waits_is_taken_back_after_the_session_has_ended(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    roll.taps("Anna Adler", "Present")
    roll.says("Saved")
    sessions_end(lesson)
    roll.taps("Bea Berg", "Late")
    roll.says("Please sign in again")
    roll.taps("Carl Conrad", "Absent")
    roll.says("Please sign in again")
    roll.button("Undo").click()
    roll.is_shown("Carl Conrad", None)
    # of what was sent nothing is left that says who did what
    steps = stored(roll.page)["undo"][0]["steps"]
    assert [tap["client"] for step in steps for tap in step] == [lesson.clients["Bea Berg"]]
    roll.page.get_by_role("link", name="Please sign in again").click()
    signs_in(roll.page, lesson.teacher)
    roll.says("Saved")
    assert [*lesson.statuses.values()][:3] == ["present", "late", None]
    roll.button("Undo").click()
    roll.is_shown("Bea Berg", None)
    roll.says("Saved")
    assert lesson.statuses["Bea Berg"] is None


def test_todays_page_without_connection_says_so_and_where_something_waits(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    page = roll.page
    is_kept(page, lesson.path)
    is_kept(page, "/app/today")
    phone.set_offline(True)
    roll.taps("Anna Adler", "Present")
    roll.taps("Bea Berg", "Late")
    roll.says("Offline: 2 waiting")
    page.get_by_role("link", name="attendance", exact=True).click()
    expect(page).to_have_url(re.compile("/app/today$"))
    expect(page.locator("#waiting")).to_have_text("Offline: 2 waiting")
    mine = page.get_by_role("listitem").filter(has=page.locator(f'a[href="{lesson.path}"]'))
    expect(mine.locator(".waits")).to_have_text("2 waiting")
    phone.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("Saved")
    expect(mine.locator(".waits")).to_have_count(0)
    page.goto("/app/nothing")
    phone.set_offline(True)
    page.goto("/app/account")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.get_by_role("link", name="attendance", exact=True).click()
    expect(page).to_have_url(re.compile("/app/today$"))


def test_the_front_door_without_connection_leads_to_today_as_it_was_kept(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    page = opened(lesson).page
    is_kept(page, "/app/today")
    page.close()
    phone.set_offline(True)
    page = phone.new_page()
    page.goto("/")
    expect(page).to_have_url(re.compile("/app/today$"))
    expect(page.locator(f"a[href='{lesson.path}']")).to_be_visible()
    page.evaluate("caches.delete('pages')")
    page.goto("/")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    # once there is a connection, what was asked for
    phone.set_offline(False)
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


# Ones own answer that was lost


@pytest.mark.attacks
def test_what_was_sent_and_is_changed_before_the_answer_is_known_is_no_question(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    lost: list[int] = []

    def loses(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    meets(roll.page, SHEET, loses, times=1)
    roll.taps("Anna Adler", "Present")
    roll.says("Offline: 1 waiting")
    assert lost == [200]
    assert lesson.statuses["Anna Adler"] == "present"
    roll.taps("Anna Adler", "Late")
    roll.says("Saved")
    expect(roll.page.get_by_role("dialog")).to_be_hidden()
    assert lesson.statuses["Anna Adler"] == "late"
    meets(roll.page, SHEET, loses, times=1)
    roll.taps("Anna Adler", "Absent")
    roll.says("Offline: 1 waiting")
    roll.taps("Anna Adler", "Absent")
    roll.says("Saved")
    expect(roll.page.get_by_role("dialog")).to_be_hidden()
    assert lesson.statuses["Anna Adler"] is None
    assert lesson.visits_left()["Anna Adler"] == 10


def test_a_page_that_is_kept_does_not_say_now_of_a_lesson_that_is_over(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    page = opened(lesson).page
    is_kept(page, lesson.path)
    page.goto("/app/today")
    is_kept(page, "/app/today")
    now = page.get_by_text("Now", exact=True)
    expect(now).to_be_visible()
    expect(page.locator("li[aria-current=time]")).to_have_count(1)
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1, minutes=1)
    page.clock.set_fixed_time(tomorrow)
    phone.set_offline(True)
    page.reload()
    expect(page.get_by_role("link", name="00:00 Clay")).to_be_visible()
    expect(now).to_have_count(0)
    expect(page.locator("li[aria-current=time]")).to_have_count(0)


@pytest.mark.plants
def test_a_kept_page_is_seen_to_say_now_of_a_lesson_that_is_over_when_nobody_looks(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    phone.route(
        re.compile(r"/static/now\."), lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    with pytest.raises(AssertionError, match="to have count"):
        test_a_page_that_is_kept_does_not_say_now_of_a_lesson_that_is_over(phone, opened, lesson)


# What is kept, for whom, and for how long


def test_a_roll_call_that_today_leads_to_works_though_it_was_never_opened(
    club: Club, phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    other = club.lesson(teacher=lesson.teacher)
    page = opened(lesson).page
    is_kept(page, lesson.path)
    page.goto("/app/today")
    is_kept(page, other.path)
    page.goto("/app/today?day=2026-01-01")
    expect(page.get_by_role("heading", name="Thursday, 1 January 2026")).to_be_visible()
    assert sorted(kept_pages(page)) == sorted(["/app/today", lesson.path, other.path])
    phone.set_offline(True)
    page.goto("/app/today?day=2026-01-01")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.goto("/app/today")
    page.locator(f"a[href='{other.path}']").click()
    roll = RollCall(page)
    roll.taps("Anna Adler", "Present")
    roll.says("Offline: 1 waiting")
    phone.set_offline(False)
    roll.says("Saved")
    assert other.statuses["Anna Adler"] == "present"


def test_todays_page_is_kept_for_whoever_began_with_a_roll_call(
    opened: Opens, phone: BrowserContext, lesson: Lesson
) -> None:
    page = opened(lesson).page
    is_kept(page, "/app/today")
    phone.set_offline(True)
    page.goto("/app/today")
    expect(page.locator(f"a[href='{lesson.path}']")).to_be_visible()


def test_what_is_not_of_today_or_tomorrow_and_what_is_noted_is_not_kept(
    club: Club, phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    today = dt.datetime.now(dt.UTC).date()
    before = club.lesson(on=today - dt.timedelta(days=2), teacher=lesson.teacher)
    assert (
        club.office.put(f"/clients/{lesson.clients['Anna Adler']}", json={"notes": "asthma"}).status_code
        == 200
    )
    roll = opened(before)
    page = roll.page
    roll.taps("Anna Adler", "Late")
    roll.says("Saved")
    assert stored(page)["sheets"] == []
    page.goto(lesson.path)
    is_kept(page, lesson.path)
    anna = page.get_by_role("listitem").filter(has_text="Anna Adler")
    anna.get_by_text("More").click()
    expect(anna.locator(".known")).to_have_text("Notes: asthma")
    anna.get_by_role("link", name="Notes and contacts").click()
    expect(page.get_by_text("asthma")).to_be_visible()
    page.get_by_role("link", name="Back to the lesson").click()
    RollCall(page).taps("Anna Adler", "Present")
    RollCall(page).says("Saved")
    is_kept(page, "/app/today")
    assert sorted(kept_pages(page)) == sorted([lesson.path, "/app/today"])
    kept = everything_kept(page)
    assert "Anna Adler" in kept
    assert "asthma" not in kept
    phone.set_offline(True)
    page.goto(before.path)
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()


def test_what_is_noted_is_one_tap_away_with_a_connection_and_kept_nowhere(
    club: Club, phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    written = {"notes": "asthma\nspray in the red bag"}
    assert club.office.put(f"/clients/{lesson.clients['Anna Adler']}", json=written).status_code == 200
    roll = opened(lesson)
    page = roll.page
    is_kept(page, lesson.path)
    anna, bea = (page.get_by_role("listitem").filter(has_text=name) for name in ("Anna Adler", "Bea Berg"))
    expect(anna.get_by_role("link", name="Notes and contacts")).to_be_hidden()
    # by keyboard as by finger
    anna.locator("summary").press("Enter")
    expect(anna.locator(".known")).to_have_text("Notes: asthma\nspray in the red bag", use_inner_text=True)
    expect(anna.locator(".known")).to_have_attribute("aria-live", "polite")
    expect(anna.get_by_role("link", name="Notes and contacts")).to_be_visible()
    bea.get_by_text("More").click()
    expect(bea.locator(".known")).to_have_text("There are no notes.")
    roll.taps("Anna Adler", "Present")
    roll.says("Saved")
    expect(anna.locator(".known")).to_contain_text("asthma")
    assert "asthma" not in everything_kept(page)
    anna.get_by_text("More").click()
    expect(anna.locator(".known")).to_have_text("")
    phone.set_offline(True)
    anna.get_by_text("More").click()
    offline = "Notes need a connection: they are not kept on this device."
    expect(anna.locator(".known")).to_have_text(offline)
    page.reload()
    anna.get_by_text("More").click()
    expect(anna.locator(".known")).to_have_text(offline)
    assert "asthma" not in everything_kept(page) + page.content()


def test_whoever_may_not_know_what_is_noted_is_told_why(
    club: Club, opened: Opens, lesson: Lesson, phone: BrowserContext
) -> None:
    roll = opened(lesson)
    anna, bea = (
        roll.page.get_by_role("listitem").filter(has_text=name) for name in ("Anna Adler", "Bea Berg")
    )
    refused = {"error": "insufficient permissions", "code": "insufficient_permissions"}
    one = re.compile(r"/clients/[0-9a-f-]+$")
    meets(roll.page, one, lambda route: route.fulfill(status=403, json=refused), times=1)
    anna.get_by_text("More").click()
    expect(anna.locator(".known")).to_have_text("insufficient permissions")
    sessions_end(lesson)
    bea.get_by_text("More").click()
    expect(bea.locator(".known")).to_have_text("Please sign in again")


def test_somebody_else_on_the_same_phone_sees_nothing_of_it_and_what_waits_stays(
    club: Club, phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    is_kept(roll.page, lesson.path)
    phone.set_offline(True)
    roll.taps("Anna Adler", "Present")
    roll.says("Offline: 1 waiting")
    roll.page.goto("about:blank")
    phone.set_offline(False)
    theirs = club.lesson()
    other = opened(theirs)
    is_kept(other.page, theirs.path)
    other.says("")
    is_kept(other.page, "/app/today")
    assert lesson.path not in kept_pages(other.page)
    assert [each["client"] for each in stored(other.page)["waiting"]] == [lesson.clients["Anna Adler"]]
    other.button("Sign out").click()
    expect(other.page.get_by_role("main").get_by_role("link", name="Sign in")).to_be_visible()
    assert lesson.statuses["Anna Adler"] is None
    back = opened(lesson)
    back.says("Saved")
    assert lesson.statuses["Anna Adler"] == "present"


def waits_while_the_office_signs_in(phone: BrowserContext, opened: Opens, lesson: Lesson) -> RollCall:
    """On the page of a teacher one tap waits; the office, which may mark there too, is signed in now."""
    roll = opened(lesson)
    is_kept(roll.page, lesson.path)
    phone.set_offline(True)
    roll.taps("Anna Adler", "Present")
    roll.says("Offline: 1 waiting")
    has_session(roll.page, lesson.service, "office")
    return roll


@pytest.mark.attacks
def test_what_waits_of_one_is_not_sent_by_who_signs_in_beside_it(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = waits_while_the_office_signs_in(phone, opened, lesson)
    phone.set_offline(False)
    roll.says("Please sign in again")
    # nor from a page of whoever is signed in
    theirs = phone.new_page()
    theirs.goto(lesson.path)
    RollCall(theirs).progress("0 of 6")
    theirs.goto("/app/today")
    expect(theirs.get_by_role("heading", name="Today")).to_be_visible()
    assert lesson.statuses["Anna Adler"] is None
    has_session(roll.page, lesson.service, lesson.teacher)
    roll.page.evaluate("dispatchEvent(new Event('focus'))")
    roll.says("Saved")
    assert lesson.rows["Anna Adler"]["marked_by_name"] == lesson.teacher


@pytest.mark.plants
def test_where_nobody_says_whose_it_is_it_is_seen_to_be_sent_by_somebody_else(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = waits_while_the_office_signs_in(phone, opened, lesson)

    def unsaid(route: Route) -> None:
        headers = {name: value for name, value in route.request.headers.items() if name != "x-account"}
        route.continue_(headers=headers)

    roll.page.route(SHEET, unsaid)
    phone.set_offline(False)
    roll.says("Saved")
    assert lesson.rows["Anna Adler"]["marked_by_name"] == "office"


@pytest.mark.attacks
def test_whoever_signs_in_is_shown_nothing_that_was_kept_for_another_however_slow_it_is(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    """A session may end without the phone knowing it; what is slow is shown as it was kept."""
    roll = opened(lesson)
    is_kept(roll.page, lesson.path)
    is_kept(roll.page, "/app/today")
    sessions_end(lesson)
    other = phone.new_page()
    other.goto("/app/offline")
    roll.page.goto("/app/sign-in")
    assert "/app/today" in kept_pages(other)
    held: list[Route] = []
    phone.route("**/app/today", lambda route: held.append(route))
    roll.page.get_by_label("Username or email").fill("office")
    roll.page.get_by_label("Password").fill(PASSWORD)
    with phone.expect_event("request", lambda request: request.url.endswith("/app/today")):
        # a click would wait for the page that is held
        roll.page.evaluate("setTimeout(() => document.querySelector('main form').requestSubmit())")
    assert kept_pages(other) == []
    assert stored(other)["sheets"] == []
    for route in held:
        route.abort()


@pytest.mark.parametrize("is_old", [True, False])
def test_a_sheet_is_kept_until_the_session_ends_and_for_three_days_at_most(
    phone: BrowserContext, opened: Opens, lesson: Lesson, *, is_old: bool
) -> None:
    roll = opened(lesson)
    is_kept(roll.page, lesson.path)
    is_kept(roll.page, "/app/today")
    roll.taps("Anna Adler", "Present")
    roll.says("Saved")
    assert stored(roll.page)["sheets"]
    until = stored(roll.page)["about"][0]["until"]
    assert until > roll.page.evaluate("Date.now()")
    if is_old:
        roll.page.evaluate(
            """async path => {
                const cache = await caches.open("pages"), kept = await cache.match(path);
                const headers = new Headers(kept.headers);
                headers.set("x-kept-at", Date.now() - 73 * 3600 * 1000);
                await cache.put(path, new Response(await kept.text(), {headers}));
            }""",
            lesson.path,
        )
    else:
        roll.page.evaluate(
            """() => new Promise(resolve => {
                const request = indexedDB.open("attendance", 1);
                request.onsuccess = () => {
                    const about = request.result.transaction("about", "readwrite");
                    const store = about.objectStore("about");
                    store.get("session").onsuccess = ({target}) => store.put({...target.result, until: 1});
                    about.oncomplete = () => { request.result.close(); resolve(); };
                };
            })"""
        )
    phone.set_offline(True)
    roll.page.goto(lesson.path)
    expect(roll.page.get_by_role("heading", name="No connection")).to_be_visible()
    assert kept_pages(roll.page) == (["/app/today"] if is_old else [])
    assert is_old or stored(roll.page)["sheets"] == []


def test_whoever_signs_out_is_asked_first_and_then_nothing_stays(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    page = roll.page
    is_kept(page, lesson.path)
    page.route(SHEET, lambda route: route.abort())
    roll.taps("Anna Adler", "Present")
    roll.says("Offline: 1 waiting")
    roll.button("Sign out").click()
    asked = page.get_by_role("dialog", name="Not everything is saved")
    expect(asked).to_contain_text("1 waiting here.")
    asked.get_by_role("button", name="Stay signed in").click()
    roll.says("Offline: 1 waiting")
    # from another page, which has no script
    page.goto("/app/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_text("1 mark on this device is not sent yet.")).to_be_visible()
    page.get_by_role("link", name="Stay signed in").click()
    page.goto(lesson.path)
    roll.is_shown("Anna Adler", "Present")
    page.goto("/app/sign-out/everywhere")
    page.get_by_role("main").get_by_role("button").click()
    page.get_by_role("button", name="Discard and sign out").click()
    expect(page.get_by_role("main").get_by_role("link", name="Sign in")).to_be_visible()
    page.goto("/app/offline")
    found = stored(page)
    assert {name: len(rows) for name, rows in found.items()} == dict.fromkeys(found, 0)
    assert kept_pages(page) == []
    phone.set_offline(True)
    page.goto(lesson.path)
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    assert lesson.statuses["Anna Adler"] is None


def test_signing_out_on_the_roll_call_leaves_nothing(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    page = roll.page
    is_kept(page, lesson.path)
    roll.taps("Anna Adler", "Present")
    roll.says("Saved")
    roll.button("Sign out").click()
    expect(page.get_by_role("main").get_by_role("link", name="Sign in")).to_be_visible()
    page.goto("/app/offline")
    found = stored(page)
    assert {name: len(rows) for name, rows in found.items()} == dict.fromkeys(found, 0)
    assert kept_pages(page) == []


def test_what_waits_is_sent_from_todays_page_too(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    page = opened(lesson).page
    roll = RollCall(page)
    is_kept(page, "/app/today")
    phone.set_offline(True)
    roll.taps("Anna Adler", "Present")
    roll.taps("Bea Berg", "Late")
    roll.says("Offline: 2 waiting")
    page.goto("/app/today")
    told = page.get_by_role("main").get_by_role("status")
    expect(told).to_have_text("Offline: 2 waiting")
    phone.set_offline(False)
    expect(told).to_have_text("Saved")
    assert [*lesson.statuses.values()][:2] == ["present", "late"]
    assert stored(page)["waiting"] == []


def test_what_was_asked_for_without_a_connection_opens_once_there_is_one(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    page = opened(lesson).page
    is_kept(page, lesson.path)
    phone.set_offline(True)
    page.goto("/app/account")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    phone.set_offline(False)
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


def test_nobody_signs_out_without_a_connection_and_nothing_is_lost(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    page = roll.page
    is_kept(page, lesson.path)
    phone.set_offline(True)
    still = "No connection: you are still signed in."
    told = page.get_by_role("dialog", name="No connection")
    for waiting in (False, True):
        if waiting:
            roll.taps("Anna Adler", "Present")
            roll.says("Offline: 1 waiting")
        roll.button("Sign out").click()
        expect(told).to_contain_text(still)
        told.get_by_role("button", name="Stay signed in").click()
        expect(told).to_be_hidden()
    # from another page, which has no script
    page.goto(lesson.path.replace("lessons", "nothing"))
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_text(still)).to_be_visible()
    page.goto(lesson.path)
    roll.says("Offline: 1 waiting")
    phone.set_offline(False)
    roll.says("Saved")
    assert lesson.statuses["Anna Adler"] == "present"


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_signing_out_in_one_tab_hides_the_names_in_others(
    phone: BrowserContext, opened: Opens, lesson: Lesson, *, is_elsewhere: bool
) -> None:
    roll, other = opened(lesson), opened(lesson)
    is_kept(roll.page, lesson.path)
    roll.progress("0 of 6")
    if is_elsewhere:
        other.page.goto("/app/account")
    other.page.get_by_role("button", name="Sign out", exact=True).click()
    expect(roll.page.get_by_label("Username or email")).to_be_visible()
    expect(roll.page.get_by_text("Anna Adler")).to_have_count(0)


@pytest.mark.attacks
def test_a_form_of_another_site_does_not_pass_the_worker_as_one_of_ours(
    opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    page = roll.page
    is_kept(page, lesson.path)
    action = f"{lesson.service.url}/app/sign-out"
    for referrer in ("no-referrer", "unsafe-url"):
        html = (
            f'<meta name="referrer" content="{referrer}"><form method="post" action="{action}">'
            f"<button>Win</button></form>"
        )
        attacked_by(page, html)
        page.get_by_role("button", name="Win").click()
        expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
    page.unroute_all()
    page.goto(lesson.path)
    roll.progress("0 of 6")


def test_without_tls_it_works_with_a_connection_and_says_why_not_without(
    phone: BrowserContext, lesson: Lesson
) -> None:
    page = phone.new_page()
    at_home = lesson.service.url.replace("127.0.0.1", "club.test")
    page.goto(f"{at_home}{lesson.path}")
    signs_in(page, lesson.teacher)
    roll = RollCall(page)
    expect(page.get_by_text("Works with a connection only")).to_be_visible()
    roll.taps("Anna Adler", "Present")
    roll.says("Saved")
    assert lesson.statuses["Anna Adler"] == "present"


def test_a_page_that_is_slow_is_shown_as_it_was_kept_and_then_as_it_is(
    phone: BrowserContext, opened: Opens, lesson: Lesson
) -> None:
    roll = opened(lesson)
    is_kept(roll.page, lesson.path)
    lesson.office_says(Anna="late")
    held: list[Route] = []
    phone.route(f"**{lesson.path}", lambda route: held.append(route))
    roll.page.goto(lesson.path)
    roll.is_shown("Anna Adler", "Late")
    assert roll.page.evaluate("document.body.dataset.kept")
    assert held
    for route in held:
        route.abort()
