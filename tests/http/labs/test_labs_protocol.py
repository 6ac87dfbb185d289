"""The labs protocol, letter for letter, over every store; in the order of its document."""

import base64
import itertools
import json
import re
from typing import Any

import pytest

from attendance.domain.text import folded
from tests import make
from tests.http.api import MARCH_2, PASSWORD, UNKNOWN_ID, Api, Lab, Person, answer, fields, good, refusal

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

SIGN_IN_FIRST = refusal(401, "authentication required")
NO_LAB = refusal(404, "lab not found")
NO_LAB_OR_USER = refusal(404, "lab or user not found")
NO_ATTENDANCE = refusal(404, "attendance not found")
ALREADY_MEMBER = refusal(409, "already a member")
NOT_A_MEMBER = refusal(409, "user is not a member of the lab")
ONLY_OWNER_MANAGES = refusal(403, "only lab owner can manage attendance")
ONLY_OWNER_VIEWS = refusal(403, "only lab owner can view attendance")
ONLY_OWNER_DELETES = refusal(403, "only lab owner can delete attendance")

MALFORMED_IDS = {
    "a word": "physics",
    "a number": "1",
    "a blank": "%20",
    "a NUL": "%00",
    "no UTF-8": "%FF",
    "too short": UNKNOWN_ID[:-1],
    "too long": UNKNOWN_ID + "0",
    "in braces": f"%7B{UNKNOWN_ID}%7D",
    "a URN": f"urn:uuid:{UNKNOWN_ID}",
    "without hyphens": UNKNOWN_ID.replace("-", ""),
    "in Arabic digits": "".join(
        chr(0x660 + int(digit)) if digit.isdigit() else digit for digit in UNKNOWN_ID
    ),
    "quoted": f"'{UNKNOWN_ID}'",
    "a statement": "x'%20OR%20'1'='1",
    "a star": "*",
    "very long": "a" * 4000,
}
NO_IDS = {"of nothing": UNKNOWN_ID} | MALFORMED_IDS


@pytest.fixture
def ada(api: Api) -> Person:
    return api.someone("ada")


@pytest.fixture
def bob(api: Api) -> Person:
    return api.someone("bob")


@pytest.fixture
def lab(api: Api, ada: Person, bob: Person) -> Lab:
    """Ada's, with Bob as its member."""
    return api.lab_of(ada, bob)


# 1. Register


def test_registering_answers_with_the_id_of_a_user(api: Api) -> None:
    response = api.registers(username="ada", password=PASSWORD)
    user_id = good(response, 201)["user_id"]
    assert answer(response) == (201, {"user_id": user_id})
    assert UUID7.fullmatch(user_id)


def test_a_username_is_taken_in_every_spelling_that_reads_the_same(api: Api) -> None:
    good(api.registers(username="aDa", password=PASSWORD), 201)
    for spelling in ("aDa", "ada", "ADA", "ａｄａ", "Ａda"):
        taken = answer(api.registers(username=spelling, password=PASSWORD))
        assert taken == refusal(400, "username is taken"), spelling
    assert good(api.nobody.searches_users(), 200)["total"] == 1


def test_a_password_that_breaks_a_rule_is_malformed(api: Api) -> None:
    for why, password in {
        "empty": "",
        "short": "seven77",
        "short in NFC": "e\u0301" * 7,
        "1025 bytes": "ü" * 512 + "x",
        "common": "password1",
        "common in capitals": "PASSWORD1",
        "common in full width": "ｐａｓｓｗｏｒｄ１",
        "with NUL": "pass\0word and more",
    }.items():
        assert fields(api.registers(username="ada", password=password)) == ["password"], why
    assert good(api.nobody.searches_users(), 200)["total"] == 0


def test_a_password_within_the_rules_is_accepted_and_signs_in(api: Api) -> None:
    for number, password in enumerate(("zq8-mk3!", "ü" * 512, "e\u0301" * 8, " " * 8, "\t\n\x01abcde")):
        good(api.registers(username=f"ada{number}", password=password), 201)
        assert good(api.signs_in(username=f"ada{number}", password=password), 200).keys() == {"access_token"}


def test_a_password_is_the_same_however_its_accents_are_typed(api: Api) -> None:
    good(api.registers(username="ada", password="cafe\u0301 noir"), 201)
    assert good(api.signs_in(username="ada", password="caf\u00e9 noir"), 200).keys() == {"access_token"}
    assert answer(api.signs_in(username="ada", password="cafe noir"))[0] == 401


def test_a_username_nobody_may_have_is_malformed(api: Api) -> None:
    for why, username in {
        "empty": "",
        "65 characters": "a" * 65,
        "a blank": "two words",
        "blanks alone": " \u3000",
        "a mark of direction": "ad\u200fa",
        "NUL": "a\0b",
        "newline": "a\nb",
        "Cyrillic а in Latin": "аda",
        "invisible": "a\u200db",
    }.items():
        assert fields(api.registers(username=username, password=PASSWORD)) == ["username"], why
    assert good(api.nobody.searches_users(), 200)["total"] == 0


def test_every_field_of_a_wrong_type_and_every_unknown_one_is_said_at_once(api: Api) -> None:
    assert fields(api.registers(username=1, password=None, email="x")) == ["email", "username", "password"]


def test_a_username_and_a_password_that_both_break_a_rule_are_said_at_once(memory: Api) -> None:
    assert fields(memory.registers(username="two words", password="short")) == ["username", "password"]


