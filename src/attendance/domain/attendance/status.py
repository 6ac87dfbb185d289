"""The status of a mark."""

from enum import StrEnum


class Status(StrEnum):
    """How somebody attended. Who has no mark has no status."""

    PRESENT = "present"
    ABSENT = "absent"
    LATE = "late"
    EXCUSED = "excused"
