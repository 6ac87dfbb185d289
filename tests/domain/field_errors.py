"""What is wrong with things that cannot be."""

from collections.abc import Callable
from typing import Any

import pytest

from attendance.domain.errors import Invalid


def field_errors(make: Callable[..., Any], **fields: Any) -> list[str]:
    """The fields that are at fault."""
    with pytest.raises(Invalid) as caught:
        make(**fields)
    return [field_error.field for field_error in caught.value.field_errors]
