"""Nobody reaches what is another's by an id in path, query or body: tried wherever one is taken."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from attendance.application.attendance import marks as marks_use_cases, sheets as attendance_use_cases
from attendance.application.forms import client_access as clients_use_cases
from attendance.application.reporting import statistics as statistics_use_cases
from attendance.domain.permissions.roles import Role
from tests.http.api import MARCH_2, Api, Person, good
from tests.http.operations import TIMES, Operation, Scene, added, operations

SECRET_NAME, SECRET_NOTE = "Xanthippe", "only for teachers"
KINDS = ("client_id", "contract_id", "subscription_id", "group_id", "lesson_id", "held_id")
SHOWN_TO_EVERYBODY = {"list_groups", "show_group", "list_lessons", "show_lesson"}
"""Which groups and lessons there are."""
SHOWN_TO_EMPLOYEES = {"visits_of_client"}
"""How a client attended, whoever taught."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trespasser:
    """Somebody with things of their own, each of a kind that others have, too.

    `hidden` are ids that only those operations may tell that show groups and lessons to everybody.
    """

    person: Person
    own: Mapping[str, str]
    foreign: Mapping[str, str]
    secrets: tuple[str, ...]
    hidden: tuple[str, ...] = ()

    def attempts(self, operation: Operation) -> Iterator[dict[str, Any]]:
        """The request with each mixture of own and foreign ids; without ids as it is. Each as a file, too."""
        request = json.dumps([operation.path, operation.query, operation.body])
        places = [kind for kind in self.foreign if self.foreign[kind] in request]
        asks_for_a_list = operation.method == "GET" and "/auth/" not in operation.path
        for choice in product((True, False), repeat=len(places)):
            if any(choice) or (not places and asks_for_a_list):
                mixed = request
                for kind, is_foreign in zip(places, choice, strict=True):
                    if not is_foreign:
                        mixed = mixed.replace(self.foreign[kind], self.own[kind])
                path, query, body = json.loads(mixed)
                options = {"params": query} | ({} if body is None else {"json": body})
                yield {"method": operation.method, "path": path, **options}
                if operation.method == "GET":
                    yield {"method": "GET", "path": path, "params": query | {"format": "csv"}}


def secretive(scene: Scene) -> None:
    """What is only for some: names of clients, and what was noted of them."""
    good(
        scene.owner.puts(f"/clients/{scene.client_id}", name=SECRET_NAME, notes=f"{SECRET_NAME} is ill"), 200
    )
    mark = {"client_id": scene.client_id, "status": "late", "note": SECRET_NOTE}
    good(scene.owner.puts(f"/lessons/{scene.held_id}/attendance", attendances=[mark]), 200)


def all_of(scene: Scene, **who: Any) -> dict[str, str]:
    """One of each kind, of somebody else than the scene's."""
    owner = scene.owner
    client_id = added(owner, "/clients", name="Own", **who)
    group_id = added(owner, "/groups", name="Own", location_id=scene.location_id)
    return {
        "client_id": client_id,
        "contract_id": added(owner, "/contracts", client_id=client_id),
        "subscription_id": added(owner, "/subscriptions", client_id=client_id, price_id=scene.price_id),
        "group_id": group_id,
        "lesson_id": added(owner, f"/groups/{group_id}/lessons", date="2026-03-09", **TIMES),
        "held_id": added(owner, f"/groups/{group_id}/lessons", date=MARCH_2, starts="09:00", ends="10:00"),
    }


def a_parent(scene: Scene) -> Trespasser:
    """Reads the own child's data; everything that is said of others is a secret."""
    parent = scene.api.having(Role.USER)
    own = all_of(scene, user_ids=[parent.id])
    foreign = {kind: getattr(scene, kind) for kind in KINDS}
    secrets = (SECRET_NAME, SECRET_NOTE, scene.contract_id, scene.subscription_id)
    return Trespasser(person=parent, own=own, foreign=foreign, secrets=secrets)


def a_teacher(scene: Scene) -> Trespasser:
    """Works with clients and passes of everybody, and with lessons of the own groups alone."""
    teacher = scene.api.having(Role.EMPLOYEE)
    own = all_of(scene)
    teaching = [{"user_id": teacher.id, "from": "2026-01-01", "until": None}]
    good(scene.owner.puts(f"/groups/{own['group_id']}", teachers=teaching), 200)
    foreign = {kind: getattr(scene, kind) for kind in ("group_id", "lesson_id", "held_id")}
    hidden = (scene.group_id, scene.held_id)
    return Trespasser(person=teacher, own=own, foreign=foreign, secrets=(SECRET_NOTE,), hidden=hidden)


def as_it_is(scene: Scene) -> list[Any]:
    """What is the scene's, as its owner reads it."""
    paths = [
        f"/clients/{scene.client_id}",
        f"/clients/{scene.client_id}/attendance",
        f"/contracts/{scene.contract_id}",
        f"/subscriptions/{scene.subscription_id}",
        f"/groups/{scene.group_id}",
        f"/groups/{scene.group_id}/lessons",
        f"/lessons/{scene.held_id}/attendance",
        f"/lessons/{scene.lesson_id}/attendance",
    ]
    return [good(scene.owner.reads(path), 200) for path in paths]


def trespasses(scene: Scene, who: Trespasser) -> list[str]:
    """Where somebody is told a secret or changes what is another's, of all that can be tried."""
    found, tried, before = [], 0, as_it_is(scene)
    for name, operation in operations(scene).items():
        for attempt in who.attempts(operation):
            tried += 1
            response = who.person.asks(**attempt)
            assert response.status_code < 500, (name, attempt)
            is_changed = as_it_is(scene) != before
            secrets = who.secrets if name in SHOWN_TO_EVERYBODY else (*who.secrets, *who.hidden)
            if who.hidden and name in SHOWN_TO_EMPLOYEES:
                secrets = ()
            if is_changed or any(secret in response.text for secret in secrets):
                found.append(f"{name} {attempt['path']}")
                before = as_it_is(scene)
    assert tried > 10
    return found


@pytest.mark.parametrize("somebody", [a_parent, a_teacher])
@pytest.mark.attacks
def test_no_mixture_of_own_and_other_ids_reaches_what_is_anothers(memory: Api, somebody: Any) -> None:
    scene = Scene.of(memory)
    secretive(scene)
    assert trespasses(scene, somebody(scene)) == []


@pytest.mark.plants
@pytest.mark.parametrize(
    ("somebody", "module", "guard"),
    [
        (a_parent, clients_use_cases, "is_own"),
        (a_teacher, attendance_use_cases, "require_level"),
        (a_teacher, statistics_use_cases, "sees_all_groups"),
        (a_teacher, marks_use_cases, "sees_all_groups"),
    ],
)
def test_a_trespass_is_seen_where_nobody_guards(
    memory: Api, monkeypatch: pytest.MonkeyPatch, somebody: Any, module: Any, guard: str
) -> None:
    scene = Scene.of(memory)
    secretive(scene)
    who = somebody(scene)
    monkeypatch.setattr(module, guard, lambda *_, **__: True)
    assert trespasses(scene, who) != []
