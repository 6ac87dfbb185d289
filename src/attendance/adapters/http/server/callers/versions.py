"""The version of a resource, as clients hold it: `ETag`, `If-Match` and `If-None-Match`.

A tag begins with the number of the stored version, which is all that `If-Match` looks at. Where something is
shown beside what is stored, it goes on with that: for `If-None-Match` another tag, for `If-Match` the same.
"""

import re
from collections.abc import Sequence
from typing import Annotated

from attendance.adapters.http.server.compression import LONGEST_AS_IT_IS, VARIES
from attendance.adapters.http.server.wire import Headers, Reply, header_value, header_values

TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
VERSION = re.compile(r'"(0|[1-9][0-9]{0,9})(?:-.*)?"')
IF_MATCH = "if-match"

Versions = Annotated[frozenset[int] | None, IF_MATCH]
"""A handler's parameter: the versions the client has seen, None where it does not say."""


def tags_in(headers: Sequence[str]) -> list[str] | None:
    """The tags that the headers of a request name, weak ones (`W/"1"`) like others; None for `*`: any."""
    sent = ",".join(headers).strip(" \t")
    if sent == "*":
        return None
    found = (TAG.fullmatch(part.strip(" \t")) for part in sent.split(","))
    return [match[1] for match in found if match]


def versions_seen(headers: Sequence[str]) -> frozenset[int] | None:
    """The versions that the `If-Match` headers of a request name; None: any."""
    tags = tags_in(headers) if headers else None
    if tags is None:
        return None
    found = (VERSION.fullmatch(tag) for tag in tags)
    return frozenset(int(match[1]) for match in found if match)


def is_known(tag: str, headers: Sequence[str]) -> bool:
    """Whether the `If-None-Match` headers of a request name what has this tag now, weak or not."""
    tags = tags_in(headers)
    return tags is None or tag.removeprefix("W/") in tags


def unless_known(reply: Reply, headers: Headers) -> Reply:
    """The reply, or that who asks has it already."""
    named = header_values(headers, b"if-none-match")
    tag = header_value(reply.headers, b"etag") if named else ""
    if not tag or not is_known(tag, named):
        return reply
    # what a cache is to know of what it has, and nothing of a body
    kept = [(name, value) for name, value in reply.headers if not name.startswith(b"content-")]
    return Reply(304, [*kept, VARIES] if len(reply.body) > LONGEST_AS_IT_IS else kept)
