"""The passes of a client, as pages: who sees what, what is sold, frozen, settled, and what is refused."""

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import html5lib
import pytest

from attendance.adapters.web.club import passes
from attendance.adapters.web.server.rendering import rendered
from attendance.domain.accounts.accounts import Language
from attendance.domain.ids import ClientId
from attendance.domain.permissions.actor import OPERATOR
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission, allowed_for_some
from tests.http.api import MARCH_2, UNKNOWN_ID, Api, good
from tests.http.club.test_parents_protocol import Family
from tests.http.operations import added
from tests.web.registry import Forms
from tests.web.visitors import Shown, Visitor, leads_to, shown, visitor, with_session

TODAY = MARCH_2
DAY = dt.date.fromisoformat(TODAY)
STAFF = (Role.EMPLOYEE, Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER, Role.ADMIN)
FROM_ELSEWHERE = {"sec-fetch-site": "cross-site"}


class Office(Family):
    """A family, what it may buy, and a manager before a browser."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        monthly = {"name": "8 visits", "amount": "80.00", "currency": "EUR", "visits": 8, "valid_months": 1}
        self.price = added(self.head, "/prices", **monthly)
        self.clerk = with_session(api, self.manager)

    @property
    def card(self) -> str:
        return f"/app/clients/{self.child}"

    @property
    def sell(self) -> str:
        return f"{self.card}/passes/sell"

    def sells(self, **sale: Any) -> str:
        sent = {"client_id": self.child, "price_id": self.price} | sale
        return added(self.manager, "/subscriptions", **sent)

    def passes(self) -> list[Any]:
        """The child's, the newest first."""
        return list(good(self.manager.reads(f"/clients/{self.child}/subscriptions"), 200)["subscriptions"])[
            ::-1
        ]

    def comes(self, *days: str) -> list[str]:
        lessons = [self.lesson(day) for day in days]
        for lesson in lessons:
            good(
                self.head.puts(
                    f"/lessons/{lesson}/attendance",
                    attendances=[{"client_id": self.child, "status": "present"}],
                ),
                200,
            )
        return lessons


@pytest.fixture
def office(memory: Api) -> Office:
    return Office(memory)


def pages_about(office: Office, subscription: str, client: str) -> dict[str, set[Role]]:
    """Each page, and who may open it."""
    return {
        f"/app/clients/{client}/passes": {*STAFF},
        f"/app/clients/{client}/passes/sell": {*STAFF},
        f"/app/clients/{client}/passes/unpaid": {*STAFF},
        f"/app/passes/{subscription}": {*STAFF},
        f"/app/clients/{client}/groups/enrol": {*STAFF} - {Role.EMPLOYEE},
        "/app/passes/freeze-all": {*STAFF} - {Role.EMPLOYEE, Role.MANAGER},
    }


def forms_about(subscription: str, client: str, group: str) -> list[str]:
    return [
        f"/app/clients/{client}/passes/sell",
        f"/app/passes/{subscription}",
        f"/app/passes/{subscription}/freeze",
        f"/app/passes/{subscription}/unfreeze",
        f"/app/passes/{subscription}/settle",
        f"/app/clients/{client}/groups/enrol",
        f"/app/clients/{client}/groups/{group}/end",
        "/app/passes/freeze-all",
    ]


TYPED = {
    "start": "today", "since": TODAY, "until": TODAY, "last": TODAY, "frozen_since": TODAY,
    "runs_again_on": TODAY,
}  # fmt: skip


@pytest.mark.slow
def test_each_page_is_for_those_who_may(office: Office) -> None:
    subscription = office.sells()
    stranger, mother = visitor(office.api), with_session(office.api, office.mother)
    for path, may in pages_about(office, subscription, office.child).items():
        assert leads_to(stranger.opens(path)).startswith("/app/sign-in?next=")
        assert mother.opens(path).status_code == 403
        for role in Role:
            answered = with_session(office.api, office.api.having(role)).opens(path)
            assert (role, answered.status_code) == (role, 200 if role in may else 403)
            shown(answered)


