"""Statistics: of the whole club, of its employees, locations and groups."""

import datetime as dt
from typing import Annotated, Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

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
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import PageNumber, Sort
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.queries import DATE, one_of
from attendance.application.ports import Kind
from attendance.application.use_cases import UseCases
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.statistics import Trend

TAGS = ["Statistics"]
STATISTICS = f"{API}/statistics"

Since = Annotated[
    dt.date | None,
    QueryParameter(name="from", description="The 29th day before `to` unless given", schema_extra=DATE),
]
Until = Annotated[
    dt.date | None, QueryParameter(name="to", description="Today unless given", schema_extra=DATE)
]
Parts = Annotated[
    Trend | None,
    QueryParameter(description="The same figures of each of these, too", schema_extra=one_of(Trend)),
]


def _described(permission: Permission, *refused: int) -> dict[str, Any]:
    return {
        "sync_to_thread": True,
        "responses": refusals(401, 403, *refused),
        "tags": TAGS,
        **permitted(permission),
    }


def statistics_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    def rows(caller: FromCaller, kind: Kind, form: Format, **asked: Any) -> Response[Any]:
        return shown_rows(use_cases.list_statistics(caller.actor(), kind=kind, **asked), kind, form)

    def one(caller: FromCaller, kind: Kind, sent: str, form: Format, **asked: Any) -> Response[Any]:
        of_id = sent_id(sent)
        shown = use_cases.show_statistics_of(caller.actor(), kind=kind, of_id=of_id, **asked)
        return shown_one(shown, kind, form)

    @get(STATISTICS, **_described(Permission.READ_STATISTICS))
    def show_statistics(
        caller: FromCaller,
        since: Since = None,
        until: Until = None,
        trend: Parts = None,
        form: InFormat = Format.JSON,
    ) -> Response[StatisticsView]:
        """The main figures, to employees of the groups they taught in the range, and who may stay away."""
        return shown_overview(
            use_cases.show_statistics(caller.actor(), since=since, until=until, trend=trend), form
        )

    @get(f"{STATISTICS}/employees", **_described(Permission.LIST_EMPLOYEE_STATISTICS))
    def list_employee_statistics(
        caller: FromCaller,
        since: Since = None,
        until: Until = None,
        page: PageNumber = None,
        sort: Sort = "",
        form: InFormat = Format.JSON,
    ) -> Response[EmployeeRowsView]:
        """Figures of all who work here or taught in the range; `sort` knows name and every rate."""
        return rows(caller, Kind.EMPLOYEE, form, since=since, until=until, page=page, sort=sort)

    @get(
        f"{STATISTICS}/employees/{{user_id:str}}",
        **_described(Permission.READ_EMPLOYEE_STATISTICS, 404),
    )
    def show_employee_statistics(
        caller: FromCaller,
        user_id: FromPath[str],
        since: Since = None,
        until: Until = None,
        trend: Parts = None,
        form: InFormat = Format.JSON,
    ) -> Response[EmployeeStatisticsView]:
        """Figures of the lessons that somebody taught, each in full."""
        return one(caller, Kind.EMPLOYEE, user_id, form, since=since, until=until, trend=trend)

    @get(f"{STATISTICS}/locations", **_described(Permission.READ_LOCATION_STATISTICS))
    def list_location_statistics(
        caller: FromCaller,
        since: Since = None,
        until: Until = None,
        page: PageNumber = None,
        sort: Sort = "",
        form: InFormat = Format.JSON,
    ) -> Response[LocationRowsView]:
        """Figures of each location; `sort` knows name and every rate."""
        return rows(caller, Kind.LOCATION, form, since=since, until=until, page=page, sort=sort)

    @get(
        f"{STATISTICS}/locations/{{location_id:str}}",
        **_described(Permission.READ_LOCATION_STATISTICS, 404),
    )
    def show_location_statistics(
        caller: FromCaller,
        location_id: FromPath[str],
        since: Since = None,
        until: Until = None,
        trend: Parts = None,
        form: InFormat = Format.JSON,
    ) -> Response[LocationStatisticsView]:
        """Figures of the lessons at a location."""
        return one(caller, Kind.LOCATION, location_id, form, since=since, until=until, trend=trend)

    @get(f"{STATISTICS}/groups", **_described(Permission.LIST_GROUP_STATISTICS))
    def list_group_statistics(
        caller: FromCaller,
        since: Since = None,
        until: Until = None,
        page: PageNumber = None,
        sort: Sort = "",
        form: InFormat = Format.JSON,
    ) -> Response[GroupRowsView]:
        """Figures of each group, to employees of those they taught; `sort` knows name and every rate."""
        return rows(caller, Kind.GROUP, form, since=since, until=until, page=page, sort=sort)

    @get(f"{STATISTICS}/groups/{{group_id:str}}", **_described(Permission.READ_GROUP_STATISTICS, 404))
    def show_group_statistics(
        caller: FromCaller,
        group_id: FromPath[str],
        since: Since = None,
        until: Until = None,
        trend: Parts = None,
        form: InFormat = Format.JSON,
    ) -> Response[GroupStatisticsView]:
        """Figures of a group's lessons."""
        return one(caller, Kind.GROUP, group_id, form, since=since, until=until, trend=trend)

    return [
        show_statistics,
        list_employee_statistics,
        show_employee_statistics,
        list_location_statistics,
        show_location_statistics,
        list_group_statistics,
        show_group_statistics,
    ]
