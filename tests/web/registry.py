"""Every page there is, in one table: who may open it or send its form. What is not in it fails.

Each line is that of a declared page: `row(who, own=…)`. `who` is the lowest level that may, `own` the lowest
that may with what is its own, None for nobody. A form is sent as its page has it, with `typed` in its fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

import httpx

from attendance.adapters.memory import MemoryStore
from attendance.adapters.web.app import ROOMS
from attendance.adapters.web.server.declaration import DeclaredPage
from attendance.adapters.web.server.forms import ACCOUNT, UNTYPED
from attendance.domain.permissions.roles import Level, Role
from tests.http.api import MARCH_2, PASSWORD, Api, Lasting, Person, good
from tests.http.operations import TIMES, Scene, added, another_session, copied, remember
from tests.http.snapshots import Rows, rows_of
from tests.web.visitors import Visitor, visitor, with_session

ANYBODY, SIGNED_IN = Level.ANYBODY, Level.UNCONFIRMED
ANOTHER_PASSWORD = "paper clip moon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`refused`: how those are answered who may not. `answers`: how those are who may.

    `at`: the page that has the form, unless it is at the form's own path or above. `ids`: what stands for a
    part of the path, where that is not the thing of its name. `typed` may have `{client_id}` for such an id.
    `is_done_by_reading`: a link in a mail, which does what it is there for. `shown_to_employees`: whatever
    stands in it is for all of them, whoever teaches.
    """

    who: Level | None
    own: Level | None = None
    highest: Level = Level.ADMIN
    refused: int = 403
    answers: tuple[int, ...] = ()
    at: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    is_done_by_reading: bool = False
    shown_to_employees: bool = False


def row(who: Level | None, own: Level | None = None, **more: object) -> Row:
    return Row(who=who, own=own, **more)  # type: ignore[arg-type]


