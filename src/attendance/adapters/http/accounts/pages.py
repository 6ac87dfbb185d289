"""Where a link in a mail leads whoever follows it with a browser; whoever asks for JSON gets JSON."""

from typing import Any
from urllib.parse import quote

from litestar import Response

from attendance.adapters.http.server.callers.places import PAGES


def page_of(link: str, token: str) -> Response[Any]:
    """On to the page that does what the link is for."""
    location = f"{PAGES}/{link}/{quote(token, safe='')}"
    return Response(None, status_code=303, headers={"location": location})
