"""The version of a resource, as clients hold it: `ETag` and `If-Match`."""

import re
from typing import Any

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

ETAG = re.compile(r'"(0|[1-9][0-9]{0,9})"')

Versions = NamedDependency[SkipValidation[frozenset[int] | None]]
"""A handler's parameter: the versions the client has seen, None where it does not say."""


def etag(version: int) -> dict[str, str]:
    """The header of an answer that shows this version."""
    return {"ETag": f'"{version}"'}


def provide_versions() -> Provide:
    def versions(request: Request[Any, Any, Any]) -> frozenset[int] | None:
        headers = request.headers.getall("if-match", [])
        sent = ",".join(headers)
        if not headers or sent.strip() == "*":
            return None
        found = (ETAG.fullmatch(part.strip()) for part in sent.split(","))
        return frozenset(int(match[1]) for match in found if match)

    return Provide(versions, sync_to_thread=False)