def test_a_parent_changes_no_pass_not_even_of_the_own_child(office: Office) -> None:
    subscription = office.sells()
    before = office.passes()
    for person in (office.mother, office.father):
        for path in forms_about(subscription, office.child, office.group):
            typed = TYPED | {"price_id": office.price, "group_id": office.group}
            assert with_session(office.api, person).sends(path, **typed).status_code == 403
    assert office.passes() == before


def test_what_is_not_there_is_not_found(office: Office) -> None:
    head = with_session(office.api, office.head)
    for unknown in (UNKNOWN_ID, "x", "%20"):
        for path in pages_about(office, unknown, unknown):
            assert path == "/app/passes/freeze-all" or head.opens(path).status_code == 404
        for path in forms_about(unknown, unknown, unknown)[:-1]:
            typed = TYPED | {"price_id": office.price, "group_id": office.group}
            assert (path, head.sends(path, **typed).status_code) == (path, 404)


def test_a_form_of_another_site_changes_nothing(office: Office) -> None:
    subscription, head = office.sells(), with_session(office.api, office.head)
    before = office.passes()
    for path in forms_about(subscription, office.child, office.group):
        typed = TYPED | {"price_id": office.price, "group_id": office.group}
        assert head.sends(path, by=FROM_ELSEWHERE, **typed).status_code == 403
    assert office.passes() == before


# What is shown


def test_passes_are_listed_newest_first_with_what_is_left(office: Office) -> None:
    office.sells(sold_on="2026-02-20", starts_on="2026-02-20")
    office.sells(discount_percent=10, starts_on="after_current")
    office.comes("2026-02-21")
    text = " ".join(shown(office.clerk.opens(f"{office.card}/passes")).texts)
    newest, oldest = text.index("Begins 20 Mar 2026"), text.index("Valid")
    assert newest < oldest
    assert "7 left , until 19 Mar 2026" in text
    assert "Sold 2 Mar 2026, €72.00 (10% off)" in text
    office.comes("2026-01-20")
    assert "1 visit is not paid for" in shown(office.clerk.opens(f"{office.card}/passes")).texts


def test_a_pass_shows_what_it_paid_for_and_in_which_state_it_is(office: Office) -> None:
    subscription = office.sells(sold_on="2026-02-20", starts_on="2026-02-20")
    office.comes("2026-02-21", "2026-02-22")
    page = office.clerk.opens(f"/app/passes/{subscription}")
    texts = shown(page).texts
    assert {"Valid", "6 left", "2 visits", "22 Feb 2026, 18:00", "Clay"} <= {*texts}
    for change, state in (
        ({"freezes": [{"from": TODAY, "until": "2026-03-05"}]}, "Frozen"),
        ({"freezes": [], "cancelled_on": "2026-02-25"}, "Cancelled"),
        ({"cancelled_on": None, "ends_on": "2026-02-25"}, "Expired"),
    ):
        good(office.manager.puts(f"/subscriptions/{subscription}", **change), 200)
        assert state in shown(office.clerk.opens(f"/app/passes/{subscription}")).texts


def on_the_card(office: Office, role: Role) -> Shown:
    """What the part of the card that is about passes shows to somebody of a role."""
    use_cases, head = office.api.container.use_cases(), OPERATOR
    client_id = ClientId(UUID(office.child))
    shown_passes = passes.passes_shown(
        SimpleNamespace(use_cases=use_cases, signed_in=head, today=DAY), client_id
    )
    html = rendered(
        "club/clients/passes.html",
        Language.EN,
        {
            "client": use_cases.show_client(head, client_id=client_id),
            **shown_passes,
            "permissions": {each for each in Permission if allowed_for_some(each, role.level)},
        },
    )
    html5lib.HTMLParser(strict=True).parseFragment(html)
    return Shown(html)


