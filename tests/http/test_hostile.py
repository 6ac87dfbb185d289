"""Requests made to hurt: each is refused in the usual form, quickly, and nothing is stored."""

import gzip
import json
import re
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from attendance.adapters.http.server.bodies import strict_json
from tests import make
from tests.adapters.security import test_tokens as tokens
from tests.examples import sample
from tests.http.api import CLUB, MARCH_2, PASSWORD, UNKNOWN_ID, Api, answer, good, running
from tests.http.operations import NAMES, SIGNED_IN, WITH_BODY, Operation, Scene, operations
from tests.service import Service, serving

pytestmark = pytest.mark.attacks

DEEP = 100_000
LONG = 450_000
AT_ONCE_SECONDS = 5


def dumped(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def with_raw(body: dict[str, Any], name: str, literal: bytes) -> bytes:
    """The body with one field's value spelt so."""
    others = dumped({key: value for key, value in body.items() if key != name})[1:-1]
    return b"{" + b", ".join(filter(None, [others, json.dumps(name).encode() + b": " + literal])) + b"}"


def no_json(body: dict[str, Any]) -> dict[str, bytes]:
    """Bodies that are no JSON object at all, whatever is expected."""
    fine = dumped(body)
    return {
        "empty": b"",
        "blank": b" \n\t ",
        "null": b"null",
        "true": b"true",
        "number": b"1",
        "string": b'"x"',
        "array": b"[]",
        "array of it": b"[" + fine + b"]",
        "string of it": json.dumps(fine.decode()).encode(),
        "unclosed": fine[:-1],
        "cut": fine[: len(fine) // 2],
        "a brace": b"{",
        "closed twice": fine + b"}",
        "twice": fine + fine,
        "by lines": fine + b"\n" + fine,
        "with a word behind": fine + b" x",
        "with NUL behind": fine + b"\0",
        "with NUL before": b"\0" + fine,
        "with a comma too many": fine[:-1] + b",}",
        "with a comment": fine[:-1] + b"/* x */}",
        "with a line comment": b"// x\n" + fine,
        "in single quotes": fine.replace(b'"', b"'"),
        "without quotes": re.sub(rb'"(\w+)":', rb"\1:", fine),
        "a name only": b'{"x"}',
        "two colons": b'{"x"::1}',
        "NaN": b"NaN",
        "Infinity": b"-Infinity",
        "with BOM": b"\xef\xbb\xbf" + fine,
        "UTF-16": fine.decode().encode("utf-16"),
        "UTF-16 without BOM": fine.decode().encode("utf-16-le"),
        "UTF-32": fine.decode().encode("utf-32"),
        "gzip": gzip.compress(fine),
        "form": b"username=x&password=y",
        "multipart": b'--x\r\ncontent-disposition: form-data; name="username"\r\n\r\nx\r\n--x--',
        "XML": b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
        "YAML": b"username: !!python/object/apply:os.system [id]",
        "msgpack": b"\x81\xa1x\x01",
        "zeros": bytes(1000),
        "random": bytes(range(256)) * 4,
        "deep arrays": b"[" * DEEP + b"]" * DEEP,
        "deep arrays, open": b"[" * DEEP,
        "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "deep objects, open": b'{"a":' * DEEP,
        "deep both": b'[{"a":' * DEEP + b"1" + b"}]" * DEEP,
        "deep closed": b"]" * DEEP,
        "a little deep": b"[" * 33 + b"]" * 33,
        "as deep as a stack": b"[" * 990 + b"]" * 990,
        "1 MiB of quotes": b'"' * 2**20,
        "1 MiB of backslashes": b'"' + b"\\" * (2**20 - 2) + b'"',
        "1 MiB of digits": b"1" * 2**20,
        "1 MiB of minus": b"-" * 2**20,
    }


def wrong_values(body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Each field with what no field may hold, be it JSON or not."""
    deep = {
        "deep array": b"[" * DEEP + b"]" * DEEP,
        "deep array, open": b"[" * DEEP,
        "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "33 deep": b"[" * 33 + b"]" * 33,
        "990 deep": b'{"a":' * 990 + b"1" + b"}" * 990,
    }
    literals = {
        "absent value": b"",
        "null": b"null",
        "true": b"true",
        "number": b"1",
        "float": b"1.5",
        "minus zero": b"-0.0",
        "10^30": b"1" + b"0" * 30,
        "5000 digits": b"9" * 5000,
        "1e400": b"1e400",
        "1E+999999999": b"1E+999999999",
        "1e-999999999": b"1e-999999999",
        "0 with zeros": b"007",
        "hexadecimal": b"0x10",
        "NaN": b"NaN",
        "Infinity": b"Infinity",
        "-Infinity": b"-Infinity",
        "undefined": b"undefined",
        "True": b"True",
        "array": b"[]",
        "object": b"{}",
        "array of it": b'["x"]',
        "operator": b'{"$ne": null}',
        "object of repeated names": b'{"a": 1, "a": 2}',
        "lone surrogate": rb'"\ud800"',
        "surrogates in the wrong order": rb'"\udc00\ud800"',
        "half a pair": rb'"x\ud83dx"',
        "NUL": rb'"a\u0000b"',
        "NUL raw": b'"a\0b"',
        "raw newline": b'"a\nb"',
        "raw control": b'"a\x1fb"',
        "bad escape": rb'"\x41"',
        "short escape": rb'"\u12"',
        "escape cut": b'"\\"',
        "lone continuation": b'"\x80"',
        "overlong NUL": b'"\xc0\x80"',
        "overlong slash": b'"\xe0\x80\xaf"',
        "surrogate in UTF-8": b'"\xed\xa0\x80"',
        "beyond Unicode": b'"\xf4\x90\x80\x80"',
        "Latin-1": b'"\xe9"',
        "cut UTF-8": b'"\xf0\x9f\xa7',
        "unclosed": b'"x',
        **deep,
    }
    for name in body:
        for what, literal in literals.items():
            yield f"{name}: {what}", with_raw(body, name, literal)


def repeated_names(body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The body with a name that is there twice, however it is spelt."""
    inner = dumped(body)[1:-1]
    for name, value in body.items():
        said, literal = json.dumps(name).encode(), json.dumps(value).encode()
        escaped = b'"' + b"".join(b"\\u%04x" % ord(letter) for letter in name) + b'"'
        half = b'"\\u%04X' % ord(name[0]) + name[1:].encode() + b'"'
        for spelt, spelling in {"": said, " escaped": escaped, " half escaped": half}.items():
            yield f"{name} repeated{spelt}", b"{" + inner + b", " + spelling + b": " + literal + b"}"
            yield f"{name} repeated first{spelt}", b"{" + spelling + b": null, " + inner + b"}"


def wrong_names(body: dict[str, Any], most: int) -> Iterator[tuple[str, bytes]]:
    """The body with a name repeated, missing or added, in at most so many bytes."""
    fine, inner = dumped(body), dumped(body)[1:-1]
    yield from repeated_names(body)
    for number, (name, value) in enumerate(body.items()):
        said, literal = json.dumps(name).encode(), json.dumps(value).encode()
        # as large as a body may be, once: it takes as long for each field
        times = (2**16 if number else most) // (len(said) + len(literal) + 4) - 10
        yield f"{name} repeated {times} times", b"{" + b", ".join([said + b":" + literal] * times) + b"}"
        yield f"{name} padded", fine.replace(said, b'" %b"' % name.encode())
        yield f"{name} in capitals", fine.replace(said, said.upper())
        yield f"{name} with NUL", fine.replace(said, b'"%b\\u0000"' % name.encode())
        yield f"{name} with a surrogate", fine.replace(said, b'"%b\\ud800"' % name.encode())
        yield (
            f"{name} in full width",
            fine.replace(said, said.translate(None)[:-1] + "\uff41".encode() + b'"'),
        )
    added = ["", "x", "__proto__", "constructor", "__class__", "$where", "id", "0", "details", "a.b", "a[0]",
             "\\u0000", "\\ud800", "\\n", "x" * 100_000]  # fmt: skip
    for name in added:
        yield f"{name[:20]} added", b"{" + inner + b', "' + name.encode() + b'": 1}'
    for what, literal in {
        "array": b"[" * DEEP + b"]" * DEEP,
        "object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    }.items():
        yield f"a deep {what} added", b"{" + inner + b', "x": ' + literal + b"}"
        yield f"a deep {what} added first", b'{"x": ' + literal + b", " + inner + b"}"
    times = most // 13
    yield "many names added", b"{" + inner + b"".join(b', "%d": 0' % n for n in range(times)) + b"}"
    yield "a name added many times", b"{" + inner + b', "x": 0' * times + b"}"


def hostile_bodies(body: dict[str, Any], most: int) -> dict[str, bytes]:
    return {**no_json(body), **dict(wrong_values(body)), **dict(wrong_names(body, most))}


def stored(scene: Scene) -> tuple[Any, ...]:
    """Everything there is to see."""
    return scene.api.shown(), scene.marks(), answer(scene.owner.views(scene.lab))


def borne(operation: Operation) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in operation.by.headers.items()]


def bearing(scene: Scene, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", f"Bearer {scene.owner.token}".encode()), *more]


def is_refusal(response: httpx.Response, statuses: Iterable[int]) -> bool:
    """Whether it is a refusal in the usual form, with one of these statuses."""
    if response.headers.get("content-type") != "application/json" or response.status_code not in statuses:
        return False
    body = response.json()
    return body.keys() <= {"error", "code", "details"} and isinstance(body["error"], str)


def not_refused(scene: Scene, operation: Operation, bodies: dict[str, bytes]) -> dict[str, tuple[int, str]]:
    """What was answered to those bodies that were not called malformed."""
    answers = {}
    target, headers = operation.path.encode(), borne(operation)
    requests = [(operation.method, target, headers, [body]) for body in bodies.values()]
    for name, response in zip(bodies, scene.api.transport.ask_each(requests), strict=True):
        if not (is_refusal(response, [400]) and response.json().get("details")):
            answers[name] = (response.status_code, response.text)
    return answers


@pytest.mark.parametrize("name", WITH_BODY)
def test_a_hostile_body_is_malformed_and_changes_nothing(memory: Api, name: str) -> None:
    scene = Scene.of(memory)
    operation = operations(scene)[name]
    assert operation.body
    # as many names as a body may hold, once: nothing that reads them is an operation's own
    most = 2**20 if name == WITH_BODY[0] else 2**16
    bodies, before = hostile_bodies(operation.body, most), stored(scene)
    assert len(bodies) > 120
    asked = sample(bodies, WITH_BODY.index(name))
    assert not_refused(scene, operation, asked).keys() == operation.accepts & asked.keys()
    assert stored(scene) == before


def test_a_name_repeated_many_times_is_answered_at_once(memory: Api) -> None:
    scene = Scene.of(memory)
    operation = operations(scene)["create_lab"]
    body = b"{" + b",".join([b'"name":"x"'] * 90_000) + b"}"
    started = time.monotonic()
    assert not_refused(scene, operation, {"repeated": body}) == {}
    assert time.monotonic() - started < AT_ONCE_SECONDS


@pytest.mark.plants
@pytest.mark.parametrize("name", WITH_BODY)
def test_a_body_that_only_decoders_let_pass_is_seen_to_pass_without_our_check(
    memory: Api, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(strict_json, "_errors_let_pass", lambda *_: [])
    scene = Scene.of(memory)
    operation = operations(scene)[name]
    assert operation.body
    passed = not_refused(scene, operation, dict(repeated_names(operation.body)))
    assert {f"{field} repeated" for field in operation.body} <= passed.keys()
    assert {f"{field} repeated escaped" for field in operation.body} <= passed.keys()


def test_a_body_where_none_is_read_does_no_harm(memory: Api) -> None:
    scene = Scene.of(memory)
    for name, operation in operations(scene).items():
        bodies = [] if name in WITH_BODY else no_json({"name": "x"}).values()
        headers = borne(operation)
        requests = [(operation.method, operation.path.encode(), headers, [body]) for body in bodies]
        for response in memory.transport.ask_each(requests):
            assert response.status_code in operation.may_say, name


# Texts that are strange but texts

STRANGE = [
    "'; DROP TABLE labs; --",
    '" OR ""="',
    "') UNION SELECT password_hash FROM accounts --",
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%s%s%n %(name)s {0} {name!r}",
    "NULL",
    "null",
    "None",
    "NaN",
    "true",
    "-1",
    "1e400",
    "\\",
    "\\'",
    '\\"',
    "\\u0000",
    "%00",
    "\ufeffBOM",
    "\u202eright to left",
    "\u200b\u200c\u200d\u2060",
    "\u2028\u2029",
    "\ufffd\ufffe\uffff",
    "\U0010ffff\U0001fffe",
    "\ue000 private",
    "e" + "\u0301" * 100,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "ﷺ" * 50,
    "İıſßΣς",
    "\u0130" * 100,
    "\u1e9e\u0149\u0390",
    "ﬀﬁﬂﬃﬄ",
    "㌔㍉㎏",
    " ",
    "\u3000\u00a0",
    "*",
    '"',
    "'",
    "''",
    "`",
    "^$.*+?()[]{}|",
    "AND",
    "OR NOT",
    "NEAR(a b)",
    "a*",
    "-a",
    "name:x",
    "{name description}: x",
    "a AND",
    "(",
    '"a" "b',
    "$$",
    "$1",
    ":q",
    "?",
    "%",
    "%%",
    "_",
    "x" * 200,
    "\u1111\u1171\u11b6",
    "\ufb1d\u05b4",
]


NO_NAMES = {"\u202eright to left", "\u200b\u200c\u200d\u2060", "\u2028\u2029", " ", "\u3000\u00a0"}
"""Texts that are no names: of these nothing is seen, or something is seen elsewhere."""


def test_whatever_is_text_is_stored_and_found_as_it_is(api: Api) -> None:
    scene = Scene.of(api)
    users = good(api.nobody.searches_users(), 200)
    for text in STRANGE:
        # so that what fails from this address is not too much
        api.clock.pass_by(seconds=15)
        name = "x" if text in NO_NAMES else text
        lab = scene.owner.opens_lab(name, text + "\n\t" + text)
        for part in (text, text[:1], text[-2:], text[1:4], text * 2, text.upper()):
            found = good(api.nobody.searches_labs(part), 200)
            assert part != text or lab.shown() in found["labs"], text
            good(api.nobody.searches_users(part), 200)
        mark = good(scene.owner.marks(scene.lab, scene.member, note=text), 200)
        assert mark["note"] == text
        assert good(scene.owner.views(scene.lab), 200)["attendances"][0]["note"] == text
        assert api.signs_in(username=text, password=text).status_code == 401
        assert api.registers(username=text, password="x").status_code == 400
        assert api.registers_with_email(text, email=text, password="x").status_code == 400
        # a name is never longer than one may be
        named = scene.owner.puts("/users/me", name=name)
        assert good(named, 200)["name"] == good(scene.owner.reads("/users/me"), 200)["name"] == name
        for part in (name, text, text.upper()):
            assert good(scene.owner.reads("/users", name=part), 200)["total"] >= (part == name), text
        for who in ("username", "email"):
            sign_in = api.nobody.posts("/auth/login", **{who: text, "password": text})
            assert sign_in.status_code == 401, text
        assert api.nobody.posts("/auth/password_reset", email=text).status_code == 202
        if text in NO_NAMES - {" ", "\u3000\u00a0"}:
            assert scene.owner.creates(name=text).status_code == 400, text
            assert scene.owner.puts("/users/me", name=text).status_code == 400 or not text.strip(), text
    assert good(api.nobody.searches_users(), 200) == users


LONG_TEXT = {
    "letters": "a",
    "astral": "\U0001f9ea",
    "growing in NFKC": "ﷺ",
    "marks": "\u0301",
    "blanks": " x",
}


def test_a_text_of_half_a_megabyte_is_too_long_or_wrong_but_never_too_much(api: Api) -> None:
    scene = Scene.of(api)
    before = stored(scene)
    for character in LONG_TEXT.values():
        text = character * (LONG // len(character.encode()))
        content = {"content-type": "application/json"}

        def body(**fields: str) -> bytes:
            return json.dumps(fields, ensure_ascii=False).encode()

        sign_in = api.http.post("/login", content=body(username=text, password=text), headers=content)
        assert is_refusal(sign_in, [401])
        sign_up = api.http.post("/register", content=body(username=text, password="x"), headers=content)
        assert is_refusal(sign_up, [400])
        sign_up = api.http.post("/register", content=body(username="ada", password=text), headers=content)
        assert is_refusal(sign_up, [400])
        lab = scene.owner.asks("POST", "/labs", content=body(name=text), headers=content)
        assert is_refusal(lab, [400])
        path = f"/labs/{scene.lab.id}/attendance"
        mark = body(user_id=text, date=MARCH_2, status="late")
        assert is_refusal(scene.owner.asks("PUT", path, content=mark, headers=content), [404])
        for method, target, fields, status in [
            (
                "POST",
                "/auth/registration",
                {"username": text, "email": "x@example.org", "password": "x"},
                400,
            ),
            ("POST", "/auth/registration", {"username": "ada", "email": text, "password": text}, 400),
            ("POST", "/auth/login", {"username": text, "password": text}, 401),
            ("POST", "/auth/login", {"email": text, "password": text}, 401),
            ("PUT", "/auth/password", {"current_password": text, "new_password": text}, 400),
            ("PUT", "/auth/password", {"current_password": text, "new_password": PASSWORD}, 403),
            ("PUT", f"/auth/password_reset/{scene.reset}", {"password": text}, 400),
            ("POST", "/users", {"username": text, "email": text}, 400),
            ("POST", "/users", {"username": "ada", "email": "ada@example.org", "name": text}, 400),
            ("PUT", "/users/me", {"name": text}, 400),
            ("PUT", "/users/me", {"username": text}, 400),
            ("PUT", "/users/me", {"email": text}, 400),
            ("PUT", "/users/me/role", {"role": text}, 400),
        ]:
            response = scene.owner.asks(method, CLUB + target, content=body(**fields), headers=content)
            assert is_refusal(response, [status]), (target, [*fields], response.text[:200])
        reset = api.http.post(f"{CLUB}/auth/password_reset", content=body(email=text), headers=content)
        assert answer(reset) == (202, None)
        mark = body(user_id=scene.member.id, date=MARCH_2, status="late", note=text)
        assert is_refusal(scene.owner.asks("PUT", path, content=mark, headers=content), [400])
    assert stored(scene) == before


# Queries

QUERIES = {
    "no UTF-8": "%FF",
    "a cut character": "%D0",
    "overlong": "%C0%AF",
    "a surrogate": "%ED%A0%80",
    "NUL": "%00",
    "NUL inside": "a%00b",
    "a control character": "%01",
    "an escape": "%1B[31m",
    "DEL": "%7F",
    "C1": "%C2%85",
    "carriage return": "%0D%0A",
    "half a percent": "%",
    "a bad percent": "%zz",
    "a percent cut": "%4",
    "unicode escapes": "%u0041",
    "twice encoded": "%2500",
    "a number": "10000000000000000000000000000000",
    "an exponent": "1e400",
    "NaN": "NaN",
    "minus": "-1",
    "empty": "",
    "null": "null",
    "array": "[]",
    "object": "{}",
    "semicolon": "a;b",
    "equals": "a=b=c",
    "hash": "%23",
    "long": "a" * 60_000,
    "long and escaped": "%D1%8F" * 20_000,
    "long and wrong": "%FF" * 20_000,
    "many digits": "9" * 60_000,
}
QUERY_NAMES = {
    "search_users": ["name", "limit", "offset"],
    "search_labs": ["q", "limit", "offset"],
    "lab_attendance_by_date": ["date"],
    "lab_attendance_history": ["from", "to"],
    "sign_out_by_get": ["all"],
    "sign_out": ["all"],
    "list_users": ["page", "sort", "name", "role", "active"],
    "list_role_changes": ["state", "page"],
    "user_calendar": ["token"],
    "group_calendar": ["token"],
    "list_events": ["subject", "kind", "actor", "action", "from", "to", "page", "after", "limit"],
    "list_clients": ["page", "sort", "q", "active"],
    "list_contracts": ["page", "sort", "client_id", "state"],
    "list_prices": ["page", "sort"],
    "list_locations": ["page", "sort", "active"],
    "list_subscriptions": ["page", "sort", "client_id", "contract_id", "state"],
    "visits_of_client": ["from", "to", "page"],
    "show_statistics": ["from", "to", "trend"],
    "list_group_statistics": ["from", "to", "page", "sort"],
}
SEARCHES = ["search_users", "search_labs", "list_users", "list_events", "list_clients", "list_contracts"]
ANY_TEXT_IS_FINE = ("q:", "name:", "subject:", "actor:", "client_id:", "contract_id:", "token:")
WHOLE_QUERIES = {
    "an unknown name without UTF-8": b"%FF=1",
    "an unknown name with NUL": b"%00=1",
    "a thousand names": b"&".join(b"a%d=1" % number for number in range(1000)),
    "a name a thousand times": b"name=1&" * 1000,
    "60,000 equals": b"=" * 60_000,
    "only equals": b"=",
    "another question": b"?",
    "raw UTF-8, broken": b"name=\xff\xfe",
    "raw NUL": b"name=\x00",
    "a raw blank": b"x=a b",
    "prototype": b"__proto__[x]=1",
    "method": b"_method=DELETE",
}


NOTHING_SAID = "60,000 separators"


def harmed_by_queries(scene: Scene, name: str) -> dict[str, tuple[int, str]]:
    """What was answered to those queries that were neither refused nor a search for something strange."""
    operation = operations(scene)[name]
    queries = {
        **WHOLE_QUERIES,
        **{f"unknown: {what}": b"x=" + text.encode() for what, text in QUERIES.items()},
    }
    for field in QUERY_NAMES.get(name, []):
        queries |= {f"{field}: {what}": f"{field}={text}".encode() for what, text in QUERIES.items()}
    queries = sample(queries, NAMES.index(name))
    # the one that says nothing, so what works once is done by it
    queries[NOTHING_SAID] = b"&" * 60_000
    body = [] if operation.body is None else [dumped(operation.body)]
    path, headers, wrong = operation.path.encode(), borne(operation), {}
    requests = [(operation.method, path + b"?" + query, headers, body) for query in queries.values()]
    for what, response in zip(queries, scene.api.transport.ask_each(requests), strict=True):
        is_search = response.status_code == 200 and what.startswith(ANY_TEXT_IS_FINE)
        # an empty `sort` is none
        is_search |= response.status_code == 200 and what == "sort: empty"
        nothing_said = response.status_code < 300 and what == NOTHING_SAID
        is_malformed = is_refusal(response, [400]) and response.json().get("details")
        if not (is_search or nothing_said or is_malformed):
            wrong[what] = (response.status_code, response.text[:200])
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_query_does_no_harm(memory: Api, name: str) -> None:
    scene = Scene.of(memory)
    before = stored(scene)
    assert harmed_by_queries(scene, name) == {}
    if operations(scene)[name].method == "GET":
        assert stored(scene) == before


def test_nor_does_a_search_for_something_strange_in_any_store(api: Api) -> None:
    scene = Scene.of(api)
    assert [harmed_by_queries(scene, name) for name in SEARCHES] == [{}] * len(SEARCHES)


# Paths

JUNK = [
    b"%00",
    b"%FF",
    b"%ED%A0%80",
    b"%2F",
    b"%2e%2e",
    b"..",
    b"%5C",
    b"%0d%0aset-cookie:%20x=1",
    b"%25",
    b"%",
    b"%zz",
    b"\xff",
    b"\x00",
    "ё".encode(),
    b"*",
    b";",
    b"a;b=c",
    b"{lab_id}",
    b"%7Blab_id%7D",
    b"'%20OR%201=1--",
    b"<x>",
    b"~",
    b"null",
    b"a" * 60_000,
    b"%FF" * 20_000,
]


def test_junk_in_a_path_leads_nowhere(api: Api) -> None:
    scene = Scene.of(api)
    before = stored(scene)
    for junk in JUNK:
        for method, target in [
            ("GET", b"/%b"),
            ("GET", b"/labs/%b"),
            ("POST", b"/labs/%b/join"),
            ("GET", b"/labs/%b/attendance?date=2026-03-02"),
            ("GET", b"/labs/%b/users/%b/attendance" % (scene.lab.id.encode(), b"%b")),
            ("GET", b"/labs/%b/users/%b/attendance" % (b"%b", scene.member.id.encode())),
            ("DELETE", b"/labs/%b/attendance/%b" % (scene.lab.id.encode(), b"%b")),
            ("DELETE", b"/labs/%b/attendance/%b" % (b"%b", scene.mark_id.encode())),
            ("GET", b"/api/v1/users/%b"),
            ("PUT", b"/api/v1/users/%b/role"),
            ("GET", b"/api/v1/users/%b/favorites"),
            ("POST", b"/api/v1/users/%b/favorities"),
            ("GET", b"/api/v1/role_changes/%b"),
            ("POST", b"/api/v1/role_changes/%b/withdraw"),
            ("GET", b"/api/v1/%b"),
            ("GET", b"/schema/%b"),
            ("GET", b"/schema/assets/%b"),
            ("GET", b"/health/%b"),
        ]:
            body = [b'{"role": "user"}'] if method == "PUT" else []
            response = api.transport.ask(method, target.replace(b"%b", junk), bearing(scene), body)
            # a slash at the end, or after another, does not count
            is_shorter = junk == b"%2F" and response.status_code in (200, 400, 405)
            assert is_shorter or is_refusal(response, [404]), (method, target, junk[:40], response.text)
            assert "set-cookie" not in response.headers
    assert stored(scene) == before


@pytest.mark.parametrize(
    "path", ["//labs", "/labs//", "/./labs", "/labs/.", "/labs/../labs", "/labs%2F", "/labs%00"]
)
def test_another_spelling_of_a_path_is_the_same_or_nothing(memory: Api, path: str) -> None:
    for method in ("GET", "OPTIONS", "DELETE", "HEAD"):
        assert memory.transport.ask(method, path.encode()).status_code in (200, 204, 404, 405)


# Headers


@pytest.fixture
def bank(store_url: str) -> Iterator[Api]:
    """An application that signs with the keys of the table of hostile tokens, and knows their session."""
    keys = f"{tokens.KEY.decode()},{tokens.OLD_KEY.decode()}"
    as_long = {"remember_days": 0.5, "remember_idle_days": 0.5}
    with running(store_url, secret_key=keys, **as_long) as api:
        api.clock.now = tokens.NOW
        account = make.account(id=tokens.SESSION.account_id, created_at=tokens.NOW, updated_at=tokens.NOW)
        with api.container.store().transaction() as work:
            work.accounts.add(account)
            work.sessions.add(tokens.SESSION)
        yield api


def authorised(api: Api, token: str) -> httpx.Response:
    header = b"Bearer " + token.encode("utf-8", "surrogatepass")
    return api.transport.ask("POST", b"/labs", [(b"authorization", header)], [b'{"name": "x"}'])


def test_no_hostile_token_signs_anybody_in(bank: Api) -> None:
    # blanks around a token are no part of it; what is no text cannot be in a header
    spared = {"leading space", "trailing space"}
    table = {
        what: token for what, token in tokens.HOSTILE.items() if isinstance(token, str) and what not in spared
    }
    assert len(table) > 120
    accepted = {}
    for what, token in table.items():
        response = authorised(bank, token)
        if not (is_refusal(response, [401]) and response.json() == {"error": "authentication required"}):
            accepted[what] = response.text
    assert accepted == {}
    assert good(bank.nobody.searches_labs(), 200)["total"] == 0
    good(authorised(bank, tokens.GOOD), 201)


SCHEMES = [
    b"",
    b" ",
    b"Bearer",
    b"Bearer ",
    b"Bearer  ",
    b"Bearer,",
    b"bearer\x00x",
    b"Bearer\xa0x",
    b"Basic YTpi",
    b"Digest x",
    b"Negotiate x",
    b"\xff\xfe",
    b"\x00",
    b"Bearer " * 1000,
    b"B" * 100_000,
    b"Bearer " + b"." * 100_000,
    "Ｂearer x".encode(),
    b'Bearer token="x"',
]


def test_a_hostile_authorization_is_none(memory: Api) -> None:
    scene = Scene.of(memory)
    before = stored(scene)
    for name in SIGNED_IN:
        operation = operations(scene)[name]
        body = [] if operation.body is None else [dumped(operation.body)]
        target = operation.path.encode() + (b"?date=2026-03-02" if "date" in operation.query else b"")
        for scheme in SCHEMES:
            response = memory.transport.ask(operation.method, target, [(b"authorization", scheme)], body)
            assert answer(response) == (401, {"error": "authentication required"}), (name, scheme[:40])
    assert stored(scene) == before


HEADERS: list[tuple[bytes, bytes]] = [
    (b"host", b""),
    (b"host", b"a b"),
    (b"host", b"\xff"),
    (b"host", b"evil.example:99999999"),
    (b"host", b"[::1"),
    (b"host", b"x" * 60_000),
    (b"content-length", b"abc"),
    (b"content-length", b"-1"),
    (b"content-length", b"1e9"),
    (b"content-length", b""),
    (b"content-length", b"+5"),
    (b"content-length", b"0x10"),
    (b"content-length", "٣".encode()),
    (b"content-length", "²".encode("latin-1")),
    (b"content-length", b"9" * 5000),
    (b"content-length", b"1, 1"),
    (b"transfer-encoding", b"nonsense"),
    (b"content-encoding", b"gzip"),
    (b"content-encoding", b"br, deflate, x"),
    (b"accept", b"application/xml"),
    (b"accept", b"text/html;q=x, */*;q=-1"),
    (b"accept", b"\xff"),
    (b"accept", b"," * 60_000),
    (b"accept-charset", b"utf-16"),
    (b"accept-encoding", b"identity;q=0, *;q=0"),
    (b"cookie", b"=;=;;" * 1000),
    (b"cookie", b"\xff=\x00"),
    (b"cookie", b'a="' + b"\\" * 10_000),
    (b"range", b"bytes=0-0,5-1,-9"),
    (b"if-match", b'"x"'),
    (b"if-none-match", b"*"),
    (b"if-modified-since", b"never"),
    (b"expect", b"200-ok"),
    (b"upgrade", b"websocket"),
    (b"origin", b"\xff\x00"),
    (b"x-forwarded-for", b"1, 2, \xff"),
    (b"x-forwarded-proto", b"javascript"),
    (b"x-forwarded-host", b"evil.example"),
    (b"forwarded", b"for=x;host=evil.example"),
    (b"x-http-method-override", b"DELETE"),
    (b"x-method-override", b"DELETE"),
    (b"x-original-url", b"/health/live"),
    (b"x-rewrite-url", b"/health/live"),
    (b"x-request-id", b"\x00" * 1000),
    (b"user-agent", b"() { :;}; /bin/id"),
    (b"\xff", b"\xff"),
    (b"", b""),
    (b"x" * 60_000, b"y" * 60_000),
    *[(b"x-%d" % number, b"1") for number in range(3)],
]


@pytest.mark.parametrize(
    "name",
    [
        "register",
        "search_labs",
        "lab_attendance_by_date",
        "delete_lab_attendance",
        "confirm_email",
        "list_events",
    ],
)
def test_a_hostile_header_changes_nothing_but_perhaps_the_refusal(memory: Api, name: str) -> None:
    scene = Scene.of(memory)
    operation = operations(scene)[name]
    query = b"?date=2026-03-02" if name == "lab_attendance_by_date" else b""
    target, body = operation.path.encode() + query, b'{"username": 1'
    for used_up in (scene.mark_id, scene.confirmation):
        target = target.replace(used_up.encode(), UNKNOWN_ID.encode())
    usual = answer(memory.transport.ask(operation.method, target, bearing(scene), [body]))
    before, differing = stored(scene), {}
    for header in [*HEADERS, *[(b"x-many", b"1")]]:
        response = memory.transport.ask(operation.method, target, bearing(scene, header), [body])
        refused = is_refusal(response, [400, 413] if header[0] == b"content-length" else [400])
        # whoever names HTML may be sent to a page of the same
        is_page = header[0] == b"accept" and response.status_code == 303
        is_same = response.headers["location"].startswith("/app/") if is_page else answer(response) == usual
        if not (refused or is_same):
            differing[header] = (response.status_code, response.text)
    assert differing == {}
    assert stored(scene) == before


def test_thousands_of_headers_change_nothing(memory: Api) -> None:
    many = [(b"x-%d" % number, b"1") for number in range(10_000)]
    assert answer(memory.transport.ask("GET", b"/labs", many)) == (200, {"labs": [], "total": 0})
    cookies = [(b"cookie", b"a=%d" % number) for number in range(10_000)]
    assert answer(memory.transport.ask("GET", b"/labs", cookies)) == (200, {"labs": [], "total": 0})


# The real server: what it makes of bytes before the application sees them

HOST = b"Host: attendance.example\r\n"
RAW: dict[str, tuple[bytes, int]] = {
    "no UTF-8 in the path": (b"POST /labs/%FF/join HTTP/1.1\r\n" + HOST + b"\r\n", 401),
    "NUL in the path": (b"POST /labs/%00/join HTTP/1.1\r\n" + HOST + b"\r\n", 401),
    "no UTF-8 in a token": (b"GET /api/v1/auth/confirm_email/%FF HTTP/1.1\r\n" + HOST + b"\r\n", 410),
    "a surrogate in a token": (
        b"GET /api/v1/auth/password_reset/%ED%A0%80 HTTP/1.1\r\n" + HOST + b"\r\n", 410,
    ),
    "NUL in a token": (b"GET /api/v1/auth/password_reset/a%00b HTTP/1.1\r\n" + HOST + b"\r\n", 410),
    "a plus as it was typed": (b"GET /api/v1/users?sort=+name HTTP/1.1\r\n" + HOST + b"\r\n", 401),
    "a slash in an id": (b"POST /labs/a%2Fb/join HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "dots in the path": (b"GET /schema/assets/../../labs HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "dots escaped": (b"GET /schema/assets/%2e%2e/__init__.py HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a path as it was typed": ("GET /лаб HTTP/1.1\r\n".encode() + HOST + b"\r\n", 404),
    "a query as it was typed": ("GET /users?name=Ёж HTTP/1.1\r\n".encode() + HOST + b"\r\n", 200),
    "no UTF-8 in the query": (b"GET /users?name=%FF HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "NUL in the query": (b"GET /users?name=%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a long query": (b"GET /users?x=" + b"a" * 60_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a whole URL": (b"GET http://attendance.example/nothing HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "options of the server": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a strange method": (b"FOO /users HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "a method in small letters": (b"get /users HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "a tunnel": (b"CONNECT attendance.example:80 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "no host": (b"GET /nothing HTTP/1.0\r\n\r\n", 404),
    "a host that cannot be": (b"GET /users HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "a bad token": (b"POST /labs HTTP/1.1\r\n" + HOST + b"Authorization: Bearer \xff\r\n\r\n", 401),
    "2 MB announced": (b"POST /register HTTP/1.1\r\n" + HOST + b"Content-Length: 2000000\r\n\r\n", 413),
    "2 MB announced with Expect": (
        b"POST /register HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n",
        413,
    ),
    "2 MB in chunks": (
        b"POST /register HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
        + (b"80000\r\n" + b"x" * 0x80000 + b"\r\n") * 4 + b"0\r\n\r\n",
        413,
    ),
    "length and chunks at once": (
        b"POST /register HTTP/1.1\r\n" + HOST
        + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a compressed body": (
        b"POST /register HTTP/1.1\r\n" + HOST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 400,
    ),
    "an upgrade": (
        b"GET /nothing HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        404,
    ),
}  # fmt: skip
# Refused by the server itself, in its own words, before there is a request
RAW_OF_THE_SERVER: dict[str, tuple[bytes, int]] = {
    "a path of other bytes": (b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a length that is none": (b"POST /register HTTP/1.1\r\n" + HOST + b"Content-Length: abc\r\n\r\n", 400),
    "200 headers": (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n", 431),
    "a path of 70,000": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
}


def said(service: Service, request: bytes) -> tuple[int, bytes]:
    """Status and body of what is answered to these bytes."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(request)
        answered = b""
        while b"\r\n\r\n" not in answered:
            answered += received(connection)
        head, _, body = answered.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        assert length, head
        while len(body) < int(length[1]):
            body += received(connection)
    return int(head.split()[1]), body


def received(connection: socket.socket) -> bytes:
    part = connection.recv(65_536)
    assert part, "closed without an answer"
    return part


@pytest.mark.processes
def test_the_real_server_hands_over_what_it_gets_and_stays(tmp_path: Path) -> None:
    with serving(tmp_path, "memory") as service:
        wrong = {}
        for what, (request, status) in RAW.items():
            got, body = said(service, request)
            if got != status or not (got == 200 or isinstance(json.loads(body)["error"], str)):
                wrong[what] = (got, body[:200])
        for what, (request, status) in RAW_OF_THE_SERVER.items():
            got, body = said(service, request)
            if got != status:
                wrong[what] = (got, body[:200])
        assert wrong == {}
        user = {"username": "Ёж", "password": "correct horse battery"}
        assert httpx.post(f"{service.url}/register", json=user).status_code == 201
        status, body = said(service, RAW["a query as it was typed"][0])
        assert (status, json.loads(body)["total"]) == (200, 1)
        assert httpx.get(f"{service.url}/users", params={"name": "ёж"}).json()["total"] == 1
        assert httpx.get(f"{service.url}/users?name={quote('ЁЖ')}").json()["total"] == 1
        assert "Traceback" not in service.log
        assert "panicked" not in service.log
