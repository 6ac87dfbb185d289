"""The office: what each level finds there, and prices, locations and closures without a script."""

import re
from html import unescape

import pytest

from attendance.domain.permissions.roles import Role
from tests.http.api import UNKNOWN_ID, Api, good
from tests.web.office.pages import changes, faults, form_on, texts
from tests.web.visitors import Visitor, leads_to, shown, signed_in, visitor

OFFICE, PRICES, LOCATIONS = "/app/office", "/app/office/prices", "/app/office/locations"
USERS, ROLE_CHANGES, LOG = "/app/office/users", "/app/office/role-changes", "/app/office/log"
LOWEST = {
    OFFICE: Role.MANAGER,
    USERS: Role.MANAGER,
    f"{USERS}/invite": Role.HEAD_MANAGER,
    PRICES: Role.HEAD_MANAGER,
    f"{PRICES}/new": Role.HEAD_MANAGER,
    LOCATIONS: Role.HEAD_MANAGER,
    f"{LOCATIONS}/new": Role.HEAD_MANAGER,
    ROLE_CHANGES: Role.HEAD_MANAGER,
    LOG: Role.OWNER,
}
"""The lowest role that sees each page."""


@pytest.mark.slow
@pytest.mark.parametrize("path", LOWEST)
def test_each_page_is_for_a_level_and_those_above(memory: Api, path: str) -> None:
    for role in Role:
        answered = signed_in(memory, role).opens(path)
        shown(answered)
        assert answered.status_code == (200 if role.level >= LOWEST[path].level else 403), role
    assert leads_to(visitor(memory).opens(path)).startswith("/app/sign-in?next=")


