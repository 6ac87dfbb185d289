"""Reading the log of events."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from uuid import UUID

from attendance.application.forms.listing import Listed, listed
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Query
from attendance.application.pagination import LARGEST_OFFSET, LARGEST_PAGE, PageChoice, validate_range
from attendance.application.ports import Kind
from attendance.application.ports.events import EventCriteria, LoggedEvent, LogStretch
from attendance.domain.errors import FieldError, Invalid, error_if, raise_if_errors
from attendance.domain.events import Action, Event, SubjectKind
from attendance.domain.ids import AccountId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEvents(Query):
    """List the events of the log, newest first.

    `subject`, `kind`, `by`, `action`: only events about this, about this kind of subject, by this account,
    with this action; about a client also those of their marks, contracts and passes. `since`, `until`:
    only on dates from and to these in the organisation's zone, both included; None: open at that end. `page`
    (from 1): that page of 20; None: the whole list. Raises Invalid, Forbidden.
    """

    zone: tzinfo

    def __call__(
        self,
        actor: Actor,
        *,
        subject: UUID | None = None,
        kind: SubjectKind | None = None,
        by: AccountId | None = None,
        action: Action | None = None,
        since: date | None = None,
        until: date | None = None,
        page: PageChoice = None,
    ) -> Listed[LoggedEvent]:
        criteria = criteria_of(self.zone, subject, kind, by, action, since, until)
        return listed(
            self.store,
            lambda: require_level(actor, Permission.READ_EVENTS),
            order=(),
            page=page,
            count=lambda work: work.events.count(criteria),
            rows=lambda work, page_request: work.events.list(criteria, page_request),
            details=lambda logged: logged,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonOfEvent:
    """Which lesson an event is about; its group by its present name.

    As it is now; of one that was deleted as it was then, and `is_there` is False.
    """

    group_name: str
    date: date
    starts: time
    is_there: bool


class LessonsOfEvents(Query):
    """Return date, start and group name of these lessons, by their ids, which `lesson_of` reads from events.

    Also of lessons that were deleted, as their event has it. Without those of which nothing is stored any
    more. At most three statements, however many. For owners. Raises Forbidden.
    """

    @retried
    def __call__(self, actor: Actor, *, lesson_ids: Collection[LessonId]) -> Mapping[LessonId, LessonOfEvent]:
        require_level(actor, Permission.READ_EVENTS)
        if not lesson_ids:
            return {}
        ids = {*lesson_ids}
        with self.store.read() as work:
            there = work.lessons.labels_of(ids)
            gone = work.events.of_all(ids - there.keys(), Action.LESSON_DELETED) if ids - there.keys() else ()
            told = {LessonId(event.subject_id): event.before for event in gone if event.before}
            group_ids = {UUID(facts["group_id"]) for facts in told.values()}
            names = work.statistics.names_of(Kind.GROUP, group_ids) if group_ids else {}
        found = {
            lesson_id: LessonOfEvent(group_name=it.group_name, date=it.date, starts=it.starts, is_there=True)
            for lesson_id, it in there.items()
        }
        for lesson_id, facts in told.items():
            found[lesson_id] = LessonOfEvent(
                group_name=names[UUID(facts["group_id"])],
                date=date.fromisoformat(facts["date"]),
                starts=time.fromisoformat(facts["starts"]),
                is_there=False,
            )
        return found


def lesson_of(event: Event) -> LessonId | None:
    """The lesson that an event is about, itself or a mark in it; events of before may not tell."""
    if event.subject_kind is SubjectKind.LESSON:
        return LessonId(event.subject_id)
    if event.subject_kind is not SubjectKind.ATTENDANCE:
        return None
    told = (facts["lesson_id"] for facts in (event.after, event.before) if facts and facts.get("lesson_id"))
    lesson_id = next(told, None)
    return LessonId(UUID(lesson_id)) if lesson_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowEvents(Query):
    """Read on in the log from just after a position, oldest first: for programs that follow it.

    The filters are those of `list_events`. At most `limit` events (1 to 1000). Whoever goes on
    after the `position` of what is returned gets every event once, though transactions commit in another
    order than that of their positions. After position 0 is the beginning. Raises Invalid, also for a position
    beyond the end of the log, as after a restore; Forbidden.
    """

    zone: tzinfo

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        after: int,
        limit: int = LARGEST_PAGE,
        subject: UUID | None = None,
        kind: SubjectKind | None = None,
        by: AccountId | None = None,
        action: Action | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> LogStretch:
        raise_if_errors(
            error_if(not 0 <= after <= LARGEST_OFFSET, "after", "must be a whole number from 0"),
            error_if(
                not 1 <= limit <= LARGEST_PAGE, "limit", f"must be a whole number from 1 to {LARGEST_PAGE}"
            ),
        )
        criteria = criteria_of(self.zone, subject, kind, by, action, since, until)
        require_level(actor, Permission.READ_EVENTS)
        # not from a replica: there nobody is seen to write
        with self.store.autocommit() as work:
            stretch = work.events.read_on(criteria, after=after, limit=limit)
        if stretch.position < after:
            raise Invalid(FieldError("after", f"is beyond the end of the log, which is {stretch.position}"))
        return stretch


def criteria_of(
    zone: tzinfo,
    subject: UUID | None,
    kind: SubjectKind | None,
    by: AccountId | None,
    action: Action | None,
    since: date | None,
    until: date | None,
) -> EventCriteria:
    """The criteria of events on dates in a zone, both included. Raises Invalid."""
    validate_range(since, until)
    return EventCriteria(
        subject_id=subject,
        subject_kind=kind,
        actor_id=by,
        action=action,
        since=None if since is None else _start(since, zone),
        until=None if until in (None, date.max) else _start(until + timedelta(days=1), zone),
    )


def _start(day: date, zone: tzinfo) -> datetime:
    """The instant at which a date begins in the zone, or in UTC at the very ends of the calendar."""
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, time.min, UTC)
