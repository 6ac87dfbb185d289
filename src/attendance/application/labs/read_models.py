"""What is told of labs, to whom."""

import datetime as dt
from dataclasses import dataclass

from attendance.application.ports.labs import LabDetails, LabMemberRow
from attendance.domain.ids import AccountId
from attendance.domain.labs.labs import Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class LabView:
    """A lab as of a date.

    `members`, by username: with their marks for the owner, without for members, None for anybody else.
    `size` is how many there are.
    """

    lab: Lab
    owner_username: str
    date: dt.date
    is_owner: bool
    is_member: bool
    size: int
    members: tuple[LabMemberRow, ...] | None

    @classmethod
    def of(cls, details: LabDetails, reader_id: AccountId, *, is_owner: bool, date: dt.date) -> "LabView":
        is_member = any(member.user_id == reader_id for member in details.members)
        without_marks = tuple(LabMemberRow(each.user_id, each.username, None) for each in details.members)
        return cls(
            lab=details.lab,
            owner_username=details.owner_username,
            date=date,
            is_owner=is_owner,
            is_member=is_member,
            size=len(details.members),
            members=details.members if is_owner else without_marks if is_member else None,
        )