# 2. Login


def test_signing_in_answers_with_a_token_that_contains_the_user_id(api: Api) -> None:
    user_id = good(api.registers(username="ada", password=PASSWORD), 201)["user_id"]
    response = api.signs_in(username="ada", password=PASSWORD)
    token = good(response, 200)["access_token"]
    assert answer(response) == (200, {"access_token": token})
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["user_id"] == user_id
    assert PASSWORD not in json.dumps(claims)
    assert "ada" not in claims.values()


def test_each_sign_in_is_a_session_of_its_own(api: Api, ada: Person) -> None:
    again = good(api.signs_in(username="ada", password=PASSWORD), 200)["access_token"]
    assert again != ada.token
    for token in (ada.token, again):
        good(Person(api.http, ada.id, "ada", token).creates(name="Physics"), 201)


def test_whatever_was_wrong_the_credentials_are_invalid(api: Api, ada: Person) -> None:
    for username, password in [
        ("ada", "wrong horse battery"),
        ("nobody", PASSWORD),
        ("ada", ""),
        ("", PASSWORD),
        ("", ""),
        ("ada", "x"),
        ("ada", "x" * 5000),
        ("x" * 5000, PASSWORD),
        ("two words", PASSWORD),
        ("ada\x1f", PASSWORD),
        ("ada", PASSWORD.upper()),
        ("ada", f"{PASSWORD} "),
        ("%", PASSWORD),
        ("ad_", PASSWORD),
    ]:
        response = api.signs_in(username=username, password=password)
        assert answer(response) == refusal(401, "invalid credentials"), (username, password)
        assert response.headers["www-authenticate"] == "Bearer"


def test_one_signs_in_under_any_spelling_of_the_username(api: Api, ada: Person) -> None:
    for spelling in ("ADA", "ａｄａ"):
        token = good(api.signs_in(username=spelling, password=PASSWORD), 200)["access_token"]
        lab = Person(api.http, token=token).opens_lab()
        assert lab.id in [
            row["id"] for row in good(ada.searches_labs(), 200)["labs"] if row["owner_id"] == ada.id
        ]


# 3. Search users


def test_users_are_shown_to_anybody_with_id_and_username_and_no_more(
    api: Api, bob: Person, ada: Person
) -> None:
    shown = {"users": [{"id": ada.id, "username": "ada"}, {"id": bob.id, "username": "bob"}], "total": 2}
    assert answer(api.nobody.searches_users()) == (200, shown)
    assert answer(ada.searches_users()) == (200, shown)
    assert answer(api.http.get("/users?name=")) == (200, shown)


def test_users_are_found_by_any_part_of_the_name(api: Api) -> None:
    for name in ("Ada", "Grace", "Radia", "Анна", "Strauß"):
        api.someone(name)

    def found(part: str) -> list[str]:
        body = good(api.nobody.searches_users(part), 200)
        assert body["total"] == len(body["users"])
        return [user["username"] for user in body["users"]]

    assert found("ADA") == ["Ada"]
    assert found("ad") == ["Ada", "Radia"]
    assert found("a") == ["Ada", "Grace", "Radia", "Strauß"]
    assert found("АНН") == ["Анна"]
    assert found("STRAUSS") == ["Strauß"]
    assert found("ss") == ["Strauß"]
    assert found("%") == found("_") == found("ada ") == found("*") == []


# 4. Create a lab


def test_creating_a_lab_answers_with_its_id_and_makes_one_its_owner(api: Api, ada: Person) -> None:
    response = ada.creates(name="Physics", description="Waves\n\tand particles")
    lab_id = good(response, 201)["lab_id"]
    assert answer(response) == (201, {"lab_id": lab_id})
    assert UUID7.fullmatch(lab_id)
    shown = Lab(lab_id, ada.id, "Physics", "Waves\n\tand particles").shown()
    assert answer(api.nobody.searches_labs()) == (200, {"labs": [shown], "total": 1})


def test_a_lab_without_description_has_an_empty_one(api: Api, ada: Person) -> None:
    good(ada.creates(name="Physics"), 201)
    assert good(api.nobody.searches_labs(), 200)["labs"][0]["description"] == ""


def test_only_who_is_signed_in_creates_labs(api: Api) -> None:
    assert answer(api.nobody.creates(name="Physics", description="")) == SIGN_IN_FIRST
    assert good(api.nobody.searches_labs(), 200)["total"] == 0


def test_of_a_labs_texts_only_the_ends_of_the_name_are_changed(api: Api, ada: Person) -> None:
    texts = {"name": "e\u0301  Ｌ ß", "description": " \n İ \U0001f9ea\t"}
    typed = {**texts, "name": f" \u3000{texts['name']}\n "}
    good(ada.creates(**typed), 201)
    [lab] = good(api.nobody.searches_labs(), 200)["labs"]
    assert {name: lab[name] for name in texts} == texts


def test_lengths_are_counted_in_characters(ada: Person) -> None:
    for character in ("x", "é", "\U0001f9ea"):
        good(ada.creates(name=f"  {character * 200} ", description=character * 2000), 201)
        too_long = ada.creates(name=character * 201, description=character * 2001)
        assert {*fields(too_long)} == {"name", "description"}, character


