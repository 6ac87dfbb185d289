"""`If-Match` and `If-None-Match`: who has seen what, by the tags that answers have."""

import re
from datetime import timedelta
from typing import Any

import pytest

from attendance.adapters.http.club.lessons import LessonView
from attendance.adapters.http.club.subscriptions import SubscriptionView
from attendance.adapters.http.server.answers import RevisionView
from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, Api, Person, answer, good, refusal
from tests.http.operations import Operation, Scene, operations

CHANGED = refusal(412, "changed since you read it")
SHOWN = {
    "show_user", "show_favorites", "show_role_change", "show_client", "show_contract", "show_price",
    "show_location", "show_closures", "show_group", "show_lesson", "show_subscription", "show_sheet",
    "user_calendar", "group_calendar", "client_calendar",
}  # fmt: skip
EDITS = {
    "edit_user", "change_role", "change_active", "replace_favorites", "confirm_role_change",
    "reject_role_change", "withdraw_role_change", "edit_client", "edit_contract", "edit_price",
    "edit_location", "replace_closures", "edit_group", "add_member", "end_member", "edit_lesson",
    "delete_lesson", "edit_subscription", "mark_attendance",
}  # fmt: skip


@pytest.fixture
def scene(memory: Api) -> Scene:
    return Scene.of(memory)


def asks_again(operation: Operation, by: Person, tags: str, method: str = "GET", **headers: str) -> Any:
    query = {name: it for name, it in operation.query.items() if name != "token"}
    return by.asks(method, operation.path, params=query, headers={"if-none-match": tags, **headers})


# If-None-Match


@pytest.mark.slow
def test_whatever_has_a_tag_is_not_sent_again_to_whom_has_it(scene: Scene) -> None:
    tagged = set()
    for name, operation in operations(scene).items():
        if operation.method != "GET" or operation.once:
            continue
        shown = operation.by.asks("GET", operation.path, params=operation.query)
        if "etag" not in shown.headers:
            continue
        tagged.add(name)
        # weak, where it was compressed on its way
        tag = shown.headers["etag"].removeprefix("W/")
        for tags in (tag, f"W/{tag}", f'"x", {tag}', f"{tag},", "*", f" W/{tag} "):
            for method in ("GET", "HEAD"):
                known = asks_again(operation, operation.by, tags, method)
                assert (known.status_code, known.content) == (304, b""), (name, tags)
                assert known.headers["etag"].removeprefix("W/") == tag
                assert {"content-length", "content-type"}.isdisjoint(known.headers), name
                assert known.headers["cache-control"] == shown.headers["cache-control"]
        for other in ('"x"', '"777"', "x", tag.strip('"'), f"w/{tag}", "", f"{tag}x", f'"{tag}"'):
            again = asks_again(operation, operation.by, other)
            assert (again.status_code, again.content) == (200, shown.content), (name, other)
    assert tagged == SHOWN


def test_who_may_not_see_it_is_not_told_that_it_is_the_same(scene: Scene) -> None:
    operation = operations(scene)["show_client"]
    tag = operation.by.asks("GET", operation.path).headers["etag"]
    for tags in (tag, "*"):
        assert asks_again(operation, scene.api.nobody, tags).status_code == 401
        assert asks_again(operation, scene.stranger, tags).status_code == 403
        gone = operation.path.replace(scene.client_id, scene.price_id)
        assert scene.owner.asks("GET", gone, headers={"if-none-match": tags}).status_code == 404
        wrong = scene.owner.asks("GET", operation.path, params={"x": 1}, headers={"if-none-match": tags})
        assert wrong.status_code == 400


def test_what_changed_is_sent_again(scene: Scene) -> None:
    operation = operations(scene)["show_client"]
    tag = operation.by.asks("GET", operation.path).headers["etag"]
    good(scene.owner.puts(f"/clients/{scene.client_id}", phone="1"), 200)
    assert asks_again(operation, operation.by, tag).json()["phone"] == "1"


def test_what_changes_without_an_edit_is_sent_again_and_is_no_edit(scene: Scene) -> None:
    """A pass whose visits are used, a lesson that is held, what ends by itself, clients of one's own."""
    owner, api = scene.owner, scene.api
    priced = {"name": "Eight", "amount": "80.00", "currency": "EUR", "visits": 8}
    price_id = good(owner.posts("/prices", **priced), 201)["id"]
    sale = {"client_id": scene.client_id, "price_id": price_id, "starts_on": "2026-03-01"}
    pass_id = good(owner.posts("/subscriptions", **sale), 201)["id"]
    paths = {
        f"/subscriptions/{pass_id}": lambda: good(
            owner.puts(
                f"/lessons/{scene.held_id}/attendance",
                attendances=[{"client_id": scene.client_id, "status": "present", "subscription_id": pass_id}],
            ),
            200,
        ),
        f"/groups/{scene.group_id}/lessons/{scene.held_id}": lambda: None,
        f"/role_changes/{scene.awaiting['withdraw']}": lambda: api.clock.pass_by(days=8),
        "/users/me": lambda: None,
    }
    tags = {path: owner.reads(path).headers["etag"] for path in paths}
    bodies = {path: good(owner.reads(path), 200) for path in paths}
    assert tags[f"/subscriptions/{pass_id}"] == '"1"'
    for path, change in paths.items():
        change()
        if path.startswith("/role_changes"):
            [owner] = [api.session_of(owner)]
        if path == "/users/me":
            good(owner.puts(f"/clients/{scene.client_id}", user_ids=[owner.id]), 200)
        again = owner.asks("GET", CLUB + path, headers={"if-none-match": tags[path]})
        assert again.status_code == 200, path
        assert good(again, 200) != bodies[path]
        assert again.headers["etag"] != tags[path]
        assert re.fullmatch(rf'"{bodies[path]["version"]}-[a-z0-9_-]+"', again.headers["etag"]), path
        known = owner.asks("GET", CLUB + path, headers={"if-none-match": again.headers["etag"]})
        assert known.status_code == 304
    for seen in (tags[f"/subscriptions/{pass_id}"], "W/" + tags[f"/subscriptions/{pass_id}"]):
        good(owner.puts(f"/subscriptions/{pass_id}", seen, ends_on=None), 200)


