"""Every operation there is, with a request that is in order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from attendance.adapters.memory import MemoryStore
from attendance.domain.accounts.mail import MailKind
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, MARCH_2, PASSWORD, Api, Lab, Lasting, Person, good
from tests.http.snapshots import fill, is_new, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`path` is a template; `body` and `query` hold what is required; `may_say` is what it ever answers.

    `by` may do it. `use_case` is the attribute it calls, None for none. What works `once` is refused the next
    time. `accepts` are wrong values of other operations that this one takes. `keeps_answer`: a key has it
    answered once.
    """

    method: str
    path: str
    template: str
    by: Person
    use_case: str | None = None
    needs_sign_in: bool = False
    body: dict[str, Any] | None = None
    query: dict[str, str] = field(default_factory=dict)
    may_say: tuple[int, ...]
    once: bool = False
    accepts: frozenset[str] = frozenset()
    keeps_answer: bool = False

    @property
    def request(self) -> dict[str, Any]:
        """The options of a request that is in order."""
        return {"params": self.query} | ({} if self.body is None else {"json": self.body})


SCENE = "scene"
ANSWERS_ANEW = frozenset({"sign_in", "sign_out", "make_calendar_token", "show_favorites"})
"""What a POST calls that makes nothing, or something that is told once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A lab with an owner, a member and a mark, and somebody who has not joined.

    The lab's owner is one of the club's owners and has a new address to confirm. Beside that a clerk, whom a
    link lets set a password; somebody whose link confirms an address; a session to end for each way to do so;
    a change that awaits each decision; a client with a contract and a pass, a price, a location; a group with
    a lesson to come, one that was held, one to delete, one to be excused from, and members to come: one of
    them is the owner's child. Somebody is invited and has set no password.
    """

    api: Api
    owner: Person
    member: Person
    stranger: Person
    lab: Lab
    mark_id: str
    clerk: Person
    confirmation: str
    reset: str
    leaving: tuple[Person, Person]
    awaiting: dict[str, str]
    client_id: str
    contract_id: str
    price_id: str
    leaving_id: str
    child_id: str
    location_id: str
    group_id: str
    lesson_id: str
    held_id: str
    spare_id: str
    coming_id: str
    subscription_id: str
    session_id: str
    invited_id: str

    @classmethod
    def of(cls, api: Api) -> "Scene":
        """In a new store in memory it is a copy of what `remember` made there."""
        return copied(api, SCENE) or cls.made(api)

    @classmethod
    def made(cls, api: Api) -> "Scene":
        owner, member, stranger = (api.someone(name) for name in ("olaf", "member", "stranger"))
        lab = api.lab_of(owner, member)
        mark_id = good(owner.marks(lab, member), 200)["attendance_id"]
        now = api.clock.now
        api.alters(
            owner,
            role=Role.OWNER,
            owner_since=now - timedelta(days=365),
            email="owner@example.org",
            pending_email="owner@example.com",
            email_confirmed_at=now,
        )
        rival = api.having(Role.OWNER, "rival")
        clerk = api.having(username="clerk")
        good(api.registers_with_email("newbie"), 201)
        assert api.nobody.posts("/auth/password_reset", email="clerk@example.org").status_code == 202
        client_id = added(owner, "/clients", name="Anna")
        location_id = added(owner, "/locations", name="Main", address="1 Main Street")
        group_id = added(owner, "/groups", name="Monday", location_id=location_id, schedule=[MONDAYS])
        leaving_id = added(owner, "/clients", name="Zoe")
        child_id = added(owner, "/clients", name="Ben", user_ids=[owner.id])
        for member_id, since in ((leaving_id, "2027-01-01"), (child_id, "2026-03-12")):
            joining = {"client_id": member_id, "from": since}
            good(owner.posts(f"/groups/{group_id}/members", **joining), 201)
        price_id = added(owner, "/prices", name="Pass", amount="80.00", currency="EUR")
        invited_id = added(owner, "/users", username="zelda", email="zelda@example.org")
        return cls(
            api=api,
            invited_id=invited_id,
            owner=owner,
            member=member,
            stranger=stranger,
            lab=lab,
            mark_id=mark_id,
            clerk=clerk,
            confirmation=api.token_mailed(MailKind.CONFIRM_EMAIL),
            reset=api.token_mailed(MailKind.RESET_PASSWORD),
            leaving=(api.session_of(stranger), api.session_of(stranger)),
            awaiting={
                "confirm": awaiting(api, rival),
                "reject": awaiting(api, rival),
                "withdraw": awaiting(api, owner),
            },
            client_id=client_id,
            contract_id=added(owner, "/contracts", client_id=client_id),
            price_id=price_id,
            leaving_id=leaving_id,
            child_id=child_id,
            location_id=location_id,
            group_id=group_id,
            lesson_id=added(owner, f"/groups/{group_id}/lessons", date="2026-03-09", **TIMES),
            held_id=added(owner, f"/groups/{group_id}/lessons", date=MARCH_2, starts="09:00", ends="10:00"),
            spare_id=added(owner, f"/groups/{group_id}/lessons", date="2026-03-11", **TIMES),
            coming_id=added(owner, f"/groups/{group_id}/lessons", date="2026-03-12", **TIMES),
            subscription_id=added(owner, "/subscriptions", client_id=client_id, price_id=price_id),
            session_id=another_session(api, member),
        )

    def marks(self) -> Any:
        return good(self.owner.views_history(self.lab, self.member), 200)


