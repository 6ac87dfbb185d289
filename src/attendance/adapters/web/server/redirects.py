"""Where to go on after signing in: to where one was, and to nowhere but a page of this service."""

import re
from urllib.parse import urlencode

from litestar.types import HTTPScope

SIGN_IN = "/app/sign-in"
START = "/"

_OWN = re.compile(r"/app(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+(\?[A-Za-z0-9._~=&%+-]*)?")


def own_path(path: str) -> str:
    """The path, if it is that of a page of ours; otherwise where everybody starts."""
    return path if _OWN.fullmatch(path) else START


def signing_in_first(scope: HTTPScope) -> str:
    """The page to sign in at, which goes on to the one that was asked for."""
    query = scope["query_string"].decode("latin-1")
    was_at = scope["path"] + (f"?{query}" if query and scope["method"] == "GET" else "")
    return f"{SIGN_IN}?{urlencode({'next': was_at})}" if own_path(was_at) == was_at else SIGN_IN


def signing_in_again(page: str | None) -> str:
    """The page to sign in at, which says to do it again, and goes on to the page of what was to be done."""
    then = {} if page is None or own_path(page) != page else {"next": page}
    return f"{SIGN_IN}?{urlencode(then | {'notice': 'again'})}"