def test_a_lab_that_cannot_be_is_malformed(api: Api, ada: Person) -> None:
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": 1}, ["name"]),
        ({"name": "x", "description": None}, ["description"]),
        ({"name": "x", "description": ["x"]}, ["description"]),
        ({"name": "a\nb"}, ["name"]),
        ({"name": "a\tb"}, ["name"]),
        ({"name": "a\u0085b"}, ["name"]),
        ({"name": "a\u2028b"}, ["name"]),
        ({"name": "a\u200eb"}, ["name"]),
        ({"name": " \t "}, ["name"]),
        ({"name": "\u200b\u3164"}, ["name"]),
        ({"name": "x", "description": "a\rb"}, ["description"]),
        ({"name": "x", "description": "a\0b"}, ["description"]),
        ({"name": "a\nb", "description": "a\rb"}, ["name", "description"]),
        ({"name": "x", "owner_id": UNKNOWN_ID}, ["owner_id"]),
        ({"Name": "x"}, ["Name", "name"]),
    ]
    for body, wrong in cases:
        assert fields(ada.creates(**body)) == wrong, body
    assert good(api.nobody.searches_labs(), 200)["total"] == 0


# 5. Search labs


def test_member_ids_are_in_the_order_of_joining_without_the_owner(api: Api, ada: Person) -> None:
    members = [api.someone(name) for name in ("zoe", "bob", "mia", "abe")]
    lab = api.lab_of(ada, members[2], members[0], members[3], members[1])
    shown = lab.shown(members[2], members[0], members[3], members[1])
    assert answer(api.nobody.searches_labs()) == (200, {"labs": [shown], "total": 1})


def names(api: Api, q: str, **query: Any) -> list[str]:
    body = good(api.nobody.searches_labs(q, **query), 200)
    assert body["total"] == len(body["labs"]) or query
    return [lab["name"] for lab in body["labs"]]


def test_a_lab_is_found_by_its_name_and_by_its_description_and_once_by_both(api: Api, ada: Person) -> None:
    ada.opens_lab("Optics", "light and lenses")
    ada.opens_lab("Light", "what light is")
    ada.opens_lab("Sound", "waves")
    assert names(api, "LIGHT") == ["Light", "Optics"]
    assert names(api, "lenses") == ["Optics"]
    assert names(api, "") == ["Light", "Optics", "Sound"]
    assert names(api, "opticslight") == names(api, "s l") == [], "not across the two"


