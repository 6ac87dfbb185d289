"""Statistics: of the whole club, of its employees, locations and groups."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from attendance.application.forms.listing import Reading
from attendance.application.forms.use_case import TimedQuery
from attendance.application.pagination import PageChoice, numbered, parse_sort, validate_range
from attendance.application.ports import Kind, StatisticsCriteria, Store, Today, UnitOfWork
from attendance.application.reporting.figures import (
    STATISTICS_SORT,
    Overview,
    StatisticsList,
    StatisticsOfOne,
    StatisticsRow,
    sorted_rows,
)
from attendance.domain.accounts.accounts import UserNotFound
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.club.locations import LocationNotFound
from attendance.domain.errors import NotFound
from attendance.domain.ids import AccountId, GroupId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import (
    require_level,
    require_level_for_some,
    sees_all_groups,
    sees_sales,
)
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.at_risk import at_risk
from attendance.domain.reporting.statistics import (
    USUAL_DAYS,
    Bucket,
    Figures,
    Trend,
    require_few_parts,
    trended,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowStatistics(TimedQuery):
    """Return the figures of a range, local dates from `since` to `until`, both included, and clients at risk.

    `until`: today unless given; `since`: 29 days before `until` unless given. `trend`: the figures of each
    day, ISO week or month of the range, too, at most 3700 of them. Employees see figures of the groups they
    taught in the range, head managers and above also sales. Raises Invalid, Forbidden.
    """

    today: Today

    def __call__(
        self,
        actor: Actor,
        *,
        since: date | None = None,
        until: date | None = None,
        trend: Trend | None = None,
    ) -> Overview:
        first, last = _range(self.today, since, until, trend)
        require_level(actor, Permission.READ_STATISTICS)

        criteria = _visible(self.store, actor, StatisticsCriteria(since=first, until=last, at=self.clock()))

        def read(work: UnitOfWork) -> Overview:
            figures, buckets = _figures(work, criteria, trend)
            candidates = work.statistics.at_risk_candidates(criteria)
            clients = (at_risk(candidate, last) for candidate in candidates)
            return Overview(
                today=self.today(),
                since=first,
                until=last,
                figures=figures,
                at_risk=tuple(client for client in clients if client),
                sales=work.statistics.sales(first, last) if sees_sales(actor) else None,
                trend=buckets,
            )

        return Reading(self.store).one(read)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStatistics(TimedQuery):
    """List the figures of each group, location or employee in a range, by name unless `sort` says otherwise.

    The range as for `show_statistics`. `sort`: fields with commas, `-` before one for descending order, of
    `name` and the rates; those without a rate come last, ties by id. Employees see the groups they taught in
    the range, and no other lists. `page` (from 1): that page of 20; None: the whole list. Raises Invalid,
    Forbidden.
    """

    today: Today

    def __call__(
        self,
        actor: Actor,
        *,
        kind: Kind,
        since: date | None = None,
        until: date | None = None,
        page: PageChoice = None,
        sort: str = "",
    ) -> StatisticsList:
        order = parse_sort(sort or "name", STATISTICS_SORT)
        chosen = numbered(page)
        first, last = _range(self.today, since, until, None)
        require_level(actor, LISTING[kind])

        criteria = _visible(self.store, actor, StatisticsCriteria(since=first, until=last, at=self.clock()))
        rows = Reading(self.store).one(partial(_rows_of, criteria=criteria, kind=kind))
        return StatisticsList(
            today=self.today(),
            since=first,
            until=last,
            rows=sorted_rows(rows, order, chosen),
        )


def _rows_of(work: UnitOfWork, *, criteria: StatisticsCriteria, kind: Kind) -> tuple[StatisticsRow, ...]:
    """A row for each that is there now, and for each with figures that is not there any more."""
    figures = work.statistics.by_kind(criteria, kind)
    names = {**work.statistics.names(kind)}
    if kind is Kind.GROUP and criteria.group_ids is not None:
        names = {group_id: name for group_id, name in names.items() if group_id in criteria.group_ids}
    off: set[UUID] = set()
    if kind is Kind.EMPLOYEE:
        former = work.statistics.employees(figures.keys() - names.keys())
        names |= {it: employee.name for it, employee in former.items()}
        off = {it for it, employee in former.items() if not employee.active}
    else:
        names |= work.statistics.names_of(kind, figures.keys() - names.keys())
    return tuple(
        StatisticsRow(
            id=kind_id,
            name=name,
            figures=figures.get(kind_id, NO_FIGURES),
            active=kind_id not in off,
        )
        for kind_id, name in names.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowStatisticsOf(TimedQuery):
    """Return the figures of one group, location or employee in a range, and their `trend`.

    Range and trend as for `show_statistics`. Employees see themselves and the groups they taught in the
    range. Raises Invalid, Forbidden, GroupNotFound, LocationNotFound, UserNotFound.
    """

    today: Today

    def __call__(
        self,
        actor: Actor,
        *,
        kind: Kind,
        of_id: UUID,
        since: date | None = None,
        until: date | None = None,
        trend: Trend | None = None,
    ) -> StatisticsOfOne:
        first, last = _range(self.today, since, until, trend)
        require_level_for_some(actor, SHOWING[kind])

        criteria = StatisticsCriteria(since=first, until=last, at=self.clock())

        def permitted(work: UnitOfWork) -> str:
            name = work.statistics.names_of(kind, [of_id]).get(of_id)
            if name is None:
                raise NOT_FOUND[kind]
            require_level(actor, SHOWING[kind], own=_is_own(work, actor, kind, of_id, criteria))
            return name

        name = Reading(self.store).deciding(permitted)

        def read(work: UnitOfWork) -> StatisticsOfOne:
            figures, buckets = _figures(work, narrowed(criteria, kind, of_id), trend)
            return StatisticsOfOne(
                today=self.today(),
                since=first,
                until=last,
                row=StatisticsRow(id=of_id, name=name, figures=figures),
                trend=buckets,
            )

        return Reading(self.store).one(read)


NO_FIGURES = Figures()
LISTING = {
    Kind.GROUP: Permission.LIST_GROUP_STATISTICS,
    Kind.LOCATION: Permission.READ_LOCATION_STATISTICS,
    Kind.EMPLOYEE: Permission.LIST_EMPLOYEE_STATISTICS,
}
SHOWING = {
    Kind.GROUP: Permission.READ_GROUP_STATISTICS,
    Kind.LOCATION: Permission.READ_LOCATION_STATISTICS,
    Kind.EMPLOYEE: Permission.READ_EMPLOYEE_STATISTICS,
}
NOT_FOUND: Mapping[Kind, type[NotFound]] = {
    Kind.GROUP: GroupNotFound,
    Kind.LOCATION: LocationNotFound,
    Kind.EMPLOYEE: UserNotFound,
}


def _range(today: Today, since: date | None, until: date | None, trend: Trend | None) -> tuple[date, date]:
    """The first and last day of a range: until today, 30 days long, unless given. Raises Invalid."""
    validate_range(since, until)
    last = until or max(today(), since or date.min)
    first = since or last - min(timedelta(days=USUAL_DAYS - 1), last - date.min)
    if trend is not None:
        require_few_parts(first, last, trend)
    return first, last


def _visible(store: Store, actor: Actor, criteria: StatisticsCriteria) -> StatisticsCriteria:
    """The criteria narrowed to the groups whose figures the actor may see."""
    if sees_all_groups(actor):
        return criteria
    group_ids = Reading(store).deciding(
        lambda work: work.statistics.groups_taught(actor.id, criteria.since, criteria.until)
    )
    return replace(criteria, group_ids=group_ids)


def _figures(
    work: UnitOfWork, criteria: StatisticsCriteria, trend: Trend | None
) -> tuple[Figures, tuple[Bucket, ...] | None]:
    """The figures of a range, and of its parts if there is a trend: then these add up to the whole."""
    if trend is None:
        return work.statistics.total(criteria), None
    days = work.statistics.by_day(criteria)
    return sum(days.values(), start=NO_FIGURES), trended(days, criteria.since, criteria.until, trend)


def _is_own(work: UnitOfWork, actor: Actor, kind: Kind, of_id: UUID, criteria: StatisticsCriteria) -> bool:
    """Whether it is the actor, or a group that the actor taught in the range."""
    match kind:
        case Kind.GROUP:
            return of_id in work.statistics.groups_taught(actor.id, criteria.since, criteria.until)
        case Kind.EMPLOYEE:
            return of_id == actor.id
        case Kind.LOCATION:
            return False


def narrowed(criteria: StatisticsCriteria, kind: Kind, of_id: UUID) -> StatisticsCriteria:
    """The criteria with one group, location or employee alone."""
    match kind:
        case Kind.GROUP:
            return replace(criteria, group_ids=frozenset({GroupId(of_id)}))
        case Kind.LOCATION:
            return replace(criteria, location_id=LocationId(of_id))
        case Kind.EMPLOYEE:
            return replace(criteria, teacher_id=AccountId(of_id))
