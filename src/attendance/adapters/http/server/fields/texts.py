"""Fields that several bodies have, as they are described and checked."""

from typing import Annotated

import msgspec

from attendance.adapters.http.server.fields.characters import ANY_TEXT, NAME, PROSE
from attendance.adapters.http.server.wire import API
from attendance.domain.accounts.accounts import LONGEST_EMAIL, LONGEST_NAME, LONGEST_USERNAME
from attendance.domain.accounts.passwords import LONGEST_PASSWORD_BYTES
from attendance.domain.club.clients import LONGEST_NOTES


def line(longest: int, *, shortest: int = 0, description: str | None = None) -> msgspec.Meta:
    """A text of one line. How long it may be the domain says, once the blanks at its ends are gone."""
    lengths = {"max_length": longest, **({"min_length": shortest} if shortest else {})}
    return msgspec.Meta(description=description, extra_json_schema={"extra": {**NAME, **lengths}})


def prose(longest: int) -> msgspec.Meta:
    """A text that keeps its line breaks."""
    return msgspec.Meta(max_length=longest, extra_json_schema={"extra": PROSE})


Text = Annotated[str, msgspec.Meta(extra_json_schema={"extra": ANY_TEXT})]
Username = Annotated[
    str,
    line(
        LONGEST_USERNAME,
        shortest=1,
        description="Letters, digits and signs of one script, none that poses as somebody; unique whatever "
        "its case and width.",
    ),
]
Password = Annotated[
    str,
    msgspec.Meta(
        description=f"At least as many characters as `GET {API}/auth/registration` says, at most "
        f"{LONGEST_PASSWORD_BYTES} bytes, none of the common ones.",
        extra_json_schema={"extra": ANY_TEXT},
    ),
]
Email = Annotated[
    str,
    line(LONGEST_EMAIL, description="An address that mail can be sent to; unique whatever its case."),
]
PersonName = Annotated[str, line(LONGEST_NAME, description="What somebody is called.")]
Notes = Annotated[str, prose(LONGEST_NOTES)]
