"""Attendance of lessons: the sheet, marking all of it at once, the history of a mark."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from attendance.application.attendance.charging import passes_by_client, visit_to
from attendance.application.editing import change_context, require_version
from attendance.application.pagination import PageRequest
from attendance.application.ports import Clock, NewId, Store, UnitOfWork, Zones
from attendance.application.ports.attendance import Sheet
from attendance.application.ports.events import EventCriteria, LoggedEvent
from attendance.application.retrying import retried
from attendance.domain.attendance.charging import NOTHING, Charge, NoCandidate, charge
from attendance.domain.attendance.marks import (
    Changed,
    Mark,
    MarkingRules,
    SentMark,
    entry_error,
    entry_errors,
    is_trial,
    mark_id,
    marked,
    time_error,
)
from attendance.domain.club.clients import ClientNotFound
from attendance.domain.club.lessons import Lesson, LessonCancelled
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.errors import AttendanceError, FieldError, Invalid
from attendance.domain.events import ChangeContext
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level, require_level_for_some
from attendance.domain.permissions.table import Permission
from attendance.domain.status import Status
from attendance.domain.text import raise_if_errors

LONGEST_HISTORY = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSheet:
    """Everybody on the lesson's roster, marked or not, then guests. Raises Forbidden, LessonNotFound."""

    store: Store

    @retried
    def __call__(self, actor: Actor, *, lesson_id: LessonId) -> Sheet:
        require_level_for_some(actor, Permission.READ_ATTENDANCE)
        with self.store.autocommit() as work:
            taught = work.lessons.with_teachers(lesson_id, for_update=False)
            require_level(actor, Permission.READ_ATTENDANCE, own=actor.id in taught.teachers)
            return work.attendance.sheet(taught.lesson)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkAttendance:
    """Record or correct what is known of the clients listed, and charge their passes; all or nothing.

    Of others nothing changes, and sending the same again changes nothing. Before a lesson begins clients can
    only be excused. Who teaches it may for some days, managers for longer, those above at any time.
    `versions`: those of the sheet that the caller has seen, None for any. Raises Invalid with the faults of
    all entries, Forbidden, LessonNotFound, TooLate, Outdated, LessonCancelled.
    """

    store: Store
    clock: Clock
    new_id: NewId
    zones: Zones
    marking_rules: MarkingRules

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        lesson_id: LessonId,
        attendances: Sequence[SentMark],
        versions: Collection[int] | None = None,
    ) -> Sheet:
        field_errors = entry_errors(attendances)
        try:
            return self._marked(actor, lesson_id, attendances, versions, field_errors)
        except Invalid:
            raise
        except AttendanceError:
            # what is malformed comes before whatever else is refused
            raise_if_errors(*field_errors)
            raise

    def _marked(
        self,
        actor: Actor,
        lesson_id: LessonId,
        attendances: Sequence[SentMark],
        versions: Collection[int] | None,
        field_errors: list[FieldError],
    ) -> Sheet:
        require_level_for_some(actor, Permission.MARK_ATTENDANCE)
        with self.store.transaction() as work:
            taught = work.lessons.with_teachers(lesson_id, for_update=True)
            lesson, does = taught.lesson, change_context(self, actor)
            require_level(actor, Permission.MARK_ATTENDANCE, own=actor.id in taught.teachers)
            today = does.at.astimezone(self.zones.named(lesson.timezone)).date()
            self.marking_rules.require_in_time(actor.level, lesson.date, today=today)
            if versions is not None:
                require_version(work.attendance.sheet(lesson).version, versions)
            if lesson.cancelled:
                raise LessonCancelled
            is_future = self.marking_rules.is_future(lesson, at=does.at)
            changes = _changes(work, lesson, attendances, actor, does, [*field_errors], is_future=is_future)
            work.attendance.save(changes)
            work.events.add_all([event for it in changes for event in it.events])
            return work.attendance.sheet(lesson)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceHistory:
    """What happened to the mark of a client in a lesson, oldest first.

    Raises Forbidden, LessonNotFound, ClientNotFound.
    """

    store: Store

    @retried
    def __call__(self, actor: Actor, *, lesson_id: LessonId, client_id: ClientId) -> tuple[LoggedEvent, ...]:
        require_level_for_some(actor, Permission.READ_ATTENDANCE)
        with self.store.autocommit() as work:
            taught = work.lessons.with_teachers(lesson_id, for_update=False)
            require_level(actor, Permission.READ_ATTENDANCE, own=actor.id in taught.teachers)
            if not work.clients.existing_ids([client_id]):
                raise ClientNotFound
            criteria = EventCriteria(subject_id=mark_id(lesson_id, client_id))
            return work.events.list(criteria, PageRequest(order=(), limit=LONGEST_HISTORY))[::-1]


def _changes(
    work: UnitOfWork,
    lesson: Lesson,
    attendances: Sequence[SentMark],
    actor: Actor,
    does: ChangeContext,
    field_errors: list[FieldError],
    *,
    is_future: bool,
) -> list[Changed]:
    """What is to be different. Holds the clients; raises Invalid with the faults of all entries."""
    clients = {sent["client_id"] for sent in attendances}
    known = work.clients.lock_existing(clients)
    marks = {mark.client_id: mark for mark in work.attendance.of_lesson(lesson.id, clients)}
    passes = passes_by_client(work, clients, lesson)
    changes: list[Changed] = []
    for place, sent in enumerate(attendances):
        client_id = sent["client_id"]
        before = marks.get(client_id)
        if is_future and (field_error := time_error(place, sent, before)):
            field_errors.append(field_error)
        if client_id not in known:
            field_errors.append(entry_error(place, "client_id", "is no client"))
        elif (status := sent["status"]) is None:
            changes += [before.cleared(does)] if before else []
        else:
            try:
                costs = _charge(sent, status, before, lesson, passes[client_id])
            except NoCandidate as refusal:
                field_errors.append(entry_error(place, "subscription_id", refusal.text))
                continue
            changes.append(marked(sent, before, costs, lesson_id=lesson.id, change_context=does, by=actor.id))
    raise_if_errors(*field_errors)
    return [it for it in changes if it.events]


def _charge(
    sent: SentMark, status: Status, before: Mark | None, lesson: Lesson, passes: list[Subscription]
) -> Charge:
    """What the mark is to cost; what is said again costs what it did. Raises NoCandidate."""
    costs = before.charge if before else NOTHING
    trial, named = is_trial(sent, before), sent.get("subscription_id")
    is_said_again = before is not None and (before.status, before.trial) == (status, trial)
    is_reset = "subscription_id" in sent and named is None and costs.subscription_id is not None
    if is_said_again and not is_reset and named in (None, costs.subscription_id):
        return costs
    return charge(
        status,
        visit_to(lesson),
        passes,
        trial=trial,
        before=costs,
        named=named,
        anew=is_reset,
    )