FOUND = [
    ("Лаборатория Ёлка", "ёлк"),
    ("лаборатория", "ЛАБОР"),
    ("Straße", "STRASSE"),
    ("STRASSE", "straße"),
    ("Große Maße", "SSE"),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
    ("İzmİr", "i̇ZMİR"),
    ("IZMIR", "izmir"),
    ("Ｌａｂ　１", "lab 1"),
    ("lab 1", "Ｌａｂ　１"),
    ("ﬁeld", "FI"),
    ("e\u0301tude", "ÉTU"),
    ("étude", "E\u0301tude"),
    ("étude", "etude"),
    ("etude", "ÉTUDE"),
    ("ISPARTA", "ısparta"),
    ("Łódź", "lodz"),
    ("Ørsted æon", "orsted ae"),
    ("йод", "ЙОД"),
    ("한글 실험", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
    ("مختبر", "ختب"),
    ("实验室", "验"),
    ("\U0001f9ea chem", "\U0001f9ea"),
    ("\U0001d4db\U0001d4ea\U0001d4eb", "lab"),
    ("№ 5", "no 5"),
    ("H₂O", "h2o"),
    ("100% sure", "0%"),
    ("a_b", "_"),
    ("it's", "'"),
    ("it's", "t's"),
    ('say "hi" now', '"hi"'),
    ('"""', '"'),
    ("C:\\temp", ":\\t"),
    ("\\", "\\"),
    ("a*b?c", "*b?"),
    ("AND OR NOT NEAR", "or no"),
    ("x(y)^z", "y)^"),
    ("name:value", "e:v"),
    ("-minus", "-mi"),
    ("{a,b}", "{a,b}"),
    ("$1 :name", ":name"),
    ("<b>&amp;</b>", "&amp;"),
    ("two  blanks", "o  b"),
]
NOT_FOUND = [
    ("100 percent", "%"),
    ("axb", "a_b"),
    ("йод", "иод"),
    ("axb", "a%b"),
    ("axb", "a*b"),
    ("Лаборатория", "лабораторiя"),
    ("\\", "\\\\"),
    ("a", "aa"),
    ("aba", "bab"),
    ("x", " "),
]


def test_labs_are_found_in_any_script_and_case_and_signs_mean_themselves(api: Api, ada: Person) -> None:
    stored = dict.fromkeys(name for name, _ in FOUND + NOT_FOUND)
    for name in stored:
        ada.opens_lab(name)
    missed = [(name, q) for name, q in FOUND if name not in names(api, q)]
    mistaken = [(name, q) for name, q in NOT_FOUND if name in names(api, q)]
    assert (missed, mistaken) == ([], [])


def test_what_is_found_in_a_name_is_found_in_a_description(api: Api, ada: Person) -> None:
    for description in dict.fromkeys(name for name, _ in FOUND):
        ada.opens_lab("x", description)
    missed = [
        (description, q)
        for description, q in FOUND
        if description not in [lab["description"] for lab in good(api.nobody.searches_labs(q), 200)["labs"]]
    ]
    assert missed == []


def test_every_part_of_a_name_finds_it_be_it_one_character_or_all(api: Api, ada: Person) -> None:
    name = "Ünï \"_%' Ⅷ"
    ada.opens_lab(name, "")
    ada.opens_lab("y", "z")
    key = folded(name)
    parts = {key[start:end] for start, end in itertools.combinations(range(len(key) + 1), 2)}
    assert [part for part in parts if names(api, part) != [name]] == []


def test_a_description_is_searched_over_its_line_breaks(api: Api, ada: Person) -> None:
    ada.opens_lab("x", "one\ntwo\tthree")
    assert names(api, "one\ntwo\tt") == ["x"]
    assert names(api, "one two") == []


def test_labs_are_sorted_by_name_whatever_case_and_accents(api: Api, ada: Person) -> None:
    sorted_names = ["1", "_", "a", "ä", "Ab", "aC", "ß1", "st", "Z", "Ж", "ж1", "ﺵ", "実", "\U0001f9ea"]
    for name in reversed(sorted_names):
        ada.opens_lab(name, "needle")
    assert names(api, "") == names(api, "needle") == names(api, "n") == sorted_names


def test_labs_of_one_name_are_sorted_by_id(api: Api, ada: Person) -> None:
    ids = [ada.opens_lab(name).id for name in ("Lab", "LAB", "lab", "ｌab")]
    assert [lab["id"] for lab in good(api.nobody.searches_labs(), 200)["labs"]] == sorted(ids)


def test_limit_and_offset_cut_a_page_out_and_the_total_stays_true(api: Api, ada: Person) -> None:
    for number in range(7):
        ada.opens_lab(f"Lab {number}")

    def page(**query: Any) -> tuple[list[str], int]:
        body = good(api.nobody.searches_labs(**query), 200)
        return [lab["name"][-1] for lab in body["labs"]], body["total"]

    for part in ("", "a", "lab"):
        assert page(q=part) == (list("0123456"), 7)
        assert page(q=part, limit=3) == (list("012"), 7)
        assert page(q=part, limit=3, offset=5) == (list("56"), 7)
        assert page(q=part, offset=6, limit=1000) == (["6"], 7)
        assert page(q=part, offset=7) == page(q=part, offset=7, limit=1) == ([], 7)
        assert page(q=part, offset=2**53 - 1) == ([], 7)
        assert page(q=part, limit=1, offset=0) == (["0"], 7)
        # from here on a search leaves something out
        ada.opens_lab("Other", "x") if part == "" else None


def test_users_are_cut_into_pages_alike(api: Api) -> None:
    people = [api.someone(f"user{number}") for number in range(3)]
    api.someone("other")
    body = good(api.nobody.searches_users("user", limit=1, offset=1), 200)
    assert body == {"users": [{"id": people[1].id, "username": "user1"}], "total": 3}
    assert good(api.nobody.searches_users("user", offset=3), 200) == {"users": [], "total": 3}
    assert good(api.nobody.searches_users("nobody", offset=3), 200) == {"users": [], "total": 0}


def test_at_most_1000_are_in_one_answer_and_the_total_counts_them_all(api: Api, ada: Person) -> None:
    account = make.account()
    with api.container.store().transaction() as work:
        work.accounts.add(account)
        for number in range(1001):
            work.labs.add(make.lab(account, name=f"Lab {number:04}"))
            work.accounts.add(make.account(username=f"many{number:04}"))
    labs = good(api.nobody.searches_labs(), 200)
    assert [lab["name"] for lab in labs["labs"]] == [f"Lab {number:04}" for number in range(1000)]
    assert labs["total"] == 1001
    users = good(api.nobody.searches_users("many"), 200)
    assert [user["username"] for user in users["users"]] == [f"many{number:04}" for number in range(1000)]
    assert users["total"] == 1001
    assert len(good(api.nobody.searches_labs(offset=1000), 200)["labs"]) == 1


# 6. Join a lab


def test_joining_answers_with_lab_and_user(api: Api, ada: Person, bob: Person) -> None:
    lab = ada.opens_lab()
    assert answer(bob.joins(lab)) == (200, {"lab_id": lab.id, "user_id": bob.id})
    assert good(api.nobody.searches_labs(), 200)["labs"] == [lab.shown(bob)]


def test_one_joins_once_and_not_the_lab_one_owns(api: Api, ada: Person, bob: Person, lab: Lab) -> None:
    assert answer(bob.joins(lab)) == ALREADY_MEMBER
    assert answer(ada.joins(lab)) == ALREADY_MEMBER
    assert good(api.nobody.searches_labs(), 200)["labs"] == [lab.shown(bob)]


def test_a_member_of_one_lab_is_none_of_another(api: Api, ada: Person, bob: Person, lab: Lab) -> None:
    other = ada.opens_lab()
    assert answer(ada.marks(other, bob)) == NOT_A_MEMBER
    good(bob.joins(other), 200)
    good(ada.marks(other, bob), 200)


# 7. Create or update attendance


def test_a_mark_is_answered_as_it_is_stored(ada: Person, bob: Person, lab: Lab) -> None:
    for day, status in enumerate(("present", "absent", "late", "excused"), 1):
        response = ada.marks(lab, bob, f"2026-03-0{day}", status, note=" Bus\n\tlate ")
        attendance_id = good(response, 200)["attendance_id"]
        assert UUID7.fullmatch(attendance_id)
        stored = {
            "attendance_id": attendance_id,
            "lab_id": lab.id,
            "user_id": bob.id,
            "date": f"2026-03-0{day}",
            "status": status,
            "note": " Bus\n\tlate ",
        }
        assert answer(response) == (200, stored)


def test_the_same_again_changes_nothing_and_keeps_the_id(ada: Person, bob: Person, lab: Lab) -> None:
    first = answer(ada.marks(lab, bob, note="x"))
    assert first[0] == 200
    assert [answer(ada.marks(lab, bob, note="x")) for _ in range(3)] == [first] * 3
    assert good(ada.views(lab), 200)["total"] == 1


def test_marking_again_revises_and_keeps_the_id(ada: Person, bob: Person, lab: Lab) -> None:
    first = good(ada.marks(lab, bob, status="absent", note="?"), 200)
    second = good(ada.marks(lab, bob, status="excused", note="ill"), 200)
    assert second == first | {"status": "excused", "note": "ill"}
    third = good(ada.marks(lab, bob, status="excused"), 200)
    assert third == first | {"status": "excused", "note": ""}, "a note that is left out is an empty one"
    assert good(ada.views(lab), 200)["attendances"] == [
        {"user_id": bob.id, "username": "bob", "status": "excused", "note": ""}
    ]


def test_a_mark_is_of_one_lab_one_user_and_one_date(api: Api, ada: Person, bob: Person, lab: Lab) -> None:
    mia = api.someone("mia")
    good(mia.joins(lab), 200)
    other = api.lab_of(ada, bob)
    marks = [
        ada.marks(lab, bob),
        ada.marks(lab, bob, "2026-03-03"),
        ada.marks(lab, mia),
        ada.marks(other, bob),
    ]
    assert len({good(mark, 200)["attendance_id"] for mark in marks}) == 4


def test_any_valid_date_may_be_marked(ada: Person, bob: Person, lab: Lab) -> None:
    dates = ["0001-01-01", "1582-10-10", "2024-02-29", "9999-12-31"]
    for on in dates:
        assert good(ada.marks(lab, bob, on), 200)["date"] == on
        assert good(ada.views(lab, on), 200)["date"] == on
        history = good(ada.views_history(lab, bob, **{"from": on, "to": on}), 200)
        assert history["attendances"] == [{"date": on, "status": "present", "note": ""}]
    assert [mark["date"] for mark in good(ada.views_history(lab, bob), 200)["attendances"]] == dates


NO_DATES = [
    "",
    "null",
    "today",
    "20260302",
    "2026-3-2",
    "2026-02-30",
    "2025-02-29",
    "1900-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "0000-01-01",
    "10000-01-01",
    "-001-01-01",
    "02-03-2026",
    "2026/03/02",
    "2026-03-02T00:00:00",
    "2026-03-02Z",
    " 2026-03-02",
    "2026-03-02\n",
    "2026-W10-1",
    "1772409600",
    "２０２６-０３-０２",
]


def test_no_other_spelling_is_a_date_anywhere(ada: Person, bob: Person, lab: Lab) -> None:
    for text in NO_DATES:
        assert fields(ada.marks(lab, bob, text)) == ["date"], text
        assert fields(ada.views(lab, text)) == ["date"], text
        assert fields(ada.views_history(lab, bob, **{"from": text})) == ["from"], text
        assert fields(ada.views_history(lab, bob, to=text)) == ["to"], text
    assert good(ada.views_history(lab, bob), 200)["total"] == 0


def test_a_mark_that_cannot_be_is_malformed(ada: Person, bob: Person, lab: Lab) -> None:
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"status": "here"}, ["status"]),
        ({"status": "Present"}, ["status"]),
        ({"status": ""}, ["status"]),
        ({"status": None}, ["status"]),
        ({"status": 1}, ["status"]),
        ({"note": None}, ["note"]),
        ({"note": "x" * 1001}, ["note"]),
        ({"note": "a\0b"}, ["note"]),
        ({"note": "a\x1bb"}, ["note"]),
        ({"note": ["x"]}, ["note"]),
        ({"user_id": None}, ["user_id"]),
        ({"user_id": 1}, ["user_id"]),
        ({"date": 20260302}, ["date"]),
        ({"date": None}, ["date"]),
        ({"attendance_id": UNKNOWN_ID}, ["attendance_id"]),
        ({"status": "x", "note": 1, "date": "x", "more": 1}, ["more", "date", "status", "note"]),
    ]
    for change, wrong in cases:
        body = {"user_id": bob.id, "date": MARCH_2, "status": "present"} | change
        response = ada.asks("PUT", f"/labs/{lab.id}/attendance", json=body)
        assert fields(response) == wrong, change
    assert good(ada.views_history(lab, bob), 200)["total"] == 0


