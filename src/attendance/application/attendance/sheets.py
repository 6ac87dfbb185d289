"""The attendance sheet of a lesson: showing it, marking attendance, the history of a mark."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from attendance.application.attendance.charging import passes_by_client, visit_to
from attendance.application.attendance.read_models import SheetDetails
from attendance.application.forms.editing import require_version
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query, TimedQuery
from attendance.application.pagination import PageRequest
from attendance.application.ports import LessonWithTeachers, UnitOfWork, Zones
from attendance.application.ports.attendance import Payer
from attendance.application.ports.events import EventCriteria, LoggedEvent
from attendance.domain.attendance.charging import NOTHING, Charge, NoCandidate, charge
from attendance.domain.attendance.marks import (
    Changed,
    Mark,
    MarkingRules,
    SentMark,
    entry_error,
    entry_errors,
    is_left_alone,
    is_trial,
    mark_id,
    marked,
    outdated_error,
    time_error,
)
from attendance.domain.attendance.payers import CoveringPass, payer_of
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import ClientNotFound
from attendance.domain.club.lessons import Lesson, LessonCancelled
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.errors import (
    AttendanceError,
    FieldError,
    Invalid,
    Outdated,
    Unavailable,
    raise_if_errors,
)
from attendance.domain.events import ChangeContext
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level, require_level_for_some
from attendance.domain.permissions.table import Permission, allows

LONGEST_HISTORY = 10_000
NOT_YET = FieldError("attendances", "are only looked at")
"""As an error among those of a sheet: with it nothing is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSheet(TimedQuery):
    """Return the sheet of a lesson: its roster on the date, marked or not, then guests; each by name.

    For managers, and below them for who teaches the lesson. Three statements, however many clients there are.
    Raises Forbidden, LessonNotFound.
    """

    zones: Zones
    marking_rules: MarkingRules

    @retried
    def __call__(self, actor: Actor, *, lesson_id: LessonId) -> SheetDetails:
        require_level_for_some(actor, Permission.READ_ATTENDANCE)
        with self.store.autocommit() as work:
            taught_lesson = work.lessons.with_teachers(lesson_id, for_update=False)
            require_level(actor, Permission.READ_ATTENDANCE, own=actor.id in taught_lesson.teachers)
            return _sheet(work, taught_lesson, actor, self.clock(), self.zones, self.marking_rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkAttendance(Command):
    """Mark the attendance of the listed clients, charge their passes, and return the sheet; all or nothing.

    `attendances`: at most 1000 entries, a client in one of them only; other clients' marks stay, and the same
    entries again change nothing. Until 15 minutes before it begins (a setting) clients can only be excused.
    Who teaches the lesson may for 7 days after its date, managers for 60 (settings), head managers at any
    time. `versions`: refuse unless the version of the sheet is one of these; None: any.

    Raises Invalid with the errors of all entries, Forbidden, LessonNotFound, TooLate, LessonCancelled, and
    Outdated, with the entries whose marks have another version than they say and differ from what is sent.
    """

    zones: Zones
    marking_rules: MarkingRules

    @retried
    def errors_in(self, fields: Mapping[str, Any], *, actor: Actor, lesson_id: LessonId) -> list[FieldError]:
        """What is wrong with each entry, some of which may lack fields; the more, the more the actor may."""
        attendances = fields.get("attendances", ())
        field_errors = entry_errors(attendances, at=self.clock())
        try:
            self._mark(actor, lesson_id, attendances, None, [NOT_YET, *field_errors])
        except Invalid as invalid:
            return [error for error in invalid.field_errors if error is not NOT_YET]
        except Unavailable:
            raise
        except AttendanceError:
            # who may not, or not now, is told so once the entries are in order
            return field_errors
        return field_errors

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        lesson_id: LessonId,
        attendances: Sequence[SentMark],
        versions: Collection[int] | None = None,
    ) -> SheetDetails:
        field_errors = entry_errors(attendances, at=self.clock())
        try:
            return self._mark(actor, lesson_id, attendances, versions, field_errors)
        except Invalid:
            raise
        except AttendanceError:
            # errors of the entries come before any other refusal
            raise_if_errors(*field_errors)
            raise

    def _mark(
        self,
        actor: Actor,
        lesson_id: LessonId,
        attendances: Sequence[Mapping[str, Any]],
        versions: Collection[int] | None,
        field_errors: list[FieldError],
    ) -> SheetDetails:
        require_level_for_some(actor, Permission.MARK_ATTENDANCE)
        with self.store.transaction() as work:
            taught_lesson = work.lessons.with_teachers(lesson_id, for_update=True)
            lesson, context = taught_lesson.lesson, self._change_context(actor)
            require_level(actor, Permission.MARK_ATTENDANCE, own=actor.id in taught_lesson.teachers)
            today = context.at.astimezone(self.zones.named(lesson.timezone)).date()
            self.marking_rules.require_in_time(actor.level, lesson.date, today=today)
            if versions is not None:
                seen = _sheet(work, taught_lesson, actor, context.at, self.zones, self.marking_rules)
                require_version(seen.version, versions)
            if lesson.cancelled:
                raise LessonCancelled
            is_future = self.marking_rules.is_future(lesson, at=context.at)
            changes = _changes(
                work, lesson, attendances, actor, context, [*field_errors], is_future=is_future
            )
            work.attendance.save(changes)
            work.events.add_all([event for change in changes for event in change.events])
            return _sheet(work, taught_lesson, actor, context.at, self.zones, self.marking_rules)


