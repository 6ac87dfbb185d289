"""The version of a resource, as clients hold it: `ETag` and `If-Match`."""

import re
from collections.abc import Sequence
from typing import Annotated

ETAG = re.compile(r'"(0|[1-9][0-9]{0,9})"')
IF_MATCH = "if-match"

Versions = Annotated[frozenset[int] | None, IF_MATCH]
"""A handler's parameter: the versions the client has seen, None where it does not say."""


def etag(version: int) -> dict[str, str]:
    """The header of an answer that shows this version."""
    return {"ETag": f'"{version}"'}


def versions_seen(headers: Sequence[str]) -> frozenset[int] | None:
    """What the `If-Match` headers of a request name."""
    sent = ",".join(headers)
    if not headers or sent.strip() == "*":
        return None
    found = (ETAG.fullmatch(part.strip()) for part in sent.split(","))
    return frozenset(int(match[1]) for match in found if match)
