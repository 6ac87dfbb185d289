"""Statistics: of the whole club, of its employees, locations and groups."""

import datetime as dt
from typing import Annotated

from litestar import Response
from msgspec import Meta

from attendance.adapters.http.reporting.figures import (
    EmployeeRowsView,
    EmployeeStatisticsView,
    GroupRowsView,
    GroupStatisticsView,
    LocationRowsView,
    LocationStatisticsView,
    StatisticsView,
    shown_one,
    shown_overview,
    shown_rows,
)
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.queries import PageNumber, Sort
from attendance.adapters.http.server.operations.declaration import API, Room
from attendance.application.ports import Kind
from attendance.application.use_cases import UseCases
from attendance.domain.ids import AccountId, GroupId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.statistics import Trend

Since = Annotated[dt.date, Meta(description="The 29th day before `to` unless given")]
Until = Annotated[dt.date, Meta(description="Today unless given")]
Parts = Annotated[Trend, Meta(description="The same figures of each of these, too")]

room = Room("Statistics", prefix=f"{API}/statistics")


@room.operation("GET", "", Permission.READ_STATISTICS)
def show_statistics(
    use_cases: UseCases,
    actor: Actor,
    since: Since | None = None,
    until: Until | None = None,
    trend: Parts | None = None,
    form: InFormat = Format.JSON,
) -> StatisticsView | Response[StatisticsView]:
    """The main figures, to employees of the groups they taught in the range, and who may stay away."""
    return shown_overview(use_cases.show_statistics(actor, since=since, until=until, trend=trend), form)


@room.operation("GET", "/employees", Permission.LIST_EMPLOYEE_STATISTICS)
def list_employee_statistics(
    use_cases: UseCases,
    actor: Actor,
    since: Since | None = None,
    until: Until | None = None,
    page: PageNumber | None = None,
    sort: Sort = "",
    form: InFormat = Format.JSON,
) -> Response[EmployeeRowsView]:
    """Figures of all who work here or taught in the range; `sort` knows name and every rate."""
    rows = use_cases.list_statistics(
        actor, kind=Kind.EMPLOYEE, since=since, until=until, page=page, sort=sort
    )
    return shown_rows(EmployeeRowsView, rows, form)


@room.operation("GET", "/employees/{user_id}", Permission.READ_EMPLOYEE_STATISTICS)
def show_employee_statistics(
    use_cases: UseCases,
    actor: Actor,
    user_id: AccountId,
    since: Since | None = None,
    until: Until | None = None,
    trend: Parts | None = None,
    form: InFormat = Format.JSON,
) -> EmployeeStatisticsView | Response[EmployeeStatisticsView]:
    """Figures of the lessons that somebody taught, each in full."""
    figures = use_cases.show_statistics_of(
        actor, kind=Kind.EMPLOYEE, of_id=user_id, since=since, until=until, trend=trend
    )
    return shown_one(EmployeeStatisticsView, figures, form)


@room.operation("GET", "/locations", Permission.READ_LOCATION_STATISTICS)
def list_location_statistics(
    use_cases: UseCases,
    actor: Actor,
    since: Since | None = None,
    until: Until | None = None,
    page: PageNumber | None = None,
    sort: Sort = "",
    form: InFormat = Format.JSON,
) -> Response[LocationRowsView]:
    """Figures of each location; `sort` knows name and every rate."""
    rows = use_cases.list_statistics(
        actor, kind=Kind.LOCATION, since=since, until=until, page=page, sort=sort
    )
    return shown_rows(LocationRowsView, rows, form)


@room.operation("GET", "/locations/{location_id}", Permission.READ_LOCATION_STATISTICS)
def show_location_statistics(
    use_cases: UseCases,
    actor: Actor,
    location_id: LocationId,
    since: Since | None = None,
    until: Until | None = None,
    trend: Parts | None = None,
    form: InFormat = Format.JSON,
) -> LocationStatisticsView | Response[LocationStatisticsView]:
    """Figures of the lessons at a location."""
    figures = use_cases.show_statistics_of(
        actor, kind=Kind.LOCATION, of_id=location_id, since=since, until=until, trend=trend
    )
    return shown_one(LocationStatisticsView, figures, form)


@room.operation("GET", "/groups", Permission.LIST_GROUP_STATISTICS)
def list_group_statistics(
    use_cases: UseCases,
    actor: Actor,
    since: Since | None = None,
    until: Until | None = None,
    page: PageNumber | None = None,
    sort: Sort = "",
    form: InFormat = Format.JSON,
) -> Response[GroupRowsView]:
    """Figures of each group, to employees of those they taught; `sort` knows name and every rate."""
    rows = use_cases.list_statistics(actor, kind=Kind.GROUP, since=since, until=until, page=page, sort=sort)
    return shown_rows(GroupRowsView, rows, form)


@room.operation("GET", "/groups/{group_id}", Permission.READ_GROUP_STATISTICS)
def show_group_statistics(
    use_cases: UseCases,
    actor: Actor,
    group_id: GroupId,
    since: Since | None = None,
    until: Until | None = None,
    trend: Parts | None = None,
    form: InFormat = Format.JSON,
) -> GroupStatisticsView | Response[GroupStatisticsView]:
    """Figures of a group's lessons."""
    figures = use_cases.show_statistics_of(
        actor, kind=Kind.GROUP, of_id=group_id, since=since, until=until, trend=trend
    )
    return shown_one(GroupStatisticsView, figures, form)
