"""Attendance that is right: who was there, who said so, and the whole history of each mark.

    >>> from attendance import open_attendance
    >>> with open_attendance("memory") as attendance:
    ...     ada = attendance.register(username="ada", password="correct horse battery")

`open_attendance` gives the use cases; every refusal is an `AttendanceError`.
"""

from attendance.application.use_cases import UseCases
from attendance.domain.errors import (
    AttendanceError,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.lab_attendance import LabEntry, LabMark
from attendance.domain.sessions import Actor
from attendance.domain.status import Status
from attendance.entrypoints.library import open_attendance

__all__ = [
    "AccountId",
    "Actor",
    "AttendanceError",
    "Conflict",
    "Fault",
    "Forbidden",
    "Invalid",
    "LabEntry",
    "LabId",
    "LabMark",
    "LabMarkId",
    "NotFound",
    "Status",
    "Unauthenticated",
    "Unavailable",
    "UseCases",
    "open_attendance",
]
