"""Nobody reaches what is another's by an id in the path or a field of a page: tried wherever one stands."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest

from attendance.application.labs import marks as lab_use_cases
from attendance.domain.permissions.roles import Level, Role
from tests.http.api import Api, Person, good
from tests.http.operations import Scene
from tests.http.test_scope import SECRET_NAME, SECRET_NOTE, as_it_is, secretive
from tests.web.registry import TABLE, Request, own_things_of, request_of, scene_of, stored, things_of
from tests.web.visitors import Visitor, with_session

OF_PARENTS = (
    "client_id", "contract_id", "subscription_id", "group_id", "lesson_id", "held_id", "lab_id", "mark_id",
    "session_id",
)  # fmt: skip
OF_TEACHERS = ("group_id", "lesson_id", "held_id", "lab_id", "mark_id", "session_id")
OF_OUTSIDERS = ("lab_id", "mark_id", "session_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trespasser:
    """Somebody with things of their own, each of a kind that others have, too; `secrets` are the others'."""

    visitor: Visitor
    level: Level
    own: Mapping[str, str]
    kinds: tuple[str, ...]
    secrets: tuple[str, ...]

    def attempts(self, request: Request, foreign: Mapping[str, str]) -> Iterator[Request]:
        """The request with each mixture of own and foreign ids; as it is where it has none."""
        typed = dict(request.typed)
        for name, value in typed.items():
            # what a list offers is another's where that is sent
            kind = name if name in foreign else name.removesuffix("s")
            if kind in self.kinds and value not in foreign.values():
                typed[name] = foreign[kind]
        written = json.dumps([request.path, typed])
        places = [kind for kind in self.kinds if foreign[kind] in written]
        for choice in product((True, False), repeat=len(places)):
            mixed = written
            for kind, is_foreign in zip(places, choice, strict=True):
                if not is_foreign:
                    mixed = mixed.replace(foreign[kind], self.own[kind])
            # what takes none of these ids is for all that may, as the table of pages has it
            if any(choice) or (not places and request.method == "GET"):
                path, fields = json.loads(mixed)
                yield Request(method=request.method, path=path, typed=fields)


def trespasser(scene: Scene, person: Person, kinds: tuple[str, ...], *secrets: str) -> Trespasser:
    own = own_things_of(scene, person)
    account = scene.api.account(person)
    return Trespasser(
        visitor=with_session(scene.api, person),
        level=account.role.level if account.email_confirmed_at else Level.UNCONFIRMED,
        own=own,
        kinds=kinds,
        secrets=secrets,
    )


def a_parent(scene: Scene) -> Trespasser:
    return trespasser(scene, scene.api.having(Role.USER), OF_PARENTS, SECRET_NAME, SECRET_NOTE)


def a_teacher(scene: Scene) -> Trespasser:
    """Works with clients of everybody."""
    return trespasser(scene, scene.api.having(Role.EMPLOYEE), OF_TEACHERS, SECRET_NOTE)


def an_outsider(scene: Scene) -> Trespasser:
    """Whose address is not confirmed."""
    unconfirmed = scene.api.having(email_confirmed_at=None)
    return trespasser(scene, unconfirmed, OF_OUTSIDERS, SECRET_NAME, SECRET_NOTE)


def with_secrets(api: Api) -> Scene:
    """A scene in which what is for some alone is said in words."""
    scene = scene_of(api)
    secretive(scene)
    good(scene.owner.marks(scene.lab, scene.member, status="late", note=SECRET_NOTE), 200)
    return scene


def others(scene: Scene) -> list[Any]:
    """What is the scene's, as its owner reads it."""
    return [*as_it_is(scene), scene.marks(), scene.owner.searches_labs("Physics").json()["labs"]]


def trespasses(scene: Scene, who: Trespasser) -> list[str]:
    """Where somebody is told a secret or changes what is another's, of all that can be tried."""
    found, tried, foreign = [], 0, things_of(scene)
    owner = with_session(scene.api, scene.owner)
    before, rows = others(scene), stored(scene.api)
    for name, row in TABLE.items():
        if "/sign-" in name or "/account/password" in name or "{token" in name:
            continue  # which take no ids, and end the sessions of whoever tries
        for attempt in who.attempts(request_of(name, foreign, owner), foreign):
            tried += 1
            # what one types is said again where it is refused: nobody types a secret
            typed = {
                field: "typed" if any(secret in text for secret in who.secrets) else text
                for field, text in attempt.typed.items()
            }
            response = replace(attempt, typed=typed).by(who.visitor)
            assert response.status_code < 500, (name, attempt)
            is_changed = False
            if stored(scene.api) != rows:
                is_changed = others(scene) != before
                before, rows = others(scene), stored(scene.api)
            may_see = row.shown_to_employees and who.level >= Level.EMPLOYEE
            is_told = not may_see and any(secret in response.text for secret in who.secrets)
            is_for_all = row.who is not None and row.who <= who.level
            if is_told or (is_changed and not is_for_all):
                found.append(f"{name} {attempt.path}")
    assert tried > 15
    return found


@pytest.mark.parametrize("somebody", [a_parent, a_teacher, an_outsider])
@pytest.mark.attacks
def test_no_mixture_of_own_and_other_ids_reaches_what_is_anothers(memory: Api, somebody: Any) -> None:
    scene = with_secrets(memory)
    assert trespasses(scene, somebody(scene)) == []


@pytest.mark.plants
@pytest.mark.parametrize("somebody", [a_parent, a_teacher, an_outsider])
def test_a_trespass_is_seen_where_nobody_guards(
    memory: Api, monkeypatch: pytest.MonkeyPatch, somebody: Any
) -> None:
    scene = with_secrets(memory)
    who = somebody(scene)
    monkeypatch.setattr(lab_use_cases, "owns", lambda *_: True)
    found = " ".join(trespasses(scene, who))
    assert f"/app/labs/{scene.lab.id}/marks" in found
