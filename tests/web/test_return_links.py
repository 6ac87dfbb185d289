"""Where a page that refuses leads on to, what it says was changed meanwhile, and how a form is sent again."""

import re
from itertools import product
from urllib.parse import unquote

import pytest

from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.navigation import ENTRIES, LABS, Entry
from attendance.adapters.web.server.refusals.edit_conflicts import Merged, ShownForm, form_of, merged
from attendance.adapters.web.server.refusals.return_links import ReturnLinks
from attendance.domain.accounts.accounts import Language
from attendance.domain.errors import Conflict, Outdated, Unavailable
from tests.http.api import UNKNOWN_ID, Api
from tests.http.test_general_rules import Fragile, fragile, fragile_application
from tests.web.registry import Forms, declared
from tests.web.visitors import BY_OUR_PAGE, leads_to, shown, signed_in, with_session

__all__ = ["fragile", "fragile_application"]

LAB = f"{LABS}/{UNKNOWN_ID}"


@pytest.mark.parametrize(
    ("method", "path", "status", "back"),
    [
        ("GET", LAB, 404, LABS),
        ("GET", LAB, 503, LABS),
        ("GET", f"{LAB}/members/{UNKNOWN_ID}", 403, LABS),
        ("GET", f"{LAB}/members/{UNKNOWN_ID}", 400, LAB),
        ("POST", f"{LAB}/join", 409, LAB),
        ("POST", f"{LAB}/join", 404, LABS),
        ("POST", f"{LAB}/marks/{UNKNOWN_ID}/delete", 409, LAB),
        ("POST", f"{LAB}/marks/{UNKNOWN_ID}/delete", 404, LABS),
        ("POST", LABS, 503, LABS),
        ("GET", LABS, 503, None),
        ("GET", f"{LABS}/new", 503, LABS),
        ("GET", "/app/nothing", 404, None),
        ("GET", "/app/a/b/c", 404, None),
        ("GET", "/", 503, None),
        ("POST", "/app/account/password", 503, "/app/account/password"),
    ],
)
def test_one_goes_back_to_the_nearest_page_that_can_be_seen(
    method: str, path: str, status: int, back: str | None
) -> None:
    return_links = ReturnLinks(declared().values())
    assert return_links.of(path, method=method, status=status, entries=ENTRIES) == back


def test_nobody_is_led_to_a_list_that_is_not_theirs() -> None:
    without_labs: list[Entry] = [entry for entry in ENTRIES if entry.path != LABS]
    return_links = ReturnLinks(declared().values())
    assert return_links.of(LAB, method="GET", status=404, entries=without_labs) is None


SENT_ALONE = sorted(
    {page.path for page in declared().values() if page.method == "POST"}
    - {page.path for page in declared().values() if page.method == "GET"}
)


def test_an_address_that_a_form_is_sent_to_leads_to_the_page_of_the_form(memory: Api) -> None:
    return_links, ada = ReturnLinks(declared().values()), signed_in(memory)
    assert len(SENT_ALONE) >= 10
    for path, part in product(SENT_ALONE, (UNKNOWN_ID, "%0D%0Ax%3A%20y", "%F0%9F%8E%88")):
        address = re.sub("{[^}]*}", part, path)
        answer = ada.opens(address)
        assert (address, answer.status_code) == (address, 303)
        back = answer.headers["location"]
        assert address.startswith(back)
        assert return_links.is_page(unquote(back))


# What was changed meanwhile


@pytest.mark.parametrize("part", ["%00", "%3F%23", "%22%3E", "%F0%9F%8E%88"])
def test_a_way_back_leads_to_where_it_was_whatever_is_in_its_path(memory: Api, part: str) -> None:
    """A NUL makes no proper HTML, and a question mark would begin a query."""
    path = f"/app/account/sessions/{part}"
    refused = signed_in(memory)._asks("POST", path, BY_OUR_PAGE, data={"x": ["twice", "twice"]})
    assert refused.status_code == 400
    assert path in shown(refused).links