TABLE: dict[str, Row] = {
    # nobody's page
    "GET /app": row(None, refused=404),
    "GET /app/{path:path}": row(None, refused=404),
    "POST /app/{path:path}": row(None, refused=404),
    # coming in
    "GET /": row(ANYBODY, answers=(200, 303)),
    "GET /app/sign-in": row(ANYBODY, answers=(200, 303)),
    "POST /app/sign-in": row(ANYBODY, typed={"login": "clerk", "password": PASSWORD}),
    "GET /app/sign-out": row(ANYBODY),
    "POST /app/sign-out": row(ANYBODY),
    "GET /app/sign-out/everywhere": row(ANYBODY),
    "POST /app/sign-out/everywhere": row(SIGNED_IN),
    "GET /app/create-account": row(ANYBODY),
    "POST /app/create-account": row(
        ANYBODY, typed={"username": "ida", "email": "ida@example.org", "password": PASSWORD}
    ),
    "GET /app/confirm-email": row(SIGNED_IN),
    "POST /app/confirm-email": row(SIGNED_IN, answers=(303, 409)),
    "GET /app/confirm-email/{token:str}": row(
        ANYBODY, ids={"token": "confirmation"}, is_done_by_reading=True
    ),
    "GET /app/forgot-password": row(ANYBODY),
    "POST /app/forgot-password": row(ANYBODY, typed={"email": "clerk@example.org"}),
    "GET /app/set-password/{token:str}": row(ANYBODY, ids={"token": "reset"}),
    "POST /app/set-password/{token:str}": row(
        ANYBODY, ids={"token": "reset"}, typed={"password": ANOTHER_PASSWORD}
    ),
    # one's own account
    "GET /app/account": row(SIGNED_IN),
    "POST /app/account": row(SIGNED_IN, typed={"name": "Ida"}),
    "GET /app/account/password": row(SIGNED_IN),
    "POST /app/account/password": row(
        SIGNED_IN, typed={"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    ),
    "GET /app/account/sessions/{session_id:str}": row(SIGNED_IN),
    "POST /app/account/sessions/{session_id:str}": row(None, own=SIGNED_IN, refused=404),
    # labs
    "GET /app/labs": row(SIGNED_IN),
    "POST /app/labs": row(SIGNED_IN, at="/app/labs/new", typed={"name": "Chemistry"}),
    "GET /app/labs/new": row(SIGNED_IN),
    "GET /app/labs/{lab_id:str}": row(SIGNED_IN, own=SIGNED_IN),
    "POST /app/labs/{lab_id:str}/join": row(SIGNED_IN),
    "POST /app/labs/{lab_id:str}/marks": row(None, own=SIGNED_IN, at="/app/labs/{lab_id:str}"),
    "POST /app/labs/{lab_id:str}/marks/{mark_id:str}/delete": row(
        None, own=SIGNED_IN, at="/app/labs/{lab_id:str}"
    ),
    "GET /app/labs/{lab_id:str}/members/{user_id:str}": row(
        None, own=SIGNED_IN, ids={"user_id": "member_id"}
    ),
    # one's own account
    "GET /app/account/calendar": row(ANYBODY, answers=(303,)),
    "POST /app/account/calendar": row(SIGNED_IN, answers=(200, 303)),
    "GET /app/account/calendar/end": row(ANYBODY, answers=(303,)),
    "POST /app/account/calendar/end": row(SIGNED_IN),
    "GET /app/account/data": row(SIGNED_IN),
    "GET /app/account/email": row(SIGNED_IN),
    "POST /app/account/email": row(
        SIGNED_IN, typed={"email": "ida@example.org", "current_password": PASSWORD}
    ),
    # children
    "GET /app/children": row(SIGNED_IN),
    "GET /app/children/{client_id:str}": row(None, own=Level.USER, refused=404),
    "POST /app/children/{client_id:str}/absences/{lesson_id:str}": row(None, own=Level.USER, refused=404),
    "POST /app/children/{client_id:str}/absences/{lesson_id:str}/take-back": row(
        None, own=Level.USER, refused=404
    ),
    "GET /app/children/{client_id:str}/calendar": row(None, own=Level.USER, refused=404),
    "POST /app/children/{client_id:str}/calendar": row(None, own=Level.USER, refused=404, answers=(200, 303)),
    "POST /app/children/{client_id:str}/calendar/end": row(None, own=Level.USER, refused=404),
    # clients
    "GET /app/clients": row(Level.EMPLOYEE),
    "GET /app/clients/new": row(Level.EMPLOYEE),
    "POST /app/clients/new": row(Level.EMPLOYEE, typed={"name": "Ida"}),
    "GET /app/clients/{client_id:str}": row(Level.EMPLOYEE, shown_to_employees=True),
    "GET /app/clients/{client_id:str}/edit": row(Level.EMPLOYEE),
    "POST /app/clients/{client_id:str}/edit": row(Level.EMPLOYEE),
    "GET /app/clients/{client_id:str}/archive": row(Level.EMPLOYEE),
    "POST /app/clients/{client_id:str}/archive": row(Level.EMPLOYEE),
    "GET /app/clients/{client_id:str}/restore": row(Level.EMPLOYEE),
    "POST /app/clients/{client_id:str}/restore": row(Level.EMPLOYEE, answers=(303, 400)),
    "GET /app/clients/{client_id:str}/accounts": row(Level.MANAGER),
    "POST /app/clients/{client_id:str}/accounts": row(Level.MANAGER, typed={"username": "clerk"}),
    "GET /app/clients/{client_id:str}/accounts/{user_id:str}/remove": row(Level.MANAGER),
    "POST /app/clients/{client_id:str}/accounts/{user_id:str}/remove": row(Level.MANAGER),
    "GET /app/clients/{client_id:str}/contracts/new": row(Level.EMPLOYEE),
    "POST /app/clients/{client_id:str}/contracts/new": row(Level.EMPLOYEE),
    "GET /app/clients/{client_id:str}/contracts/{contract_id:str}": row(Level.EMPLOYEE),
    "POST /app/clients/{client_id:str}/contracts/{contract_id:str}": row(Level.EMPLOYEE),
    "GET /app/clients/{client_id:str}/history": row(Level.OWNER),
    "GET /app/clients/{client_id:str}/visits/{lesson_id:str}": row(Level.MANAGER, own=Level.EMPLOYEE),
    "GET /app/clients/{client_id:str}/groups/enrol": row(Level.MANAGER),
    "POST /app/clients/{client_id:str}/groups/enrol": row(
        Level.MANAGER, answers=(303, 409), typed={"group_id": "{group_id}", "since": "2026-04-01"}
    ),
    "POST /app/clients/{client_id:str}/groups/{group_id:str}/end": row(
        Level.MANAGER, typed={"last": "2026-04-01"}
    ),
    "GET /app/clients/{client_id:str}/passes": row(Level.EMPLOYEE),
    "GET /app/clients/{client_id:str}/passes/sell": row(Level.EMPLOYEE),
    "POST /app/clients/{client_id:str}/passes/sell": row(Level.EMPLOYEE, typed={"price_id": "{price_id}"}),
    "GET /app/clients/{client_id:str}/passes/unpaid": row(Level.EMPLOYEE),
    "GET /app/passes/freeze-all": row(Level.HEAD_MANAGER),
    "POST /app/passes/freeze-all": row(
        Level.HEAD_MANAGER, typed={"since": "2026-04-01", "until": "2026-04-07"}
    ),
    "GET /app/passes/{subscription_id:str}": row(Level.EMPLOYEE),
    "POST /app/passes/{subscription_id:str}": row(Level.EMPLOYEE),
    "POST /app/passes/{subscription_id:str}/freeze": row(
        Level.EMPLOYEE, typed={"since": "2026-04-01", "until": "2026-04-07"}
    ),
    "POST /app/passes/{subscription_id:str}/settle": row(Level.EMPLOYEE),
    "POST /app/passes/{subscription_id:str}/unfreeze": row(Level.EMPLOYEE, answers=(303, 409, 400, 412)),
    # the office
    "GET /app/office": row(Level.MANAGER),
    "GET /app/office/locations": row(Level.HEAD_MANAGER),
    "GET /app/office/locations/new": row(Level.HEAD_MANAGER),
    "POST /app/office/locations/new": row(
        Level.HEAD_MANAGER, typed={"name": "Annex", "address": "2 Main Street", "timezone": "Europe/Berlin"}
    ),
    "GET /app/office/locations/{location_id:str}": row(Level.HEAD_MANAGER),
    "POST /app/office/locations/{location_id:str}": row(Level.HEAD_MANAGER),
    "GET /app/office/locations/{location_id:str}/closures/new": row(Level.HEAD_MANAGER),
    "POST /app/office/locations/{location_id:str}/closures/new": row(
        Level.HEAD_MANAGER, typed={"closures.since": "2026-05-01", "closures.until": "2026-05-02"}
    ),
    "GET /app/office/locations/{location_id:str}/closures/{days:str}": row(Level.HEAD_MANAGER),
    "POST /app/office/locations/{location_id:str}/closures/{days:str}": row(Level.HEAD_MANAGER),
    "GET /app/office/locations/{location_id:str}/closures/{days:str}/remove": row(Level.HEAD_MANAGER),
    "POST /app/office/locations/{location_id:str}/closures/{days:str}/remove": row(Level.HEAD_MANAGER),
    "GET /app/office/log": row(Level.OWNER),
    "GET /app/office/prices": row(Level.HEAD_MANAGER),
    "GET /app/office/prices/new": row(Level.HEAD_MANAGER),
    "POST /app/office/prices/new": row(
        Level.HEAD_MANAGER, typed={"name": "Ten", "amount": "80", "currency": "EUR"}
    ),
    "GET /app/office/prices/{price_id:str}": row(Level.HEAD_MANAGER),
    "POST /app/office/prices/{price_id:str}": row(Level.HEAD_MANAGER),
    "GET /app/office/role-changes": row(Level.HEAD_MANAGER),
    "GET /app/office/role-changes/{role_change_id:str}/{decision:str}": row(Level.HEAD_MANAGER),
    "POST /app/office/role-changes/{role_change_id:str}/{decision:str}": row(
        Level.OWNER, highest=Level.OWNER
    ),
    "GET /app/office/users": row(Level.MANAGER),
    "GET /app/office/users/invite": row(Level.HEAD_MANAGER),
    "POST /app/office/users/invite": row(
        Level.HEAD_MANAGER, typed={"username": "ida", "email": "ida@example.org", "role": "user"}
    ),
    "GET /app/office/users/{user_id:str}": row(Level.MANAGER),
    "POST /app/office/users/{user_id:str}": row(Level.HEAD_MANAGER),
    "GET /app/office/users/{user_id:str}/active": row(Level.MANAGER),
    "POST /app/office/users/{user_id:str}/active": row(Level.HEAD_MANAGER),
    "GET /app/office/users/{user_id:str}/invitation": row(Level.MANAGER),
    "POST /app/office/users/{user_id:str}/invitation": row(Level.HEAD_MANAGER, ids={"user_id": "invited_id"}),
    "GET /app/office/users/{user_id:str}/invitation/withdraw": row(Level.MANAGER),
    "POST /app/office/users/{user_id:str}/invitation/withdraw": row(
        Level.HEAD_MANAGER, ids={"user_id": "invited_id"}
    ),
    "GET /app/office/users/{user_id:str}/role": row(Level.MANAGER),
    "POST /app/office/users/{user_id:str}/role": row(Level.HEAD_MANAGER, typed={"role": "employee"}),
    # figures
    "GET /app/overview": row(Level.MANAGER),
    "GET /app/overview/at-risk": row(Level.EMPLOYEE),
    "GET /app/overview/ending-passes": row(Level.EMPLOYEE),
    "GET /app/overview/not-taken": row(Level.MANAGER),
    "GET /app/overview/sales": row(Level.HEAD_MANAGER),
    "GET /app/overview/unpaid": row(Level.MANAGER),
    "GET /app/overview/unpaid/{client_id:str}": row(Level.EMPLOYEE),
    "GET /app/statistics": row(Level.EMPLOYEE),
    "GET /app/statistics/employees": row(Level.MANAGER),
    "GET /app/statistics/employees/{of_id:str}": row(Level.MANAGER, ids={"of_id": "user_id"}),
    "GET /app/statistics/groups": row(Level.EMPLOYEE),
    "GET /app/statistics/groups/{of_id:str}": row(
        Level.MANAGER, own=Level.EMPLOYEE, ids={"of_id": "group_id"}
    ),
    "GET /app/statistics/locations": row(Level.HEAD_MANAGER),
    "GET /app/statistics/locations/{of_id:str}": row(Level.HEAD_MANAGER, ids={"of_id": "location_id"}),
    # lessons of a day
    "GET /app/today": row(Level.USER),
    # groups
    "GET /app/groups": row(Level.EMPLOYEE),
    "GET /app/groups/new": row(Level.MANAGER),
    "POST /app/groups/new": row(Level.MANAGER, typed={"name": "Ida", "location_id": "{location_id}"}),
    "GET /app/groups/{group_id:str}": row(Level.EMPLOYEE, shown_to_employees=True),
    "GET /app/groups/{group_id:str}/edit": row(Level.MANAGER),
    "POST /app/groups/{group_id:str}/edit": row(Level.MANAGER),
    "GET /app/groups/{group_id:str}/end": row(Level.MANAGER),
    "POST /app/groups/{group_id:str}/end": row(
        Level.MANAGER, typed={"last": "2026-12-31", "cancel_lessons": "yes"}
    ),
    "GET /app/groups/{group_id:str}/members": row(Level.MANAGER),
    "POST /app/groups/{group_id:str}/members": row(
        Level.MANAGER, answers=(303, 409), typed={"client_id": "{client_id}", "from": "2026-03-02"}
    ),
    "GET /app/groups/{group_id:str}/members/{client_id:str}": row(Level.MANAGER),
    "POST /app/groups/{group_id:str}/members/{client_id:str}": row(Level.MANAGER),
    "GET /app/groups/{group_id:str}/members/{client_id:str}/dates": row(Level.MANAGER),
    "POST /app/groups/{group_id:str}/members/{client_id:str}/dates": row(Level.MANAGER),
    "GET /app/groups/{group_id:str}/teachers": row(Level.MANAGER),
    "POST /app/groups/{group_id:str}/teachers": row(Level.MANAGER),
    "GET /app/groups/{group_id:str}/schedule": row(Level.MANAGER),
    "POST /app/groups/{group_id:str}/schedule": row(Level.MANAGER),
    "GET /app/groups/{group_id:str}/lessons/make": row(Level.MANAGER),
    "POST /app/groups/{group_id:str}/lessons/make": row(
        Level.MANAGER, typed={"from": "2026-03-02", "to": "2026-03-08"}
    ),
    "GET /app/groups/{group_id:str}/lessons/new": row(Level.MANAGER, own=Level.EMPLOYEE),
    "POST /app/groups/{group_id:str}/lessons/new": row(
        Level.MANAGER, own=Level.EMPLOYEE, typed={"date": "2026-03-10", "starts": "12:00", "ends": "13:00"}
    ),
    # lessons
    "GET /app/worker.js": row(ANYBODY),
    "GET /app/offline": row(ANYBODY),
    "GET /app/lessons/{lesson_id:str}": row(Level.MANAGER, own=Level.EMPLOYEE),
    "POST /app/lessons/{lesson_id:str}": row(Level.MANAGER, own=Level.EMPLOYEE),
    "GET /app/lessons/{lesson_id:str}/notes/{client_id:str}": row(Level.MANAGER, own=Level.EMPLOYEE),
    "GET /app/lessons/{lesson_id:str}/edit": row(Level.MANAGER, own=Level.EMPLOYEE),
    "POST /app/lessons/{lesson_id:str}/edit": row(Level.MANAGER, own=Level.EMPLOYEE),
    "GET /app/lessons/{lesson_id:str}/cancel": row(Level.MANAGER, own=Level.EMPLOYEE),
    "POST /app/lessons/{lesson_id:str}/cancel": row(
        Level.MANAGER, own=Level.EMPLOYEE, at="/app/lessons/{lesson_id:str}/edit", typed={"reason": "ill"}
    ),
    "GET /app/lessons/{lesson_id:str}/restore": row(Level.MANAGER, own=Level.EMPLOYEE),
    "POST /app/lessons/{lesson_id:str}/restore": row(Level.MANAGER, own=Level.EMPLOYEE),
    "GET /app/lessons/{lesson_id:str}/delete": row(Level.MANAGER, own=Level.EMPLOYEE),
    "POST /app/lessons/{lesson_id:str}/delete": row(Level.MANAGER, own=Level.EMPLOYEE),
}


def declared() -> dict[str, DeclaredPage]:
    """Every page that is declared anywhere, by method and path."""
    return {f"{page.method} {page.path}": page for room in ROOMS for page in room.pages}


# Things with ids

PAGES = "scene of pages"
CLOSED = {"from": "2026-04-06", "until": "2026-04-07"}


def scene_of(api: Api) -> Scene:
    """A club, and a lab, as pages need them; in a new store in memory a copy of what `remember_pages` made.

    The client is a member of the group, and the clerk's child; on some days the location is closed.
    """
    return copied(api, PAGES) or made_for_pages(api)


def remember_pages(application: Lasting) -> None:
    remember(application, PAGES, made_for_pages)


def made_for_pages(api: Api) -> Scene:
    scene = Scene.of(api)
    joining = {"client_id": scene.client_id, "from": MARCH_2}
    good(scene.owner.posts(f"/groups/{scene.group_id}/members", **joining), 201)
    good(scene.owner.puts(f"/locations/{scene.location_id}/closures", closures=[CLOSED]), 200)
    good(scene.owner.puts(f"/clients/{scene.client_id}", user_ids=[scene.clerk.id]), 200)
    return scene


def things_of(scene: Scene) -> dict[str, str]:
    """The ids of what is the scene's, by what parts of paths and fields of forms are called."""
    return {
        "path": "nothing",
        "days": "_".join(CLOSED.values()),
        "decision": "confirm",
        "client_id": scene.client_id,
        "contract_id": scene.contract_id,
        "subscription_id": scene.subscription_id,
        "price_id": scene.price_id,
        "location_id": scene.location_id,
        "group_id": scene.group_id,
        "lesson_id": scene.lesson_id,
        "held_id": scene.held_id,
        "user_id": scene.clerk.id,
        "invited_id": scene.invited_id,
        "role_change_id": scene.awaiting["confirm"],
        "session_id": scene.session_id,
        "lab_id": scene.lab.id,
        "mark_id": scene.mark_id,
        "member_id": scene.member.id,
        "confirmation": scene.confirmation,
        "reset": scene.reset,
    }


def own_things_of(scene: Scene, person: Person) -> dict[str, str]:
    """The same with what is somebody's own: a lab, a client who is their child, a group if they may teach."""
    owner = scene.owner
    role = scene.api.account(person).role
    client_id = added(owner, "/clients", name="Own", user_ids=[person.id])
    teaching = [] if role is Role.USER else [{"user_id": person.id, "from": "2026-01-01", "until": None}]
    group_id = added(owner, "/groups", name="Own", location_id=scene.location_id, teachers=teaching)
    joining = {"client_id": client_id, "from": MARCH_2}
    good(owner.posts(f"/groups/{group_id}/members", **joining), 201)
    lab = scene.api.lab_of(person, scene.member)
    return things_of(scene) | {
        "client_id": client_id,
        "contract_id": added(owner, "/contracts", client_id=client_id),
        "subscription_id": added(owner, "/subscriptions", client_id=client_id, price_id=scene.price_id),
        "group_id": group_id,
        "lesson_id": added(owner, f"/groups/{group_id}/lessons", date="2026-03-09", **TIMES),
        "held_id": added(owner, f"/groups/{group_id}/lessons", date=MARCH_2, starts="09:00", ends="10:00"),
        "user_id": person.id,
        "session_id": another_session(scene.api, person),
        "lab_id": lab.id,
        "mark_id": good(person.marks(lab, scene.member), 200)["attendance_id"],
    }


def parts_of(path: str) -> list[str]:
    """The names of what stands in a path."""
    return [part[1:].partition(":")[0] for part in path.split("/") if part.startswith("{")]


def path_with(path: str, things: Mapping[str, str], ids: Mapping[str, str]) -> str:
    """The path of these things. Raises AssertionError for a part that stands for nothing known."""
    for name in parts_of(path):
        key = ids.get(name, name)
        assert key in things, f"say in `things_of`, or by `ids` in its row, what {name} is in {path}"
        kind = "path" if name == "path" else "str"
        path = path.replace(f"{{{name}:{kind}}}", things[key])
    return path


# Forms


class Forms(HTMLParser):
    """The forms that a page sends by POST, by their actions, "" for the page's own path: their fields.

    Of several with one action it is the first; of its buttons with values the first, too.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] | None = None
        self._list = ""
        self._text: list[str] | None = None
        self._has_button = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self._has_button = False
            self._fields = {} if given.get("method") == "post" else None
            if self._fields is not None:
                self.found.setdefault(given.get("action") or "", self._fields)
        if self._fields is None:
            return
        match tag:
            case "input" if given.get("type") in ("radio", "checkbox"):
                if "checked" in given:
                    self._fields[name] = value
            case "input" if name:
                self._fields[name] = value
            case "textarea":
                self._list, self._text = name, []
            case "select":
                self._list = name
            case "option" if "selected" in given or self._list not in self._fields:
                self._fields[self._list] = value
            case "button" if name and not self._has_button:
                self._has_button = True
                self._fields[name] = value

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text is not None and self._fields is not None:
            self._fields[self._list] = "".join(self._text).removeprefix("\n")
            self._text = None
        elif tag == "form":
            self._fields = None


@lru_cache(maxsize=500)
def forms_in(html: str) -> Mapping[str, Mapping[str, str]]:
    """The fields of each form, by its action; one page is asked of by many."""
    return Forms(html).found


def form_at(path: str, place: str, *people: Visitor) -> dict[str, str]:
    """The fields of the form that is sent to a path, from its page as the first sees it who does.

    Whoever else sends it does not say that it was shown to somebody else. The page is at `place`, or at the
    path or above. Nothing where nobody sees a form.
    """
    places = [place] if place else [path]
    while not place and places[-1].count("/") > 2:
        places.append(places[-1].rpartition("/")[0])
    for person in people:
        for each in places:
            found = forms_in(person.opens(each).text)
            if fields := found.get(path) or (each == path and found.get("")):
                return {name: text for name, text in fields.items() if name not in (ACCOUNT, UNTYPED)}
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A page as it is asked for."""

    method: str
    path: str
    typed: Mapping[str, str]

    def by(self, person: Visitor, **headers: str) -> httpx.Response:
        if self.method == "GET":
            return person.opens(self.path, **headers)
        return person.sends(self.path, by=headers or None, **self.typed)


def request_of(name: str, things: Mapping[str, str], *people: Visitor) -> Request:
    """The request of a page of the table with these things; its form is one that some of the people see."""
    method, _, template = name.partition(" ")
    known = TABLE[name]
    path = path_with(template, things, known.ids)
    if method == "GET":
        return Request(method=method, path=path, typed={})
    place = path_with(known.at, things, known.ids) if known.at else ""
    typed = {
        field: things[text[1:-1]] if text.startswith("{") else text for field, text in known.typed.items()
    }
    return Request(method=method, path=path, typed=form_at(path, place, *people) | typed)


# People


def somebody(api: Api, level: Level) -> Person | None:
    """Somebody new of a level, who has a role or no confirmed address; None for a stranger."""
    if level is Level.ANYBODY:
        return None
    if level is Level.UNCONFIRMED:
        return api.having(email_confirmed_at=None)
    return api.having(next(role for role in Role if role.level is level))


def visiting(api: Api, person: Person | None) -> Visitor:
    return visitor(api) if person is None else with_session(api, person)


def stored(api: Api) -> Rows:
    """Everything that is stored."""
    store = getattr(api.store, "now", None)
    assert isinstance(store, MemoryStore)
    api.finish_what_no_answer_waited_for()
    return rows_of(store)