def test_the_card_shows_current_passes_and_leads_to_what_may_be_done(office: Office) -> None:
    assert "No pass yet." in on_the_card(office, Role.MANAGER).texts
    over = office.sells()
    good(office.manager.puts(f"/subscriptions/{over}", cancelled_on="2026-02-25"), 200)
    assert "Cancelled" in on_the_card(office, Role.MANAGER).texts
    current = office.sells()
    card = on_the_card(office, Role.MANAGER)
    assert {"Valid", "8 left", "All passes (2)"} <= {*card.texts}
    assert "Cancelled" not in card.texts
    assert f"/app/passes/{current}" in card.links
    assert {office.sell, f"{office.card}/passes/unpaid"} <= {*card.links}
    enrol = f"{office.card}/groups/enrol"
    assert enrol in shown(office.clerk.opens(office.card)).links
    assert (
        enrol
        not in shown(with_session(office.api, office.api.having(Role.EMPLOYEE)).opens(office.card)).links
    )
    parent = on_the_card(office, Role.USER)
    assert {office.sell, f"{office.card}/passes/unpaid"} & {*parent.links} == set()
    good(office.manager.puts(f"/clients/{office.child}", active=False), 200)
    archived = on_the_card(office, Role.MANAGER)
    assert office.sell not in archived.links
    assert not any("start=after_current" in link for link in archived.links)


def test_the_pass_that_runs_comes_first_and_the_newest_of_a_price_alone_is_renewed(office: Office) -> None:
    over = office.sells(starts_on="2026-01-01")
    current, later = office.sells(), office.sells(starts_on="2026-04-02")
    ten = added(office.head, "/prices", name="10 visits", amount="90.00", currency="EUR", visits=10)
    other = office.sells(price_id=ten)
    card = shown(office.clerk.opens(office.card))
    shown_passes = [link for link in card.links if link.startswith("/app/passes/")]
    assert [link.rpartition("/")[2] for link in shown_passes][-1] == later
    assert {*shown_passes} == {f"/app/passes/{each}" for each in (current, later, other)}
    for path in (office.card, f"{office.card}/passes"):
        renewed = [link for link in shown(office.clerk.opens(path)).links if "?price_id=" in link]
        assert len(renewed) == 2, path
    for each, may in ((over, False), (current, False), (later, True), (other, True)):
        links = shown(office.clerk.opens(f"/app/passes/{each}")).links
        assert any("?price_id=" in link for link in links) is may


# Selling


def test_what_a_pass_will_be_worth_is_shown_before_it_is_sold(office: Office) -> None:
    first = shown(office.clerk.opens(office.sell))
    assert "8 visits" in first.texts
    assert "once" not in first.values
    chosen = f"{office.sell}?price_id={office.price}&start=today&discount_percent=10"
    page = shown(office.clerk.opens(leads_to(office.clerk.opens(chosen))))
    assert {"8 visits: €72.00", "2 Mar 2026 – 1 Apr 2026", "€80.00, 10% off"} <= {*page.texts}
    assert office.passes() == []
    typed = {"once": page.values["once"] or "", "price_id": office.price, "start": "today"}
    typed["discount_percent"] = "10"
    sold = office.clerk.sends(office.sell, **typed)
    [it] = office.passes()
    assert leads_to(sold) == f"{office.card}?notice=sold&sold={it['id']}#passes"
    assert "Sold: 8 visits, €72.00" in shown(office.clerk.opens(leads_to(sold))).texts
    assert (it["amount_due"], it["starts_on"], it["discount_percent"]) == ("72.00", TODAY, 10)
    again = office.clerk.sends(office.sell, **typed)
    assert leads_to(again) == f"{office.card}?notice=sold-before#passes"
    assert (
        "This was sold already. Nothing was sold again." in shown(office.clerk.opens(leads_to(again))).texts
    )
    assert office.passes() == [it]
    other = office.clerk.sends(office.sell, **typed | {"discount_percent": "20"})
    assert other.status_code == 422
    assert office.passes() == [it]


