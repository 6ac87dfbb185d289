"""Figures, counted lesson by lesson."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from attendance.adapters.memory.club.subscriptions import MemorySubscriptions
from attendance.adapters.memory.tables import Tables
from attendance.application.ports import (
    Employee,
    Kind,
    PassOfClient,
    Statistics,
    StatisticsCriteria,
    UnpaidOfClient,
)
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.subscriptions import SubscriptionState
from attendance.domain.ids import AccountId, ClientId, GroupId
from attendance.domain.permissions.roles import Level
from attendance.domain.reporting.at_risk import AtRiskCandidate, PassPeriod, active_since, run_of
from attendance.domain.reporting.statistics import Counts, Figures, Lessons, counts_of
from attendance.domain.text import sort_key

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class MemoryStatistics(Statistics):
    tables: Tables

    def by_day(self, of: StatisticsCriteria) -> Mapping[date, Figures]:
        return self._by(of, lambda lesson: [lesson.date])

    def total(self, of: StatisticsCriteria) -> Figures:
        return self._by(of, lambda _: [None]).get(None, Figures())

    def by_kind(self, of: StatisticsCriteria, kind: Kind) -> Mapping[UUID, Figures]:
        keys: Mapping[Kind, Callable[[Lesson], Iterable[UUID]]] = {
            Kind.GROUP: lambda lesson: [lesson.group_id],
            Kind.LOCATION: lambda lesson: [lesson.location_id],
            Kind.EMPLOYEE: lambda lesson: lesson.teachers,
        }
        return self._by(of, keys[kind])

    def names(self, kind: Kind) -> Mapping[UUID, str]:
        match kind:
            case Kind.GROUP:
                return {group.id: group.name for group in self.tables.groups.all()}
            case Kind.LOCATION:
                return {location.id: location.name for location in self.tables.locations.all()}
            case Kind.EMPLOYEE:
                return {
                    account.id: account.name or account.username
                    for account in self.tables.accounts.all()
                    if account.active and account.level >= Level.EMPLOYEE
                }

    def names_of(self, kind: Kind, ids: Collection[UUID]) -> Mapping[UUID, str]:
        if kind is Kind.EMPLOYEE:
            found = (self.tables.accounts.get(AccountId(it)) for it in ids)
            return {account.id: account.name or account.username for account in found if account}
        return {it: name for it, name in self.names(kind).items() if it in ids}

    def employees(self, ids: Collection[UUID]) -> Mapping[UUID, Employee]:
        found = (self.tables.accounts.get(AccountId(it)) for it in ids)
        return {
            account.id: Employee(name=account.name or account.username, active=account.active)
            for account in found
            if account
        }

    def groups_taught(self, user_id: AccountId, since: date, until: date) -> frozenset[GroupId]:
        teaching = (
            group.id
            for group in self.tables.groups.all()
            for it in group.teachers
            if it.user_id == user_id and it.overlaps(since, until)
        )
        lessons = (
            lesson.group_id
            for lesson in self.tables.lessons.all()
            if user_id in lesson.teachers and since <= lesson.date <= until
        )
        return frozenset((*teaching, *lessons))

    def sales(self, since: date, until: date) -> Mapping[str, Decimal]:
        sales: dict[str, Decimal] = {}
        for sold in self.tables.subscriptions.all():
            is_void = sold.cancelled_on is not None and sold.cancelled_on < sold.starts_on
            if since <= sold.sold_on <= until and not is_void:
                sales[sold.currency] = sales.get(sold.currency, Decimal(0)) + sold.amount_due
        return dict(sorted(sales.items()))

    def passes_sold(self, since: date, until: date) -> tuple[PassOfClient, ...]:
        sold = [it for it in self._passes() if since <= it.subscription.sold_on <= until]
        by_id = sorted(sold, key=lambda it: it.subscription.id)
        return tuple(sorted(by_id, key=lambda it: it.subscription.sold_on, reverse=True))

    def passes_not_over(self, on: date) -> tuple[PassOfClient, ...]:
        found = (
            it
            for it in self._passes()
            if self.tables.clients.rows[it.subscription.client_id].active
            and (it.subscription.last_day or on) >= on
        )
        return tuple(
            sorted(
                found,
                key=lambda it: (sort_key(it.client_name), it.subscription.client_id, it.subscription.id),
            )
        )

    def unpaid_by_client(self) -> tuple[UnpaidOfClient, ...]:
        days: dict[ClientId, list[date]] = {}
        for lesson in self.tables.lessons.all():
            for mark in (self.tables.marks.get(lesson.id) or {}).values():
                if mark.charge.unpaid and not lesson.cancelled:
                    days.setdefault(mark.client_id, []).append(lesson.date)
        found = (
            UnpaidOfClient(
                client_id=client_id,
                client_name=self.tables.clients.rows[client_id].name,
                visits=len(dates),
                first_on=min(dates),
                last_on=max(dates),
            )
            for client_id, dates in days.items()
        )
        return tuple(sorted(found, key=lambda it: (sort_key(it.client_name), it.client_id)))

    def _passes(self) -> Iterator[PassOfClient]:
        """All that are not void."""
        for sold in map(MemorySubscriptions(self.tables).completed, self.tables.subscriptions.all()):
            if sold.cancelled_on is None or sold.cancelled_on >= sold.starts_on:
                name = self.tables.clients.rows[sold.client_id].name
                yield PassOfClient(client_name=name, subscription=sold)

    def at_risk_candidates(self, of: StatisticsCriteria) -> tuple[AtRiskCandidate, ...]:
        marks: dict[ClientId, list[tuple[Lesson, Status]]] = {}
        for lesson in self.tables.lessons.all():
            is_of = of.group_ids is None or lesson.group_id in of.group_ids
            if is_of and lesson.date <= of.until and not lesson.cancelled and lesson.has_begun(of.at):
                for mark in (self.tables.marks.get(lesson.id) or {}).values():
                    if mark.status is not Status.EXCUSED:
                        marks.setdefault(mark.client_id, []).append((lesson, mark.status))
        passes = MemorySubscriptions(self.tables)
        pass_periods: dict[ClientId, list[PassPeriod]] = {}
        for sold in map(passes.completed, self.tables.subscriptions.all()):
            ends = [it for it in (sold.valid_until, sold.cancelled_on) if it is not None]
            pass_periods.setdefault(sold.client_id, []).append(
                PassPeriod(
                    starts_on=sold.starts_on,
                    last_day=min(ends, default=None),
                    freezes=sold.freezes,
                    is_active=sold.state(of.until) is SubscriptionState.ACTIVE,
                )
            )
        seen = self._seen(of)
        at_risk_candidates: list[AtRiskCandidate] = []
        for client in self.tables.clients.all():
            if client.active and (seen is None or client.id in seen):
                own = sorted(marks.get(client.id, []), key=lambda it: (it[0].date, it[0].starts, it[0].id))
                days = [(lesson.date, status) for lesson, status in own]
                counted = [(day, status) for day, status in days if day >= of.since]
                run, last_visit = run_of(reversed(days))
                at_risk_candidates.append(
                    AtRiskCandidate(
                        client_id=client.id,
                        name=client.name,
                        counted=len(counted),
                        absences=tuple(day for day, status in counted if status is Status.ABSENT),
                        run=run,
                        last_visit=last_visit,
                        active_since=active_since(pass_periods.get(client.id, []), of.until),
                    )
                )
        return tuple(sorted(at_risk_candidates, key=lambda it: (sort_key(it.name), it.client_id)))

    def _seen(self, of: StatisticsCriteria) -> set[ClientId] | None:
        """Who was in these groups in the range, or is marked in their lessons of it; None: anybody."""
        if of.group_ids is None:
            return None
        members = {
            it.client_id
            for group_id in of.group_ids
            for it in self.tables.groups.rows[group_id].members
            if it.overlaps(of.since, of.until)
        }
        marked = (self.tables.marks.get(lesson.id) or {} for lesson in self._lessons(of))
        return members.union(*marked)

    def _by(self, of: StatisticsCriteria, keys: Callable[[Lesson], Iterable[K]]) -> dict[K, Figures]:
        found: dict[K, Figures] = {}
        for lesson in self._lessons(of):
            figures = self._figures(lesson, of)
            for key in keys(lesson):
                found[key] = found.get(key, Figures()) + figures
        return found

    def _lessons(self, of: StatisticsCriteria) -> Iterator[Lesson]:
        for lesson in self.tables.lessons.all():
            if (
                of.since <= lesson.date <= of.until
                and (of.group_ids is None or lesson.group_id in of.group_ids)
                and of.location_id in (None, lesson.location_id)
                and (of.teacher_id is None or of.teacher_id in lesson.teachers)
            ):
                yield lesson

    def _figures(self, lesson: Lesson, of: StatisticsCriteria) -> Figures:
        if lesson.cancelled:
            return Figures(lessons=Lessons(cancelled=1))
        if not lesson.has_begun(of.at):
            return Figures(lessons=Lessons(planned=1))
        marks = self.tables.marks.get(lesson.id) or {}
        roster = self.tables.groups.rows[lesson.group_id].roster_on(lesson.date)
        counts = counts_of(mark.status for mark in marks.values())
        counts += Counts(unmarked=len(roster - marks.keys()))
        if all(mark.announced for mark in marks.values()):
            return Figures(counts=counts, lessons=Lessons(planned=1, untaken=1))
        return Figures(
            counts=counts,
            lessons=Lessons(held=1),
            places=lesson.capacity or 0,
            placed=counts.came if lesson.capacity else 0,
            taught_seconds=int((lesson.ends_at - lesson.starts_at).total_seconds()),
            unpaid_visits=sum(mark.charge.unpaid for mark in marks.values()),
        )