def remember(application: Lasting, name: str = SCENE, make: Callable[[Api], Scene] = Scene.made) -> None:
    """Make a scene once, before any test takes anything out of the application."""
    store = MemoryStore()
    with application.over(store) as api:
        at, scene = api.clock.now, make(api)
        api.finish_what_no_answer_waited_for()
        api.remembered[name] = scene, rows_of(store), at, api.next_number()


def copied(api: Api, name: str) -> Scene | None:
    """A copy of a scene that is remembered; None where it is not, or the store is no new one in memory."""
    store = getattr(api.store, "now", None)
    if name not in api.remembered or not isinstance(store, MemoryStore) or not is_new(store):
        return None
    scene, rows, at, number = api.remembered[name]
    if api.clock.now != at:
        return None
    fill(store, rows)
    api.number_people_from(number)
    return replace(scene, api=api)


def awaiting(api: Api, requester: Person) -> str:
    """A change of another owner's role that awaits confirmation."""
    target = api.having(Role.OWNER)
    return good(requester.puts(f"/users/{target.id}/role", role="admin"), 202)["id"]


def another_session(api: Api, of: Person) -> str:
    """The id of one more session of somebody's."""
    api.session_of(of)
    with api.store.autocommit() as work:
        return str(work.sessions.of(AccountId(UUID(of.id)))[0].id)


def added(by: Person, path: str, **body: Any) -> str:
    """The id of what was added."""
    return good(by.posts(path, **body), 201)["id"]


TIMES = {"starts": "18:00", "ends": "19:30"}
MONDAYS = {"weekday": 1, **TIMES}
EVER = (400, 413, 503)
PUBLIC = [
    "register", "login", "search_users", "search_labs", "home", "registration_form", "register_with_email",
    "sign_in", "confirm_email", "password_form", "set_password", "request_password_reset",
    "list_prices", "show_price",
]  # fmt: skip
NAMES = [
    "register", "login", "search_users", "create_lab", "search_labs", "join_lab", "mark_lab_attendance",
    "lab_attendance_by_date", "lab_attendance_history", "delete_lab_attendance", "home", "registration_form",
    "register_with_email", "sign_in", "sign_out_by_get", "sign_out", "confirm_email", "resend_confirmation",
    "change_password", "password_form", "set_password", "request_password_reset", "list_users", "invite_user",
    "resend_invitation", "withdraw_invitation", "show_user", "edit_user", "change_role", "change_active",
    "own_sessions", "end_session", "show_permissions", "show_favorites", "replace_favorites",
    "show_favorities",
    "make_calendar_token", "revoke_calendar_token", "user_calendar", "group_calendar", "client_calendar",
    "list_role_changes", "show_role_change", "confirm_role_change", "reject_role_change",
    "withdraw_role_change", "list_events",
    "list_clients", "add_client", "show_client", "edit_client",
    "list_contracts", "contracts_of_client", "add_contract", "show_contract", "edit_contract",
    "list_prices", "add_price", "show_price", "edit_price",
    "list_locations", "add_location", "show_location", "edit_location", "show_closures", "replace_closures",
    "list_groups", "add_group", "show_group", "add_member", "end_member", "edit_group",
    "list_lessons", "list_all_lessons", "add_lessons", "show_lesson", "edit_lesson", "delete_lesson",
    "list_subscriptions", "subscriptions_of_client", "sell_subscription", "show_subscription",
    "edit_subscription", "freeze_subscriptions",
    "show_sheet", "mark_attendance", "attendance_history", "visits_of_client",
    "groups_of_client", "lessons_of_client", "list_marks", "announce_absence", "take_back_absence",
    "show_statistics", "list_employee_statistics", "show_employee_statistics",
    "list_location_statistics", "show_location_statistics", "list_group_statistics", "show_group_statistics",
]  # fmt: skip
WITH_BODY = [
    "register", "login", "create_lab", "mark_lab_attendance", "register_with_email", "sign_in",
    "change_password", "set_password", "request_password_reset", "invite_user", "edit_user",
    "change_role", "change_active", "replace_favorites",
    "add_client", "edit_client", "add_contract", "edit_contract", "add_price", "edit_price",
    "add_location", "edit_location", "replace_closures",
    "add_group", "add_member", "edit_group", "add_lessons", "edit_lesson",
    "sell_subscription", "edit_subscription", "freeze_subscriptions", "mark_attendance", "announce_absence",
]  # fmt: skip
FILES = [
    name for name in NAMES
    if name.startswith("list_") or name.endswith(("_of_client", "_statistics", "_calendar"))
    or name in ("show_sheet", "attendance_history")
]  # fmt: skip
"""Tables, or calendars."""
SIGNED_IN = [name for name in NAMES if name not in PUBLIC]
USING = [name for name in NAMES if name not in ("home", "registration_form")]
"""Those that call a use case."""


def operations(scene: Scene) -> dict[str, Operation]:
    """By the names they have in the published document."""
    found = {**labs_operations(scene), **club_operations(scene)}
    return {name: replace(it, may_say=(*it.may_say, *told_of_all(name, it))) for name, it in found.items()}


def told_of_all(name: str, operation: Operation) -> set[int]:
    """What operations of a form may say, whatever else they are: a body that stalls, files for one person."""
    stalls = {408} if operation.body is not None else set()
    return (stalls | ({429} if name in FILES else set())) - {*operation.may_say}