def test_a_mark_says_who_when_and_how(ada: Person, bob: Person, lab: Lab) -> None:
    body = {"user_id": bob.id, "date": MARCH_2, "status": "present", "note": ""}
    for name in ("user_id", "date", "status"):
        without = {key: value for key, value in body.items() if key != name}
        assert fields(ada.asks("PUT", f"/labs/{lab.id}/attendance", json=without)) == [name]
    assert fields(ada.asks("PUT", f"/labs/{lab.id}/attendance", json={})) == ["user_id", "date", "status"]


def test_a_note_of_1000_characters_is_kept(ada: Person, bob: Person, lab: Lab) -> None:
    assert good(ada.marks(lab, bob, note="\U0001f9ea" * 1000), 200)["note"] == "\U0001f9ea" * 1000


def test_the_owner_and_strangers_are_not_marked(api: Api, ada: Person, lab: Lab) -> None:
    assert answer(ada.marks(lab, ada)) == NOT_A_MEMBER
    assert answer(ada.marks(lab, api.someone())) == NOT_A_MEMBER
    assert good(ada.views(lab), 200)["total"] == 0


# 8. Lab attendance by date


def test_the_marks_of_a_date_are_shown_by_username(api: Api, ada: Person) -> None:
    zoe, abe, mia = (api.someone(name) for name in ("Zoe", "abe", "mia"))
    lab = api.lab_of(ada, zoe, abe, mia)
    good(ada.marks(lab, zoe, status="late", note="bus"), 200)
    good(ada.marks(lab, abe, status="absent"), 200)
    good(ada.marks(lab, mia, "2026-03-03"), 200)
    assert answer(ada.views(lab)) == (
        200,
        {
            "lab_id": lab.id,
            "date": MARCH_2,
            "attendances": [
                {"user_id": abe.id, "username": "abe", "status": "absent", "note": ""},
                {"user_id": zoe.id, "username": "Zoe", "status": "late", "note": "bus"},
            ],
            "total": 2,
        },
    )


