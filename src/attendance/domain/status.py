"""How somebody attended."""

from enum import StrEnum


class Status(StrEnum):
    """The four answers to "was this person there?". No mark at all is none of them."""

    PRESENT = "present"
    ABSENT = "absent"
    LATE = "late"
    EXCUSED = "excused"