def labs_operations(scene: Scene) -> dict[str, Operation]:
    lab, member = f"/labs/{scene.lab.id}", scene.member.id
    attendance = "/labs/{lab_id}/attendance"
    return {
        "register": Operation(
            method="POST",
            path="/register",
            template="/register",
            by=scene.owner,
            use_case="register",
            body={"username": "newcomer", "password": PASSWORD},
            may_say=(201, 403, 415, 429, *EVER),
        ),
        "login": Operation(
            method="POST",
            path="/login",
            template="/login",
            by=scene.owner,
            use_case="sign_in",
            body={"username": "olaf", "password": PASSWORD},
            may_say=(200, 401, 415, 429, *EVER),
        ),
        "search_users": Operation(
            method="GET",
            path="/users",
            template="/users",
            by=scene.owner,
            use_case="search_accounts",
            query={"name": "own"},
            may_say=(200, *EVER),
        ),
        "create_lab": Operation(
            method="POST",
            path="/labs",
            template="/labs",
            by=scene.owner,
            use_case="create_lab",
            needs_sign_in=True,
            body={"name": "Chemistry"},
            may_say=(201, 401, 415, *EVER),
        ),
        "search_labs": Operation(
            method="GET",
            path="/labs",
            template="/labs",
            by=scene.owner,
            use_case="search_labs",
            query={"q": "phys"},
            may_say=(200, *EVER),
        ),
        "join_lab": Operation(
            method="POST",
            path=f"{lab}/join",
            template="/labs/{lab_id}/join",
            by=scene.stranger,
            use_case="join_lab",
            needs_sign_in=True,
            may_say=(200, 401, 404, 409, *EVER),
            once=True,
        ),
        "mark_lab_attendance": Operation(
            method="PUT",
            path=f"{lab}/attendance",
            template=attendance,
            by=scene.owner,
            use_case="mark_lab_attendance",
            needs_sign_in=True,
            body={"user_id": member, "date": MARCH_2, "status": "late", "note": "bus"},
            may_say=(200, 401, 403, 404, 409, 415, *EVER),
        ),
        "lab_attendance_by_date": Operation(
            method="GET",
            path=f"{lab}/attendance",
            template=attendance,
            by=scene.owner,
            use_case="lab_attendance_by_date",
            needs_sign_in=True,
            query={"date": MARCH_2},
            may_say=(200, 401, 403, 404, *EVER),
        ),
        "lab_attendance_history": Operation(
            method="GET",
            path=f"{lab}/users/{member}/attendance",
            template="/labs/{lab_id}/users/{user_id}/attendance",
            by=scene.owner,
            use_case="lab_attendance_history",
            needs_sign_in=True,
            may_say=(200, 401, 403, 404, *EVER),
        ),
        "delete_lab_attendance": Operation(
            method="DELETE",
            path=f"{lab}/attendance/{scene.mark_id}",
            template=f"{attendance}/{{attendance_id}}",
            by=scene.owner,
            use_case="delete_lab_attendance",
            needs_sign_in=True,
            may_say=(204, 401, 403, 404, *EVER),
            once=True,
        ),
    }


