"""What a form sends: its fields as texts, each at most once."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Receive

from attendance.adapters.http.server.wire import header_value

LARGEST_FORM = 64 * 1024
MOST_FIELDS = 2000
_NOT_IN_PAGES = re.compile("[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
FORM = "application/x-www-form-urlencoded"
ACCOUNT = "account"
"""The field that every form has which is shown to somebody who is signed in: the id of their account."""
UNTYPED = "untyped"
"""The field that a form has beside it in which there is nothing to fill in."""


class Typed(dict[str, str]):
    """Fields by their names; one that was not sent is empty."""

    def __missing__(self, name: str) -> str:
        return ""

    def as_shown(self) -> "Typed":
        """The same, without what no page may hold: control characters and lone surrogates."""
        return Typed({name: _NOT_IN_PAGES.sub("\ufffd", text) for name, text in self.items()})


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form that was sent says of itself.

    `account`: the id of the account that it was shown to, "" for a form of strangers. `is_filled_in`: there
    was something to fill in, beside buttons.
    """

    account: str = ""
    is_filled_in: bool = True


def of_itself(form: Typed) -> tuple[Typed, Sent]:
    """The fields that pages know of a form that was sent, and what it says of itself."""
    known = Typed({name: text for name, text in form.items() if name not in (ACCOUNT, UNTYPED)})
    # it stands in the page that says whose the form is
    account = Typed({ACCOUNT: form[ACCOUNT]}).as_shown()[ACCOUNT]
    return known, Sent(account, UNTYPED not in form)


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
    # forms send two characters for the end of a line, which is stored as one
    fields = Typed({name: text.replace("\r\n", "\n") for name, text in pairs})
    if len(fields) != len(pairs):
        raise HTTPException(status_code=400)
    return fields
