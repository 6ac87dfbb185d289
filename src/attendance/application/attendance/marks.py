"""All marks, of all lessons."""

from datetime import date

from attendance.application.attendance.read_models import MarkDetails
from attendance.application.forms.listing import Listed, Reading, listed
from attendance.application.forms.use_case import Query
from attendance.application.pagination import PageChoice, SortKey, numbered, parse_sort, validate_range
from attendance.application.ports import UnitOfWork
from attendance.application.ports.attendance import MarkCriteria
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.errors import Forbidden
from attendance.domain.ids import ClientId, GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require, require_level, sees_all_groups
from attendance.domain.permissions.table import Permission

MARKS_SORT = ("date",)


class ListMarks(Query):
    """List marks by the lesson's date and start, or by `-date`; without those of cancelled lessons.

    Ties are by the lesson's id, then the client's. `since`, `until`: local dates of lessons, both included;
    None: open at that end. `group_id`, `client_id`, `status`: only those. `unpaid` True: only what no pass
    has paid for; False: only the others. Employees see the marks of lessons they teach, managers all. `page`
    (from 1): that page of 20; None: the whole list.

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
        client_id: ClientId | None = None,
        status: Status | None = None,
        unpaid: bool | None = None,
        sort: str = "",
        page: PageChoice = None,
    ) -> Listed[MarkDetails]:
        order = marks_order(sort)
        validate_range(since, until)
        page = numbered(page)
        require_level(actor, Permission.READ_MARKS)

        def group_ids(work: UnitOfWork) -> frozenset[GroupId] | None:
            visible_ids = _visible_group_ids(work, actor, since, until)
            return visible_ids if group_id is None else _only(group_id, visible_ids, work)

        criteria = MarkCriteria(
            group_ids=Reading(self.store).deciding(group_ids),
            taught_by=None if sees_all_groups(actor) else actor.id,
            since=since,
            until=until,
            client_id=client_id,
            status=status,
            unpaid=unpaid,
        )
        return listed(
            self.store,
            lambda: None,
            order=order,
            page=page,
            count=lambda work: work.marks.count(criteria),
            rows=lambda work, page_request: work.marks.list(criteria, page_request),
            details=MarkDetails.of,
        )


def marks_order(sort: str) -> tuple[SortKey, ...]:
    """By the place of lessons in time, the newest first for `-date`. Raises Invalid."""
    [by] = parse_sort(sort or "date", MARKS_SORT)
    return by, SortKey("starts", by.descending), SortKey("lesson_id")


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
