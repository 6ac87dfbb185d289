"""Marks of all lessons, one by one: what an owner takes along of a year."""

from dataclasses import dataclass
from datetime import date

from attendance.application.attendance.read_models import MarkDetails
from attendance.application.listing import Listed, Reading, listed, require_page
from attendance.application.pagination import parse_sort, validate_range
from attendance.application.ports import Store, UnitOfWork
from attendance.application.ports.attendance import MarkCriteria
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.errors import Forbidden
from attendance.domain.ids import GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require, require_level, sees_all_groups
from attendance.domain.permissions.table import Permission

MARKS_SORT = ("date", "starts", "lesson_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMarks:
    """Marks by date, start, lesson and client, from `since` to `until`, both included and optional.

    Those in cancelled lessons are left out. Employees see those of the lessons they teach, as on the sheets.
    With `page` (from 1) 20 of them, otherwise all. Raises Invalid, GroupNotFound, and Forbidden, also for a
    group that an employee did not teach on any day of the range.
    """

    store: Store

    def __call__(
        self,
        actor: Actor,
        *,
        since: date | None = None,
        until: date | None = None,
        group_id: GroupId | None = None,
        page: int | None = None,
    ) -> Listed[MarkDetails]:
        validate_range(since, until)
        require_page(page)
        require_level(actor, Permission.READ_MARKS)

        def groups(work: UnitOfWork) -> frozenset[GroupId] | None:
            return _narrowed(_seen_by(work, actor, since, until), work, group_id)

        criteria = MarkCriteria(
            group_ids=Reading(self.store).one(groups),
            taught_by=None if sees_all_groups(actor) else actor.id,
            since=since,
            until=until,
        )
        return listed(
            self.store,
            lambda: None,
            order=parse_sort(",".join(MARKS_SORT), MARKS_SORT),
            page=page,
            count=lambda work: work.marks.count(criteria),
            rows=lambda work, page_request: work.marks.list(criteria, page_request),
            details=MarkDetails.of,
        )


def _seen_by(
    work: UnitOfWork, actor: Actor, since: date | None, until: date | None
) -> frozenset[GroupId] | None:
    """The groups of which the actor may see marks; None: all."""
    if sees_all_groups(actor):
        return None
    return work.statistics.groups_taught(actor.id, since or date.min, until or date.max)


def _narrowed(
    seen: frozenset[GroupId] | None, work: UnitOfWork, group_id: GroupId | None
) -> frozenset[GroupId] | None:
    """To one group, if one is asked for."""
    if group_id is None:
        return seen
    if not work.groups.existing_ids([group_id]):
        raise GroupNotFound
    require(seen is None or group_id in seen, Forbidden)
    return frozenset({group_id})
