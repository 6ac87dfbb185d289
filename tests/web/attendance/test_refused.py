"""What is not saved, and why: told at the client, on top and in the status line, until it is let go."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.web.attendance.conftest import Lesson, RollCall
from tests.web.attendance.test_offline import SHEET, is_kept
from tests.web.clicks import meets

pytestmark = pytest.mark.processes
Opens = Callable[[Lesson], RollCall]
WRONG = "Not saved: minutes late are a whole number from 1 to 600"
CANCELLED = "This lesson is cancelled. Nobody can be marked."


def edits(lesson: Lesson, **changes: str) -> None:
    path = f"/groups/{lesson.sheet['group_id']}/lessons/{lesson.id}"
    answered = lesson.office.put(path, json=changes)
    assert answered.status_code == 200, answered.text


def client(roll: RollCall, name: str) -> Locator:
    return roll.page.get_by_role("list", name="Clients").get_by_role("listitem").filter(has_text=name)


def is_closed(roll: RollCall, why: str) -> None:
    """It says so on top and offers nothing that would be refused."""
    expect(roll.page.get_by_role("alert")).to_have_text(why)
    for status in ("Present", "Late", "Absent", "Excused"):
        expect(roll.radio("Bea Berg", status)).to_be_disabled()
    for button in ("Undo", "Mark the rest present"):
        expect(roll.button(button)).to_be_disabled()
    expect(roll.page.get_by_label("Add a guest")).to_be_disabled()


def looks_again(roll: RollCall) -> None:
    roll.page.evaluate("dispatchEvent(new Event('focus'))")


# A lesson that nobody can be marked in any more


def test_a_lesson_that_is_cancelled_meanwhile_takes_no_more_taps(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    roll.taps("Anna Adler", "Late")
    roll.says("Saved")
    edits(lesson, state="cancelled", reason="storm")
    looks_again(roll)
    is_closed(roll, CANCELLED)
    roll.says(CANCELLED)
    anna = client(roll, "Anna Adler")
    roll.is_shown("Anna Adler", "Late")
    expect(anna.get_by_label("Minutes late")).to_be_disabled()
    edits(lesson, state="planned")
    looks_again(roll)
    expect(roll.page.get_by_role("alert")).to_have_count(0)
    roll.taps("Bea Berg", "Present")
    roll.says("Saved")
    assert [*lesson.statuses.values()][:2] == ["late", "present"]


def test_what_is_refused_as_the_lesson_is_cancelled_stays_until_it_is_discarded(
    lesson: Lesson, opened: Opens
) -> None:
    roll = opened(lesson)
    edits(lesson, state="cancelled", reason="storm")
    roll.taps("Anna Adler", "Present")
    roll.says("Not saved: lesson is cancelled")
    is_closed(roll, CANCELLED)
    anna = client(roll, "Anna Adler")
    expect(anna).to_contain_text("Not saved: lesson is cancelled")
    roll.is_shown("Anna Adler", "Present")
    anna.get_by_role("button", name="Discard what was tapped for Anna Adler").click()
    roll.is_shown("Anna Adler", None)
    expect(anna).not_to_contain_text("Not saved")
    roll.says(CANCELLED)


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        (403, "insufficient_permissions", "insufficient permissions"),
        (404, "lesson_not_found", "lesson not found"),
    ],
)
def test_a_lesson_that_is_not_ones_own_any_more_takes_no_more_taps(
    lesson: Lesson, opened: Opens, status: int, code: str, why: str
) -> None:
    roll = opened(lesson)
    roll.taps("Anna Adler", "Late")
    roll.says("Saved")
    refused = {"error": why, "code": code}
    stop = meets(roll.page, SHEET, lambda route: route.fulfill(status=status, json=refused))
    roll.taps("Carl Conrad", "Present")
    roll.says(f"Not saved: {why}")
    is_closed(roll, why)
    roll.is_shown("Carl Conrad", "Present")
    stop()
    roll.button("Try again for Carl Conrad").click()
    roll.says("Saved")
    expect(roll.page.get_by_role("alert")).to_have_count(0)
    assert lesson.statuses["Carl Conrad"] == "present"


def test_a_lesson_that_ended_too_long_ago_takes_no_more_taps(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    edits(lesson, date=str(datetime.now(UTC).date() - timedelta(days=20)))
    roll.taps("Anna Adler", "Present")
    roll.says("Not saved: too late to change this lesson")
    is_closed(roll, "Marks cannot be changed any more.")


def test_without_a_connection_it_is_kept_that_a_lesson_is_cancelled(
    phone: BrowserContext, lesson: Lesson, opened: Opens
) -> None:
    roll = opened(lesson)
    is_kept(roll.page, lesson.path)
    roll.taps("Anna Adler", "Late")
    roll.says("Saved")
    edits(lesson, state="cancelled", reason="storm")
    looks_again(roll)
    roll.says(CANCELLED)
    phone.set_offline(True)
    roll.page.reload()
    is_closed(roll, CANCELLED)


# Where it is said


def test_what_is_refused_is_said_at_the_client_with_what_can_be_done_and_the_status_line_leads_there(
    lesson: Lesson, opened: Opens
) -> None:
    roll = opened(lesson)
    page = roll.page
    refused = {"error": "malformed request", "code": "malformed_request"}
    meets(page, SHEET, lambda route: route.fulfill(status=400, json=refused), times=1)
    roll.taps("Fritz Falk", "Present")
    roll.says("Not saved: malformed request")
    fritz = client(roll, "Fritz Falk")
    expect(fritz).to_contain_text("Not saved: malformed request")
    expect(page.get_by_role("radiogroup", name="Fritz Falk")).to_have_accessible_description(
        "Not saved: malformed request"
    )
    expect(roll.button("Discard what was tapped for Fritz Falk")).to_have_count(1)
    # whoever looks at the unmarked alone sees it nevertheless
    page.get_by_label("Unmarked only").check()
    expect(fritz).to_be_visible()
    page.locator(".bar").get_by_role("link", name="Not saved: malformed request").click()
    above = page.locator("#refusals")
    expect(above).to_be_focused()
    above.get_by_role("link", name="Fritz Falk, Present. Not saved: malformed request").click()
    expect(fritz).to_be_in_viewport()
    roll.button("Try again for Fritz Falk").click()
    roll.says("Saved")
    expect(above).to_be_hidden()
    assert lesson.statuses["Fritz Falk"] == "present"


# Minutes that are none


@pytest.mark.parametrize("typed", ["abc", "999"])
def test_minutes_that_are_none_are_kept_with_what_is_wrong_until_they_are_mended(
    phone: BrowserContext, lesson: Lesson, opened: Opens, typed: str
) -> None:
    roll = opened(lesson)
    roll.taps("Carl Conrad", "Late")
    roll.says("Saved")
    client(roll, "Carl Conrad").get_by_label("Minutes late").fill(typed)
    # at once: what is typed is kept though nothing else is done
    roll.page.goto("/app/account")
    roll.page.close()
    roll = opened(lesson)
    carl = client(roll, "Carl Conrad")
    roll.says(WRONG)
    expect(carl.get_by_label("Minutes late")).to_have_value(typed)
    expect(carl.get_by_label("Minutes late")).to_have_accessible_description(WRONG)
    # it holds nothing else up, nor is it lost by what else is done
    roll.taps("Anna Adler", "Present")
    roll.progress("2 of 6")
    roll.says(WRONG)
    assert lesson.statuses["Anna Adler"] == "present"
    carl.get_by_label("Minutes late").fill("7")
    roll.says("Saved")
    expect(carl.get_by_label("Minutes late")).not_to_have_attribute("aria-invalid", "true")
    assert lesson.rows["Carl Conrad"]["minutes_late"] == 7


def test_minutes_that_are_none_are_discarded_and_the_mark_stays(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    roll.taps("Carl Conrad", "Late")
    minutes = client(roll, "Carl Conrad").get_by_label("Minutes late")
    minutes.fill("5")
    roll.says("Saved")
    minutes.fill("5 min")
    minutes.blur()
    roll.says(WRONG)
    # whoever signs out is asked
    roll.button("Sign out").click()
    asked = roll.page.get_by_role("dialog", name="Not everything is saved")
    expect(asked).to_contain_text("1 waiting here.")
    asked.get_by_role("button", name="Stay signed in").click()
    roll.button("Discard what was tapped for Carl Conrad").click()
    expect(minutes).to_have_value("5")
    roll.says("Saved")
    roll.is_shown("Carl Conrad", "Late")
    assert lesson.events("Carl").count("marked") <= 2
    assert lesson.rows["Carl Conrad"]["minutes_late"] == 5


def test_whoever_is_late_is_sent_though_the_minutes_are_none(
    phone: BrowserContext, lesson: Lesson, opened: Opens
) -> None:
    roll = opened(lesson)
    is_kept(roll.page, lesson.path)
    phone.set_offline(True)
    roll.taps("Carl Conrad", "Late")
    carl = client(roll, "Carl Conrad")
    carl.get_by_label("Minutes late").fill("abc")
    carl.get_by_label("Minutes late").blur()
    expect(carl).to_contain_text(WRONG)
    roll.says("Offline: 1 waiting")
    lesson.office_says(Anna="excused")
    phone.set_offline(False)
    roll.says(WRONG)
    assert lesson.statuses["Carl Conrad"] == "late"
    expect(carl.get_by_label("Minutes late")).to_have_value("abc")
    # what somebody else says of Carl since is shown, and taken for what was seen
    lesson.office_says(Carl="absent")
    looks_again(roll)
    roll.is_shown("Carl Conrad", "Absent")
    roll.says(WRONG)
    roll.taps("Carl Conrad", "Present")
    roll.says("Saved")
    expect(roll.page.get_by_role("dialog")).to_be_hidden()
    assert lesson.statuses["Carl Conrad"] == "present"
