"""Attendance that is right: who was there, who said so, and the whole history of each mark.

    >>> from attendance import open_attendance
    >>> with open_attendance("memory") as attendance:
    ...     ada = attendance.register(username="ada", password="correct horse battery")

`open_attendance` gives the use cases; every refusal is an `AttendanceError`.
"""

from attendance.application.use_cases import UseCases
from attendance.domain.accounts import Account
from attendance.domain.errors import (
    AttendanceError,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    Outdated,
    Unauthenticated,
    Unavailable,
)
from attendance.domain.favorites import Favorites
from attendance.domain.ids import AccountId, LabId, LabMarkId, RoleChangeId
from attendance.domain.lab_attendance import LabEntry, LabMark
from attendance.domain.limits import LimitReached
from attendance.domain.links import Gone
from attendance.domain.role_changes import RoleChange
from attendance.domain.roles import Level, Role
from attendance.domain.sessions import OPERATOR, Actor
from attendance.domain.status import Status
from attendance.entrypoints.library import open_attendance

__all__ = [
    "OPERATOR",
    "Account",
    "AccountId",
    "Actor",
    "AttendanceError",
    "Conflict",
    "Fault",
    "Favorites",
    "Forbidden",
    "Gone",
    "Invalid",
    "LabEntry",
    "LabId",
    "LabMark",
    "LabMarkId",
    "Level",
    "LimitReached",
    "NotFound",
    "Outdated",
    "Role",
    "RoleChange",
    "RoleChangeId",
    "Status",
    "Unauthenticated",
    "Unavailable",
    "UseCases",
    "open_attendance",
]