def test_a_form_that_a_browser_goes_back_to_sells_nothing_again(office: Office) -> None:
    link = f"{office.sell}?price_id={office.price}&start=after_current"
    address = leads_to(office.clerk.opens(link))

    def sells_at(address: str) -> str:
        form = Forms(office.clerk.opens(address).text).found[office.sell]
        return leads_to(office.clerk.sends(office.sell, **form))

    assert "notice=sold&" in sells_at(address)
    assert "notice=sold-before" in sells_at(address)
    assert len(office.passes()) == 1
    # a form that is opened anew sells anew
    assert "notice=sold&" in sells_at(leads_to(office.clerk.opens(link)))
    assert len(office.passes()) == 2


def test_a_first_day_is_not_typed_in_vain(office: Office) -> None:
    sale = {"price_id": office.price, "starts_on": "2026-03-09"}
    for start in ("today", "after_current"):
        for answered in (
            office.clerk.opens(f"{office.sell}?{urlencode(sale | {'start': start})}"),
            office.clerk.sends(office.sell, **sale, start=start),
        ):
            assert answered.status_code == 400
            page = shown(answered)
            assert (page.values["starts_on"], page.attributes["starts_on"]["aria-invalid"]) == (
                "2026-03-09",
                "true",
            )
    assert office.passes() == []
    leads_to(office.clerk.sends(office.sell, **sale, start="day"))
    assert office.passes()[0]["starts_on"] == "2026-03-09"


@pytest.mark.parametrize("day", ["1999-12-31", "0001-01-01", "2037-01-01", "9999-12-31"])
def test_a_first_day_that_is_surely_mistyped_is_refused(office: Office, day: str) -> None:
    refused = office.clerk.sends(office.sell, price_id=office.price, start="day", starts_on=day)
    assert refused.status_code == 400
    assert shown(refused).attributes["starts_on"]["aria-invalid"] == "true"
    assert office.passes() == []


@pytest.mark.plants
def test_a_sale_that_is_sent_twice_is_seen_to_be_two_where_nobody_remembers(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "_once", lambda _visit, _permission, answer: answer())
    typed = {"once": "x", "price_id": office.price, "start": "today"}
    for _ in range(2):
        office.clerk.sends(office.sell, **typed)
    assert len(office.passes()) == 2


def test_what_is_not_on_sale_is_said_to_be_so_to_whoever_may_sell_it(office: Office) -> None:
    over = {"name": "Old", "amount": "1.00", "currency": "EUR", "on_sale_until": "2026-02-01"}
    old = added(office.head, "/prices", **over)
    assert "Old" not in shown(office.clerk.opens(office.sell)).texts
    head = with_session(office.api, office.head)
    assert {"Old", "not on sale today"} <= {*shown(head.opens(office.sell)).texts}
    refused = office.clerk.opens(f"{office.sell}?price_id={old}&start=today")
    assert (refused.status_code, "alert" in shown(refused).roles) == (409, True)


def test_a_pass_is_renewed_after_the_current_one(office: Office) -> None:
    current = office.sells()
    page = shown(office.clerk.opens(f"{office.card}/passes"))
    [renew] = [link for link in page.links if "start=after_current" in link]
    assert "Sell for €80.00" in shown(office.clerk.opens(leads_to(office.clerk.opens(renew)))).texts
    typed = {"price_id": office.price, "start": "after_current"}
    assert leads_to(office.clerk.sends(office.sell, **typed)).startswith(f"{office.card}?notice=sold&")
    renewed, old = office.passes()
    assert (old["id"], renewed["starts_on"]) == (current, "2026-04-02")


TYPED_WRONG = {
    "price_id": "", "start": "day", "starts_on": "", "sold_on": "x", "discount_percent": "ten",
}  # fmt: skip


