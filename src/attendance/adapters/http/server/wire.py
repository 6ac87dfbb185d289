"""What a server hands over and takes back, as ASGI has it: headers as bytes, an answer in two messages."""

from collections.abc import Iterable
from dataclasses import dataclass

from litestar.types import Receive, Scope, Send

Headers = Iterable[tuple[bytes, bytes]]

API = "/api/v1"
"""Where the paths of the club protocol begin."""

JSON = "application/json"
IS_JSON = (b"content-type", JSON.encode())


def is_in_api(path: str) -> bool:
    """Whether a path is one of the club protocol, of an operation that there is or not."""
    return path.startswith(API) and path[len(API) : len(API) + 1] in ("", "/")


def header_values(headers: Headers, name: bytes) -> list[str]:
    """The values of all headers of this name, which is in lower case, in the order in which they came."""
    return [value.decode("latin-1") for given, value in headers if given == name]


def header_value(headers: Headers, name: bytes) -> str:
    """The value of the first header of this name, which is in lower case; "" where there is none."""
    for given, value in headers:
        if given == name:
            return value.decode("latin-1")
    return ""


@dataclass(slots=True)
class Reply:
    """An answer that is complete: its headers say how long it is."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_reply(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Reply:
    """An answer with a body that is JSON, and `headers` beside those that tell so."""
    return Reply(status, [*headers, IS_JSON, (b"content-length", b"%d" % len(body))], body)