def test_a_date_without_marks_is_an_empty_list(ada: Person, lab: Lab) -> None:
    assert answer(ada.views(lab)) == (
        200,
        {"lab_id": lab.id, "date": MARCH_2, "attendances": [], "total": 0},
    )


def test_the_date_is_required(ada: Person, lab: Lab) -> None:
    assert fields(ada.asks("GET", f"/labs/{lab.id}/attendance")) == ["date"]


# 9. Attendance history of a user

DAYS = ["2026-02-28", "2026-03-01", "2026-03-02", "2026-03-31", "2026-04-01"]


def test_a_history_is_whole_in_the_order_of_its_dates_and_from_and_to_are_included(
    api: Api, ada: Person, bob: Person, lab: Lab
) -> None:
    mia = api.someone("mia")
    good(mia.joins(lab), 200)
    for day in (DAYS[3], DAYS[0], DAYS[4], DAYS[2], DAYS[1]):
        good(ada.marks(lab, bob, day), 200)
    good(ada.marks(lab, mia, "2026-03-15"), 200)
    good(ada.marks(api.lab_of(ada, bob), bob, "2026-03-16"), 200)

    def days(since: str = "", until: str = "") -> list[str]:
        query = {name: day for name, day in (("from", since), ("to", until)) if day}
        body = good(ada.views_history(lab, bob, **query), 200)
        assert body["total"] == len(body["attendances"])
        return [mark["date"] for mark in body["attendances"]]

    assert days() == DAYS
    assert days("2026-03-01", "2026-03-31") == DAYS[1:4]
    assert days("2026-03-02", "2026-03-02") == DAYS[2:3]
    assert days("2026-03-03", "2026-03-30") == []
    assert days(since="2026-03-31") == DAYS[3:]
    assert days(until="2026-02-28") == DAYS[:1]
    assert days(until="2026-02-27") == []
    assert days("0001-01-01", "9999-12-31") == DAYS


def test_a_history_says_whose_it_is(ada: Person, bob: Person, lab: Lab) -> None:
    good(ada.marks(lab, bob, status="late", note="bus"), 200)
    assert answer(ada.views_history(lab, bob)) == (
        200,
        {
            "lab_id": lab.id,
            "user_id": bob.id,
            "username": "bob",
            "attendances": [{"date": MARCH_2, "status": "late", "note": "bus"}],
            "total": 1,
        },
    )


def test_a_known_user_without_marks_has_an_empty_history(
    api: Api, ada: Person, bob: Person, lab: Lab
) -> None:
    for who in (bob, ada, api.someone("stranger")):
        empty = {
            "lab_id": lab.id,
            "user_id": who.id,
            "username": who.username,
            "attendances": [],
            "total": 0,
        }
        assert answer(ada.views_history(lab, who)) == (200, empty)


def test_a_history_does_not_begin_after_it_ends(ada: Person, bob: Person, lab: Lab) -> None:
    assert fields(ada.views_history(lab, bob, **{"from": "2026-03-02", "to": "2026-03-01"})) == ["from"]


# 10. Delete an attendance record


def test_a_deleted_mark_is_gone_and_the_next_one_is_another(ada: Person, bob: Person, lab: Lab) -> None:
    first = good(ada.marks(lab, bob), 200)["attendance_id"]
    response = ada.deletes(lab, first)
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    assert good(ada.views(lab), 200)["total"] == 0
    assert answer(ada.deletes(lab, first)) == NO_ATTENDANCE
    second = good(ada.marks(lab, bob), 200)["attendance_id"]
    assert second != first
    assert answer(ada.deletes(lab, first)) == NO_ATTENDANCE
    assert good(ada.views(lab), 200)["total"] == 1


def test_a_mark_is_not_deleted_through_another_lab(api: Api, ada: Person, bob: Person, lab: Lab) -> None:
    mark = good(ada.marks(lab, bob), 200)["attendance_id"]
    assert answer(ada.deletes(ada.opens_lab(), mark)) == NO_ATTENDANCE
    assert answer(bob.deletes(bob.opens_lab(), mark)) == NO_ATTENDANCE
    assert good(ada.views(lab), 200)["total"] == 1


