"""Answers made shorter for who asks for it: the same bytes once they are unpacked, and never a secret."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import httpx
import pytest

from attendance.adapters.http.app import ROOMS
from attendance.adapters.http.server import compression
from attendance.adapters.http.server.compression import LONGEST_AS_IT_IS, chosen, compressed, in_pieces
from attendance.adapters.http.server.operations import plan
from attendance.adapters.http.server.operations.plan import Inputs, holds_secrets
from attendance.adapters.http.server.wire import json_reply
from attendance.application.forms.listing import BATCH
from tests import make
from tests.http.api import CLUB, Api, Person, good
from tests.http.operations import Scene, operations

UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": brotli.decompress}


def asks(by: Person, path: str, accepted: str, method: str = "GET", **headers: str) -> httpx.Response:
    """What is sent, as it is."""
    sent = {**by.headers, "accept-encoding": accepted, **headers}
    transport: Any = by.http._transport
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    with_raw_body: httpx.Response = transport.ask(method, path.encode(), raw)
    return with_raw_body


def many_clients(api: Api, number: int) -> None:
    with api.store.transaction() as work:
        for n in range(number):
            work.clients.add(make.client(name=f"Client {n}", notes="the same as ever " * 5))


@pytest.fixture
def scene(memory: Api) -> Scene:
    scene = Scene.of(memory)
    many_clients(memory, 40)
    return scene


def teachers(scene: Scene) -> list[dict[str, str]]:
    """So many that the group is long."""
    return [
        {"user_id": scene.clerk.id, "from": f"{year}-01-01", "until": f"{year}-12-31"}
        for year in range(2000, 2020)
    ]


# How it is chosen


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None), ("gzip", "gzip"), ("br", "br"), ("gzip, br", "br"), ("br, gzip", "br"),
        ("gzip, deflate, br, zstd", "br"), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("deflate", None),
        ("*", "br"),
        ("identity", None), ("gzip;q=0", None), ("br;q=0, gzip", "gzip"), ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip ; q=0.5", "gzip"), ("*;q=0", None), ("br;q=0, *", "gzip"), ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"), ("gzip;q=x", None), ("gzip;q=-1", None), ("gzip;q=2", None),
        ("gzip;q=nan", None), (",,gzip,", "gzip"), (";", None), ("gzip;q", None), ("gzip;q=0.001", "gzip"),
        ("gzip;x=1", "gzip"), ("gzip" + " " * 5000, None),
    ],
)  # fmt: skip
def test_the_most_welcome_way_is_chosen(accepted: str, encoding: str | None) -> None:
    assert chosen([(b"accept-encoding", accepted.encode())]) == encoding


def test_several_headers_are_one() -> None:
    assert chosen([(b"accept-encoding", b"br;q=0"), (b"accept-encoding", b"gzip")]) == "gzip"
    assert chosen([]) is None


# What is sent


@pytest.mark.parametrize("encoding", UNPACK)
def test_a_long_answer_is_shorter_and_the_same(scene: Scene, encoding: str) -> None:
    for path in (f"{CLUB}/clients", f"{CLUB}/groups", f"{CLUB}/clients?format=csv", "/schema/openapi.json",
                 "/schema/assets/swagger_style.css", "/schema"):  # fmt: skip
        plain, short = asks(scene.owner, path, "identity"), asks(scene.owner, path, encoding)
        if len(plain.content) <= LONGEST_AS_IT_IS:
            continue
        assert "content-encoding" not in plain.headers
        assert short.headers["content-encoding"] == encoding, path
        assert short.headers.get_list("vary") == plain.headers.get_list("vary") == ["Accept-Encoding"], path
        assert short.content == plain.content, "httpx unpacks it"
        if "content-length" in short.headers:
            assert int(short.headers["content-length"]) < len(plain.content) // 2
        assert short.headers["content-type"] == plain.headers["content-type"]


@pytest.mark.parametrize("encoding", UNPACK)
def test_a_short_answer_is_sent_as_it_is(encoding: str) -> None:
    headers = [(b"accept-encoding", encoding.encode())]
    for length, is_short in ((LONGEST_AS_IT_IS, False), (LONGEST_AS_IT_IS + 1, True)):
        body = b"x" * length
        reply = compressed(json_reply(200, body), headers)
        told = dict(reply.headers)
        assert (told.get(b"content-encoding"), told.get(b"vary")) == (
            (encoding.encode(), b"Accept-Encoding") if is_short else (None, None)
        )
        assert int(told[b"content-length"]) == len(reply.body)
        assert (UNPACK[encoding](reply.body) if is_short else reply.body) == body


def test_a_refusal_that_is_long_is_shorter_too(scene: Scene) -> None:
    wrong = {f"field{n}": n for n in range(50)}
    response = scene.owner.asks("POST", f"{CLUB}/clients", json=wrong, headers={"accept-encoding": "gzip"})
    assert (response.status_code, response.headers["content-encoding"]) == (400, "gzip")
    assert len(response.json()["details"]) > 50


def test_a_workbook_is_not_compressed_once_more(scene: Scene) -> None:
    response = asks(scene.owner, f"{CLUB}/clients?format=xlsx", "gzip, br")
    assert {"content-encoding", "vary"}.isdisjoint(response.headers)


def test_head_is_told_the_same(scene: Scene) -> None:
    path = f"{CLUB}/groups/{scene.group_id}"
    good(scene.owner.puts(f"/groups/{scene.group_id}", teachers=teachers(scene)), 200)
    for accepted in ("gzip", "br", "identity"):
        got, head = (asks(scene.owner, path, accepted, method) for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "etag", "vary"):
            assert head.headers[name] == got.headers[name]
        assert head.headers.get("content-encoding") == got.headers.get("content-encoding")


def test_the_tag_of_what_is_compressed_is_weak_and_good_for_an_edit(scene: Scene) -> None:
    path = f"/groups/{scene.group_id}"
    good(scene.owner.puts(path, teachers=teachers(scene)), 200)
    plain = asks(scene.owner, CLUB + path, "identity").headers["etag"]
    assert not plain.startswith("W/")
    for encoding in UNPACK:
        short = asks(scene.owner, CLUB + path, encoding)
        assert (short.headers["content-encoding"], short.headers["etag"]) == (encoding, f"W/{plain}")
        known = asks(scene.owner, CLUB + path, encoding, **{"if-none-match": short.headers["etag"]})
        assert (known.status_code, known.content, known.headers["vary"]) == (304, b"", "Accept-Encoding")
        assert "content-encoding" not in known.headers
        edited = scene.owner.puts(path, short.headers["etag"], name="Again")
        assert edited.status_code == 200
        plain = good(scene.owner.puts(path, edited.headers["etag"], name=f"for {encoding}"), 200)
        plain = f'"{plain["version"]}"'


# Secrets


def secretive() -> set[str]:
    return {
        operation.handler.__name__
        for room in ROOMS
        for operation in room.operations
        if holds_secrets(operation, Inputs.of(operation).answer)
    }


def test_what_holds_a_secret_is_told_by_its_fields_and_its_path() -> None:
    assert secretive() >= {
        "login", "sign_in", "make_calendar_token", "confirm_email", "password_form", "set_password",
    }  # fmt: skip
    assert secretive().isdisjoint({"list_clients", "show_sheet", "mark_attendance", "user_calendar"})


def long_secrets(scene: Scene) -> Iterator[httpx.Response]:
    for name in ("login", "sign_in", "make_calendar_token"):
        operation = operations(scene)[name]
        headers = {"accept-encoding": "gzip, br"}
        yield operation.by.asks(operation.method, operation.path, headers=headers, **operation.request)


def test_a_token_is_never_compressed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "LONGEST_AS_IT_IS", 0)
    for response in long_secrets(scene):
        assert response.status_code < 300
        assert {"content-encoding", "vary"}.isdisjoint(response.headers)
    assert "content-encoding" in asks(scene.owner, f"{CLUB}/users/me", "gzip").headers


@pytest.mark.plants
def test_a_secret_is_seen_to_be_missed_where_nobody_knows_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SECRETS", frozenset())
    assert secretive() == set()


# Piece by piece


@pytest.mark.slow
@pytest.mark.parametrize("encoding", UNPACK)
def test_a_whole_list_is_compressed_as_it_is_read(scene: Scene, encoding: str) -> None:
    many_clients(scene.api, 2 * BATCH)
    for query in ("", "?format=csv"):
        plain = asks(scene.owner, f"{CLUB}/clients{query}", "identity")
        short = asks(scene.owner, f"{CLUB}/clients{query}", encoding)
        assert short.content == plain.content
        assert short.headers["content-encoding"] == encoding
        assert short.extensions["pieces"] >= 3


@pytest.mark.parametrize("encoding", UNPACK)
def test_each_piece_can_be_read_when_it_comes(encoding: str) -> None:
    reader: Any = zlib.decompressobj(31) if encoding == "gzip" else brotli.Decompressor()
    read = reader.decompress if encoding == "gzip" else reader.process
    pieces = [b"a" * 1000, b"b" * 1000, b"c" * 1000]
    sent = iter(in_pieces(iter(pieces), encoding))
    assert [read(next(sent)) for _ in pieces] == pieces
    assert [*sent] == []
    assert UNPACK[encoding](b"".join(in_pieces([], encoding))) == b""


@pytest.mark.parametrize("encoding", UNPACK)
def test_the_memory_for_it_does_not_grow_with_the_list(encoding: str) -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        try:
            for _ in in_pieces((b"%d," % n * 4096 for n in range(number)), encoding):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(400) < 1.5 * peak(40)
