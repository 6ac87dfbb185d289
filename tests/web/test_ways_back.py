"""Where a page that refuses leads on to, what it says was changed meanwhile, and how a form is sent again."""

import pytest

from attendance.adapters.web.server.navigation import ENTRIES, LABS, Entry
from attendance.adapters.web.server.refusals.meanwhile import stored_instead
from attendance.adapters.web.server.refusals.ways_back import WaysBack
from attendance.domain.accounts.accounts import Language
from attendance.domain.errors import Conflict, Outdated, Unavailable
from tests.http.api import UNKNOWN_ID, Api
from tests.http.test_general_rules import Fragile, fragile, fragile_application
from tests.web.registry import Forms, declared
from tests.web.visitors import leads_to, shown, signed_in, with_session

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
    ways_back = WaysBack(declared().values())
    assert ways_back.of(path, method=method, status=status, entries=ENTRIES) == back


def test_nobody_is_led_to_a_list_that_is_not_theirs() -> None:
    without_labs: list[Entry] = [entry for entry in ENTRIES if entry.path != LABS]
    ways_back = WaysBack(declared().values())
    assert ways_back.of(LAB, method="GET", status=404, entries=without_labs) is None


# What was changed meanwhile


def test_whoever_was_late_is_told_what_is_stored_now(memory: Api) -> None:
    ada = signed_in(memory, username="ada", name="Ada")
    old = shown(ada.opens("/app/account")).values["version"] or ""
    ada.sends("/app/account", name="Adele", language="de", version=old)
    late = ada.sends("/app/account", name="Ida", language="ru", version=old)
    assert late.status_code == 412
    assert {"Name – jetzt: Adele", "Sprache – jetzt: Deutsch"} <= {*shown(late).texts}
    assert shown(late).values["name"] == "Ida"
    same = ada.sends("/app/account", name="Adele", language="de", version=old)
    assert not any("jetzt:" in text for text in shown(same).texts)


def test_what_is_stored_is_told_of_each_kind_of_field() -> None:
    def page(name: str, note: str, chosen: str, ticked: str, is_open: str) -> str:
        options = "".join(
            f"<option value={each}{' selected' * (each == chosen)}>Kind <b>{each}</b></option>"
            for each in "ab"
        )
        radios = "".join(
            f"<label><input type=radio name=size{' checked' * (each == ticked)}> Size {each}</label>"
            for each in "ab"
        )
        return f"""
            <label for="name">Name</label><input id="name" name="name" value="{name}">
            <label for="note-1">Note</label><textarea id="note-1" name="note">\n{note}</textarea>
            <label for="kind">Kind</label><select id="kind" name="kind">{options}</select>
            <fieldset><legend>Size</legend>{radios}</fieldset>
            <label><input type="checkbox" name="open" value="yes"{is_open}> Open</label>
            <input type="hidden" name="version" value="{name}">
            <label for="secret">Secret</label><input id="secret" name="secret" type="password" value="{name}">
        """

    typed, stored = page("a", "b", "a", "a", ""), page("b", "", "b", "b", " checked")
    assert [*stored_instead(typed, typed)] == []
    assert [*stored_instead(typed, stored)] == [
        {"field": "Name", "value": "b"},
        {"field": "Note", "value": ""},
        {"field": "Kind", "value": "Kind b"},
        {"field": "Size", "value": "Size b"},
        {"field": "Open", "value": "✓"},
    ]


# What is refused for now


def test_a_form_that_nothing_shows_again_is_sent_again_as_it_was(fragile: Fragile) -> None:
    owner, member = fragile.api.having(), fragile.api.having()
    lab = owner.opens_lab()
    anna = with_session(fragile.api, member)
    fragile.errors["join_lab"] = Unavailable()
    refused = anna.sends(f"{LABS}/{lab.id}/join", by=None, note="<b>\nü")
    page = shown(refused)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert Forms(refused.text).found[f"{LABS}/{lab.id}/join"] == {"note": "<b>\nü"}
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
