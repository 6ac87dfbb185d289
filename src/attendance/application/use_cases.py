"""Everything this library can do, in one place: HTTP, the command line and Python callers share it."""

from dataclasses import dataclass

from attendance.application.accounts import Register, SearchAccounts
from attendance.application.lab_attendance import (
    DeleteLabAttendance,
    LabAttendanceByDate,
    LabAttendanceHistory,
    MarkLabAttendance,
)
from attendance.application.labs import CreateLab, JoinLab, SearchLabs
from attendance.application.sessions import ActorOf, SignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """One attribute per use case, each called with the actor first and everything else by name."""

    register: Register
    sign_in: SignIn
    actor_of: ActorOf
    search_accounts: SearchAccounts
    create_lab: CreateLab
    search_labs: SearchLabs
    join_lab: JoinLab
    mark_lab_attendance: MarkLabAttendance
    lab_attendance_by_date: LabAttendanceByDate
    lab_attendance_history: LabAttendanceHistory
    delete_lab_attendance: DeleteLabAttendance
