"""Every operation there is, with a request that is in order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.http.api import MARCH_2, PASSWORD, Api, Lab, Person, good


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`path` is a template; `body` and `query` hold what is required; `may_say` is what it ever answers."""

    method: str
    path: str
    template: str
    needs_sign_in: bool = False
    body: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict)
    may_say: tuple[int, ...]

    @property
    def request(self) -> dict[str, Any]:
        """The options of a request that is in order."""
        return {"params": self.query} | ({} if self.body is None else {"json": self.body})


@dataclass(frozen=True, slots=True)
class Scene:
    """A lab with an owner, a member and a mark, and somebody who has not joined."""

    api: Api
    owner: Person
    member: Person
    stranger: Person
    lab: Lab
    mark_id: str

    @classmethod
    def of(cls, api: Api) -> "Scene":
        owner, member, stranger = (api.someone(name) for name in ("owner", "member", "stranger"))
        lab = api.lab_of(owner, member)
        return cls(api, owner, member, stranger, lab, good(owner.marks(lab, member), 200)["attendance_id"])

    def marks(self) -> Any:
        return good(self.owner.views_history(self.lab, self.member), 200)


EVER = (400, 413, 503)
NAMES = [
    "register", "sign_in", "search_accounts", "create_lab", "search_labs", "join_lab", "mark_lab_attendance",
    "lab_attendance_by_date", "lab_attendance_history", "delete_lab_attendance",
]  # fmt: skip
WITH_BODY = ["register", "sign_in", "create_lab", "mark_lab_attendance"]
SIGNED_IN = [name for name in NAMES if name not in ("register", "sign_in", "search_accounts", "search_labs")]


def operations(scene: Scene) -> dict[str, Operation]:
    """Those of the labs protocol by their use case."""
    lab, member = f"/labs/{scene.lab.id}", scene.member.id
    attendance = "/labs/{lab_id}/attendance"
    return {
        "register": Operation(
            method="POST",
            path="/register",
            template="/register",
            body={"username": "newcomer", "password": PASSWORD},
            may_say=(201, 415, *EVER),
        ),
        "sign_in": Operation(
            method="POST",
            path="/login",
            template="/login",
            body={"username": "owner", "password": PASSWORD},
            may_say=(200, 401, 415, *EVER),
        ),
        "search_accounts": Operation(
            method="GET", path="/users", template="/users", query={"name": "own"}, may_say=(200, *EVER)
        ),
        "create_lab": Operation(
            method="POST",
            path="/labs",
            template="/labs",
            needs_sign_in=True,
            body={"name": "Chemistry"},
            may_say=(201, 401, 415, *EVER),
        ),
        "search_labs": Operation(
            method="GET", path="/labs", template="/labs", query={"q": "phys"}, may_say=(200, *EVER)
        ),
        "join_lab": Operation(
            method="POST",
            path=f"{lab}/join",
            template="/labs/{lab_id}/join",
            needs_sign_in=True,
            may_say=(200, 401, 404, 409, *EVER),
        ),
        "mark_lab_attendance": Operation(
            method="PUT",
            path=f"{lab}/attendance",
            template=attendance,
            needs_sign_in=True,
            body={"user_id": member, "date": MARCH_2, "status": "late", "note": "bus"},
            may_say=(200, 401, 403, 404, 409, 415, *EVER),
        ),
        "lab_attendance_by_date": Operation(
            method="GET",
            path=f"{lab}/attendance",
            template=attendance,
            needs_sign_in=True,
            query={"date": MARCH_2},
            may_say=(200, 401, 403, 404, *EVER),
        ),
        "lab_attendance_history": Operation(
            method="GET",
            path=f"{lab}/users/{member}/attendance",
            template="/labs/{lab_id}/users/{user_id}/attendance",
            needs_sign_in=True,
            may_say=(200, 401, 403, 404, *EVER),
        ),
        "delete_lab_attendance": Operation(
            method="DELETE",
            path=f"{lab}/attendance/{scene.mark_id}",
            template=f"{attendance}/{{attendance_id}}",
            needs_sign_in=True,
            may_say=(204, 401, 403, 404, *EVER),
        ),
    }


def all_operations(scene: Scene) -> Iterator[Operation]:
    yield from operations(scene).values()
    for path in ("/health/live", "/health/ready"):
        yield Operation(method="GET", path=path, template=path, may_say=(200, *EVER))


# what is at each path, whoever asks
METHODS_AT = {
    "/register": {"POST"},
    "/login": {"POST"},
    "/users": {"GET"},
    "/labs": {"GET", "POST"},
    "/labs/{lab_id}/join": {"POST"},
    "/labs/{lab_id}/attendance": {"GET", "PUT"},
    "/labs/{lab_id}/users/{user_id}/attendance": {"GET"},
    "/labs/{lab_id}/attendance/{attendance_id}": {"DELETE"},
    "/health/live": {"GET"},
    "/health/ready": {"GET"},
    "/schema": {"GET"},
    "/schema/openapi.json": {"GET"},
    "/schema/assets/redoc.js": {"GET"},
}


def allowed(path: str) -> str:
    """What `Allow` says about a path."""
    methods = METHODS_AT[path] | {"OPTIONS"} | ({"HEAD"} if "GET" in METHODS_AT[path] else set())
    return ", ".join(sorted(methods))
