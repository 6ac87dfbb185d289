"""What pages of other sites can do with every page of this one: show it, and nothing else."""

import pytest

from attendance.adapters.http.server.callers.cookies import SessionCookie
from attendance.adapters.web.server.pages import policy
from tests.examples import some
from tests.http.api import CLUB, Api
from tests.http.operations import Scene
from tests.web.registry import (
    TABLE,
    Request,
    declared,
    own_things_of,
    request_of,
    scene_of,
    stored,
    things_of,
)
from tests.web.visitors import BY_OUR_PAGE, shown, with_session

FORMS = [name for name in TABLE if name.startswith("POST") and "{path" not in name]
READ = [name for name in TABLE if name.startswith("GET") and not TABLE[name].is_done_by_reading]
ELSEWHERE: list[dict[str, str]] = [
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "origin": "https://evil.example"},
    {"sec-fetch-site": "same-site", "origin": "http://evil.testserver"},
    {"sec-fetch-site": "none"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site", "x-requested-with": "attendance"},
]
"""What browsers say of forms that pages of other sites send, or none."""
PICTURE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def asked_by_the_owner(scene: Scene, name: str) -> Request:
    """The request of a page with what is the owner's, as its form stands on our page."""
    owner = scene.owner
    things = things_of(scene) | {"session_id": own_things_of(scene, owner)["session_id"]}
    return request_of(name, things, with_session(scene.api, owner))


def changed_by_forms_of_elsewhere(api: Api, name: str) -> list[dict[str, str]]:
    """By what is said of where it comes from, each that is taken or changes something."""
    scene = scene_of(api)
    request = asked_by_the_owner(scene, name)
    owner = with_session(api, scene.owner)
    before, taken = stored(api), []
    for said in ELSEWHERE:
        answered = request.by(owner, **said)
        is_refused = (answered.status_code, answered.headers.get("x-error-code")) == (403, "from_elsewhere")
        if not is_refused or stored(api) != before or "set-cookie" in answered.headers:
            taken.append(said)
        else:
            shown(answered, has_scripts=declared()[name].has_scripts)
    return taken


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_a_form_of_elsewhere_is_refused_and_changes_nothing(memory: Api, name: str) -> None:
    assert changed_by_forms_of_elsewhere(memory, name) == []


@pytest.mark.plants
@pytest.mark.parametrize("name", ["POST /app/account", "POST /app/labs"])
def test_a_form_of_elsewhere_is_seen_where_nobody_minds(
    memory: Api, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(SessionCookie, "is_asked_by_a_page", lambda *_: True)
    assert ELSEWHERE[0] in changed_by_forms_of_elsewhere(memory, name)


@pytest.mark.parametrize("name", READ)
@pytest.mark.attacks
def test_a_link_or_a_picture_of_elsewhere_changes_nothing(memory: Api, name: str) -> None:
    scene = scene_of(memory)
    request = asked_by_the_owner(scene, name)
    owner = with_session(memory, scene.owner)
    before = stored(memory)
    for said in (LINK, PICTURE):
        answered = request.by(owner, **said)
        assert "set-cookie" not in answered.headers
        assert stored(memory) == before
    ours = request.by(owner, **BY_OUR_PAGE)
    # what is shown is shown wherever the link was
    assert (request.by(owner, **LINK).status_code, request.by(owner, **LINK).text) == (
        ours.status_code,
        ours.text,
    )


def test_nobody_is_signed_out_by_a_picture(memory: Api) -> None:
    scene = scene_of(memory)
    owner = with_session(memory, scene.owner)
    for path in (
        "/app/sign-out",
        "/app/sign-out/everywhere",
        f"{CLUB}/auth/logout",
        f"{CLUB}/auth/logout?all=true",
    ):
        owner.opens(path, **PICTURE)
    assert owner.opens("/app/account").status_code == 200


@pytest.mark.parametrize("name", some(TABLE))
def test_every_answer_has_its_policy(memory: Api, name: str) -> None:
    """However somebody is answered: shown it, sent to sign in, or refused."""
    scene = scene_of(memory)
    request = asked_by_the_owner(scene, name)
    has_scripts = declared()[name].has_scripts
    for person in (with_session(memory, scene.stranger), with_session(memory, scene.owner)):
        answered = request.by(person)
        said = answered.headers["content-security-policy"]
        assert "unsafe" not in said
        if answered.headers.get("content-type", "").startswith("text/html"):
            assert said == policy(has_scripts=has_scripts).decode()