def test_of_a_sale_all_that_is_wrong_is_said_and_what_was_typed_stays(office: Office) -> None:
    asked = office.clerk.opens(f"{office.sell}?{urlencode(TYPED_WRONG)}")
    for refused in (asked, office.clerk.sends(office.sell, **TYPED_WRONG)):
        assert refused.status_code == 400
        page = shown(refused)
        assert page.attributes["starts_on"]["aria-invalid"] == "true"
        assert page.attributes["sold_on"]["aria-invalid"] == "true"
        assert page.values["discount_percent"] == "ten"
    assert office.passes() == []


def test_what_is_not_sold_says_why(office: Office) -> None:
    typed = {"price_id": office.price, "start": "today"}
    teacher = with_session(office.api, office.teacher)
    assert "discount_percent" not in shown(teacher.opens(office.sell)).values
    assert teacher.sends(office.sell, **typed, discount_percent="10").status_code == 403
    good(office.manager.puts(f"/clients/{office.child}", active=False), 200)
    assert office.clerk.sends(office.sell, **typed).status_code == 409
    page = shown(office.clerk.opens(f"{office.sell}?price_id={office.price}"))
    assert "alert" in page.roles
    assert "This client is archived: nothing is sold to them." in page.texts
    assert office.passes() == []


def test_nothing_is_sold_after_a_pass_without_an_end(office: Office) -> None:
    endless = added(office.head, "/prices", name="For good", amount="1.00", currency="EUR")
    office.sells(price_id=endless)
    refused = office.clerk.opens(f"{office.sell}?price_id={endless}&start=after_current")
    assert refused.status_code == 409
    assert "alert" in shown(refused).roles
    assert "any number of visits" in refused.text


# Unpaid visits


def test_unpaid_visits_are_settled_by_a_pass_that_is_there(office: Office) -> None:
    lessons = office.comes("2026-02-24", "2026-02-20", "2026-01-20")
    subscription = office.sells(sold_on="2026-02-20", starts_on="2026-02-20")
    page = office.clerk.opens(f"{office.card}/passes/unpaid")
    assert {"3 visits are not paid for", "It can pay for 2 visits.", "Pay with this pass"} <= {
        *shown(page).texts
    }
    assert "Pay for 2 unpaid visits" in shown(office.clerk.opens(f"/app/passes/{subscription}")).texts
    settled = office.clerk.sends(f"/app/passes/{subscription}/settle")
    assert leads_to(settled) == f"{office.card}/passes/unpaid?notice=rest"
    assert office.passes()[0]["visits_left"] == 6
    left = shown(office.clerk.opens(leads_to(settled)))
    assert "1 visit is not paid for" in left.texts
    assert f"{office.sell}?starts_on=2026-01-20&settle_unpaid=yes" in left.links
    begun = office.clerk.opens(f"{office.sell}?starts_on=2026-01-20&settle_unpaid=yes")
    assert begun.status_code == 200
    assert "alert" not in shown(begun).roles
    filled = shown(begun).values
    assert (filled["start"], filled["starts_on"], filled["settle_unpaid"]) == ("day", "2026-01-20", "yes")
    typed = {"price_id": office.price, "start": "day", "starts_on": "2026-01-20", "settle_unpaid": "yes"}
    preview = office.clerk.opens(leads_to(office.clerk.opens(f"{office.sell}?{urlencode(typed)}")))
    assert "1 in its days" in shown(preview).texts
    assert leads_to(office.clerk.sends(office.sell, **typed)).startswith(f"{office.card}?notice=sold&")
    assert "All visits are paid for." in shown(office.clerk.opens(f"{office.card}/passes/unpaid")).texts
    assert lessons


def test_where_all_is_paid_one_goes_on_to_the_card(office: Office) -> None:
    office.comes("2026-02-24")
    subscription = office.sells(sold_on="2026-02-20", starts_on="2026-02-20")
    assert (
        leads_to(office.clerk.sends(f"/app/passes/{subscription}/settle"))
        == f"{office.card}?notice=settled#passes"
    )


# Freezing and changing