@pytest.mark.plants
@pytest.mark.parametrize("view", [SubscriptionView, LessonView])
def test_what_changes_without_an_edit_is_seen_to_be_missed_by_its_version_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, view: type[RevisionView]
) -> None:
    monkeypatch.setattr(view, "beside_version", RevisionView.beside_version)
    with pytest.raises(AssertionError):
        test_what_changes_without_an_edit_is_sent_again_and_is_no_edit(scene)


def test_a_calendar_is_sent_again_when_a_lesson_changes(memory: Api) -> None:
    scene = Scene.of(memory)
    path = f"{CLUB}/groups/{scene.group_id}/calendar.ics"
    token = good(scene.owner.posts("/users/me/calendar_token"), 201)["token"]
    by_token = {"params": {"token": token}}
    first = memory.http.get(path, **by_token)
    tag = first.headers["etag"]
    assert scene.owner.asks("GET", path).headers["etag"] == tag
    memory.clock.pass_by(minutes=5)
    assert memory.http.get(path, headers={"if-none-match": tag}, **by_token).status_code == 304
    good(scene.owner.puts(f"/groups/{scene.group_id}/lessons/{scene.lesson_id}", topic="x"), 200)
    changed = memory.http.get(path, headers={"if-none-match": tag}, **by_token)
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


def test_a_list_and_a_file_have_no_tag(scene: Scene) -> None:
    for path in ("/clients", "/clients?format=csv", f"/lessons/{scene.lesson_id}/attendance?format=csv"):
        response = scene.owner.asks("GET", CLUB + path, headers={"if-none-match": "*"})
        assert (response.status_code, "etag" in response.headers) == (200, False)


# If-Match


def test_whoever_edits_may_say_which_version_they_saw(scene: Scene, memory: Api) -> None:
    """Refused without any effect, as often as it is tried; the version that is now goes."""
    document = memory.http.get("/schema/openapi.json").json()
    said = {
        listed["operationId"]
        for methods in document["paths"].values()
        for listed in methods.values()
        if "412" in listed["responses"]
    }
    assert said == EDITS
    for name in sorted(EDITS):
        operation = operations(scene)[name]
        body = {} if operation.body is None else {"json": operation.body}
        for outdated in ('"999"', 'W/"999"', '"998", W/"999"', "x"):
            headers = {"if-match": outdated}
            refused = operation.by.asks(operation.method, operation.path, headers=headers, **body)
            assert answer(refused) == CHANGED, name
    for name, headers in (("delete_lesson", '"1"'), ("add_member", 'W/"3"'), ("end_member", '"4", W/"9"')):
        operation = operations(scene)[name]
        body = {} if operation.body is None else {"json": operation.body}
        done = operation.by.asks(
            operation.method, operation.path, headers={"if-match": headers}, params=operation.query, **body
        )
        assert done.status_code < 300, (name, done.text)


def test_a_lesson_is_not_deleted_by_whom_has_not_seen_its_change(api: Api) -> None:
    scene = Scene.of(api)
    path = f"/groups/{scene.group_id}/lessons/{scene.spare_id}"
    seen = scene.owner.reads(path).headers["etag"]
    good(scene.owner.puts(path, topic="now with a topic"), 200)
    refused = scene.owner.asks("DELETE", CLUB + path, headers={"if-match": seen})
    assert answer(refused) == CHANGED
    assert good(scene.owner.reads(path), 200)["topic"] == "now with a topic"
    seen = scene.owner.reads(path).headers["etag"]
    assert scene.owner.asks("DELETE", CLUB + path, headers={"if-match": f"W/{seen}"}).status_code == 204
    assert scene.owner.asks("DELETE", CLUB + path, headers={"if-match": "*"}).status_code == 404


def test_members_are_not_changed_by_whom_has_not_seen_the_group(api: Api) -> None:
    scene, manager = Scene.of(api), api.having(Role.MANAGER)
    path = f"/groups/{scene.group_id}"
    seen = manager.reads(path).headers["etag"]
    joining = {"client_id": scene.client_id, "from": "2026-03-10"}
    sent = {"json": joining, "headers": {"if-match": seen}}
    joined = manager.asks("POST", f"{CLUB}{path}/members", **sent)
    assert joined.status_code == 201
    leaving = f"{CLUB}{path}/members/{scene.client_id}"
    assert answer(manager.asks("DELETE", leaving, headers={"if-match": seen})) == CHANGED
    assert answer(manager.reads(path)) == (200, joined.json())
    api.clock.now += timedelta(days=10)
    left = api.session_of(manager).asks(
        "DELETE", leaving, headers={"if-match": f"W/{joined.headers['etag']}"}
    )
    assert left.status_code == 200
