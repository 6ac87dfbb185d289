"""Statistics: of the whole club, of its employees, locations and groups."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from attendance.application.listing import Reading, require_page
from attendance.application.pagination import parse_sort, validate_range
from attendance.application.ports import Clock, Kind, Range, Store, Today, UnitOfWork
from attendance.application.reporting.figures import STATISTICS_SORT, One, Overview, Row, Rows, sorted_rows
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
class ShowStatistics:
    """The main figures from `since` to `until`, both included: the last 30 days unless said otherwise.

    Employees see those of the groups they taught in the range; sales are for head managers and above. `trend`
    gives them by day, week or month, too. Raises Invalid, Forbidden.
    """

    store: Store
    clock: Clock
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

        def read(work: UnitOfWork) -> Overview:
            of = _seen_by(work, actor, Range(since=first, until=last, at=self.clock()))
            figures, buckets = _figures(work, of, trend)
            risks = (at_risk(it, last) for it in work.statistics.at_risk_candidates(of))
            return Overview(
                since=first,
                until=last,
                figures=figures,
                at_risk=tuple(it for it in risks if it),
                sales=work.statistics.sales(first, last) if sees_sales(actor) else None,
                trend=buckets,
            )

        return Reading(self.store).one(read)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStatistics:
    """Figures of each group, location or employee, by name unless `sort` says otherwise.

    Employees see the groups they taught in the range. With `page` (from 1) 20 of them, otherwise all. Raises
    Invalid, Forbidden.
    """

    store: Store
    clock: Clock
    today: Today

    def __call__(
        self,
        actor: Actor,
        *,
        kind: Kind,
        since: date | None = None,
        until: date | None = None,
        page: int | None = None,
        sort: str = "",
    ) -> Rows:
        order = parse_sort(sort or "name", STATISTICS_SORT)
        require_page(page)
        first, last = _range(self.today, since, until, None)
        require_level(actor, LISTING[kind])

        def read(work: UnitOfWork) -> tuple[Row, ...]:
            of = _seen_by(work, actor, Range(since=first, until=last, at=self.clock()))
            found = work.statistics.by_kind(of, kind)
            names = {**work.statistics.names(kind)}
            if kind is Kind.GROUP and of.group_ids is not None:
                names = {it: name for it, name in names.items() if it in of.group_ids}
            names |= work.statistics.names_of(kind, found.keys() - names.keys())
            return tuple(
                Row(id=it, name=name, figures=found.get(it, NO_FIGURES)) for it, name in names.items()
            )

        return Rows(since=first, until=last, rows=sorted_rows(Reading(self.store).one(read), order, page))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowStatisticsOf:
    """Figures of one group, location or employee; employees see themselves and groups they taught then.

    Raises Invalid, Forbidden, GroupNotFound, LocationNotFound, UserNotFound.
    """

    store: Store
    clock: Clock
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
    ) -> One:
        first, last = _range(self.today, since, until, trend)
        require_level_for_some(actor, SHOWING[kind])

        def read(work: UnitOfWork) -> One:
            whole = Range(since=first, until=last, at=self.clock())
            name = work.statistics.names_of(kind, [of_id]).get(of_id)
            if name is None:
                raise NOT_FOUND[kind]
            require_level(actor, SHOWING[kind], own=_is_own(work, actor, kind, of_id, whole))
            figures, buckets = _figures(work, narrowed(whole, kind, of_id), trend)
            return One(since=first, until=last, row=Row(id=of_id, name=name, figures=figures), trend=buckets)

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
    """From the 29th day before the last to the last, today, unless said otherwise. Raises Invalid."""
    validate_range(since, until)
    last = until or max(today(), since or date.min)
    first = since or last - min(timedelta(days=USUAL_DAYS - 1), last - date.min)
    if trend is not None:
        require_few_parts(first, last, trend)
    return first, last


def _seen_by(work: UnitOfWork, actor: Actor, of: Range) -> Range:
    """Narrowed to what the actor may see."""
    if sees_all_groups(actor):
        return of
    return replace(of, group_ids=work.statistics.groups_taught(actor.id, of.since, of.until))


def _figures(work: UnitOfWork, of: Range, trend: Trend | None) -> tuple[Figures, tuple[Bucket, ...] | None]:
    """Figures of a range, and of its parts where they are asked for: then these add up to the whole."""
    if trend is None:
        return work.statistics.in_all(of), None
    days = work.statistics.by_day(of)
    return sum(days.values(), start=NO_FIGURES), trended(days, of.since, of.until, trend)


def _is_own(work: UnitOfWork, actor: Actor, kind: Kind, of_id: UUID, of: Range) -> bool:
    match kind:
        case Kind.GROUP:
            return of_id in work.statistics.groups_taught(actor.id, of.since, of.until)
        case Kind.EMPLOYEE:
            return of_id == actor.id
        case Kind.LOCATION:
            return False


def narrowed(of: Range, kind: Kind, of_id: UUID) -> Range:
    """To one group, location or employee."""
    match kind:
        case Kind.GROUP:
            return replace(of, group_ids=frozenset({GroupId(of_id)}))
        case Kind.LOCATION:
            return replace(of, location_id=LocationId(of_id))
        case Kind.EMPLOYEE:
            return replace(of, teacher_id=AccountId(of_id))
