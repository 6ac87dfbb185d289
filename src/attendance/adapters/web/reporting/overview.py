"""What those who run a club have to look after: numbers, and the list behind each of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import N_, words
from attendance.adapters.web.server.rendering.files import FORMAT, IS_CSV, csv_reply
from attendance.application.forms.listing import Listed
from attendance.application.pagination import NumberedPage
from attendance.application.ports import Kind
from attendance.application.reporting.figures import StatisticsRow
from attendance.application.reporting.passes import SalesList
from attendance.domain.dates import ONE_DAY
from attendance.domain.ids import AccountId, ClientId
from attendance.domain.reporting.at_risk import AtRisk, Rule
from attendance.domain.reporting.ending_passes import Ending

room = PageRoom()

OVERVIEW = "/app/overview"
LOOKS_BACK = timedelta(days=365)
"""How old a lesson may be that nobody has taken yet."""
FEW = 5
"""So many are shown of a list beside its number."""
A_PAGE = 20
MOST_DATES = 5
ENDINGS = {
    Ending.USED_UP: (N_("used up"), "wrong"),
    Ending.ENDED: (N_("ended"), "wrong"),
    Ending.ENDS_SOON: (N_("ends soon"), "wait"),
    Ending.FEW_VISITS: (N_("few visits left"), "wait"),
}
"""What a badge says of a pass, and of which kind it is."""
WHY_AT_RISK = {
    Rule.LOW_ATTENDANCE: N_("Comes to too few lessons: absent on"),
    Rule.ABSENT_IN_A_ROW: N_("Absent in a row on"),
    Rule.LONG_AWAY: N_("Stays away though there is a pass: no visit since"),
}
"""The columns of the file of clients at risk: the days that show a reason, none where it does not apply."""


@room.page("GET", OVERVIEW)
def overview(visit: Visit) -> Answer:
    """How many lessons, clients, visits and passes need somebody, with the first few, and what was sold."""
    use, actor = visit.use_cases, visit.signed_in
    few = NumberedPage(1, FEW)
    statistics = use.show_statistics(actor)
    today = statistics.today
    employees = use.list_statistics(actor, kind=Kind.EMPLOYEE, since=today - LOOKS_BACK, until=today)
    not_taken = use.list_all_lessons(
        actor, since=today - LOOKS_BACK, until=today, untaken=True, page=few, sort="-date"
    )
    values = {
        "today": today,
        "at_risk": statistics.at_risk[:FEW],
        "number_at_risk": len(statistics.at_risk),
        "not_taken": not_taken,
        "by_whom": _by_whom([*employees.rows]),
        "names": {row.id: row.name for row in employees.rows},
        "unpaid": use.list_unpaid(actor, page=few),
        "ending": use.list_ending_passes(actor, page=few),
        "endings": ENDINGS,
        "most_dates": MOST_DATES,
        "most_teachers": FEW,
        "sales": None,
    }
    if statistics.sales is not None:
        before = today.replace(day=1) - ONE_DAY
        same_day = before.replace(day=min(today.day, before.day))
        last_month = use.list_sales(actor, until=before)
        values["sales"] = [
            (N_("This month"), use.list_sales(actor, page=few)),
            (N_("By the same day of last month"), last_month.up_to(same_day)),
            (N_("Last month in all"), last_month),
        ]
    return Page("reporting/overview.html", values)


@room.page("GET", f"{OVERVIEW}/not-taken")
def lessons_not_taken(visit: Visit) -> Answer:
    """Lessons that have begun and in which nobody is marked yet, of all or of one employee."""
    filters = visit.filters
    page, teacher_id = _page(visit), filters.id("teacher", AccountId)
    filters.raise_if_errors()
    use, actor = visit.use_cases, visit.signed_in
    employees = use.list_statistics(actor, kind=Kind.EMPLOYEE)
    until = employees.today
    since = until - LOOKS_BACK
    employees = use.list_statistics(actor, kind=Kind.EMPLOYEE, since=since, until=until)
    is_file = visit.query[FORMAT] == IS_CSV
    lessons = use.list_all_lessons(
        actor,
        since=since,
        until=until,
        untaken=True,
        teacher_id=teacher_id,
        page=None if is_file else page,
        sort="-date",
    )
    if is_file:
        header = (N_("Date"), N_("Begins"), N_("Group"), N_("By whom"), N_("Where"), N_("On the list"))
        rows = (
            (
                each.date,
                f"{each.starts:%H:%M}",
                each.group_name,
                ", ".join(each.teacher_names),
                each.location_name,
                each.roster,
            )
            for each in lessons
        )
        return csv_reply("lessons-not-taken", visit.language, header, rows)
    values = {
        "today": until,
        "teacher_id": teacher_id,
        "by_whom": _by_whom([*employees.rows]),
        **_listed(lessons, {"teacher": teacher_id}),
    }
    return Page("reporting/lessons_not_taken.html", values)


@room.page("GET", f"{OVERVIEW}/at-risk")
def clients_at_risk(visit: Visit) -> Answer:
    """Clients who may stay away, each with the reasons."""
    page = NumberedPage(_page(visit), A_PAGE)
    statistics = visit.use_cases.show_statistics(visit.signed_in)
    if visit.query[FORMAT] == IS_CSV:
        header = (N_("Client"), *WHY_AT_RISK.values())
        rows = ((client.name, *_days_of(client)) for client in statistics.at_risk)
        return csv_reply("clients-at-risk", visit.language, header, rows)
    found = Listed(
        items=statistics.at_risk[page.offset : page.offset + page.length],
        total=len(statistics.at_risk),
        page=page.number,
    )
    return Page(
        "reporting/clients_at_risk.html",
        {"today": statistics.today, "most_dates": MOST_DATES, **_listed(found, {})},
    )


def _days_of(client: AtRisk) -> Iterator[str]:
    """The days that show each reason, "" where it does not apply."""
    dates = {each.rule: each.dates for each in client.reasons}
    return (" ".join(map(str, dates.get(rule, ()))) for rule in WHY_AT_RISK)


@room.page("GET", f"{OVERVIEW}/unpaid")
def unpaid_visits(visit: Visit) -> Answer:
    """Clients with visits that no pass has paid for, those with the most first."""
    if visit.query[FORMAT] == IS_CSV:
        header = (N_("Client"), N_("Visits"), N_("First day"), N_("Last day"))
        all_unpaid = visit.use_cases.list_unpaid(visit.signed_in).rows
        rows = ((each.client_name, each.visits, each.first_on, each.last_on) for each in all_unpaid)
        return csv_reply("unpaid-visits", visit.language, header, rows)
    unpaid = visit.use_cases.list_unpaid(visit.signed_in, page=_page(visit))
    return Page("reporting/unpaid_visits.html", {"visits": unpaid.visits, **_listed(unpaid.rows, {})})


@room.page("GET", f"{OVERVIEW}/unpaid/{{client_id:str}}")
def unpaid_visits_of_client(visit: Visit, client_id: str) -> Answer:
    """The visits of a client that no pass has paid for, the newest first."""
    of_client = id_in_path(client_id, ClientId)
    marks = visit.use_cases.list_marks(
        visit.signed_in, client_id=of_client, unpaid=True, page=_page(visit), sort="-date"
    )
    values = {"client_id": of_client, **_listed(marks, {})}
    return Page("reporting/unpaid_visits_of_client.html", values)


@room.page("GET", f"{OVERVIEW}/ending-passes")
def ending_passes(visit: Visit) -> Answer:
    """Passes that are used up or end soon and that no other follows, the most urgent first."""
    if visit.query[FORMAT] == IS_CSV:
        say = words(visit.language).gettext
        header = (N_("Client"), N_("State"), N_("Pass"), N_("Last day"), N_("Visits left"), N_("Visits"))
        all_passes = visit.use_cases.list_ending_passes(visit.signed_in)
        rows = (
            (
                each.client_name,
                say(ENDINGS[each.why][0]),
                each.price_name,
                each.last_day,
                None if each.visits_left is None else max(each.visits_left, 0),
                each.visits,
            )
            for each in all_passes
        )
        return csv_reply("ending-passes", visit.language, header, rows)
    passes = visit.use_cases.list_ending_passes(visit.signed_in, page=_page(visit))
    return Page("reporting/ending_passes.html", {"endings": ENDINGS, **_listed(passes, {})})


@room.page("GET", f"{OVERVIEW}/sales")
def sales(visit: Visit) -> Answer:
    """What was sold in a month: in all, by price, and one by one."""
    filters = visit.filters
    month, page = filters.day("month"), _page(visit)
    filters.raise_if_errors()
    first = month and month.replace(day=1)
    is_file = visit.query[FORMAT] == IS_CSV
    of = visit.use_cases.list_sales(
        visit.signed_in,
        since=first,
        until=first and _last_of_month(first),
        page=None if is_file else page,
    )
    if is_file:
        return _sales_file(visit, of)
    following = _last_of_month(of.since) + ONE_DAY
    values = {
        "sales": of,
        "before": (of.since - ONE_DAY).replace(day=1),
        "following": following if following <= of.today else None,
        **_listed(of.rows, {"month": of.since}),
    }
    return Page("reporting/sales.html", values)


def _sales_file(visit: Visit, of: SalesList) -> Answer:
    header = (
        N_("Client"),
        N_("Sold on"),
        N_("Pass"),
        N_("Discount (%)"),
        N_("Amount"),
        N_("Currency"),
    )
    rows = (
        (
            sale.client_name,
            sale.sold_on,
            sale.price_name,
            sale.discount_percent,
            sale.amount_due,
            sale.currency,
        )
        for sale in of.rows
    )
    return csv_reply(f"sales-{of.since:%Y-%m}", visit.language, header, rows)


def _page(visit: Visit) -> int:
    """The number of the page that is asked for. Raises Invalid."""
    filters = visit.filters
    number = filters.number("page")
    filters.raise_if_errors()
    return 1 if number is None else number


def _listed(found: Listed[Any], query: Mapping[str, UUID | date | None]) -> dict[str, Any]:
    """A page of a list, and what the pager below it needs."""
    number = found.page or 1
    return {
        "rows": [*found],
        "total": found.total,
        "number": number,
        "pages": found.pages,
        "query": {name: str(value) for name, value in query.items() if value is not None},
    }


def _by_whom(rows: Sequence[StatisticsRow]) -> list[tuple[UUID, str, int]]:
    """Who has how many lessons not taken yet, the most first, by name where they are alike."""
    found = [(row.id, row.name, row.figures.lessons.untaken) for row in rows if row.figures.lessons.untaken]
    return sorted(found, key=lambda each: -each[2])


def _last_of_month(day: date) -> date:
    following = day.replace(day=28) + timedelta(days=4)
    return following - timedelta(days=following.day)
