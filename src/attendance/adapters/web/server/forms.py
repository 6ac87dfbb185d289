"""What a form sends: its fields as texts, each at most once."""

import re
from urllib.parse import parse_qsl

from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Receive

from attendance.adapters.http.server.wire import header_value

LARGEST_FORM = 64 * 1024
MOST_FIELDS = 2000
_NOT_IN_PAGES = re.compile("[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
FORM = "application/x-www-form-urlencoded"


class Typed(dict[str, str]):
    """Fields by their names; one that was not sent is empty."""

    def __missing__(self, name: str) -> str:
        return ""

    def as_shown(self) -> "Typed":
        """The same, without what no page may hold: control characters and lone surrogates."""
        return Typed({name: _NOT_IN_PAGES.sub("\ufffd", text) for name, text in self.items()})


async def form_sent(scope: HTTPScope, receive: Receive) -> Typed:
    """The fields of the form in a request's body.

    Raises HTTPException: 413 for more than 64 KiB, 415 for what is no form, 400 for what cannot be read or
    repeats a field.
    """
    if header_value(scope["headers"], b"content-type").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(status_code=415)
    return _fields(await _body(receive))


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise HTTPException(status_code=400)
        body += message["body"]
        if len(body) > LARGEST_FORM:
            raise HTTPException(status_code=413)
        if not message.get("more_body"):
            return body


def _fields(body: bytes) -> Typed:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise HTTPException(status_code=400) from error
    fields = Typed(pairs)
    if len(fields) != len(pairs):
        raise HTTPException(status_code=400)
    return fields