def test_a_pass_is_frozen_and_runs_again_from_a_day_on(office: Office) -> None:
    subscription = office.sells()
    path = f"/app/passes/{subscription}"
    frozen = office.clerk.sends(f"{path}/freeze", version="1", since="2026-03-10", until="2026-03-19")
    assert leads_to(frozen) == f"{office.card}?notice=frozen#passes"
    assert "The pass is frozen." in shown(office.clerk.opens(leads_to(frozen))).texts
    assert office.passes()[0]["valid_until"] == "2026-04-11"
    page = shown(office.clerk.opens(path))
    assert "10 Mar 2026 – 19 Mar 2026" in page.texts
    assert page.values["frozen_since"] == "2026-03-10"
    typed = {"version": "2", "frozen_since": "2026-03-10"}
    office.clerk.sends(f"{path}/unfreeze", **typed, runs_again_on="2026-03-15")
    assert office.passes()[0]["freezes"] == [{"from": "2026-03-10", "until": "2026-03-14"}]
    office.clerk.sends(f"{path}/unfreeze", **typed | {"version": "3"}, runs_again_on="2026-03-10")
    assert office.passes()[0]["freezes"] == []


def test_a_freeze_that_is_refused_says_why_and_stays_typed(office: Office) -> None:
    subscription = office.sells(sold_on="2026-02-20", starts_on="2026-02-20")
    office.comes("2026-02-24")
    path = f"/app/passes/{subscription}/freeze"
    backwards = office.clerk.sends(path, version="1", since="2026-03-10", until="2026-03-09")
    assert (backwards.status_code, shown(backwards).attributes["until"]["aria-invalid"]) == (400, "true")
    assert shown(backwards).values["since"] == "2026-03-10"
    charged = office.clerk.sends(path, version="1", since="2026-02-23", until="2026-02-25")
    assert charged.status_code == 409
    assert "alert" in shown(charged).roles
    assert re.search("24 Feb 2026|2026-02-24", charged.text)
    assert office.passes()[0]["freezes"] == []


def test_two_who_change_a_pass_do_not_undo_each_other(office: Office) -> None:
    subscription = office.sells()
    path = f"/app/passes/{subscription}"
    changed = office.clerk.sends(path, version="1", ends_on="2026-05-01", cancelled_on="", contract_id="")
    assert leads_to(changed) == f"{office.card}?notice=pass-saved#passes"
    for form, typed in (
        (path, {"ends_on": "2026-06-01"}),
        (f"{path}/freeze", {"since": TODAY, "until": TODAY}),
        (f"{path}/unfreeze", {"frozen_since": TODAY, "runs_again_on": TODAY}),
    ):
        refused = office.clerk.sends(form, version="1", **typed)
        assert (refused.status_code, "alert" in shown(refused).roles) == (412, True)
    [it] = office.passes()
    assert (it["ends_on"], it["freezes"], it["version"]) == ("2026-05-01", [], 2)


def test_a_pass_is_cancelled_and_gets_a_contract(office: Office) -> None:
    subscription = office.sells()
    contract = added(office.manager, "/contracts", client_id=office.child, signed_on=TODAY)
    typed = {"version": "1", "ends_on": "", "cancelled_on": "2026-03-31", "contract_id": contract}
    path = leads_to(office.clerk.sends(f"/app/passes/{subscription}", **typed))
    assert path == f"{office.card}?notice=pass-saved#passes"
    [it] = office.passes()
    assert (it["ends_on"], it["cancelled_on"], it["contract_id"]) == (None, "2026-03-31", contract)
    wrong = office.clerk.sends(f"/app/passes/{subscription}", version="2", ends_on="2026-02-30")
    assert (wrong.status_code, shown(wrong).values["ends_on"]) == (400, "2026-02-30")


# Freezing all


