"""The roll call with a script and a connection: one tap marks and saves."""

import datetime as dt
import re
from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.web.attendance.conftest import Club, Lesson, RollCall
from tests.web.clicks import has_session, meets
from tests.web.conftest import LONGEST_WAIT

pytestmark = pytest.mark.processes
Opens = Callable[[Lesson], RollCall]


def complaints_on(page: Page) -> list[str]:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def test_one_tap_saves_and_a_second_one_takes_it_back(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    complaints = complaints_on(roll.page)
    roll.progress("0 of 6")
    roll.taps("Anna Adler", "Present")
    roll.says("Saved")
    roll.progress("1 of 6")
    assert lesson.statuses["Anna Adler"] == "present"
    anna = roll.page.get_by_role("listitem").filter(has_text="Anna Adler")
    expect(anna.get_by_text("9 left")).to_be_visible()
    roll.taps("Anna Adler", "Present")
    roll.progress("0 of 6")
    roll.is_shown("Anna Adler", None)
    expect(anna.get_by_text("10 left")).to_be_visible()
    roll.says("Saved")
    assert lesson.statuses["Anna Adler"] is None
    roll.page.reload()
    roll.is_shown("Anna Adler", None)
    roll.button("Undo").click()
    roll.is_shown("Anna Adler", "Present")
    roll.says("Saved")
    assert lesson.statuses["Anna Adler"] == "present"
    assert complaints == []


def test_a_tap_by_accident_is_not_sent_at_all(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    roll.radio("Anna Adler", "Present").dblclick()
    roll.is_shown("Anna Adler", None)
    roll.taps("Bea Berg", "Late")
    roll.says("Saved")
    assert lesson.events("Anna") == []
    assert lesson.events("Bea") == ["marked", "charged"]


def test_nor_where_it_is_taken_back_just_as_it_is_about_to_be_sent(lesson: Lesson, opened: Opens) -> None:
    """After what waits was read, and before it is noted down as sent."""
    roll = opened(lesson)
    roll.page.evaluate(
        """() => {
            const { getAll } = IDBObjectStore.prototype, { locks } = navigator;
            const request = locks.request.bind(locks);
            let isSending = false;
            locks.request = (...asked) => { isSending = true; return request(...asked); };
            IDBObjectStore.prototype.getAll = function (...asked) {
                const reading = getAll.apply(this, asked);
                if (!isSending || this.name !== "waiting") return reading;
                isSending = false;
                reading.addEventListener("success", () => {
                    if (!reading.result.length) return;
                    IDBObjectStore.prototype.getAll = getAll;
                    document.querySelector(".statuses :checked").click();
                });
                return reading;
            };
        }"""
    )
    roll.taps("Anna Adler", "Present")
    roll.is_shown("Anna Adler", None)
    roll.taps("Bea Berg", "Late")
    roll.says("Saved")
    assert lesson.events("Anna") == []
    assert [*lesson.statuses.values()][:2] == [None, "late"]


def test_a_tap_before_there_is_a_script_is_none_the_less(browser: Browser, lesson: Lesson) -> None:
    with browser.new_context(base_url=lesson.service.url, service_workers="block") as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        has_session(page, lesson.service, lesson.teacher)
        held: list[Route] = []
        page.route("**/static/roll_call.*.js", lambda route: held.append(route))
        page.goto(lesson.path, wait_until="commit")
        roll = RollCall(page)
        roll.taps("Anna Adler", "Present")
        roll.taps("Bea Berg", "Absent")
        for route in held:
            route.continue_()
        roll.says("Saved")
        roll.is_shown("Anna Adler", "Present")
        assert [*lesson.statuses.values()][:3] == ["present", "absent", None]


def test_minutes_and_a_note_are_saved_with_the_mark(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    carl = roll.page.get_by_role("listitem").filter(has_text="Carl Conrad")
    roll.taps("Carl Conrad", "Late")
    carl.get_by_label("Minutes late").fill("7")
    carl.get_by_text("More").click()
    carl.get_by_label("Note", exact=True).fill("bus")
    carl.get_by_label("Note", exact=True).blur()
    expect(carl.locator(".noted")).to_have_text("bus")
    carl.get_by_label("Trial visit").check()
    roll.says("Saved")
    row = lesson.rows["Carl Conrad"]
    assert (row["status"], row["minutes_late"], row["note"], row["trial"]) == ("late", 7, "bus", True)
    roll.taps("Carl Conrad", "Absent")
    expect(carl.get_by_label("Minutes late")).to_be_hidden()
    roll.says("Saved")
    row = lesson.rows["Carl Conrad"]
    assert (row["status"], row["minutes_late"], row["note"]) == ("absent", None, "bus")


def test_what_is_typed_is_kept_before_the_field_is_left(lesson: Lesson, opened: Opens) -> None:
    """A phone is put away, or its tab closed, in the middle of a note."""
    roll = opened(lesson)
    carl = roll.page.get_by_role("listitem").filter(has_text="Carl Conrad")
    roll.taps("Carl Conrad", "Late")
    roll.says("Saved")
    carl.get_by_text("More").click()
    note = carl.get_by_label("Note", exact=True)
    note.press_sequentially("bus")
    expect(carl.locator(".noted")).to_have_text("bus")
    expect(note).to_be_focused()
    note.press_sequentially(" was late")
    expect(carl.locator(".noted")).to_have_text("bus was late")
    roll.page.close(run_before_unload=False)
    roll = opened(lesson)
    roll.says("Saved")
    # what was kept last may be on its way still
    deadline = monotonic() + 20
    while lesson.rows["Carl Conrad"]["note"] != "bus was late":
        assert monotonic() < deadline, lesson.rows["Carl Conrad"]
    # letters of one text are taken back as one
    roll.button("Undo").click()
    roll.says("Saved")
    assert lesson.rows["Carl Conrad"]["note"] == ""
    assert lesson.statuses["Carl Conrad"] == "late"


def test_what_is_typed_is_kept_at_once_when_the_page_is_left(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    carl = roll.page.get_by_role("listitem").filter(has_text="Carl Conrad")
    roll.taps("Carl Conrad", "Late")
    roll.says("Saved")
    roll.page.clock.install()
    roll.page.clock.pause_at(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    carl.get_by_label("Minutes late").press_sequentially("7")
    # no time passes: nothing but leaving the page keeps it
    roll.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    roll.says("Saved")
    assert lesson.rows["Carl Conrad"]["minutes_late"] == 7


@pytest.mark.parametrize(
    "typed", ["0", "abc", *(pytest.param(more, marks=pytest.mark.thorough) for more in ("-5", "999"))]
)
def test_minutes_that_cannot_be_are_told_and_take_the_place_of_nothing(
    lesson: Lesson, opened: Opens, typed: str
) -> None:
    roll = opened(lesson)
    carl = roll.page.get_by_role("listitem").filter(has_text="Carl Conrad")
    minutes = carl.get_by_label("Minutes late")
    roll.taps("Carl Conrad", "Late")
    minutes.fill("7")
    roll.says("Saved")
    minutes.fill(typed)
    minutes.blur()
    roll.says("Not saved: minutes late are a whole number from 1 to 600")
    expect(minutes).to_have_value(typed)
    expect(minutes).to_have_accessible_description("Not saved: minutes late are a whole number from 1 to 600")
    expect(minutes).to_have_attribute("aria-invalid", "true")
    roll.taps("Anna Adler", "Present")
    roll.says("Not saved: minutes late are a whole number from 1 to 600")
    expect(minutes).to_have_value(typed)
    minutes.fill("8")
    roll.says("Saved")
    expect(minutes).not_to_have_attribute("aria-invalid", "true")
    assert lesson.rows["Carl Conrad"]["minutes_late"] == 8
    assert "marked" in lesson.events("Anna")


def test_a_save_moves_nobody_while_somebody_types(lesson: Lesson, opened: Opens) -> None:
    """A guest is on the list already."""
    answered = lesson.office.put(
        f"/lessons/{lesson.id}/attendance",
        json={"attendances": [{"client_id": lesson.guest, "status": "present"}]},
    )
    assert answered.status_code == 200, answered.text
    roll = opened(lesson)
    roll.progress("1 of 7")
    moved = """() => { window.moved = 0;
        new MutationObserver((all) => { window.moved += all.length; })
            .observe(document.querySelector(".clients"), { childList: true }); }"""
    roll.page.evaluate(moved)
    bea = roll.page.get_by_role("listitem").filter(has_text="Bea Berg")
    roll.taps("Bea Berg", "Late")
    bea.get_by_label("Minutes late").press_sequentially("12")
    roll.says("Saved")
    expect(bea.get_by_label("Minutes late")).to_be_focused()
    assert roll.page.evaluate("window.moved") == 0


def test_the_rest_is_one_step_and_is_undone_as_one(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    lesson.office_says(Dora="excused")
    roll.taps("Anna Adler", "Absent")
    roll.says("Saved")
    roll.is_shown("Dora Dreyer", "Excused")
    roll.button("Mark the rest present").click()
    roll.progress("6 of 6")
    roll.says("Saved")
    rest = dict.fromkeys(("Bea Berg", "Carl Conrad", "Emil Ebert", "Fritz Falk"), "present")
    assert lesson.statuses == {"Anna Adler": "absent", "Dora Dreyer": "excused"} | rest
    expect(roll.button("Mark the rest present")).to_be_disabled()
    roll.button("Undo").click()
    roll.progress("2 of 6")
    roll.says("Saved")
    assert lesson.statuses == {"Anna Adler": "absent", "Dora Dreyer": "excused"} | dict.fromkeys(rest)
    roll.button("Undo").click()
    roll.says("Saved")
    roll.progress("1 of 6")
    assert lesson.statuses["Anna Adler"] is None
    expect(roll.button("Undo")).to_be_disabled()


def test_what_the_office_says_meanwhile_is_asked_about(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    lesson.office_says(Anna="excused", Bea="excused", Carl="absent")
    for name in ("Anna Adler", "Bea Berg", "Carl Conrad"):
        roll.taps(name, "Absent")
    dialog = roll.page.get_by_role("dialog", name="Changed meanwhile")
    asked = dialog.get_by_role("radiogroup")
    expect(asked).to_have_count(2)
    dialog.get_by_role("radiogroup", name="Anna Adler").get_by_role("radio", name="Mine: Absent").check()
    dialog.get_by_role("radiogroup", name="Bea Berg").get_by_role("radio", name="Theirs: Excused").check()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    roll.says("Saved")
    roll.is_shown("Bea Berg", "Excused")
    assert [*lesson.statuses.values()][:3] == ["absent", "excused", "absent"]


def test_what_is_asked_about_says_who_changed_it_and_can_be_put_off(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    lesson.office_says(Anna="excused")
    roll.taps("Anna Adler", "Absent")
    dialog = roll.page.get_by_role("dialog", name="Changed meanwhile")
    expect(dialog.get_by_role("radiogroup", name="Anna Adler")).to_contain_text("Marked by office")
    dialog.get_by_role("button", name="Later").click()
    expect(dialog).to_be_hidden()
    for name in ("Bea Berg", "Carl Conrad"):
        roll.taps(name, "Present")
        roll.progress("2 of 6" if name == "Bea Berg" else "3 of 6")
    roll.page.evaluate("dispatchEvent(new Event('focus'))")
    deadline = monotonic() + 20
    while lesson.statuses["Carl Conrad"] != "present":
        assert monotonic() < deadline
    expect(dialog).to_be_hidden()
    assert lesson.statuses["Anna Adler"] == "excused"
    roll.button("Decide").click()
    expect(dialog).to_be_visible()
    roll.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    roll.page.reload()
    dialog.get_by_role("radio", name="Theirs: Excused").check()
    dialog.get_by_role("button", name="Save").click()
    roll.says("Saved")
    roll.is_shown("Anna Adler", "Excused")


def test_undo_says_what_it_undid_keeps_its_focus_and_passes_by_what_is_gone(
    lesson: Lesson, opened: Opens
) -> None:
    roll = opened(lesson)
    undone = roll.page.locator(".undone")
    roll.taps("Anna Adler", "Present")
    roll.says("Saved")
    lesson.office_says(Bea="excused")
    roll.taps("Bea Berg", "Absent")
    dialog = roll.page.get_by_role("dialog", name="Changed meanwhile")
    dialog.get_by_role("radio", name="Theirs: Excused").check()
    dialog.get_by_role("button", name="Save").click()
    roll.is_shown("Bea Berg", "Excused")
    roll.says("Saved")
    roll.button("Undo").focus()
    roll.page.keyboard.press("Enter")
    expect(undone).to_have_text("Undone: Anna Adler: Not marked")
    roll.is_shown("Anna Adler", None)
    roll.is_shown("Bea Berg", "Excused")
    roll.says("Saved")
    expect(roll.button("Undo")).to_be_disabled()
    expect(roll.button("Undo")).to_be_focused()
    roll.button("Mark the rest present").click()
    expect(undone).to_have_text("")
    roll.button("Undo").click()
    expect(undone).to_have_text("Undone: Anna Adler, Carl Conrad, Dora Dreyer, …")


def test_before_marking_begins_clients_can_be_excused_alone(club: Club, opened: Opens) -> None:
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    lesson = club.lesson("Anna Adler", "Bea Berg", on=tomorrow)
    roll = opened(lesson)
    expect(roll.page.get_by_text("Until then clients can be excused.")).to_be_visible()
    for status in ("Present", "Late", "Absent"):
        expect(roll.radio("Anna Adler", status)).to_be_disabled()
    expect(roll.button("Mark the rest present")).to_be_disabled()
    roll.taps("Anna Adler", "Excused")
    roll.says("Saved")
    anna = roll.page.get_by_role("listitem").filter(has_text="Anna Adler")
    anna.get_by_text("More").click()
    anna.get_by_label("Note", exact=True).fill("at the seaside")
    anna.get_by_label("Note", exact=True).blur()
    roll.says("Saved")
    assert (lesson.rows["Anna Adler"]["status"], lesson.rows["Anna Adler"]["note"]) == (
        "excused",
        "at the seaside",
    )
    roll.taps("Bea Berg", "Excused")
    roll.says("Saved")
    roll.taps("Bea Berg", "Excused")
    roll.says("Saved")
    assert lesson.statuses["Bea Berg"] is None


def test_a_search_says_whom_it_does_not_show(club: Club, opened: Opens) -> None:
    lesson = club.lesson("Anna Adler")
    for number in range(9):
        club.adds("/clients", name=f"Quentin {number}")
    roll = opened(lesson)
    found = roll.page.get_by_role("list", name="Found")
    roll.page.get_by_label("Add a guest").fill("quentin")
    expect(found.get_by_role("button")).to_have_count(8)
    expect(found).to_contain_text("There are more: type more of the name.")
    found.get_by_role("button").first.click()
    roll.says("Saved")
    roll.page.get_by_label("Add a guest").fill("quentin 0")
    expect(found).to_have_text("Quentin 0 is on the list already.")


def test_a_guest_is_found_and_marked_present(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    roll.page.get_by_label("Add a guest").fill("zoe")
    name = roll.page.get_by_role("list", name="Found").get_by_role("button").first.inner_text()
    roll.page.get_by_role("list", name="Found").get_by_role("button", name=name, exact=True).click()
    roll.is_shown(name, "Present")
    expect(roll.radio(name, "Present")).to_be_focused()
    roll.says("Saved")
    roll.progress("1 of 7")
    assert lesson.rows[name]["guest"] is True
    guest = roll.page.get_by_role("listitem").filter(has_text=name)
    expect(guest.get_by_text("Guest", exact=True)).to_be_visible()


def test_a_pass_that_is_good_until_another_year_is_told_alike_by_page_and_script(
    lesson: Lesson, opened: Opens, club: Club
) -> None:
    price = club.adds("/prices", name="For long", amount="80.00", currency="EUR", valid_months=14)
    today = dt.datetime.now(dt.UTC).date()
    club.adds("/subscriptions", client_id=lesson.guest, price_id=price, starts_on=str(today))
    name = club.office.get(f"/clients/{lesson.guest}").json()["name"]
    roll = opened(lesson)
    roll.page.get_by_label("Add a guest").fill(name)
    roll.page.get_by_role("list", name="Found").get_by_role("button", name=name, exact=True).click()
    roll.says("Saved")
    badge = roll.page.get_by_role("listitem").filter(has_text=name).get_by_text("until")
    expect(badge).to_have_text(re.compile(rf"^until \d+ \w+ ({today.year + 1}|{today.year + 2})$"))
    told = badge.inner_text()
    roll.page.reload()
    expect(badge).to_have_text(told)


def test_the_list_is_sorted_and_shortened(club: Club, opened: Opens) -> None:
    roll = opened(club.lesson("Zora Abel", "Berg, Änne", "Aaron Zabel", "Carl"))
    names = roll.page.get_by_role("list", name="Clients").locator(".name:visible")
    expect(names).to_have_text(["Zora Abel", "Berg, Änne", "Carl", "Aaron Zabel"])
    roll.page.get_by_role("radio", name="First name").check()
    expect(names).to_have_text(["Carl", "Aaron Zabel", "Berg, Änne", "Zora Abel"])
    roll.taps("Carl", "Present")
    roll.page.get_by_label("Unmarked only").check()
    expect(names).to_have_text(["Aaron Zabel", "Berg, Änne", "Zora Abel"])
    roll.taps("Aaron Zabel", "Absent")
    roll.says("Saved")
    expect(names).to_have_text(["Aaron Zabel", "Berg, Änne", "Zora Abel"])
    roll.page.reload()
    expect(names).to_have_text(["Carl", "Aaron Zabel", "Berg, Änne", "Zora Abel"])


def test_it_is_done_by_keyboard(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    keyboard = roll.page.keyboard
    roll.radio("Anna Adler", "Present").focus()
    keyboard.press("Space")
    roll.is_shown("Anna Adler", "Present")
    keyboard.press("ArrowRight")
    keyboard.press("ArrowRight")
    roll.is_shown("Anna Adler", "Absent")
    expect(roll.radio("Anna Adler", "Absent")).to_be_focused()
    keyboard.press("Space")
    roll.is_shown("Anna Adler", None)
    keyboard.press("Space")
    roll.is_shown("Anna Adler", "Absent")
    keyboard.press("Delete")
    roll.is_shown("Anna Adler", None)
    keyboard.press("ArrowRight")
    roll.is_shown("Anna Adler", "Excused")
    roll.says("Saved")
    assert lesson.statuses["Anna Adler"] == "excused"


def test_a_refusal_is_told_and_nothing_is_thrown_away(club: Club, opened: Opens) -> None:
    lesson = club.lesson()
    roll = opened(lesson)
    group = club.office.get(f"/lessons/{lesson.id}/attendance").json()["group_id"]
    path = f"/groups/{group}/lessons/{lesson.id}"
    assert club.office.put(path, json={"state": "cancelled", "reason": "storm"}).status_code == 200
    roll.taps("Anna Adler", "Present")
    roll.says("Not saved: lesson is cancelled")
    roll.is_shown("Anna Adler", "Present")
    roll.page.reload()
    roll.is_shown("Anna Adler", "Present")
    roll.says("Not saved: lesson is cancelled")
    assert club.office.put(path, json={"state": "planned"}).status_code == 200
    roll.button("Try again for Anna Adler").click()
    roll.says("The lesson was changed. Please reload the page.")
    assert lesson.statuses["Anna Adler"] == "present"


def test_a_refused_entry_lets_the_others_go_on(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)

    def refused(route: Route) -> None:
        body = route.request.post_data_json
        places = [n for n, each in enumerate(body["attendances"]) if each["status"] == "late"]
        if not places:
            route.continue_()
            return
        details = [{"field": f"attendances[{n}].note", "message": "is too rude"} for n in places]
        route.fulfill(status=400, json={"error": "malformed request", "details": details})

    roll.page.route(re.compile("/attendance$"), refused)
    roll.taps("Anna Adler", "Late")
    roll.taps("Bea Berg", "Present")
    roll.says("Not saved: is too rude")
    roll.progress("2 of 6")
    assert [*lesson.statuses.values()][:2] == [None, "present"]
    roll.button("Discard what was tapped for Anna Adler").click()
    roll.is_shown("Anna Adler", None)
    roll.progress("1 of 6")


def test_a_phone_whose_clock_is_wrong_marks_all_the_same(lesson: Lesson, opened: Opens) -> None:
    roll = opened(lesson)
    roll.page.clock.install()
    roll.page.evaluate("() => { const now = Date.now; Date.now = () => now() + 3600_000; }")
    roll.taps("Anna Adler", "Present")
    roll.page.clock.run_for(1000)
    roll.says("Saved")
    assert lesson.statuses["Anna Adler"] == "present"


def test_an_early_roll_call_opens_by_itself(browser: Browser, lesson: Lesson) -> None:
    with browser.new_context(base_url=lesson.service.url, service_workers="block") as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        has_session(page, lesson.service, lesson.teacher)
        page.route(
            f"**{lesson.path}",
            lambda route: route.fulfill(response=(answer := route.fetch()), body=_early(answer.text())),
        )
        page.clock.install()
        page.goto(lesson.path)
        roll = RollCall(page)
        expect(page.locator(".is-live")).to_be_visible()
        expect(roll.radio("Anna Adler", "Present")).to_be_disabled()
        page.clock.fast_forward("02:00:00")
        roll.taps("Anna Adler", "Present")
        page.clock.run_for(1000)
        roll.says("Saved")


def _early(html: str) -> str:
    at = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    return html.replace('data-state="', f'data-why-not="early" data-starts-at="{at}" data-state="')


def test_two_tabs_show_the_same(lesson: Lesson, opened: Opens) -> None:
    one, other = opened(lesson), opened(lesson)
    one.taps("Anna Adler", "Present")
    other.is_shown("Anna Adler", "Present")
    one.says("Saved")
    other.progress("1 of 6")
    other.taps("Anna Adler", "Late")
    one.is_shown("Anna Adler", "Late")
    other.says("Saved")
    one.taps("Anna Adler", "Late")
    one.says("Saved")
    other.is_shown("Anna Adler", None)
    assert lesson.statuses["Anna Adler"] is None


@pytest.mark.attacks
def test_what_is_meant_to_be_anothers_is_refused(club: Club, lesson: Lesson, opened: Opens) -> None:
    """A page that somebody left open, on a phone where somebody else signs in."""
    roll = opened(lesson)
    stop = meets(roll.page, "**/attendance", lambda route: route.abort())
    roll.taps("Anna Adler", "Present")
    roll.says("Offline: 1 waiting")
    stop()
    opened(club.lesson())
    roll.taps("Bea Berg", "Late")
    roll.says("Please sign in again")
    assert [*lesson.statuses.values()][:2] == [None, None]
    roll.is_shown("Anna Adler", "Present")


def test_without_scripts_one_form_does_it(browser: Browser, lesson: Lesson) -> None:
    with browser.new_context(base_url=lesson.service.url, java_script_enabled=False) as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        has_session(page, lesson.service, lesson.teacher)
        page.goto(lesson.path)
        roll = RollCall(page)
        roll.radio("Anna Adler", "Late").check()
        page.get_by_role("listitem").filter(has_text="Anna Adler").get_by_label("Minutes late").fill("5")
        page.get_by_label("Add a guest").fill("zoe")
        roll.button("Search").click()
        # what was found stands below all others
        expect(page.get_by_text("Guest", exact=True).first).to_be_in_viewport()
        page.get_by_label("Add a guest").fill("nobody at all")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Nobody is found.")).to_be_in_viewport()
        page.get_by_label("Add a guest").fill("")
        roll.is_shown("Anna Adler", "Late")
        roll.button("Save").click()
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        assert lesson.rows["Anna Adler"]["minutes_late"] == 5
        lesson.office_says(Bea="excused")
        roll.radio("Bea Berg", "Present").check()
        roll.button("Mark the rest present").click()
        expect(page.get_by_role("alert").get_by_role("link", name="Bea Berg")).to_be_visible()
        roll.is_shown("Bea Berg", "Present")
        # what is for who is not marked decides nothing of Bea
        roll.button("Mark the rest present").click()
        expect(page.get_by_role("alert").get_by_role("link", name="Bea Berg")).to_be_visible()
        roll.is_shown("Bea Berg", "Present")
        assert lesson.statuses["Bea Berg"] == "excused"
        roll.button("Save").click()
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        roll.button("Mark the rest present").click()
        expect(page.get_by_text("6 of 6")).to_be_visible()
    assert [*lesson.statuses.values()] == ["late", *["present"] * 5]
