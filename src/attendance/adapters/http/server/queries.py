"""How query parameters that may be left out are described: they may not be sent as null."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from attendance.adapters.http.server.texts import ANY_TEXT

DATE: dict[str, Any] = {"one_of": None, "type": OpenAPIType.STRING, "format": OpenAPIFormat.DATE}
BOOLEAN: dict[str, Any] = {"one_of": None, "type": OpenAPIType.BOOLEAN}
WHOLE_NUMBER: dict[str, Any] = {"one_of": None, "type": OpenAPIType.INTEGER}
STRING: dict[str, Any] = {"one_of": None, "type": OpenAPIType.STRING}
ID: dict[str, Any] = STRING | ANY_TEXT


def one_of(values: Iterable[StrEnum]) -> dict[str, Any]:
    return STRING | {"enum": [value.value for value in values]}
