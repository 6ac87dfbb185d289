"""Fields that several bodies have, as they are described and checked."""

from typing import Annotated

import msgspec

from attendance.adapters.http.server.fields.characters import ANY_TEXT, NAME, PROSE
from attendance.domain.accounts.accounts import LONGEST_EMAIL, LONGEST_NAME, LONGEST_USERNAME
from attendance.domain.club.clients import LONGEST_NOTES


def line(longest: int, *, shortest: int = 0) -> msgspec.Meta:
    """A text of one line."""
    return msgspec.Meta(min_length=shortest, max_length=longest, extra_json_schema={"extra": NAME})


def prose(longest: int) -> msgspec.Meta:
    """A text that keeps its line breaks."""
    return msgspec.Meta(max_length=longest, extra_json_schema={"extra": PROSE})


Text = Annotated[str, msgspec.Meta(extra_json_schema={"extra": ANY_TEXT})]
Username = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=LONGEST_USERNAME,
        description="Letters, digits and signs of one script; unique whatever its case and width.",
        extra_json_schema={"extra": NAME},
    ),
]
Password = Annotated[
    str,
    msgspec.Meta(
        description="At least 8 characters, at most 1024 bytes, none of the common ones.",
        extra_json_schema={"extra": ANY_TEXT},
    ),
]
Email = Annotated[
    str,
    msgspec.Meta(
        max_length=LONGEST_EMAIL,
        description="An address that mail can be sent to; unique whatever its case.",
        extra_json_schema={"extra": NAME},
    ),
]
PersonName = Annotated[
    str,
    msgspec.Meta(
        max_length=LONGEST_NAME, description="What somebody is called.", extra_json_schema={"extra": NAME}
    ),
]
Notes = Annotated[str, prose(LONGEST_NOTES)]
