"""A form is sent by the account that it was shown to, and by nobody who signs in on the device after it."""

import re

import pytest

from attendance.adapters.web.server.forms import Sent, Typed
from attendance.domain.errors import Unavailable
from attendance.domain.permissions.roles import Role
from tests.http.api import Api, running
from tests.http.operations import Scene
from tests.http.test_general_rules import Fragile, fragile, fragile_application
from tests.web.registry import TABLE, Forms, path_with, scene_of, stored, things_of
from tests.web.visitors import BY_OUR_PAGE, Visitor, leads_to, shown, signed_in, visitor, with_session

__all__ = ["fragile", "fragile_application"]

ACCOUNT, ITS_OWN_PATH = "/app/account", ""


def form_kept(memory: Api) -> tuple[Visitor, dict[str, str], str | None]:
    """A device on which Ada typed a name, which waits there as she is signed out; and a session of hers."""
    device = signed_in(memory, username="ada", name="Ada")
    form = Forms(device.opens(ACCOUNT).text).found[ACCOUNT]
    session, device.cookie = device.cookie, None
    kept = device.sends(ACCOUNT, **form | {"name": "Ada Byron"})
    assert (kept.status_code, "You are signed out" in shown(kept).texts) == (401, True)
    return device, Forms(kept.text).found[ITS_OWN_PATH], session


def name_of(device: Visitor) -> str | None:
    return shown(device.opens(ACCOUNT)).values["name"]


def test_what_one_typed_is_not_sent_by_who_signs_in_after(memory: Api) -> None:
    device, kept, of_ada = form_kept(memory)
    device.cookie = signed_in(memory, username="bob", name="Bob").cookie
    before = stored(memory)
    refused = device.sends(ACCOUNT, **kept)
    texts = shown(refused).texts
    assert (refused.status_code, refused.headers["x-error-code"]) == (401, "somebody_else")
    assert {"Somebody else is signed in", "Signed in now: Bob"} <= {*texts}
    assert stored(memory) == before
    assert name_of(device) == "Bob"
    # whoever typed it has lost nothing, however often somebody else tries
    again = Forms(refused.text).found[ITS_OWN_PATH]
    assert again == kept
    device.cookie = of_ada
    assert leads_to(device.sends(ACCOUNT, **again)) == f"{ACCOUNT}?notice=saved"
    assert name_of(device) == "Ada Byron"


@pytest.mark.parametrize("account", ["\0", "a\ufffe", '"><script>'])
def test_whoever_a_form_says_that_it_is_of_the_page_is_html(memory: Api, account: str) -> None:
    device = signed_in(memory, username="ada", name="Ada")
    form = Forms(device.opens(ACCOUNT).text).found[ACCOUNT]
    refused = device.sends(ACCOUNT, **form | {"account": account})
    assert (refused.status_code, "Somebody else is signed in" in shown(refused).texts) == (401, True)


@pytest.mark.plants
def test_where_nobody_looks_whose_it_is_it_is_seen_to_be_sent_by_somebody_else(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "attendance.adapters.web.server.pages.of_itself",
        lambda form: (Typed({name: text for name, text in form.items() if name != "account"}), Sent()),
    )
    device, kept, _ = form_kept(memory)
    device.cookie = signed_in(memory, username="bob", name="Bob").cookie
    kept |= {"version": Forms(device.opens(ACCOUNT).text).found[ACCOUNT]["version"]}
    device.sends(ACCOUNT, **kept)
    assert name_of(device) == "Ada Byron"


def test_a_page_that_is_left_over_does_nothing_for_who_signs_in_after(memory: Api) -> None:
    """Without a session that ends, too: nothing is typed with passwords, or with a button alone."""
    scene = scene_of(memory)
    owner, clerk = with_session(memory, scene.owner), with_session(memory, scene.clerk)
    for path, at in (
        (f"/app/clients/{scene.client_id}/archive", f"/app/clients/{scene.client_id}/archive"),
        ("/app/sign-out/everywhere", "/app/sign-out/everywhere"),
        ("/app/account/password", ACCOUNT),
    ):
        form = Forms(owner.opens(at).text).found[path]
        before = stored(memory)
        refused = clerk.sends(path, **form)
        assert (refused.status_code, refused.headers["x-error-code"]) == (401, "somebody_else")
        assert path not in Forms(refused.text).found
        assert stored(memory) == before
    assert clerk.opens(ACCOUNT).status_code == 200


def test_whoever_presses_sign_out_is_signed_out_whoever_the_page_was_opened_by(memory: Api) -> None:
    ada, bob = signed_in(memory), signed_in(memory)
    form = Forms(ada.opens(ACCOUNT).text).found["/app/sign-out"]
    assert leads_to(bob.sends("/app/sign-out", **form)) == "/"
    assert bob.cookie is None
    assert ada.opens(ACCOUNT).status_code == 200


