"""Whatever is wrong with a body is told in one answer: wrong types, unknown fields and broken rules."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from attendance.adapters.http.app import ROOMS
from attendance.adapters.http.server.bodies import strict_json
from attendance.adapters.http.server.operations.plan import Plan
from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, PASSWORD, UNKNOWN_ID, Api, answer, fields, good
from tests.http.attendance.test_attendance_protocol import TODAY, Class, entry, marks, path_of
from tests.http.club.test_clients_protocol import FORBIDDEN
from tests.http.operations import WITH_BODY, Scene, operations

CONTROL = "a\x07b"
BROKEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "register": ({"username": CONTROL, "password": "short", "more": 1}, ["more", "password", "username"]),
    "register_with_email": (
        {"username": 1, "email": "x", "password": "short", "name": CONTROL},
        ["email", "name", "password", "username"],
    ),
    "invite_user": (
        {"username": CONTROL, "email": "x", "name": CONTROL, "role": "king"},
        ["email", "name", "role", "username"],
    ),
    "sign_in": ({"username": "x", "email": "x", "password": 1}, ["body", "password"]),
    "change_password": ({"current_password": 1, "new_password": "x"}, ["current_password", "new_password"]),
    "set_password": ({"password": "short", "more": 1}, ["more", "password"]),
    "edit_user": ({"username": 1, "name": CONTROL, "email": "x"}, ["email", "name", "username"]),
    "create_lab": ({"name": CONTROL, "description": 1}, ["description", "name"]),
    "mark_lab_attendance": ({"user_id": 1, "note": CONTROL}, ["date", "note", "status", "user_id"]),
    "add_client": (
        {"guardian_name": CONTROL, "birthday": "2999-01-01", "email": "x", "active": "yes", "notes": CONTROL},
        ["active", "birthday", "email", "guardian_name", "name", "notes"],
    ),
    "edit_client": ({"name": 1, "email": "x", "phone": CONTROL}, ["email", "name", "phone"]),
    "add_contract": (
        {"number": 1, "signed_on": "2026-02-02", "cancelled_on": "2026-02-01", "notes": CONTROL},
        ["cancelled_on", "client_id", "notes", "number"],
    ),
    "edit_contract": (
        {"number": CONTROL, "signed_on": "x", "cancelled_on": "2026-02-01"},
        ["number", "signed_on"],
    ),
    "add_price": (
        {"name": CONTROL, "currency": "XXX", "valid_days": 1, "valid_months": 1, "visits": "8",
         "group_ids": [UNKNOWN_ID, "x"]},
        ["amount", "currency", "group_ids[0]", "group_ids[1]", "name", "valid_months", "visits"],
    ),
    "edit_price": (
        {"name": 1, "on_sale_from": "2026-02-02", "on_sale_until": "2026-02-01"},
        ["name", "on_sale_until"],
    ),
    "add_location": (
        {"name": CONTROL, "url": "ftp://x", "timezone": "Nowhere", "capacity": 0},
        ["address", "capacity", "name", "timezone", "url"],
    ),
    "edit_location": ({"address": 1, "timezone": "Nowhere", "url": "x"}, ["address", "timezone", "url"]),
    "replace_closures": (
        {"closures": [
            {"from": "2026-02-02", "until": "2026-02-01"},
            {"from": 1, "until": "2026-02-01", "reason": CONTROL},
            {"from": "2026-02-02", "until": "2026-02-03", "more": 1},
            {"from": "2026-02-02", "until": "2026-02-01", "more": 1},
            5,
        ]},
        ["closures[0].until", "closures[1].from", "closures[1].reason", "closures[2].more",
         "closures[3].more", "closures[3].until", "closures[4]"],
    ),
    "add_group": (
        {"name": CONTROL, "location_id": 1, "active_from": "2026-02-02", "active_until": "2026-02-01",
         "teachers": [{"user_id": 1, "from": "2026-02-02", "until": "2026-02-01"}],
         "members": [{"client_id": "x", "from": "2026-01-01"}, {"client_id": "x", "from": "2026-02-01"}],
         "schedule": [{"weekday": 1, "starts": "10:00", "ends": "09:00"}, {"weekday": 8}]},
        ["active_until", "location_id", "members[0].client_id", "members[1].client_id", "name",
         "schedule[0].ends", "schedule[1].ends", "schedule[1].starts", "schedule[1].weekday",
         "teachers[0].until", "teachers[0].user_id"],
    ),
    "edit_group": ({"capacity": "x", "name": CONTROL}, ["capacity", "name"]),
    "add_member": ({"from": "2026-02-02", "until": "2026-02-01", "more": 1}, ["client_id", "more", "until"]),
    "add_lessons": (
        {"date": "x", "starts": "10:00", "ends": "09:00", "topic": CONTROL},
        ["date", "ends", "topic"],
    ),
    "edit_lesson": (
        {"date": "x", "state": "planned", "reason": "x", "topic": CONTROL},
        ["date", "reason", "topic"],
    ),
    "sell_subscription": (
        {"client_id": "x", "sold_on": "2999-01-01", "starts_on": "later"},
        ["client_id", "price_id", "sold_on", "starts_on"],
    ),
    "freeze_subscriptions": (
        {"from": "2026-02-02", "until": "2026-02-01", "location_id": 1, "more": 1},
        ["location_id", "more", "until"],
    ),
    "edit_subscription": (
        {"ends_on": 1, "freezes": [{"from": "2026-02-02", "until": "2026-02-01"}]},
        ["ends_on", "freezes[0].until"],
    ),
    "announce_absence": ({"note": CONTROL, "status": "excused"}, ["note", "status"]),
    "mark_attendance": (
        {"attendances": [
            {"client_id": "x", "status": "there"},
            {"client_id": "y", "status": "present", "minutes_late": 5},
            {"status": "late", "note": CONTROL},
            {"client_id": "z", "status": None, "note": "x", "if_version": -1, "if_unmarked": 1,
             "noted_at": "2026-03-02T12:00:00"},
            {"client_id": "z", "status": "late", "noted_at": "2026-02-02T12:00:00Z"},
        ]},
        ["attendances[0].client_id", "attendances[0].status", "attendances[1].client_id",
         "attendances[1].minutes_late", "attendances[2].client_id", "attendances[2].note",
         "attendances[3].client_id", "attendances[3].if_unmarked", "attendances[3].if_version",
         "attendances[3].note", "attendances[3].noted_at", "attendances[4].client_id",
         "attendances[4].noted_at"],
    ),
    "replace_favorites": (
        {"groups": [UNKNOWN_ID], "lessons": ["x", 1], "more": 1},
        ["groups[0]", "lessons[1]", "more"],
    ),
}  # fmt: skip
WITHOUT_RULES = {"login", "request_password_reset", "change_role", "change_active"}


@pytest.mark.parametrize("name", BROKEN)
def test_everything_that_is_wrong_with_a_body_is_told_at_once(memory: Api, name: str) -> None:
    operation = operations(Scene.of(memory))[name]
    body, expected = BROKEN[name]
    told = fields(operation.by.asks(operation.method, operation.path, json=body))
    assert sorted(told) == expected
    assert len({*told}) == len(told)


def test_every_body_whose_rules_are_more_than_types_is_tried() -> None:
    assert BROKEN.keys() | WITHOUT_RULES == {*WITH_BODY}


def test_rules_are_seen_to_be_left_out_when_nobody_judges(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Scene.of(memory).owner
    plans = [*_plans(memory)]
    assert sum(plan._judge is not None for plan in plans) == len(BROKEN) - 1, "signing in has no use for one"
    for plan in plans:
        monkeypatch.setattr(plan, "_judge", None)
    assert fields(owner.posts("/clients", email="x", active="yes")) == ["active", "name"]


def _plans(api: Api) -> set[Plan]:
    """The plans behind all routes, wherever what answers at one keeps them."""
    answering = [
        middleware
        for route in api.app.routes
        for handler in getattr(route, "route_handlers", ())
        for middleware in handler.middleware or ()
    ]
    found: list[object] = []
    while answering:
        for cell in getattr(answering.pop(), "__closure__", None) or ():
            kept = cell.cell_contents
            found += kept.values() if isinstance(kept, dict) else []
            answering += [kept] if callable(kept) else []
    return {it for it in found if isinstance(it, Plan)}


def test_an_entry_is_judged_by_itself_and_with_its_lesson_to_who_may_mark_it(memory: Api) -> None:
    chess = Class.of(memory)
    lesson, (anna, bea, _) = chess.lesson(), chess.members
    sent = [entry(anna), entry(UNKNOWN_ID), entry(bea, "present", minutes_late=5), entry(bea, 1)]
    assert sorted(fields(marks(chess.teacher, lesson, *sent))) == [
        "attendances[1].client_id",
        "attendances[2].minutes_late",
        "attendances[3].client_id",
        "attendances[3].status",
    ]
    # to whom the lesson is closed nothing is told of who is a client
    assert sorted(fields(marks(chess.clerk, lesson, *sent))) == [
        "attendances[2].minutes_late",
        "attendances[3].client_id",
        "attendances[3].status",
    ]
    assert answer(marks(chess.clerk, lesson, *sent[:2])) == FORBIDDEN
    assert all(it["status"] is None for it in good(chess.teacher.reads(path_of(lesson)), 200)["attendances"])


def test_of_a_query_and_a_body_both_are_told(memory: Api) -> None:
    clerk = memory.having(Role.EMPLOYEE)
    response = clerk.asks("POST", f"{CLUB}/clients", params={"x": 1}, json={"name": CONTROL, "email": "x"})
    assert sorted(fields(response)) == ["email", "name", "x"]


def test_messages_name_the_types_of_json(memory: Api) -> None:
    head = memory.having(Role.HEAD_MANAGER)
    wrong: dict[str, Any] = {
        "name": 1, "birthday": 5, "active": 1.5, "user_ids": "x", "email": {}, "notes": False,
    }  # fmt: skip
    refused = head.posts("/clients", **wrong)
    assert {it["field"]: it["message"] for it in refused.json()["details"]} == {
        "name": "expected `string`, got `integer`",
        "birthday": "expected `string | null`, got `integer`",
        "active": "expected `boolean`, got `number`",
        "user_ids": "expected `array | null`, got `string`",
        "email": "expected `string | null`, got `object`",
        "notes": "expected `string | null`, got `boolean`",
    }
    told = refused.text + head.posts("/prices", name="x", amount=80, currency=None, visits="x").text
    told += head.posts("/groups", name="x", location_id="x", schedule=[{"weekday": 9, "starts": 8}]).text
    assert not re.search(r"\b(str|int|float|bool|Decimal|None|list|dict|uuid|date)\b`", told)


def test_a_field_that_is_null_is_cleared_and_one_left_out_stays(memory: Api) -> None:
    head = memory.having(Role.HEAD_MANAGER)
    client = good(head.posts("/clients", name="Anna", phone="1", birthday=TODAY, notes="x"), 201)
    path = f"/clients/{client['id']}"
    changed = good(head.puts(path, phone=None, birthday=None), 200)
    assert (changed["phone"], changed["birthday"], changed["notes"]) == ("", None, "x")


def test_operations_are_functions_of_their_modules() -> None:
    handlers = [operation.handler for room in ROOMS for operation in room.operations]
    assert len(handlers) > 80
    for handler in handlers:
        module = __import__(handler.__module__, fromlist=[handler.__name__])
        assert getattr(module, handler.__name__) is handler
        assert handler.__closure__ is None


def test_a_password_is_not_repeated_in_what_is_said_of_it(memory: Api) -> None:
    refused = memory.registers(username="x", password=PASSWORD, more=PASSWORD)
    assert fields(refused) == ["more"]
    assert PASSWORD not in refused.text


def test_what_a_decoder_lets_pass_hides_no_broken_rule(memory: Api) -> None:
    head = memory.having(Role.HEAD_MANAGER)
    sent = b'{"name": "a\\u0000", "birthday": "2999-01-01", "email": "x", "phone": "1", "phone": "2"}'
    refused = head.asks("POST", f"{CLUB}/clients", content=sent, headers={"content-type": "application/json"})
    assert refused.status_code == 400
    assert sorted(fields(refused)) == ["birthday", "email", "name", "phone"]


TEXTS = st.text(st.sampled_from([*'":\\{}[], \n\t', "a", "ä", "\u2028", "\U0001f468"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(deadline=None)
@given(
    sent=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), escaped=st.booleans(), spaced=st.booleans()
)
def test_a_repeated_name_is_found_and_no_other_is_called_repeated(
    sent: dict[str, Any], escaped: bool, spaced: bool
) -> None:
    separators = (" , ", " \n: ") if spaced else (",", ":")
    raw = json.dumps(sent, ensure_ascii=escaped, separators=separators).encode()
    assert strict_json._errors_let_pass(raw, json.loads(raw)) == []
    again = json.dumps([*sent][-1], ensure_ascii=escaped).encode()
    twice = raw[:-1] + b"," + again + separators[1].encode() + b"null}"
    found = strict_json._errors_let_pass(twice, json.loads(twice))
    assert [error.field for error in found] == [[*sent][-1]]


A_DATE = "must be a date that there is, of the form YYYY-MM-DD"
HH_MM = "must be a time of day from 00:00 to 23:59, of the form HH:MM"


@pytest.mark.parametrize(
    ("name", "changes", "place", "said"),
    [
        ("add_lessons", {"starts": "7 pm"}, "starts", HH_MM),
        ("add_lessons", {"starts": "25:00"}, "starts", HH_MM),
        ("add_lessons", {"date": "2026-02-30"}, "date", A_DATE),
        ("add_price", {"amount": "80,00"}, "amount", 'must be an amount as a text, such as "80.00"'),
        ("add_price", {"currency": "eur"}, "currency", 'must be a currency of ISO 4217, such as "EUR"'),
        ("add_contract", {"client_id": "x"}, "client_id", "must be an id: a UUID"),
    ],
)  # fmt: skip
def test_a_form_is_told_in_words(
    memory: Api, name: str, changes: dict[str, Any], place: str, said: str
) -> None:
    operation = operations(Scene.of(memory))[name]
    body = {**(operation.body or {}), **changes}
    response = operation.by.asks(operation.method, operation.path, json=body)
    assert response.json()["details"] == [{"field": place, "message": said}]
    assert "regex" not in response.text
