"""What browsers load for a roll call: how much, under which names, and the worker at its address."""

import gzip
import re
from importlib.resources import files

import pytest

from attendance.adapters.web.attendance.offline import BESIDE, KEPT, worker_script
from attendance.adapters.web.server.static_files import FOR_GOOD, spare, static_files, static_path
from attendance.adapters.web.server.static_files.modules import joined
from tests.http.api import CLUB, Api, good
from tests.http.attendance.test_attendance_protocol import Class, sheet
from tests.web.attendance.roll_call import Filled, path_of, ran_by_node
from tests.web.visitors import BY_OUR_PAGE, shown, signed_in, visitor, with_session

MOST_BYTES = 20_000
LOADED = re.compile(r"(?:src|href)=\"(/static/[^\"]+)\"")


@pytest.fixture
def chess(memory: Api) -> Class:
    return Class.of(memory)


def length_of(api: Api, path: str, encoding: str) -> int:
    """How many bytes go over the net."""
    answered = api.transport.ask("GET", path.encode(), [(b"accept-encoding", encoding.encode())])
    assert answered.status_code == 200
    return int(answered.headers["content-length"])


def loaded_by(api: Api, html: str) -> set[str]:
    """Everything that a page loads; none of it loads anything more."""
    found = {*LOADED.findall(html)}
    for path in found:
        assert not re.search(r"/static/|^import\b", api.http.get(path).text, re.MULTILINE), path
    return found


@pytest.mark.slow
def test_a_roll_call_weighs_at_most_20_kb(chess: Class) -> None:
    html = with_session(chess.api, chess.teacher).opens(path_of(chess.lesson())).text
    paths = loaded_by(chess.api, html)
    # what the pages around it need is kept, too
    assert paths | {static_path(name) for name in BESIDE} == {static_path(name) for name in KEPT}
    lengths = {path: length_of(chess.api, path, "gzip") for path in [*paths, "/app/worker.js"]}
    assert sum(lengths.values()) <= MOST_BYTES, lengths
    shorter = {path: length_of(chess.api, path, "br") for path in paths}
    assert sum(shorter.values()) < sum(lengths[path] for path in paths)


def test_a_roll_call_is_one_script_and_one_style_beside_those_of_all_pages(chess: Class) -> None:
    """Each further file is a way over the net, and browsers take six at once from a server without HTTP/2."""
    html = with_session(chess.api, chess.teacher).opens(path_of(chess.lesson())).text
    of_all_pages = {static_path(name) for name in ("pages.css", "icon.svg")}
    assert loaded_by(chess.api, html) - of_all_pages == {
        static_path("roll_call.js"),
        static_path("roll_call.css"),
    }


def test_no_module_is_sent_by_itself() -> None:
    directory = files("attendance.adapters.web") / "static"
    scripts = [file.read_text() for file in directory.iterdir() if file.name.endswith(".js")]
    imports = re.compile(r"""^(?:im|ex)port[^"']*["']\./([a-z0-9_]+\.js)""", re.MULTILINE)
    imported = {module for script in scripts for module in imports.findall(script)}
    assert {"sheet.js", "store.js"} <= imported
    assert not imported & {*static_files()}


MODULES = {
    "page": 'import { add, Sum as Total } from "./sums.js";\nimport * as names from "./names.js";\n'
    'import "./said.js";\nsay(names.first, new Total().of(add(1, 2)), names.second());\n',
    "sums": 'import { first } from "./names.js";\nconst kept = first;\n'
    "export function add(a, b) {\nreturn a + b;\n}\nexport class Sum {\nof(x) {\nreturn kept + x;\n}\n}\n",
    "names": 'export * from "./last.js";\nexport const first = "first";\n',
    "last": "export async function second() {\n}\nconst hidden = 1;\n",
    "said": 'say("said");\n',
}


@pytest.mark.slow
def test_a_script_is_run_after_what_it_imports_each_once() -> None:
    program = joined("page", MODULES.__getitem__)
    assert program.count('"said"') == program.count("function add") == 1
    assert ran_by_node(f"const say = console.log;{program}") == "said\nfirst first3 Promise { undefined }\n"


@pytest.mark.parametrize(
    "line",
    [
        'import one from "./last.js";\n',
        'export { second } from "./last.js";\n',
        'export * as last from "./last.js";\n',
        'import * from "./last.js";\n',
        "export default 1;\n",
        "export let a = 1;\n",
        'import { a } from "https://example.org/a.js";\n',
    ],
)
def test_an_import_or_export_in_another_form_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(line.strip())):
        joined("page", (MODULES | {"page": line}).__getitem__)


def test_modules_that_import_each_other_are_an_error() -> None:
    with pytest.raises(ValueError, match="page, sums, names, page"):
        joined("page", (MODULES | {"names": 'import { a } from "./page.js";\n'}).__getitem__)


def test_files_are_sent_as_short_as_can_be_and_kept_for_good(memory: Api) -> None:
    for name, file in static_files().items():
        plain = memory.http.get(file.path, headers={"accept-encoding": "identity"})
        assert plain.headers["cache-control"] == FOR_GOOD.decode()
        assert "content-encoding" not in plain.headers
        assert plain.content == file.content
        for encoding in ("gzip", "br"):
            answered = memory.http.get(file.path, headers={"accept-encoding": encoding})
            assert answered.content == file.content, name
            assert answered.headers["vary"] == "Accept-Encoding"
            assert int(answered.headers["content-length"]) <= len(file.content)
    sheet_of = static_files()["roll_call.js"].content
    assert length_of(memory, static_path("roll_call.js"), "gzip") <= len(gzip.compress(sheet_of, 9)) + 10