@pytest.mark.slow
def test_whoever_was_late_is_told_what_is_stored_now(memory: Api) -> None:
    ada = signed_in(memory, username="ada", name="Ada")
    old = shown(ada.opens("/app/account")).values["version"] or ""
    ada.sends("/app/account", name="Adele", language="de", version=old)
    late = ada.sends("/app/account", name="Ida", language="ru", version=old)
    assert late.status_code == 412
    page = shown(late)
    assert {"jetzt: Adele", "jetzt: Deutsch"} <= {*page.texts}
    assert page.values["name"] == "Ida"
    same = ada.sends("/app/account", name="Adele", language="de", version=old)
    assert not any("jetzt:" in text for text in shown(same).texts)


PATH = "/app/things/1"
ALIKE = "Begins"


def page_of(name: str, note: str, kind: str, size: str, is_open: str, *times: str) -> str:
    options = "".join(
        f"<option value={each}{' selected' * (each == kind)}>Kind <b>{each}</b></option>" for each in "ab"
    )
    radios = "".join(
        f"<label><input type=radio name=size value={each}{' checked' * (each == size)}> Size {each}</label>"
        for each in "ab"
    )
    rows = "".join(
        f"<fieldset><legend>Time {number + 1}</legend><label for=starts-{number}>{ALIKE}</label>"
        f'<input type=time id=starts-{number} name=starts-{number} value="{time}"></fieldset>'
        for number, time in enumerate(times)
    )
    return f"""
        <form method="post" action="{PATH}">
        <input type="hidden" name="version" value="1">
        <label for="name">Name</label><input id="name" name="name" value="{name}">
        <label for="note">Note</label><textarea id="note" name="note">\n{note}</textarea>
        <label for="kind">Kind</label><select id="kind" name="kind">{options}</select>
        <fieldset><legend>Size</legend>{radios}</fieldset>
        <label><input type="checkbox" name="open" value="yes"{is_open}> Open</label>{rows}
        <label for="secret">Secret</label><input id="secret" name="secret" type="password" value="{name}">
        </form>
    """


def sent_of(html: str, **typed: str) -> Typed:
    """What a browser sends of a page, with some fields typed anew."""
    form = form_of(html, PATH)
    assert form is not None
    values = {name: each.value for name, each in form.fields.items() if each.value or not each.is_box}
    return Typed(values | {"version": "1", "was": form.hashes} | typed)


def stored_as(html: str) -> ShownForm:
    form = form_of(html, PATH)
    assert form is not None
    return form


def test_a_field_that_was_not_touched_takes_what_is_stored() -> None:
    sent = sent_of(page_of("a", "x\ny", "a", "a", " checked"), note="x\r\ny", name="mine")
    found = merged(sent, stored_as(page_of("a", "other", "b", "b", "")))
    kept = {name: text for name, text in found.typed.items() if name != "version"}
    assert kept == {"name": "mine", "note": "other", "kind": "b", "size": "b"}
    assert found.changed == ["Note", "Kind", "Size", "Open"]
    assert (found.both, found.undone) == ({}, [])


def test_a_field_that_both_have_changed_keeps_what_was_typed() -> None:
    sent = sent_of(page_of("a", "", "a", "a", ""), name="mine", kind="b", size="b", open="yes", note="same")
    found = merged(sent, stored_as(page_of("theirs", "same", "a", "a", "")))
    assert (found.typed["name"], found.typed["kind"], found.typed["open"]) == ("mine", "b", "yes")
    assert {name: each.shown for name, each in found.both.items()} == {"name": "theirs"}
    assert found.changed == []


def test_without_what_was_everything_that_was_typed_is_kept_and_said() -> None:
    sent = Typed(name="mine", kind="a", version="1")
    found = merged(sent, stored_as(page_of("theirs", "", "b", "a", "")))
    assert (found.typed["name"], found.typed["kind"]) == ("mine", "a")
    assert {name: (each.label, each.shown) for name, each in found.both.items()} == {
        "name": ("Name", "theirs"),
        "kind": ("Kind", "Kind b"),
    }