def club_operations(scene: Scene) -> dict[str, Operation]:
    owner, (leaving, leaving_by_get) = scene.owner, scene.leaving
    user, own = {"{user_id}": scene.clerk.id}, {"{user_id}": scene.owner.id}
    invited = {"{user_id}": scene.invited_id}
    by_token, reset = {"{token}": scene.confirmation}, {"{token}": scene.reset}
    confirmed, rejected, withdrawn = (
        {"{role_change_id}": scene.awaiting[what]} for what in ("confirm", "reject", "withdraw")
    )

    def of(
        request: str,
        use_case: str | None,
        *may_say: int,
        ids: dict[str, str] | None = None,
        by: Person = owner,
        **more: Any,
    ) -> Operation:
        method, _, path = request.partition(" ")
        template = CLUB + path.rstrip("/")
        concrete = template
        for name, value in (ids or {}).items():
            concrete = concrete.replace(name, value)
        keeps_answer = method == "POST" and 401 in may_say and use_case not in ANSWERS_ANEW
        return Operation(
            method=method,
            path=concrete,
            template=template,
            by=by,
            use_case=use_case,
            needs_sign_in=401 in may_say and use_case != "sign_in",
            may_say=(*may_say, *((409, 422) if keeps_answer else ()), *EVER),
            keeps_answer=keeps_answer,
            **more,
        )

    newcomer = {"username": "newcomer-too", "email": "newcomer-too@example.org", "name": "Too"}
    guest = {
        "username": "newcomer-invited",
        "email": "newcomer-invited@example.org",
        "name": "",
        "role": "employee",
    }
    profile = {"username": "clerk", "name": "Clerk", "email": "clerk@example.com"}
    passwords = {"current_password": PASSWORD, "new_password": PASSWORD}
    chosen = {"groups": [scene.group_id], "lessons": [scene.lesson_id]}
    client, contract = {"{client_id}": scene.client_id}, {"{contract_id}": scene.contract_id}
    price, location = {"{price_id}": scene.price_id}, {"{location_id}": scene.location_id}
    group = {"{group_id}": scene.group_id}
    lesson = group | {"{lesson_id}": scene.lesson_id}
    child = {
        "name": "Bea",
        "guardian_name": "Carl",
        "birthday": "2020-02-29",
        "phone": "+49 30 1",
        "email": "carl@example.org",
        "address": "2 Main Street",
        "notes": "nuts",
        "active": True,
        "user_ids": [scene.clerk.id],
    }
    signed = {"number": "A/1", "signed_on": MARCH_2, "cancelled_on": "2026-12-31", "notes": "by post"}
    monthly = {
        "name": "Month",
        "amount": "80.50",
        "currency": "EUR",
        "visits": 8,
        "visits_per_week": 2,
        "valid_days": None,
        "valid_months": 1,
        "group_ids": [scene.group_id],
        "on_sale_from": MARCH_2,
        "on_sale_until": "2026-12-31",
        "charges_absence": False,
        "notes": "until summer",
    }
    place = {
        "name": "Hall",
        "address": "3 Main Street",
        "url": "https://example.org",
        "timezone": "Europe/Berlin",
        "capacity": 12,
        "active": True,
    }
    until_summer = {"from": MARCH_2, "until": "2026-06-30"}
    tuesdays = {
        "name": "Tuesday",
        "location_id": scene.location_id,
        "capacity": 12,
        "active_from": MARCH_2,
        "active_until": "2026-12-31",
        "teachers": [{"user_id": scene.clerk.id, **until_summer}],
        "members": [
            {"client_id": member_id, "from": MARCH_2, "until": None}
            for member_id in (scene.client_id, scene.child_id)
        ],
        "schedule": [{"weekday": 2, **TIMES}],
    }
    called_off = {
        "date": "2026-03-10",
        "starts": "17:00",
        "ends": "17:45",
        "location_id": scene.location_id,
        "teachers": [scene.clerk.id],
        "topic": "fractions",
        "state": "cancelled",
        "reason": "snow",
    }
    subscription, held = {"{subscription_id}": scene.subscription_id}, {"{lesson_id}": scene.held_id}
    sale = {
        "client_id": scene.client_id,
        "price_id": scene.price_id,
        "contract_id": scene.contract_id,
        "discount_percent": 15,
        "sold_on": MARCH_2,
        "starts_on": MARCH_2,
        "settle_unpaid": False,
    }
    on_hold = {
        "ends_on": "2026-06-30",
        "freezes": [{"from": "2026-04-01", "until": "2026-04-10"}],
        "cancelled_on": "2026-06-15",
        "contract_id": scene.contract_id,
    }
    holidays = {"from": "2026-12-24", "until": "2026-12-31", "location_id": scene.location_id}
    late = {
        "client_id": scene.client_id,
        "status": "late",
        "note": "bus",
        "minutes_late": 5,
        "trial": False,
        "subscription_id": scene.subscription_id,
        "if_version": 0,
        "if_unmarked": False,
        "noted_at": "2026-03-02T11:59:00Z",
    }
    excused = {"{lesson_id}": scene.coming_id, "{client_id}": scene.child_id}
    monthwise = {"from": MARCH_2, "to": "2026-04-01", "trend": "month"}
    by_rate = {"from": MARCH_2, "to": "2026-04-01", "page": "1", "sort": "-attendance_rate,name"}
    closed = [{"from": "2026-12-24", "until": "2027-01-01", "reason": "holidays"}]
    return {
        "home": of("GET /", None, 200),
        "registration_form": of("GET /auth/registration", None, 200, 403),
        "register_with_email": of(
            "POST /auth/registration",
            "register",
            201,
            403,
            415,
            429,
            body={**newcomer, "password": PASSWORD},
        ),
        "sign_in": of(
            "POST /auth/login",
            "sign_in",
            200,
            401,
            415,
            429,
            body={"username": "olaf", "password": PASSWORD, "remember": True},
            accepts=frozenset({"remember: true", "remember: false"}),
        ),
        "sign_out_by_get": of(
            "GET /auth/logout", "sign_out", 204, 401, by=leaving_by_get, query={"all": "false"}, once=True
        ),
        "sign_out": of(
            "POST /auth/logout", "sign_out", 204, 401, by=leaving, query={"all": "false"}, once=True
        ),
        "confirm_email": of("GET /auth/confirm_email/{token}", "confirm_email", 200, 410, ids=by_token),
        "resend_confirmation": of("POST /auth/confirm_email", "resend_confirmation", 202, 401, 409, 429),
        "change_password": of(
            "PUT /auth/password", "change_password", 204, 401, 403, 415, 429, body=passwords
        ),
        "password_form": of("GET /auth/password_reset/{token}", "set_password", 200, 410, ids=reset),
        "set_password": of(
            "PUT /auth/password_reset/{token}",
            "set_password",
            204,
            410,
            415,
            ids=reset,
            body={"password": PASSWORD},
            once=True,
        ),
        "request_password_reset": of(
            "POST /auth/password_reset",
            "request_password_reset",
            202,
            415,
            body={"email": "owner@example.org"},
        ),
        "list_users": of(
            "GET /users",
            "list_users",
            200,
            401,
            403,
            query={"page": "1", "sort": "+name", "name": "o", "role": "owner", "active": "true"},
        ),
        "invite_user": of("POST /users", "invite_user", 201, 401, 403, 415, body=guest),
        "resend_invitation": of(
            "POST /users/{user_id}/invitation", "resend_invitation", 202, 401, 403, 404, 409, 429, ids=invited
        ),
        "withdraw_invitation": of(
            "DELETE /users/{user_id}/invitation",
            "withdraw_invitation",
            200,
            401,
            403,
            404,
            409,
            ids=invited,
            once=True,
        ),
        "show_user": of("GET /users/{user_id}", "show_user", 200, 401, 403, 404, ids=user),
        "edit_user": of(
            "PUT /users/{user_id}",
            "edit_user",
            200,
            401,
            403,
            404,
            412,
            415,
            429,
            ids=user,
            body=profile,
            accepts=frozenset({"name: null"}),
        ),
        "change_role": of(
            "PUT /users/{user_id}/role",
            "change_role",
            200,
            202,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=user,
            body={"role": "employee"},
        ),
        "change_active": of(
            "PUT /users/{user_id}/active",
            "change_active",
            200,
            202,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=user,
            body={"active": False},
            accepts=frozenset({"active: true"}),
        ),
        "own_sessions": of("GET /users/{user_id}/sessions", "own_sessions", 200, 401, 403, 404, ids=own),
        "end_session": of(
            "DELETE /users/{user_id}/sessions/{session_id}",
            "end_session",
            204,
            401,
            403,
            404,
            by=scene.member,
            ids={"{user_id}": scene.member.id, "{session_id}": scene.session_id},
            once=True,
        ),
        "show_permissions": of(
            "GET /users/{user_id}/permissions", "show_permissions", 200, 401, 403, 404, ids=own
        ),
        "show_favorites": of("GET /users/{user_id}/favorites", "show_favorites", 200, 401, 403, 404, ids=own),
        "replace_favorites": of(
            "PUT /users/{user_id}/favorites",
            "replace_favorites",
            200,
            401,
            403,
            404,
            412,
            415,
            ids=own,
            body=chosen,
            accepts=frozenset(f"{name}: {what}" for name in chosen for what in ("null", "array")),
        ),
        "show_favorities": of(
            "POST /users/{user_id}/favorities", "show_favorites", 200, 401, 403, 404, ids=own
        ),
        "make_calendar_token": of(
            "POST /users/{user_id}/calendar_token", "make_calendar_token", 201, 401, 403, 404, ids=own
        ),
        "revoke_calendar_token": of(
            "DELETE /users/{user_id}/calendar_token", "revoke_calendar_token", 204, 401, 403, 404, ids=own
        ),
        "user_calendar": of(
            "GET /users/{user_id}/calendar.ics", "show_user_calendar", 200, 401, 403, 404, ids=own
        ),
        "group_calendar": of(
            "GET /groups/{group_id}/calendar.ics", "show_group_calendar", 200, 401, 403, 404, ids=group
        ),
        "client_calendar": of(
            "GET /clients/{client_id}/calendar.ics", "show_client_calendar", 200, 401, 403, 404, ids=client
        ),
        "list_role_changes": of(
            "GET /role_changes", "list_role_changes", 200, 401, 403, query={"state": "awaiting", "page": "1"}
        ),
        "show_role_change": of(
            "GET /role_changes/{role_change_id}", "show_role_change", 200, 401, 403, 404, ids=confirmed
        ),
        "confirm_role_change": of(
            "POST /role_changes/{role_change_id}/confirm",
            "confirm_role_change",
            200,
            401,
            403,
            404,
            409,
            412,
            ids=confirmed,
            once=True,
        ),
        "reject_role_change": of(
            "POST /role_changes/{role_change_id}/reject",
            "reject_role_change",
            200,
            401,
            403,
            404,
            409,
            412,
            ids=rejected,
            once=True,
        ),
        "withdraw_role_change": of(
            "POST /role_changes/{role_change_id}/withdraw",
            "withdraw_role_change",
            200,
            401,
            403,
            404,
            409,
            412,
            ids=withdrawn,
            once=True,
        ),
        "list_events": of(
            "GET /events",
            "list_events",
            200,
            401,
            403,
            query={
                "subject": scene.clerk.id,
                "kind": "account",
                "actor": scene.owner.id,
                "action": "account.edited",
                "from": MARCH_2,
                "to": MARCH_2,
                "page": "1",
            },
        ),
        "list_clients": of(
            "GET /clients",
            "list_clients",
            200,
            401,
            403,
            query={
                "page": "1",
                "sort": "-birthday,name",
                "q": "a",
                "active": "true",
                "group_id": scene.group_id,
            },
        ),
        "add_client": of(
            "POST /clients",
            "add_client",
            201,
            401,
            403,
            415,
            body=child,
            accepts=nulls(child, "name", "active") | {"active: true", "user_ids: array"},
        ),
        "show_client": of("GET /clients/{client_id}", "show_client", 200, 401, 403, 404, ids=client),
        "edit_client": of(
            "PUT /clients/{client_id}",
            "edit_client",
            200,
            401,
            403,
            404,
            412,
            415,
            ids=client,
            body=child,
            accepts=nulls(child, "name", "active") | {"active: true", "user_ids: array"},
        ),
        "list_contracts": of(
            "GET /contracts",
            "list_contracts",
            200,
            401,
            403,
            query={"page": "1", "sort": "-signed_on", "client_id": scene.client_id, "state": "draft"},
        ),
        "contracts_of_client": of(
            "GET /clients/{client_id}/contracts", "contracts_of_client", 200, 401, 403, 404, ids=client
        ),
        "add_contract": of(
            "POST /contracts",
            "add_contract",
            201,
            401,
            403,
            404,
            409,
            415,
            body={"client_id": scene.client_id, **signed, "number": "newcomer/1"},
            accepts=nulls(signed, "number"),
        ),
        "show_contract": of(
            "GET /contracts/{contract_id}", "show_contract", 200, 401, 403, 404, ids=contract
        ),
        "edit_contract": of(
            "PUT /contracts/{contract_id}",
            "edit_contract",
            200,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=contract,
            body=signed,
            accepts=nulls(signed, "number"),
        ),
        "list_prices": of("GET /prices", "list_prices", 200, query={"page": "1", "sort": "-amount,name"}),
        "add_price": of(
            "POST /prices",
            "add_price",
            201,
            401,
            403,
            415,
            body=monthly,
            accepts=accepted_of_prices(monthly),
        ),
        "show_price": of("GET /prices/{price_id}", "show_price", 200, 404, ids=price),
        "edit_price": of(
            "PUT /prices/{price_id}",
            "edit_price",
            200,
            401,
            403,
            404,
            412,
            415,
            ids=price,
            body=monthly,
            accepts=accepted_of_prices(monthly),
        ),
        "list_locations": of(
            "GET /locations",
            "list_locations",
            200,
            401,
            403,
            query={"page": "1", "sort": "-created_at", "active": "true"},
        ),
        "add_location": of(
            "POST /locations",
            "add_location",
            201,
            401,
            403,
            409,
            415,
            body={**place, "address": "newcomer street"},
            accepts=frozenset({"url: null", "capacity: null", "capacity: number", "active: true"}),
        ),
        "show_location": of(
            "GET /locations/{location_id}", "show_location", 200, 401, 403, 404, ids=location
        ),
        "edit_location": of(
            "PUT /locations/{location_id}",
            "edit_location",
            200,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=location,
            body=place,
            accepts=frozenset({"url: null", "capacity: null", "capacity: number", "active: true"}),
        ),
        "show_closures": of(
            "GET /locations/{location_id}/closures", "show_location", 200, 401, 403, 404, ids=location
        ),
        "replace_closures": of(
            "PUT /locations/{location_id}/closures",
            "edit_location",
            200,
            401,
            403,
            404,
            412,
            415,
            ids=location,
            body={"closures": closed},
            accepts=frozenset({"closures: array"}),
        ),
        "list_groups": of(
            "GET /groups", "list_groups", 200, 401, 403, query={"page": "1", "sort": "-created_at,name"}
        ),
        "add_group": of(
            "POST /groups",
            "add_group",
            201,
            401,
            403,
            404,
            409,
            415,
            body=tuesdays,
            accepts=accepted_of_groups(tuesdays),
        ),
        "show_group": of("GET /groups/{group_id}", "show_group", 200, 401, 403, 404, ids=group),
        "add_member": of(
            "POST /groups/{group_id}/members",
            "add_member",
            201,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=group,
            body={"client_id": scene.client_id, "from": "2026-03-10", "until": "2026-12-31"},
            accepts=frozenset({"until: null"}),
            once=True,
        ),
        "end_member": of(
            "DELETE /groups/{group_id}/members/{client_id}",
            "end_member",
            200,
            401,
            403,
            404,
            409,
            412,
            ids=group | {"{client_id}": scene.leaving_id},
            query={"until": "2026-03-02"},
            once=True,
        ),
        "edit_group": of(
            "PUT /groups/{group_id}",
            "edit_group",
            200,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=group,
            body=tuesdays,
            accepts=accepted_of_groups(tuesdays),
        ),
        "list_lessons": of(
            "GET /groups/{group_id}/lessons",
            "list_lessons",
            200,
            401,
            403,
            404,
            ids=group,
            query={"page": "1", "sort": "-date", "from": MARCH_2, "to": "2026-12-31", "state": "planned"},
        ),
        "list_all_lessons": of(
            "GET /lessons",
            "list_all_lessons",
            200,
            401,
            403,
            query={
                "from": MARCH_2,
                "to": "2026-12-31",
                "teacher": "me",
                "group_id": scene.group_id,
                "location_id": scene.location_id,
                "state": "planned",
                "untaken": "false",
                "page": "1",
                "sort": "-date",
            },
        ),
        "add_lessons": of(
            "POST /groups/{group_id}/lessons",
            "make_lessons",
            201,
            401,
            403,
            404,
            409,
            415,
            ids=group,
            body=until_summer,
        ),
        "show_lesson": of(
            "GET /groups/{group_id}/lessons/{lesson_id}", "show_lesson", 200, 401, 403, 404, ids=lesson
        ),
        "edit_lesson": of(
            "PUT /groups/{group_id}/lessons/{lesson_id}",
            "edit_lesson",
            200,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=lesson,
            body=called_off,
            # an id that is none is not found
            accepts=frozenset({"topic: null", "teachers: null", "teachers: array"}),
        ),
        "delete_lesson": of(
            "DELETE /groups/{group_id}/lessons/{lesson_id}",
            "delete_lesson",
            204,
            401,
            403,
            404,
            409,
            412,
            ids=group | {"{lesson_id}": scene.spare_id},
            once=True,
        ),
        "list_subscriptions": of(
            "GET /subscriptions",
            "list_subscriptions",
            200,
            401,
            403,
            query={
                "page": "1",
                "sort": "-ends_on,starts_on",
                "client_id": scene.client_id,
                "contract_id": scene.contract_id,
                "state": "active",
            },
        ),
        "subscriptions_of_client": of(
            "GET /clients/{client_id}/subscriptions",
            "subscriptions_of_client",
            200,
            401,
            403,
            404,
            ids=client,
        ),
        "sell_subscription": of(
            "POST /subscriptions",
            "sell_subscription",
            201,
            401,
            403,
            404,
            409,
            415,
            body=sale,
            accepts=nulls(sale, "client_id", "price_id", "settle_unpaid")
            | {"discount_percent: number", "settle_unpaid: true"},
        ),
        "show_subscription": of(
            "GET /subscriptions/{subscription_id}", "show_subscription", 200, 401, 403, 404, ids=subscription
        ),
        "edit_subscription": of(
            "PUT /subscriptions/{subscription_id}",
            "edit_subscription",
            200,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=subscription,
            body=on_hold,
            accepts=nulls(on_hold) | {"freezes: array"},
        ),
        "freeze_subscriptions": of(
            "POST /subscriptions/freeze",
            "freeze_subscriptions",
            200,
            401,
            403,
            404,
            415,
            body=holidays,
            accepts=nulls(holidays, "from", "until"),
        ),
        "show_sheet": of("GET /lessons/{lesson_id}/attendance", "show_sheet", 200, 401, 403, 404, ids=held),
        "mark_attendance": of(
            "PUT /lessons/{lesson_id}/attendance",
            "mark_attendance",
            200,
            401,
            403,
            404,
            409,
            412,
            415,
            ids=held,
            body={"attendances": [late]},
            accepts=frozenset({"attendances: array"}),
        ),
        "attendance_history": of(
            "GET /lessons/{lesson_id}/attendance/{client_id}/history",
            "attendance_history",
            200,
            401,
            403,
            404,
            ids=held | client,
        ),
        "visits_of_client": of(
            "GET /clients/{client_id}/attendance",
            "visits_of_client",
            200,
            401,
            403,
            404,
            ids=client,
            query={"from": MARCH_2, "to": "2026-12-31", "page": "1"},
        ),
        "groups_of_client": of(
            "GET /clients/{client_id}/groups",
            "groups_of_client",
            200,
            401,
            403,
            404,
            ids=client,
            query={"all": "true"},
        ),
        "lessons_of_client": of(
            "GET /clients/{client_id}/lessons",
            "lessons_of_client",
            200,
            401,
            403,
            404,
            ids=client,
            query={"from": MARCH_2, "to": "2026-12-31"},
        ),
        "list_marks": of(
            "GET /attendance",
            "list_marks",
            200,
            401,
            403,
            404,
            query={"from": MARCH_2, "to": "2026-12-31", "group_id": scene.group_id, "page": "1"},
        ),
        "announce_absence": of(
            "PUT /lessons/{lesson_id}/attendance/{client_id}/absence",
            "announce_absence",
            200,
            401,
            403,
            404,
            409,
            415,
            ids=excused,
            body={"note": "ill"},
            accepts=frozenset({"note: null"}),
        ),
        "take_back_absence": of(
            "DELETE /lessons/{lesson_id}/attendance/{client_id}/absence",
            "take_back_absence",
            204,
            401,
            403,
            404,
            409,
            ids=excused,
        ),
        "show_statistics": of("GET /statistics", "show_statistics", 200, 401, 403, query=monthwise),
        "list_employee_statistics": of(
            "GET /statistics/employees", "list_statistics", 200, 401, 403, query=by_rate
        ),
        "show_employee_statistics": of(
            "GET /statistics/employees/{user_id}",
            "show_statistics_of",
            200,
            401,
            403,
            404,
            ids=user,
            query=monthwise,
        ),
        "list_location_statistics": of(
            "GET /statistics/locations", "list_statistics", 200, 401, 403, query=by_rate
        ),
        "show_location_statistics": of(
            "GET /statistics/locations/{location_id}",
            "show_statistics_of",
            200,
            401,
            403,
            404,
            ids=location,
            query=monthwise,
        ),
        "list_group_statistics": of(
            "GET /statistics/groups", "list_statistics", 200, 401, 403, query=by_rate
        ),
        "show_group_statistics": of(
            "GET /statistics/groups/{group_id}",
            "show_statistics_of",
            200,
            401,
            403,
            404,
            ids=group,
            query=monthwise,
        ),
    }