@pytest.mark.plants
def test_a_page_is_seen_to_be_shown_to_anybody_without_its_part(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = signed_in(memory, Role.EMPLOYEE)
    assert teacher.opens(PRICES).status_code == 403
    monkeypatch.setattr("attendance.adapters.web.club.prices.require_part", lambda *_: None)
    assert teacher.opens(PRICES).status_code == 200


@pytest.mark.parametrize("role", [Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER, Role.ADMIN])
def test_the_office_leads_to_what_one_may_enter_and_to_nothing_else(memory: Api, role: Role) -> None:
    person = signed_in(memory, role)
    links = {link for link in shown(person.opens(OFFICE)).links if link.startswith(f"{OFFICE}/")}
    parts = {USERS, ROLE_CHANGES, PRICES, LOCATIONS, LOG}
    assert links == {path for path in parts if role.level >= LOWEST[path].level}
    assert [person.opens(link).status_code for link in links] == [200] * len(links)


@pytest.mark.parametrize("language", ["de", "ru"])
@pytest.mark.parametrize("path", LOWEST)
def test_each_page_is_in_its_language_and_no_other(memory: Api, path: str, language: str) -> None:
    owner = signed_in(memory, Role.OWNER, "0")
    change_of_roles(memory)
    english = {*shown(owner.opens(path)).texts}
    owner.headers["accept-language"] = language
    page = owner.opens(path)
    assert f'<html lang="{language}">' in page.text
    found = [text for text in shown(page).texts if re.search(r"[^\W\d_]{3}", text)]
    # names, addresses, codes of currencies and zones are the same everywhere
    same = {text for text in english & {*found} if not re.search("attendance|[@/]|^olga|^oskar", text)}
    assert same <= {"Name", "Status", "Manager", "Administrator", "Details"} | of_the_world(page.text)


def of_the_world(html: str) -> set[str]:
    """Currencies and places that are called the same elsewhere."""
    options = re.findall(r'<option value="(?:[A-Z]{3}|[^"]+/[^"]+)"[^>]*>([^<]+)<', html)
    return {*map(unescape, options)}


def change_of_roles(memory: Api) -> None:
    """One that awaits, and one that is over."""
    olga, oskar = memory.having(Role.OWNER, "olga"), memory.having(Role.OWNER, "oskar")
    for is_over in (True, False):
        change = good(oskar.puts(f"/users/{olga.id}/role", role="user"), 202)["id"]
        if is_over:
            good(oskar.posts(f"/role_changes/{change}/withdraw"), 200)


def test_forms_of_the_office_are_refused_below_their_level(memory: Api) -> None:
    head = memory.having(Role.HEAD_MANAGER)
    price = good(head.posts("/prices", name="Pass", amount="80.00", currency="EUR"), 201)["id"]
    place = good(head.posts("/locations", name="House", address="Harbour 1"), 201)["id"]
    manager = signed_in(memory, Role.MANAGER)
    for path in (f"{PRICES}/new", f"{PRICES}/{price}"):
        assert manager.sends(path, name="x", amount="1", currency="EUR").status_code == 403
    for path in (f"{LOCATIONS}/new", f"{LOCATIONS}/{place}"):
        assert manager.sends(path, name="x", address="x", timezone="UTC").status_code == 403
    days = {"closures.since": "2026-04-01", "closures.until": "2026-04-02"}
    for path in ("new", "2026-04-01_2026-04-02", "2026-04-01_2026-04-02/remove"):
        assert manager.sends(f"{LOCATIONS}/{place}/closures/{path}", **days).status_code == 403
    assert good(head.reads(f"/prices/{price}"), 200)["name"] == "Pass"
    assert good(head.reads(f"/locations/{place}"), 200)["version"] == 1


@pytest.mark.parametrize(
    "path", [PRICES, LOCATIONS, USERS, f"{LOCATIONS}/{UNKNOWN_ID}/closures", f"{ROLE_CHANGES}/{UNKNOWN_ID}"]
)
@pytest.mark.parametrize("id_", [UNKNOWN_ID, "x", "%00", "2026-04-01_2026-04-02"])
def test_what_is_not_there_is_not_found(memory: Api, path: str, id_: str) -> None:
    owner = signed_in(memory, Role.OWNER)
    assert owner.opens(f"{path}/{id_}").status_code == 404
    assert owner.sends(f"{path}/{id_}").status_code in (400, 404)


def test_a_form_of_another_site_changes_nothing_in_the_office(memory: Api) -> None:
    owner = signed_in(memory, Role.OWNER)
    for path in (f"{PRICES}/new", f"{LOCATIONS}/new", f"{USERS}/invite"):
        sent = owner.sends(path, by={"sec-fetch-site": "cross-site"}, name="x", amount="1", currency="EUR")
        assert sent.status_code == 403
    assert "There are no prices yet." in texts(owner.opens(PRICES))


# Prices


@pytest.fixture
def head(memory: Api) -> Visitor:
    return signed_in(memory, Role.HEAD_MANAGER, "head")


def test_a_price_is_added_and_changed(memory: Api, head: Visitor) -> None:
    memory.having(Role.MANAGER)
    typed = {"name": "Eight", "amount": "80,50", "visits": "8", "valid_days": "30", "notes": "old\r\nnew"}
    assert leads_to(changes(head, f"{PRICES}/new", **typed)) == f"{PRICES}?notice=added"
    page = head.opens(f"{PRICES}?notice=added")
    assert "€80.50" in texts(page)
    assert "30 days" in texts(page)
    assert "on sale" in shown(page).texts
    [path] = [link for link in shown(page).links if link.startswith(f"{PRICES}/") and "new" not in link]
    form = form_on(head.opens(path), path)
    assert form | typed == form | {"amount": "80,50", "notes": "old\r\nnew"}
    assert (form["amount"], form["notes"], form["charges_absence"]) == ("80.50", "old\nnew", "yes")
    assert leads_to(changes(head, path, on_sale_until="2026-03-01", visits="")) == f"{path}?notice=saved"
    after = head.opens(f"{path}?notice=saved")
    assert shown(after).roles == ["status"]
    assert form_on(after, path)["visits"] == ""
    listed = texts(head.opens(PRICES))
    assert "not on sale until 1 Mar 2026" in listed
    assert "any number" in listed


def test_a_new_price_begins_with_the_currency_of_another(head: Visitor) -> None:
    path = f"{PRICES}/new"
    assert form_on(head.opens(path), path)["currency"] == "EUR"
    changes(head, path, name="One", amount="10", currency="RUB")
    assert form_on(head.opens(path), path)["currency"] == "RUB"


@pytest.mark.slow
def test_a_price_is_for_the_groups_that_are_ticked(memory: Api, head: Visitor) -> None:
    owner = memory.having(Role.OWNER)
    place = good(owner.posts("/locations", name="House", address="Harbour 1"), 201)["id"]
    clay, chess = (
        good(owner.posts("/groups", name=name, location_id=place), 201)["id"] for name in ("Clay", "Chess")
    )
    changes(head, f"{PRICES}/new", name="P", amount="1", **{f"group_ids:{clay}": "yes"})
    [price] = good(owner.reads("/prices"), 200)["prices"]
    assert price["group_ids"] == [clay]
    assert "Clay" in shown(head.opens(PRICES)).texts
    good(owner.puts(f"/groups/{clay}", active_from="2020-01-01", active_until="2020-02-01"), 200)
    page = head.opens(f"{PRICES}/{price['id']}")
    assert "Clay (not active)" in texts(page)
    form = form_on(page, f"{PRICES}/{price['id']}")
    assert [name for name in form if name.startswith("group_ids")] == [f"group_ids:{clay}"]
    unticked = {name: text for name, text in form.items() if not name.startswith("group_ids")}
    head.sends(f"{PRICES}/{price['id']}", **unticked, **{f"group_ids:{chess}": "yes"})
    assert good(owner.reads(f"/prices/{price['id']}"), 200)["group_ids"] == [chess]
    refused = changes(head, f"{PRICES}/{price['id']}", **{f"group_ids:{UNKNOWN_ID}": "yes"})
    assert (refused.status_code, [*faults(refused)]) == (400, ["group_ids"])


def test_all_faults_of_a_price_are_said_at_once_and_what_was_typed_stays(head: Visitor) -> None:
    typed = {
        "name": "",
        "amount": "free",
        "currency": "XYZ",
        "visits": "-1",
        "visits_per_week": "0",
        "valid_days": "5",
        "valid_months": "1",
        "on_sale_from": "2026-05-01",
        "on_sale_until": "2026-04-01",
        "notes": "x" * 10_001,
    }
    refused = changes(head, f"{PRICES}/new", **typed)
    assert refused.status_code == 400
    assert faults(refused) == {
        "name": "must have 1 to 200 characters",
        "amount": "must be an amount such as 80.00",
        "currency": "must be a currency, such as EUR",
        "visits": "must be a whole number",
        "visits_per_week": "must be a whole number from 1 to 100,000",
        "valid_months": "cannot be given in days and in months at once",
        "on_sale_until": "must not be before the first day",
        "notes": faults(refused)["notes"],
    }
    kept = form_on(refused, f"{PRICES}/new")
    assert {name: kept[name] for name in typed if name != "currency"} == {
        name: text for name, text in typed.items() if name != "currency"
    }
    assert "There are no prices yet." in texts(head.opens(PRICES))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "written", "doubtful"),
    [("en", "1216.00", "1,216"), ("de", "1216,00", "1.216"), ("ru", "1216,00", "1.216")],
)
def test_an_amount_is_filled_in_as_the_language_writes_it(
    memory: Api, language: str, written: str, doubtful: str
) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    head.headers["accept-language"] = language
    leads_to(changes(head, f"{PRICES}/new", name="Year", amount=written, currency="EUR"))
    price = good(memory.having(Role.OWNER).reads("/prices"), 200)["prices"][0]
    assert price["amount"] == "1216.00"
    one = f"{PRICES}/{price['id']}"
    form = form_on(head.opens(one), one)
    assert form["amount"] == written
    # what is not touched is saved as it was
    leads_to(head.sends(one, **form))
    assert good(memory.having(Role.OWNER).reads("/prices"), 200)["prices"][0]["version"] == price["version"]
    for amount in (doubtful, "1216." if language == "en" else "1216,"):
        refused = changes(head, one, amount=amount)
        assert (refused.status_code, form_on(refused, one)["amount"]) == (400, amount)
        assert faults(refused).keys() == {"amount"}