# Who may, and what is said first


def test_what_is_not_there_is_not_found_whatever_its_id_looks_like(
    ada: Person, bob: Person, lab: Lab
) -> None:
    mark = good(ada.marks(lab, bob), 200)["attendance_id"]
    body = {"user_id": bob.id, "date": MARCH_2, "status": "late"}
    for looks, no in NO_IDS.items():
        there = f"/labs/{lab.id}"
        answers = {
            "join": (answer(ada.asks("POST", f"/labs/{no}/join")), NO_LAB),
            "by date": (answer(ada.asks("GET", f"/labs/{no}/attendance?date={MARCH_2}")), NO_LAB),
            "mark, lab": (answer(ada.asks("PUT", f"/labs/{no}/attendance", json=body)), NO_LAB_OR_USER),
            "history, lab": (
                answer(ada.asks("GET", f"/labs/{no}/users/{bob.id}/attendance")),
                NO_LAB_OR_USER,
            ),
            "history, user": (answer(ada.asks("GET", f"{there}/users/{no}/attendance")), NO_LAB_OR_USER),
            "delete, lab": (answer(ada.asks("DELETE", f"/labs/{no}/attendance/{mark}")), NO_ATTENDANCE),
            "delete, mark": (answer(ada.asks("DELETE", f"{there}/attendance/{no}")), NO_ATTENDANCE),
        }
        assert {what: got for what, (got, expected) in answers.items() if got != expected} == {}, looks
    assert good(ada.views(lab), 200)["attendances"][0]["status"] == "present"


def test_nobody_is_marked_under_an_id_that_nobody_has(ada: Person, lab: Lab) -> None:
    for no in ("", "x", UNKNOWN_ID, UNKNOWN_ID.replace("-", ""), f"{{{UNKNOWN_ID}}}", f" {UNKNOWN_ID}"):
        body = {"user_id": no, "date": MARCH_2, "status": "present"}
        assert answer(ada.asks("PUT", f"/labs/{lab.id}/attendance", json=body)) == NO_LAB_OR_USER, no


ANY = None
WHO = ["nobody", "bad token", "stranger", "member", "owner"]
LABS = ["there", "unknown", "malformed"]
USERS = ["member", "owner", "stranger", "unknown", "malformed"]
REQUESTS = ["fine", "malformed"]
MARKS = ["there", "another lab's", "unknown", "malformed"]

# The first row that fits says what is answered. One row per refusal, in the order of precedence.
PRECEDENCE: dict[str, list[tuple[tuple[str | None, ...], Any]]] = {
    "mark": [
        # who          request      lab          user
        (("nobody", ANY, ANY, ANY), SIGN_IN_FIRST),
        (("bad token", ANY, ANY, ANY), SIGN_IN_FIRST),
        ((ANY, "malformed", ANY, ANY), 400),
        ((ANY, ANY, "unknown", ANY), NO_LAB_OR_USER),
        ((ANY, ANY, "malformed", ANY), NO_LAB_OR_USER),
        (("stranger", ANY, ANY, ANY), ONLY_OWNER_MANAGES),
        (("member", ANY, ANY, ANY), ONLY_OWNER_MANAGES),
        ((ANY, ANY, ANY, "unknown"), NO_LAB_OR_USER),
        ((ANY, ANY, ANY, "malformed"), NO_LAB_OR_USER),
        ((ANY, ANY, ANY, "owner"), NOT_A_MEMBER),
        ((ANY, ANY, ANY, "stranger"), NOT_A_MEMBER),
        (("owner", "fine", "there", "member"), 200),
    ],
    "history": [
        (("nobody", ANY, ANY, ANY), SIGN_IN_FIRST),
        (("bad token", ANY, ANY, ANY), SIGN_IN_FIRST),
        ((ANY, "malformed", ANY, ANY), 400),
        ((ANY, ANY, "unknown", ANY), NO_LAB_OR_USER),
        ((ANY, ANY, "malformed", ANY), NO_LAB_OR_USER),
        (("stranger", ANY, ANY, ANY), ONLY_OWNER_VIEWS),
        (("member", ANY, ANY, ANY), ONLY_OWNER_VIEWS),
        ((ANY, ANY, ANY, "unknown"), NO_LAB_OR_USER),
        ((ANY, ANY, ANY, "malformed"), NO_LAB_OR_USER),
        (("owner", "fine", "there", ANY), 200),
    ],
    "by date": [
        # who          request      lab
        (("nobody", ANY, ANY), SIGN_IN_FIRST),
        (("bad token", ANY, ANY), SIGN_IN_FIRST),
        ((ANY, "malformed", ANY), 400),
        ((ANY, ANY, "unknown"), NO_LAB),
        ((ANY, ANY, "malformed"), NO_LAB),
        (("stranger", ANY, ANY), ONLY_OWNER_VIEWS),
        (("member", ANY, ANY), ONLY_OWNER_VIEWS),
        (("owner", "fine", "there"), 200),
    ],
    "delete": [
        # who          request      lab          mark
        (("nobody", ANY, ANY, ANY), SIGN_IN_FIRST),
        (("bad token", ANY, ANY, ANY), SIGN_IN_FIRST),
        ((ANY, "malformed", ANY, ANY), 400),
        ((ANY, ANY, "unknown", ANY), NO_ATTENDANCE),
        ((ANY, ANY, "malformed", ANY), NO_ATTENDANCE),
        (("stranger", ANY, ANY, ANY), ONLY_OWNER_DELETES),
        (("member", ANY, ANY, ANY), ONLY_OWNER_DELETES),
        ((ANY, ANY, ANY, "unknown"), NO_ATTENDANCE),
        ((ANY, ANY, ANY, "malformed"), NO_ATTENDANCE),
        ((ANY, ANY, ANY, "another lab's"), NO_ATTENDANCE),
        (("owner", "fine", "there", "there"), 204),
    ],
    "join": [
        # who          request      lab
        (("nobody", ANY, ANY), SIGN_IN_FIRST),
        (("bad token", ANY, ANY), SIGN_IN_FIRST),
        ((ANY, "malformed", ANY), 400),
        ((ANY, ANY, "unknown"), NO_LAB),
        ((ANY, ANY, "malformed"), NO_LAB),
        (("member", ANY, ANY), ALREADY_MEMBER),
        (("owner", ANY, ANY), ALREADY_MEMBER),
        (("stranger", "fine", "there"), 200),
    ],
}
CASES: dict[str, list[list[str]]] = {
    "mark": [WHO, REQUESTS, LABS, USERS],
    "history": [WHO, REQUESTS, LABS, USERS],
    "by date": [WHO, REQUESTS, LABS],
    "delete": [WHO, REQUESTS, LABS, MARKS],
    "join": [WHO, REQUESTS, LABS],
}