def unsaid(person: Visitor, account: str, scene: Scene) -> set[str]:
    """Pages of the table with a form that does not say that it was shown to an account."""
    things = things_of(scene)
    found = set()
    for name, row in TABLE.items():
        method, _, path = name.partition(" ")
        if method != "GET" or row.is_done_by_reading:
            continue
        answered = person.opens(path_with(path, things, row.ids))
        forms = re.findall('<form[^>]*method="post".*?</form>', answered.text, re.DOTALL)
        said = f'<input type="hidden" name="account" value="{account}">'
        if any(form.count(said) != 1 or form.count('name="account"') != 1 for form in forms):
            found.add(name)
    return found


@pytest.mark.slow
def test_every_form_of_every_page_says_whom_it_was_shown_to(memory: Api) -> None:
    scene = scene_of(memory)
    for person in (scene.owner, scene.clerk):
        assert unsaid(with_session(memory, person), person.id, scene) == set()
    assert 'name="account"' not in visitor(memory).opens("/app/sign-in").text


@pytest.mark.plants
def test_a_form_that_does_not_say_it_is_seen(memory: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.adapters.web.server.pages.with_account", lambda html, _: html)
    scene = scene_of(memory)
    assert f"GET {ACCOUNT}" in unsaid(with_session(memory, scene.owner), scene.owner.id, scene)


# With nothing typed


def test_whoever_only_pressed_a_button_signs_in_and_goes_back_to_its_page(memory: Api) -> None:
    scene = scene_of(memory)
    owner = with_session(memory, scene.owner)
    path = f"/app/labs/{scene.lab.id}"
    buttons = {
        f"/app/clients/{scene.client_id}/archive": f"/app/clients/{scene.client_id}/archive",
        f"/app/office/role-changes/{scene.awaiting['reject']}/reject": "/app/office/role-changes",
        f"{path}/marks/{scene.mark_id}/delete": path,
    }
    session = owner.cookie
    for action, at in buttons.items():
        owner.cookie = session
        form = Forms(owner.opens(at).text).found[action]
        assert form["untyped"] == "yes"
        owner.cookie = None
        before = stored(memory)
        page = shown(owner.opens(leads_to(owner.sends(action, by=sent_from(at), **form))))
        assert page.values["next"] == at
        assert "You are signed out, and nothing was changed. Sign in, then do it again." in page.texts
        # a browser may say nothing of the page, or something that none of ours is: the nearest one then
        for by in (BY_OUR_PAGE, sent_from("/app/nothing/here"), sent_from("//evil.example")):
            page = shown(owner.opens(leads_to(owner.sends(action, by=by, **form))))
            assert page.values["next"] == (action if at == "/app/office/role-changes" else at)
        assert stored(memory) == before


def sent_from(page: str) -> dict[str, str]:
    """What a browser says of a form on this page."""
    return BY_OUR_PAGE | {"referer": f"http://example.org{page}"}


def test_what_was_asked_of_the_page_with_the_button_is_asked_again(memory: Api) -> None:
    """What is to be sold was chosen on the page before: its fields are hidden, and its address has them."""
    scene = scene_of(memory)
    owner = with_session(memory, scene.owner)
    path = f"/app/clients/{scene.client_id}/passes/sell"
    at = leads_to(owner.opens(f"{path}?price_id={scene.price_id}"))
    form = Forms(owner.opens(at).text).found[path]
    session, owner.cookie = owner.cookie, None
    page = shown(owner.opens(leads_to(owner.sends(path, by=sent_from(at), **form))))
    assert page.values["next"] == at
    owner.cookie = session
    assert Forms(owner.opens(at).text).found[path] == form


@pytest.mark.slow
def test_the_page_with_the_button_is_found_below_a_path_too() -> None:
    with running(base_url="http://example.org/club") as api:
        answered = visitor(api).sends(
            "/app/account/calendar", by=sent_from("/club/app/account"), untyped="yes"
        )
        assert leads_to(answered) == "/club/app/sign-in?next=%2Fapp%2Faccount&notice=again"


def test_a_form_that_is_sent_again_later_stays_with_the_account(fragile: Fragile) -> None:
    ada = signed_in(fragile.api, username="ada", name="Ada")
    form = Forms(ada.opens(ACCOUNT).text).found[ACCOUNT] | {"name": "Ada Byron"}
    fragile.errors["actor_of"] = Unavailable()
    again = Forms(ada.sends(ACCOUNT, **form).text).found[ACCOUNT]
    fragile.errors.clear()
    assert again == form
    assert signed_in(fragile.api, Role.OWNER).sends(ACCOUNT, **again).status_code == 401
    assert leads_to(ada.sends(ACCOUNT, **again)) == f"{ACCOUNT}?notice=saved"