@pytest.mark.parametrize("language", ["de", "ru"])
def test_faults_of_the_office_speak_the_language(memory: Api, language: str) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    head.headers["accept-language"] = language
    typed = {"amount": "1.234", "visits": "0", "valid_days": "x", "on_sale_from": "x", "name": "x"}
    told = faults(changes(head, f"{PRICES}/new", **typed))
    english = faults(changes(signed_in(memory, Role.HEAD_MANAGER), f"{PRICES}/new", **typed))
    assert told.keys() == english.keys() == {"amount", "visits", "valid_days", "on_sale_from"}
    assert not {*told.values()} & {*english.values()}


def test_the_second_of_two_is_told_and_loses_nothing(memory: Api, head: Visitor) -> None:
    other = signed_in(memory, Role.HEAD_MANAGER)
    changes(head, f"{PRICES}/new", name="Eight", amount="80", visits="8")
    [price] = good(memory.having(Role.OWNER).reads("/prices"), 200)["prices"]
    path = f"{PRICES}/{price['id']}"
    mine, theirs = form_on(head.opens(path), path), form_on(other.opens(path), path)
    assert leads_to(other.sends(path, **theirs | {"amount": "85.00"}))
    refused = head.sends(path, **mine | {"name": "8 visits"})
    assert refused.status_code == 412
    assert "changed since you read it" in shown(refused).texts
    assert "Changed meanwhile: Amount" in texts(refused)
    again = form_on(refused, path)
    assert (again["name"], again["amount"]) == ("8 visits", "85.00")
    assert leads_to(head.sends(path, **again)) == f"{path}?notice=saved"
    stored = good(memory.having(Role.OWNER).reads(f"/prices/{price['id']}"), 200)
    assert (stored["name"], stored["amount"]) == ("8 visits", "85.00")