def rows_of(found: Merged) -> list[str]:
    """What the rows hold, those that are empty too."""
    return [text for name, text in sorted(found.typed.items()) if name.startswith("starts")]


def test_rows_are_found_again_by_what_they_are_wherever_they_stand() -> None:
    before = page_of("a", "", "a", "a", "", "09:00", "10:00", "11:00", "", "")
    sent = sent_of(before, **{"starts-1": "10:30", "starts-3": "15:00"}, name="mine")
    # another has put one before it, and taken one away
    found = merged(sent, stored_as(page_of("a", "", "a", "a", "", "08:00", "09:00", "10:00", "", "")))
    assert rows_of(found) == ["08:00", "09:00", "10:30", "15:00", ""]
    assert found.typed["name"] == "mine"
    assert found.changed == [f"Time 1, {ALIKE}: 08:00", "11:00: –"]
    assert (found.both, found.undone) == ({}, [])


def test_what_was_typed_into_a_row_that_is_gone_is_told() -> None:
    before = page_of("a", "", "a", "a", "", "09:00", "10:00", "")
    sent = sent_of(before, **{"starts-0": "09:30", "starts-1": ""})
    found = merged(sent, stored_as(page_of("a", "", "a", "a", "", "08:00", "")))
    assert rows_of(found) == ["08:00", ""]
    assert found.changed == [f"Time 1, {ALIKE}: 08:00"]
    # what both have taken away is gone
    assert found.undone == [(f"Time 1, {ALIKE}", "09:30")]


def test_a_row_that_both_have_added_is_there_once() -> None:
    sent = sent_of(page_of("a", "", "a", "a", "", "09:00", "", ""), **{"starts-1": "10:00"})
    found = merged(sent, stored_as(page_of("a", "", "a", "a", "", "09:00", "10:00", "")))
    assert rows_of(found) == ["09:00", "10:00", ""]


def test_a_form_that_does_not_say_what_was_in_its_rows_shows_them_as_they_are_stored() -> None:
    sent = sent_of(page_of("a", "", "a", "a", "", "10:30", ""), was="")
    found = merged(sent, stored_as(page_of("a", "", "a", "a", "", "08:00", "")))
    assert rows_of(found) == []
    assert (found.changed, found.undone) == (
        [f"Time 1, {ALIKE}: 08:00"],
        [(f"Time 1, {ALIKE}", "10:30")],
    )


def test_rows_that_nobody_else_changed_stay_as_they_were_typed() -> None:
    sent = sent_of(page_of("a", "", "a", "a", "", "09:00", ""), **{"starts-1": "10:30"})
    found = merged(sent, stored_as(page_of("b", "", "a", "a", "", "09:00", "")))
    assert (found.typed["starts-0"], found.typed["starts-1"]) == ("09:00", "10:30")
    assert (found.typed["name"], found.changed, found.undone) == ("b", ["Name"], [])


def times_of(*rows: tuple[str, str, str], key: str = "day starts", fixed: str = "") -> str:
    """A form of rows of a day, a start and an end."""
    fields = "".join(
        f'<fieldset data-key="{key}" data-fixed="{fixed}"><legend>Time {number + 1}</legend>'
        + "".join(
            f'<label for="{name}-{number}">{name.title()}</label>'
            f'<input id="{name}-{number}" name="{name}-{number}" value="{value}">'
            for name, value in zip(("day", "starts", "ends"), row, strict=True)
        )
        + "</fieldset>"
        for number, row in enumerate(rows)
    )
    return (
        f'<form method="post" action="{PATH}"><input type="hidden" name="version" value="1">{fields}</form>'
    )


EMPTY = ("", "", "")