def test_all_passes_are_frozen_after_it_was_shown_how_many(office: Office) -> None:
    head = with_session(office.api, office.head)
    subscription = office.sells(sold_on="2026-02-20", starts_on="2026-02-20")
    other = added(office.manager, "/subscriptions", client_id=office.other, price_id=office.price)
    office.comes("2026-02-24")
    assert "preview" not in shown(head.opens("/app/passes/freeze-all")).values
    days = "since=2026-02-23&until=2026-03-08"
    page = shown(head.opens(f"/app/passes/freeze-all?{days}"))
    assert {"1 pass would be frozen.", "No button undoes this", "24 Feb 2026", "Anna"} <= {*page.texts}
    assert f"/app/passes/{subscription}" in page.links
    assert good(office.head.reads(f"/subscriptions/{other}"), 200)["freezes"] == []
    typed = {"since": "2026-02-23", "until": "2026-03-08", "location_id": ""}
    done = head.sends("/app/passes/freeze-all", **typed)
    assert leads_to(done) == f"/app/passes/freeze-all?{days}&frozen=1"
    assert len(good(office.head.reads(f"/subscriptions/{other}"), 200)["freezes"]) == 1
    result = shown(head.opens(leads_to(done)))
    assert any("1 pass is frozen" in text for text in result.texts)
    assert "Anna" in result.texts
    again = shown(head.opens(f"/app/passes/freeze-all?{days}"))
    assert "0 passes would be frozen." in again.texts
    location = {"location_id": office.location} | {"since": "2026-03-20", "until": "2026-03-21"}
    assert f"location_id={office.location}" in leads_to(head.sends("/app/passes/freeze-all", **location))


def test_days_that_make_no_sense_are_refused_at_their_fields(office: Office) -> None:
    head = with_session(office.api, office.head)
    wrong = head.opens("/app/passes/freeze-all?since=x&until=")
    assert wrong.status_code == 400
    page = shown(wrong)
    assert {page.attributes[name].get("aria-invalid") for name in ("since", "until")} == {"true"}
    backwards = head.sends("/app/passes/freeze-all", since="2026-03-08", until="2026-03-01")
    assert backwards.status_code == 400
    assert shown(backwards).values["since"] == "2026-03-08"


# Groups


def enrols(office: Office, by: Visitor | None = None, **typed: str) -> Any:
    return (by or office.clerk).sends(f"{office.card}/groups/enrol", **typed)


def test_a_client_is_enrolled_into_a_group_and_leaves_it(office: Office) -> None:
    chess = added(office.manager, "/groups", name="Chess", location_id=office.location, capacity=1)
    page = shown(office.clerk.opens(f"{office.card}/groups/enrol"))
    assert "Chess (0 of 1 places taken)" in page.texts
    typed = {"group_id": chess, "since": TODAY, "until": ""}
    assert leads_to(enrols(office, **typed)) == f"{office.card}?notice=enrolled#groups"
    groups = good(office.manager.reads(f"/clients/{office.child}/groups"), 200)["groups"]
    assert [group["name"] for group in groups] == ["Chess", "Clay"]
    refused = enrols(office, **typed)
    assert refused.status_code == 409
    assert "alert" in shown(refused).roles
    ended = office.clerk.sends(f"{office.card}/groups/{chess}/end", last="2026-03-20")
    assert leads_to(ended) == f"{office.card}?notice=membership-ended#groups"
    groups = good(office.manager.reads(f"/clients/{office.child}/groups"), 200)["groups"]
    assert [group["until"] for group in groups] == ["2026-03-20", None]


def test_what_is_wrong_with_an_enrolment_is_said_at_its_fields(office: Office) -> None:
    wrong = enrols(office, group_id="", since="y", until="x")
    assert wrong.status_code == 400
    page = shown(wrong)
    assert {page.attributes[name].get("aria-invalid") for name in ("since", "until")} == {"true"}
    backwards = enrols(office, group_id=office.group, since="2026-03-08", until="2026-03-01")
    assert (backwards.status_code, shown(backwards).attributes["until"]["aria-invalid"]) == (400, "true")
    not_a_day = office.clerk.sends(f"{office.card}/groups/{office.group}/end", last="x")
    assert (not_a_day.status_code, shown(not_a_day).attributes["last"]["aria-invalid"]) == (400, "true")