# Locations and closures


def place_of(head: Visitor, **typed: str) -> str:
    """The path of a location that is new."""
    usual = {"name": "House", "address": "Harbour 1", "timezone": "Europe/Berlin"}
    return leads_to(changes(head, f"{LOCATIONS}/new", **usual | typed)).partition("?")[0]


@pytest.mark.slow
def test_a_location_is_added_with_a_zone_of_the_list(head: Visitor) -> None:
    page = head.opens(f"{LOCATIONS}/new")
    assert shown(page).attributes["timezone"]["list"] == "zones"
    assert '<option value="Europe/Moscow">Moscow</option>' in page.text
    head.headers["accept-language"] = "ru"
    assert '<option value="Europe/Moscow">Москва</option>' in head.opens(f"{LOCATIONS}/new").text
    head.headers["accept-language"] = "en"
    path = place_of(head, timezone=" Europe/Moscow ", capacity="12", url="https://example.org/map")
    form = form_on(head.opens(f"{path}?notice=added"), path)
    assert (form["timezone"], form["capacity"], form["active"]) == ("Europe/Moscow", "12", "yes")
    assert "Europe/Moscow" in shown(head.opens(LOCATIONS)).texts


def test_all_faults_of_a_location_are_said_at_once(head: Visitor) -> None:
    typed = {"name": " ", "address": "", "url": "house", "timezone": "Berlin", "capacity": "0"}
    refused = changes(head, f"{LOCATIONS}/new", **typed)
    assert refused.status_code == 400
    assert faults(refused) == {
        "name": "must have 1 to 200 characters",
        "address": "must have 1 to 500 characters",
        "url": "must begin with http:// or https://",
        "timezone": "must be a time zone such as Europe/Berlin",
        "capacity": "must be a whole number from 1 to 100,000",
    }
    place_of(head)
    taken = changes(head, f"{LOCATIONS}/new", name="Other", address="HARBOUR 1", timezone="UTC")
    assert (taken.status_code, faults(taken)) == (409, {"address": "address is taken"})
    assert form_on(taken, f"{LOCATIONS}/new")["address"] == "HARBOUR 1"


@pytest.mark.slow
def test_a_corrected_zone_says_what_becomes_of_lessons(head: Visitor) -> None:
    path = place_of(head)
    assert "move with it and keep their local times" in texts(head.opens(path))
    there = leads_to(changes(head, path, timezone="Europe/Moscow"))
    assert there == f"{path}?notice=zone-corrected"
    assert "now in the new time zone and keep their local times" in texts(head.opens(there))
    assert leads_to(changes(head, path, name="Home")) == f"{path}?notice=saved"


