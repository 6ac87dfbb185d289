"""What is wrong with things that cannot be."""

from collections.abc import Callable
from typing import Any

import pytest

from attendance.domain.errors import Invalid


def faults(make: Callable[..., Any], **fields: Any) -> list[str]:
    """The fields that are at fault."""
    with pytest.raises(Invalid) as caught:
        make(**fields)
    return [fault.field for fault in caught.value.faults]