def nulls(body: dict[str, Any], *but: str) -> frozenset[str]:
    """That every field but these takes null."""
    return frozenset(f"{name}: null" for name in body if name not in but)


def accepted_of_prices(body: dict[str, Any]) -> frozenset[str]:
    fine = {
        "visits: number",
        "visits_per_week: number",
        "valid_months: number",
        "charges_absence: true",
        "group_ids: array",
    }
    return nulls(body, "name", "amount", "currency", "charges_absence") | fine


def accepted_of_groups(body: dict[str, Any]) -> frozenset[str]:
    fine = {"capacity: number", "teachers: array", "members: array", "schedule: array"}
    return nulls(body, "name", "location_id") | fine


def all_operations(scene: Scene) -> Iterator[Operation]:
    yield from operations(scene).values()
    for path in ("/health/live", "/health/ready"):
        yield Operation(method="GET", path=path, template=path, by=scene.owner, may_say=(200, *EVER))


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
    f"{CLUB}": {"GET"},
    f"{CLUB}/auth/registration": {"GET", "POST"},
    f"{CLUB}/auth/login": {"POST"},
    f"{CLUB}/auth/logout": {"GET", "POST"},
    f"{CLUB}/auth/confirm_email": {"POST"},
    f"{CLUB}/auth/confirm_email/{{token}}": {"GET"},
    f"{CLUB}/auth/password": {"PUT"},
    f"{CLUB}/auth/password_reset": {"POST"},
    f"{CLUB}/auth/password_reset/{{token}}": {"GET", "PUT"},
    f"{CLUB}/users": {"GET", "POST"},
    f"{CLUB}/users/{{user_id}}": {"GET", "PUT"},
    f"{CLUB}/users/{{user_id}}/role": {"PUT"},
    f"{CLUB}/users/{{user_id}}/active": {"PUT"},
    f"{CLUB}/users/{{user_id}}/invitation": {"POST", "DELETE"},
    f"{CLUB}/users/{{user_id}}/sessions": {"GET"},
    f"{CLUB}/users/{{user_id}}/sessions/{{session_id}}": {"DELETE"},
    f"{CLUB}/users/{{user_id}}/permissions": {"GET"},
    f"{CLUB}/users/{{user_id}}/favorites": {"GET", "PUT"},
    f"{CLUB}/users/{{user_id}}/favorities": {"POST"},
    f"{CLUB}/users/{{user_id}}/calendar_token": {"POST", "DELETE"},
    f"{CLUB}/users/{{user_id}}/calendar.ics": {"GET"},
    f"{CLUB}/groups/{{group_id}}/calendar.ics": {"GET"},
    f"{CLUB}/clients/{{client_id}}/calendar.ics": {"GET"},
    f"{CLUB}/clients/{{client_id}}/groups": {"GET"},
    f"{CLUB}/clients/{{client_id}}/lessons": {"GET"},
    f"{CLUB}/role_changes": {"GET"},
    f"{CLUB}/role_changes/{{role_change_id}}": {"GET"},
    f"{CLUB}/role_changes/{{role_change_id}}/confirm": {"POST"},
    f"{CLUB}/role_changes/{{role_change_id}}/reject": {"POST"},
    f"{CLUB}/role_changes/{{role_change_id}}/withdraw": {"POST"},
    f"{CLUB}/events": {"GET"},
    f"{CLUB}/clients": {"GET", "POST"},
    f"{CLUB}/clients/{{client_id}}": {"GET", "PUT"},
    f"{CLUB}/clients/{{client_id}}/contracts": {"GET"},
    f"{CLUB}/contracts": {"GET", "POST"},
    f"{CLUB}/contracts/{{contract_id}}": {"GET", "PUT"},
    f"{CLUB}/prices": {"GET", "POST"},
    f"{CLUB}/prices/{{price_id}}": {"GET", "PUT"},
    f"{CLUB}/locations": {"GET", "POST"},
    f"{CLUB}/locations/{{location_id}}": {"GET", "PUT"},
    f"{CLUB}/locations/{{location_id}}/closures": {"GET", "PUT"},
    f"{CLUB}/groups": {"GET", "POST"},
    f"{CLUB}/groups/{{group_id}}": {"GET", "PUT"},
    f"{CLUB}/groups/{{group_id}}/members": {"POST"},
    f"{CLUB}/groups/{{group_id}}/members/{{client_id}}": {"DELETE"},
    f"{CLUB}/groups/{{group_id}}/lessons": {"GET", "POST"},
    f"{CLUB}/groups/{{group_id}}/lessons/{{lesson_id}}": {"GET", "PUT", "DELETE"},
    f"{CLUB}/lessons": {"GET"},
    f"{CLUB}/subscriptions": {"GET", "POST"},
    f"{CLUB}/subscriptions/freeze": {"POST"},
    f"{CLUB}/subscriptions/{{subscription_id}}": {"GET", "PUT"},
    f"{CLUB}/clients/{{client_id}}/subscriptions": {"GET"},
    f"{CLUB}/clients/{{client_id}}/attendance": {"GET"},
    f"{CLUB}/lessons/{{lesson_id}}/attendance": {"GET", "PUT"},
    f"{CLUB}/lessons/{{lesson_id}}/attendance/{{client_id}}/history": {"GET"},
    f"{CLUB}/lessons/{{lesson_id}}/attendance/{{client_id}}/absence": {"PUT", "DELETE"},
    f"{CLUB}/attendance": {"GET"},
    f"{CLUB}/statistics": {"GET"},
    **{
        path: {"GET"}
        for kind, name in (("employees", "user_id"), ("locations", "location_id"), ("groups", "group_id"))
        for path in (f"{CLUB}/statistics/{kind}", f"{CLUB}/statistics/{kind}/{{{name}}}")
    },
    "/health/live": {"GET"},
    "/health/ready": {"GET"},
    "/schema": {"GET"},
    "/schema/openapi.json": {"GET"},
    "/schema/assets/swagger_bundle.js": {"GET"},
    "/": {"GET"},
    "/app/sign-in": {"GET", "POST"},
    "/app/nothing": {"GET", "POST"},
}


def allowed(path: str) -> str:
    """What `Allow` says about a path."""
    methods = METHODS_AT[path] | {"OPTIONS"} | ({"HEAD"} if "GET" in METHODS_AT[path] else set())
    return ", ".join(sorted(methods))