def expected(operation: str, case: tuple[str, ...]) -> Any:
    for row, said in PRECEDENCE[operation]:
        if all(wanted in (ANY, given) for wanted, given in zip(row, case, strict=True)):
            return said
    raise AssertionError(f"no row for {case}")


@pytest.mark.slow
@pytest.mark.parametrize("operation", PRECEDENCE)
def test_refusals_come_in_one_order(api: Api, operation: str) -> None:
    owner, member, stranger = api.someone("olaf"), api.someone("member"), api.someone("stranger")
    lab, other = api.lab_of(owner, member), api.lab_of(owner, member)
    who = {
        "nobody": api.nobody,
        "bad token": Person(api.http, token="no.such.token"),
        "stranger": stranger,
        "member": member,
        "owner": owner,
    }
    labs = {"there": lab.id, "unknown": UNKNOWN_ID, "malformed": "x"}
    users = {
        "member": member.id,
        "owner": owner.id,
        "stranger": stranger.id,
        "unknown": UNKNOWN_ID,
        "malformed": "x",
    }

    def asked(who_asks: str, request: str, in_lab: str, about: str = "") -> Any:
        person, at = who[who_asks], f"/labs/{labs[in_lab]}"
        good_query = {} if request == "fine" else {"unknown": "1"}
        match operation:
            case "mark":
                body = {"user_id": users[about], "date": MARCH_2 if request == "fine" else "soon"}
                return person.asks("PUT", f"{at}/attendance", json=body | {"status": "present"})
            case "history":
                bounds = {} if request == "fine" else {"from": "2026-03-02", "to": "2026-03-01"}
                return person.asks("GET", f"{at}/users/{users[about]}/attendance", params=bounds)
            case "by date":
                day = {"date": MARCH_2} if request == "fine" else {}
                return person.asks("GET", f"{at}/attendance", params=day)
            case "delete":
                marks = {"unknown": UNKNOWN_ID, "malformed": "x", **made()}
                return person.asks("DELETE", f"{at}/attendance/{marks[about]}", params=good_query)
            case _:
                return person.asks("POST", f"{at}/join", params=good_query)

    def made() -> dict[str, str]:
        here, there = (good(owner.marks(where, member), 200)["attendance_id"] for where in (lab, other))
        return {"there": here, "another lab's": there}

    differing = {}
    for case in itertools.product(*CASES[operation]):
        response = asked(*case)
        said = expected(operation, case)
        got = response.status_code if isinstance(said, int) else answer(response)
        if got != said:
            differing[case] = (got, said)
    assert differing == {}


def test_every_row_of_the_table_of_precedence_is_met_by_some_case() -> None:
    for operation, rows in PRECEDENCE.items():
        met = set()
        for case in itertools.product(*CASES[operation]):
            for number, (row, _) in enumerate(rows):
                if all(wanted in (ANY, given) for wanted, given in zip(row, case, strict=True)):
                    met.add(number)
                    break
        assert met == set(range(len(rows))), operation


def test_a_session_ends_and_its_token_with_it(api: Api, ada: Person, lab: Lab) -> None:
    api.clock.pass_by(hours=2, minutes=59)
    good(ada.views(lab), 200)
    api.clock.pass_by(hours=12)
    response = ada.views(lab)
    assert answer(response) == SIGN_IN_FIRST
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    good(api.signs_in(username="ada", password=PASSWORD), 200)


def test_a_token_of_a_deactivated_account_is_worth_nothing(api: Api) -> None:
    hidden = make.account(username="gone", active=False)
    with api.container.store().transaction() as work:
        work.accounts.add(hidden)
    assert answer(api.signs_in(username="gone", password=PASSWORD)) == refusal(401, "invalid credentials")
    assert good(api.nobody.searches_users(), 200) == {"users": [], "total": 0}