@pytest.mark.slow
def test_a_closure_is_added_changed_and_removed_and_lessons_follow(memory: Api, head: Visitor) -> None:
    owner, path = memory.having(Role.OWNER), place_of(head)
    group = good(
        owner.posts(
            "/groups",
            name="Clay",
            location_id=path.rpartition("/")[2],
            active_from="2026-01-01",
            schedule=[{"weekday": 1, "starts": "17:00", "ends": "18:00"}],
        ),
        201,
    )["id"]
    good(owner.posts(f"/groups/{group}/lessons", **{"from": "2026-04-01", "until": "2026-04-30"}), 201)

    def cancelled() -> list[str]:
        lessons = good(owner.reads(f"/groups/{group}/lessons", state="cancelled"), 200)["lessons"]
        return [f"{lesson['date']} {lesson['reason']}" for lesson in lessons]

    closures = f"{path}/closures"
    days = {"closures.since": "2026-04-06", "closures.until": "2026-04-07", "closures.reason": "Easter"}
    assert leads_to(changes(head, f"{closures}/new", **days)) == f"{path}?notice=closure-added#closures"
    assert cancelled() == ["2026-04-06 Easter"]
    one = f"{closures}/2026-04-06_2026-04-07"
    page = head.opens(f"{path}?notice=closure-added")
    assert one in shown(page).links
    assert "Easter" in texts(page)
    assert form_on(head.opens(one), one).items() >= days.items()
    moved = {"closures.since": "2026-04-13", "closures.until": "2026-04-13"}
    assert leads_to(changes(head, one, **moved)) == f"{path}?notice=closure-saved#closures"
    assert cancelled() == ["2026-04-13 Easter"]
    one = f"{closures}/2026-04-13_2026-04-13"
    remove = f"{one}/remove"
    removed = head.sends(remove, **form_on(head.opens(one), remove))
    assert leads_to(removed) == f"{path}?notice=closure-removed#closures"
    assert cancelled() == []
    assert head.opens(one).status_code == 404


def test_all_faults_of_a_closure_are_said_at_once(head: Visitor) -> None:
    path = f"{place_of(head)}/closures/new"
    typed = {"closures.since": "", "closures.until": "soon", "closures.reason": "a\nb"}
    assert faults(changes(head, path, **typed)).keys() == typed.keys()
    backwards = {"closures.since": "2026-04-07", "closures.until": "2026-04-06"}
    refused = changes(head, path, **backwards)
    assert faults(refused) == {"closures.until": "must not be before the first day"}
    assert form_on(refused, path).items() >= backwards.items()


@pytest.mark.slow
def test_two_who_change_closures_at_once_lose_nothing(memory: Api, head: Visitor) -> None:
    other, path = signed_in(memory, Role.HEAD_MANAGER), place_of(head)
    new = f"{path}/closures/new"
    easter = {"closures.since": "2026-04-06", "closures.until": "2026-04-07", "closures.reason": "Easter"}
    may = {"closures.since": "2026-05-01", "closures.until": "2026-05-01", "closures.reason": "May"}
    mine = form_on(head.opens(new), new)
    assert leads_to(changes(other, new, **may))
    refused = head.sends(new, **mine | easter)
    assert refused.status_code == 412
    assert "Somebody else has changed this location" in texts(refused)
    assert leads_to(head.sends(new, **form_on(refused, new)))
    assert {"Easter", "May"} <= {*shown(head.opens(path)).texts}
    # one corrects what the other has removed meanwhile: it is kept, as one that is new
    one = f"{path}/closures/2026-04-06_2026-04-07"
    mine = form_on(head.opens(one), one)
    assert leads_to(other.sends(f"{one}/remove", **form_on(other.opens(one), f"{one}/remove")))
    refused = head.sends(one, **mine | {"closures.until": "2026-04-08"})
    assert refused.status_code == 412
    assert form_on(refused, new)["closures.until"] == "2026-04-08"
    assert leads_to(head.sends(new, **form_on(refused, new)))
    assert f"{path}/closures/2026-04-06_2026-04-08" in shown(head.opens(path)).links