@pytest.mark.parametrize(
    ("kind", "written", "left"),
    [
        ("js", b"/** @type {any} */\nlet a = 1; // why\n", b"let a = 1; // why\n"),
        ("js", b"  // alone\n  b();\n", b"b();\n"),
        ("js", b"const u = /** @type {any} */ (x);\n", b"const u = (x);\n"),
        ("js", b'f("http://example.org");\n', b'f("http://example.org");\n'),
        ("js", b"/**\n * Two\n * lines\n */\nc();\n", b"c();\n"),
        ("css", b"/* why */\na,\nd {\n  b: c;\n}\n", b"a,\nd {b: c;}"),
        ("svg", b"<svg>\n  <!-- a -->\n</svg>", b"<svg>\n  <!-- a -->\n</svg>"),
    ],
)
def test_what_nobody_but_a_reader_needs_is_not_sent(kind: str, written: bytes, left: bytes) -> None:
    assert spare(written, kind) == left


def test_no_script_has_a_text_of_several_lines() -> None:
    for name, file in static_files().items():
        if name.endswith(".js"):
            odd = [line for line in file.content.decode().splitlines() if line.count("`") % 2]
            assert odd == [], name


# The worker


def test_the_worker_is_always_at_its_address_and_names_the_files_of_now(memory: Api) -> None:
    answered = visitor(memory).opens("/app/worker.js", accept="*/*")
    assert answered.status_code == 200
    assert answered.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answered.headers["cache-control"] == "no-cache"
    assert answered.headers["service-worker-allowed"] == "/"
    assert answered.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"
    assert answered.content == worker_script()
    for name in KEPT:
        assert f'"{static_path(name)}"' in answered.text
    assert not re.search(r"^(export|import)\b", answered.text, re.MULTILINE)
    tag = {"if-none-match": answered.headers["etag"]}
    known = visitor(memory).opens("/app/worker.js", **tag)
    assert (known.status_code, known.content) == (304, b"")
    for name in ("content-security-policy", "cache-control", "etag", "service-worker-allowed"):
        assert known.headers[name] == answered.headers[name]


def test_what_is_said_without_a_connection_is_for_anybody(memory: Api) -> None:
    for person in (visitor(memory), signed_in(memory)):
        assert "No connection" in shown(person.opens("/app/offline"), has_scripts=True).texts


def test_whoever_signs_out_while_something_waits_is_asked(memory: Api) -> None:
    ada = signed_in(memory)
    for path in ("/app/sign-out", "/app/sign-out/everywhere"):
        page = ada.opens(f"{path}?waiting=2")
        assert "2 marks on this device are not sent yet." in shown(page).texts
        assert f'action="{path}?discard=yes"' in page.text
    for number in ("0", "x", ""):
        assert "Sign out everywhere" in shown(ada.opens(f"/app/sign-out?waiting={number}")).texts
    assert ada.sends("/app/sign-out?discard=yes").status_code == 303
    assert ada.cookie is None


def test_whoever_is_about_to_sign_in_is_told_how_much_waits(memory: Api) -> None:
    told = "2 marks on this device are not sent yet. They are sent once whoever tapped them signs in."
    page = visitor(memory).opens("/app/sign-in?waiting=2&next=%2Fapp%2Ftoday")
    assert told in shown(page).texts
    # after a password that is wrong, too
    refused = visitor(memory).sends("/app/sign-in?waiting=2", login="nobody", password="wrong", next="")
    assert told in shown(refused).texts
    for number in ("0", "x", "", "-1"):
        assert "not sent yet" not in visitor(memory).opens(f"/app/sign-in?waiting={number}").text


# Whose request it is meant to be


def test_a_request_that_is_meant_to_be_anothers_is_nobodys(chess: Class) -> None:
    lesson = chess.lesson()
    path = f"{CLUB}/lessons/{lesson}/attendance"
    body = {"attendances": [{"client_id": chess.members[0], "status": "present"}]}
    cookie = {"cookie": f"attendance={chess.head.token}"} | BY_OUR_PAGE
    meant = {"x-account": chess.teacher.id}
    for headers in (cookie | meant, chess.head.headers | meant):
        refused = chess.api.http.put(path, json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "authentication_required")
    assert sheet(chess.head, lesson)["counts"]["unmarked"] == 3
    own = cookie | {"x-account": chess.head.id}
    assert chess.api.http.put(path, json=body, headers=own).status_code == 200
    assert sheet(chess.head, lesson)["counts"]["unmarked"] == 2


def test_a_page_says_whose_it_is_and_how_long_its_session_lasts(chess: Class) -> None:
    page = Filled.of(with_session(chess.api, chess.teacher), chess.lesson())
    assert f'data-account="{chess.teacher.id}"' in page.html
    assert 'data-expires-at="2026-03-03T00:00:00+00:00" data-idle="10800"' in page.html
    assert "data-account" not in visitor(chess.api).opens("/app/sign-in").text
    good(chess.teacher.reads("/users/me"), 200)
