"""All marks, of all lessons."""

from datetime import date

from attendance.application.attendance.read_models import MarkDetails
from attendance.application.forms.listing import Listed, Reading, listed, require_page
from attendance.application.forms.use_case import Query
from attendance.application.pagination import parse_sort, validate_range
from attendance.application.ports import UnitOfWork
from attendance.application.ports.attendance import MarkCriteria
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.errors import Forbidden
from attendance.domain.ids import GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require, require_level, sees_all_groups
from attendance.domain.permissions.table import Permission

MARKS_SORT = ("date", "starts", "lesson_id")


class ListMarks(Query):
    """List marks by the lesson's date, start and id, then by client; without those of cancelled lessons.

    `since`, `until`: local dates of lessons, both included; None: open at that end. `group_id`: of this group
    alone. Employees see the marks of lessons they teach, managers all. `page` (from 1): that page of 20;
    None: the whole list.

    Raises Invalid, GroupNotFound, and Forbidden, also for an employee who taught the group on no day of the
    range.
    """

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

        def group_ids(work: UnitOfWork) -> frozenset[GroupId] | None:
            visible_ids = _visible_group_ids(work, actor, since, until)
            return visible_ids if group_id is None else _only(group_id, visible_ids, work)

        criteria = MarkCriteria(
            group_ids=Reading(self.store).one(group_ids),
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


def _visible_group_ids(
    work: UnitOfWork, actor: Actor, since: date | None, until: date | None
) -> frozenset[GroupId] | None:
    """The groups whose marks the actor may see; None: all."""
    if sees_all_groups(actor):
        return None
    return work.statistics.groups_taught(actor.id, since or date.min, until or date.max)


def _only(group_id: GroupId, visible_ids: frozenset[GroupId] | None, work: UnitOfWork) -> frozenset[GroupId]:
    """This group alone. Raises GroupNotFound, and Forbidden where it is not visible."""
    if not work.groups.existing_ids([group_id]):
        raise GroupNotFound
    require(visible_ids is None or group_id in visible_ids, Forbidden)
    return frozenset({group_id})
