"""What people do in the club protocol, and what they are told."""

import re
from typing import Any

import httpx

from tests.http.api import CLUB, PASSWORD, Api, Person, good, refusal

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
ANOTHER = "staple tarpaulin 7"
A_THIRD = "ninety green bottles"

SIGN_IN_FIRST = refusal(401, "authentication required")
INVALID_CREDENTIALS = refusal(401, "invalid credentials")
NO_CONFIRMATION = refusal(410, "invalid or expired confirmation token")
NO_RESET = refusal(410, "invalid or expired reset token")
NOTHING_TO_CONFIRM = refusal(409, "there is no address to confirm")
TOO_MANY = refusal(429, "too many requests")
CONFIRMED = (200, {"status": "confirmed"})
ALREADY_CONFIRMED = (200, {"status": "already confirmed"})
DONE, ACCEPTED = (204, None), (202, None)
RESET = f"{CLUB}/auth/password_reset"


def confirms(api: Api, token: str, method: str = "GET") -> httpx.Response:
    return api.nobody.asks(method, f"{CLUB}/auth/confirm_email/{token}")


def asks_for_reset(api: Api, email: str) -> httpx.Response:
    """Ask for a link, and wait until what the answer does not wait for is done."""
    answered = api.nobody.posts("/auth/password_reset", email=email)
    api.finish_what_no_answer_waited_for()
    return answered


def resets(api: Api, token: str, password: str = ANOTHER) -> httpx.Response:
    return api.nobody.puts(f"/auth/password_reset/{token}", password=password)


def signs_in(api: Api, password: str = PASSWORD, **who: str) -> httpx.Response:
    return api.nobody.posts("/auth/login", password=password, **who)


def signed_in(api: Api, password: str = PASSWORD, **who: str) -> Person:
    return Person(api.http, token=good(signs_in(api, password, **who), 200)["access_token"])


def me(person: Person) -> dict[str, Any]:
    return good(person.reads("/users/me"), 200)


def is_in(person: Person) -> bool:
    """Whether the session still lives."""
    return person.reads("/users/me").status_code == 200


def registered(api: Api, username: str = "ada", **body: Any) -> Person:
    """Registered with an address that is not confirmed yet, and signed in."""
    good(api.registers_with_email(username, **body), 201)
    return signed_in(api, username=username)


def without_request_id(response: httpx.Response) -> Any:
    headers = [(name, value) for name, value in response.headers.multi_items() if name != "x-request-id"]
    return response.status_code, sorted(headers), response.content
