"""The two operations as a bare ASGI application."""

import datetime as dt
import gc
import os
from collections.abc import Awaitable, Callable
from typing import Any
from unicodedata import category
from uuid import UUID

import msgspec

from benchmarks.limit.postgres import Postgres
from benchmarks.limit.sqlite import Sqlite
from benchmarks.limit.tokens import Verified
from benchmarks.limit.work import MALFORMED, UNAUTHENTICATED, Backend, MarkBody, MarkView, Refused, SheetView

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

NOBODYS = UUID(int=0)
decode_mark = msgspec.json.Decoder(MarkBody).decode
encode = msgspec.json.Encoder().encode


class Limit:
    def __init__(self, backend: Backend, tokens: Verified) -> None:
        self._backend = backend
        self._tokens = tokens

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            status, body = 200, await self._answer(scope, receive)
        except Refused as refused:
            status, body = refused.status, encode({"error": refused.text})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: dict[str, Any], receive: Receive) -> bytes:
        match scope["path"].split("/"), scope["method"]:
            case ["", "labs", lab_id, "attendance"], "PUT":
                return await self._mark(lab_id, self._caller(scope), await _body(receive))
            case ["", "api", "v1", "lessons", lesson_id, "attendance"], "PUT":
                sent = await _body(receive)
                return await self._backend.mark_sheet(self._caller(scope), _id(lesson_id), sent)
            case ["", "labs", lab_id, "attendance"], "GET":
                return await self._sheet(lab_id, self._caller(scope), scope["query_string"])
        raise Refused(404, "not found")

    def _caller(self, scope: dict[str, Any]) -> UUID:
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                if session_id := self._tokens.session_id(value[7:]):
                    return session_id
                break
        raise UNAUTHENTICATED

    async def _mark(self, lab: str, session_id: UUID, body: bytes) -> bytes:
        try:
            sent = decode_mark(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise MALFORMED from error
        if not sent.note.isprintable() and any(
            category(each) in ("Cc", "Cs") and each not in "\n\t" for each in sent.note
        ):
            raise MALFORMED
        lab_id, user_id = _id(lab), _id(sent.user_id)
        mark_id = await self._backend.mark(session_id, lab_id, user_id, sent)
        view = MarkView(mark_id, str(lab_id), str(user_id), sent.date.isoformat(), sent.status, sent.note)
        return encode(view)

    async def _sheet(self, lab: str, session_id: UUID, query: bytes) -> bytes:
        name, _, date = query.decode("ascii", "replace").partition("=")
        try:
            on = dt.date.fromisoformat(date)
        except ValueError as error:
            raise MALFORMED from error
        if name != "date" or len(date) != 10:
            raise MALFORMED
        lab_id = _id(lab)
        rows = await self._backend.sheet(session_id, lab_id, on)
        return encode(SheetView(str(lab_id), date, rows, len(rows)))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            match (await receive())["type"]:
                case "lifespan.startup":
                    await self._backend.open()
                    gc.collect()
                    gc.freeze()
                    gc.set_threshold(50_000)
                    await send({"type": "lifespan.startup.complete"})
                case _:
                    await self._backend.close()
                    await send({"type": "lifespan.shutdown.complete"})
                    return


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return NOBODYS


def create_app() -> Limit:
    url = os.environ["LIMIT_DATABASE_URL"]
    backend = Sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else Postgres(url)
    return Limit(backend, Verified(os.environ["LIMIT_SECRET_KEY"]))