class AttendanceHistory(Query):
    """Return the events of a client's mark in a lesson, oldest first: the newest 10000 of them.

    For managers, and below them for who teaches the lesson. Raises Forbidden, LessonNotFound, ClientNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, lesson_id: LessonId, client_id: ClientId) -> tuple[LoggedEvent, ...]:
        require_level_for_some(actor, Permission.READ_ATTENDANCE)
        with self.store.autocommit() as work:
            taught_lesson = work.lessons.with_teachers(lesson_id, for_update=False)
            require_level(actor, Permission.READ_ATTENDANCE, own=actor.id in taught_lesson.teachers)
            if not work.clients.existing_ids([client_id]):
                raise ClientNotFound
            criteria = EventCriteria(subject_id=mark_id(lesson_id, client_id))
            return work.events.list(criteria, PageRequest(order=(), limit=LONGEST_HISTORY))[::-1]


def _sheet(
    work: UnitOfWork,
    taught_lesson: LessonWithTeachers,
    actor: Actor,
    at: datetime,
    zones: Zones,
    rules: MarkingRules,
) -> SheetDetails:
    """The sheet as this actor sees it at an instant, with the passes that pay or would pay."""
    lesson = taught_lesson.lesson
    entries = work.attendance.sheet(lesson)
    passes: dict[ClientId, list[CoveringPass]] = {}
    for sold in work.subscriptions.covering([entry.client_id for entry in entries], lesson.date):
        passes.setdefault(sold.client_id, []).append(sold)
    attendances = []
    for entry in entries:
        payer = payer_of(entry.subscription_id, lesson.group_id, passes.get(entry.client_id, ()))
        if payer is not None:
            shown = Payer(payer.id, payer.price_name, payer.visits_left, payer.valid_until)
            attendances.append(entry.paid_by(shown))
        else:
            attendances.append(entry)
    today = at.astimezone(zones.named(lesson.timezone)).date()
    is_allowed = allows(Permission.MARK_ATTENDANCE, actor.level, own=actor.id in taught_lesson.teachers)
    return SheetDetails.of(
        taught_lesson,
        tuple(attendances),
        at,
        may_mark=is_allowed and rules.is_open(lesson, actor.level, at=at, today=today),
        may_excuse=is_allowed and rules.may_excuse(lesson, actor.level, today=today),
        marking_starts_at=rules.starts_at(lesson) if rules.is_future(lesson, at=at) else None,
        marking_ends_on=rules.last_day(actor.level, lesson.date),
    )


def _changes(
    work: UnitOfWork,
    lesson: Lesson,
    attendances: Sequence[Mapping[str, Any]],
    actor: Actor,
    context: ChangeContext,
    field_errors: list[FieldError],
    *,
    is_future: bool,
) -> list[Changed]:
    """The marks that change. Locks the clients; raises Invalid with the errors of all entries, then Outdated.

    An entry without a client or a status is judged by what it has, and changes nothing.
    """
    client_ids = {sent["client_id"] for sent in attendances if "client_id" in sent}
    existing_ids = work.clients.lock_existing(client_ids)
    marks = {mark.client_id: mark for mark in work.attendance.of_lesson(lesson.id, client_ids)}
    passes = passes_by_client(work, client_ids, lesson)
    new_ids = [sent["client_id"] for sent in attendances if sent.get("status") and "client_id" in sent]
    used = versions_used(work, lesson.id, [it for it in new_ids if it not in marks])
    changes: list[Changed] = []
    outdated: list[FieldError] = []
    for index, sent in enumerate(attendances):
        client_id: ClientId | None = sent.get("client_id")
        before = None if client_id is None else marks.get(client_id)
        if is_left_alone(sent, before):
            continue
        if is_future and "status" in sent and (field_error := time_error(index, sent, before)):
            field_errors.append(field_error)
        if client_id is not None and client_id not in existing_ids:
            field_errors.append(entry_error(index, "client_id", "is no client"))
        elif client_id is None or "status" not in sent:
            continue
        else:
            try:
                whole = cast(SentMark, sent)
                change = _change(
                    whole, before, lesson, passes[client_id], used.get(client_id, 0), context, actor
                )
            except NoCandidate as refusal:
                field_errors.append(entry_error(index, "subscription_id", refusal.text))
                continue
            changes.append(change)
            if field_error := outdated_error(index, sent, change):
                outdated.append(field_error)
    raise_if_errors(*field_errors)
    if outdated:
        raise Outdated(*outdated)
    return [change for change in changes if change.events]


def versions_used(
    work: UnitOfWork, lesson_id: LessonId, client_ids: Collection[ClientId]
) -> dict[ClientId, int]:
    """The highest version that a mark of each client in a lesson may have had, where there is none now.

    Each version has an event at least, so their number is it. The clients must be locked.
    """
    if not client_ids:
        return {}
    mark_ids = {client_id: mark_id(lesson_id, client_id) for client_id in client_ids}
    numbers = work.events.numbers_of([*mark_ids.values()])
    return {client_id: numbers.get(subject_id, 0) for client_id, subject_id in mark_ids.items()}


def _change(
    sent: SentMark,
    before: Mark | None,
    lesson: Lesson,
    passes: list[Subscription],
    versions_used: int,
    context: ChangeContext,
    actor: Actor,
) -> Changed:
    """The change of a mark to what an entry says. Raises NoCandidate."""
    status: Status | None = sent["status"]
    if status is None:
        if before is None:
            return Changed(before=None, after=None)
        return before.cleared(context, noted_at=sent.get("noted_at"))
    return marked(
        sent,
        before,
        _charge(sent, status, before, lesson, passes),
        lesson_id=lesson.id,
        context=context,
        by=actor.id,
        versions_used=versions_used,
    )


def _charge(
    sent: SentMark, status: Status, before: Mark | None, lesson: Lesson, passes: list[Subscription]
) -> Charge:
    """The charge of the mark that an entry makes; the same entry again keeps it. Raises NoCandidate."""
    charge_before = before.charge if before else NOTHING
    trial, subscription_id = is_trial(sent, before), sent.get("subscription_id")
    is_same = before is not None and (before.status, before.trial) == (status, trial)
    is_reset = (
        "subscription_id" in sent and subscription_id is None and charge_before.subscription_id is not None
    )
    if is_same and not is_reset and subscription_id in (None, charge_before.subscription_id):
        return charge_before
    return charge(
        status,
        visit_to(lesson),
        passes,
        trial=trial,
        before=charge_before,
        subscription_id=subscription_id,
        is_reset=is_reset,
    )