def test_a_row_that_both_have_changed_keeps_both_and_tells_only_what_changed() -> None:
    before = times_of(("3", "15:00", "17:30"), ("3", "18:00", "19:00"), EMPTY)
    sent = sent_of(before, **{"ends-0": "18:00"})
    # what it is found again by has changed, and its place with it
    found = merged(
        sent, stored_as(times_of(("2", "09:00", "10:00"), ("3", "15:30", "17:30"), ("3", "18:00", "19:00")))
    )
    assert (found.typed["starts-1"], found.typed["ends-1"]) == ("15:30", "18:00")
    assert found.changed == [
        "Time 1, Day: 2",
        "Time 1, Starts: 09:00",
        "Time 1, Ends: 10:00",
        "Time 2, Starts: 15:30",
    ]
    assert (found.both, found.undone) == ({}, [])


def test_a_row_of_which_most_is_another_is_not_the_same() -> None:
    sent = sent_of(times_of(("3", "15:00", "17:30"), EMPTY), **{"ends-0": "18:00"})
    found = merged(sent, stored_as(times_of(("3", "09:00", "10:00"), EMPTY)))
    assert found.typed["ends-0"] == "10:00"
    assert found.undone == [("Time 1, Ends", "18:00")]


def test_a_row_with_another_in_the_field_that_is_fixed_is_not_the_same() -> None:
    before = times_of(("anna", "2026-01-05", ""), EMPTY, fixed="day")
    sent = sent_of(before, **{"ends-0": "2026-12-31"})
    found = merged(sent, stored_as(times_of(("bert", "2026-01-05", ""), EMPTY, fixed="day")))
    assert (found.typed["day-0"], found.typed["ends-0"]) == ("bert", "")
    assert found.undone == [("Time 1, Ends", "2026-12-31")]


# What is refused for now


def test_a_form_that_nothing_shows_again_is_sent_again_as_it_was(fragile: Fragile) -> None:
    owner, member = fragile.api.having(), fragile.api.having()
    lab = owner.opens_lab()
    anna = with_session(fragile.api, member)
    fragile.errors["join_lab"] = Unavailable()
    refused = anna.sends(f"{LABS}/{lab.id}/join", by=None, note="<b>\nü")
    page = shown(refused)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    again = {"account": member.id, "note": "<b>\nü"}
    assert Forms(refused.text).found[f"{LABS}/{lab.id}/join"] == again
    assert f"{LABS}/{lab.id}" in page.links
    fragile.errors.clear()
    assert leads_to(anna.sends(f"{LABS}/{lab.id}/join")) == f"{LABS}/{lab.id}?notice=joined"


def test_a_password_is_on_no_page_that_sends_again(fragile: Fragile) -> None:
    ada = signed_in(fragile.api)
    fragile.errors["show_user"] = Unavailable()
    refused = ada.sends("/app/account/password", current_password="secret word", new_password="another one")
    assert refused.status_code == 503
    assert "secret word" not in refused.text
    assert "/app/account/password" not in Forms(shown(refused) and refused.text).found


@pytest.mark.parametrize(
    ("error", "status"), [(Conflict("three lessons are planned"), 409), (Outdated(), 412)]
)
def test_a_refusal_says_why_and_leads_back(fragile: Fragile, error: Exception, status: int) -> None:
    anna = signed_in(fragile.api)
    fragile.errors["join_lab"] = error
    refused = anna.sends(f"{LAB}/join")
    page = shown(refused)
    assert refused.status_code == status
    assert {str(error), "Nothing was changed. Look at how it is now, then decide."} <= {*page.texts}
    assert LAB in page.links
    assert "Try again" not in page.texts


@pytest.mark.parametrize("language", [Language.DE, Language.RU])
def test_pages_that_refuse_are_in_the_language(fragile: Fragile, language: Language) -> None:
    anna = signed_in(fragile.api, language=language)
    for error in (Conflict(), Outdated(), Unavailable()):
        fragile.errors["join_lab"] = error
        texts = {*shown(anna.sends(f"{LAB}/join")).texts}
        english = {"Go back", "Nothing was changed.", "Try again", "Back to the start", str(error)}
        assert texts & english == set()
