"""Prices: the passes that can be bought."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from babel import Locale

from attendance.adapters.http.server.fields.ids import sent_id
from attendance.adapters.web.office import PRICES, require_part
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import CHECKED
from attendance.adapters.web.server.formats import LOCALES, decimal_sign
from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.languages import N_
from attendance.application.club.prices import PriceDetails
from attendance.application.pagination import NumberedPage
from attendance.domain.accounts.accounts import Language
from attendance.domain.club.currencies import DIGITS
from attendance.domain.club.prices import PriceChanges
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.ids import GroupId, PriceId
from attendance.domain.text import search_key

room = PageRoom()

PATH = PRICES.path
USUAL_CURRENCY = "EUR"
IS_NEW = "is_new"
"""The box to tick where a price is to be called what another is called."""
MOST_ALIKE = 5
MOST_NAMED = 2
"""Groups that a price is for: of more only the number is shown."""


@room.page("GET", PATH)
def prices(visit: Visit) -> Answer:
    """All prices, by name, with whether they are on sale."""
    require_part(visit, PRICES)
    listed = visit.use_cases.list_prices(visit.signed_in, page=visit.filters.number("page") or 1)
    # all of them is much: names are shown of a few alone
    are_named = any(1 <= len(price.group_ids) <= MOST_NAMED for price in listed)
    groups = visit.use_cases.list_groups(visit.signed_in) if are_named else ()
    values = {
        "listed": listed,
        "group_names": {group.id: group.name for group in groups},
        "most_named": MOST_NAMED,
        # what strangers see is what is on sale today
        "on_sale": {price.id for price in visit.use_cases.list_prices(None)},
        "notice": visit.query["notice"],
    }
    return Page("office/prices.html", values)


@room.page("GET", f"{PATH}/new")
def new_price(visit: Visit) -> Answer:
    """The form for a price that is new, in the currency of one there is."""
    require_part(visit, PRICES)
    one = next(iter(visit.use_cases.list_prices(visit.signed_in, page=NumberedPage(1, 1))), None)
    now = {"currency": one.currency if one else USUAL_CURRENCY, "charges_absence": CHECKED}
    return _form(visit, None, now)


@room.page("POST", f"{PATH}/new", form=new_price)
def add_price(visit: Visit) -> Answer:
    use_case = visit.use_cases.add_price
    fields = _read(visit, lambda given: use_case.errors_in(given, actor=visit.signed_in))
    _ask_about_namesakes(visit, None)
    use_case(visit.signed_in, **fields)
    return Redirect(f"{PATH}?notice=added")


@room.page("GET", f"{PATH}/{{price_id:str}}")
def price(visit: Visit, price_id: str) -> Answer:
    """The form of one price."""
    require_part(visit, PRICES)
    stored = visit.use_cases.show_price(visit.signed_in, price_id=PriceId(sent_id(price_id)))
    return _form(visit, stored, _as_typed(stored, visit.language))


@room.page("POST", f"{PATH}/{{price_id:str}}", form=price)
def edit_price(visit: Visit, price_id: str) -> Answer:
    """Change a price, unless somebody else has changed it meanwhile. What was sold stays as it is."""
    use_case = visit.use_cases.edit_price
    fields = _read(visit, lambda given: use_case.errors_in(given, actor=visit.signed_in))
    stored = visit.use_cases.show_price(visit.signed_in, price_id=PriceId(sent_id(price_id)))
    _ask_about_namesakes(visit, stored)
    use_case(visit.signed_in, price_id=PriceId(sent_id(price_id)), versions=visit.fields.versions, **fields)
    return Redirect(f"{PATH}/{price_id}?notice=saved")


def _form(visit: Visit, stored: PriceDetails | None, now: Mapping[str, str]) -> Answer:
    """The form as it was typed, or with what there is now."""
    ticked = {name for name in visit.form or now if name.startswith("group_ids:")}
    groups = visit.use_cases.list_groups(visit.signed_in)
    active = {group.id for group in visit.use_cases.list_groups(visit.signed_in, active=True)}
    choices = [(f"group_ids:{group.id}", group.name, group.id in active) for group in groups]
    values = {
        "price": stored,
        "now": Typed(now),
        "groups": [choice for choice in choices if choice[2] or choice[0] in ticked],
        "ticked": ticked,
        "currencies": _currencies(visit.language),
        "notice": visit.query["notice"],
        "alike": _alike(visit, stored),
    }
    return Page("office/price.html", values)


def _alike(visit: Visit, price: PriceDetails | None) -> list[PriceDetails]:
    """The prices that are sold still and called what was typed, unless that is the name of `price`."""
    key = search_key(" ".join(visit.form["name"].split()))
    if not key or (price and key == search_key(price.name)):
        return []
    listed = visit.use_cases.list_prices(visit.signed_in)
    sold = (each for each in listed if (each.on_sale_until or visit.today) >= visit.today)
    return [each for each in sold if search_key(each.name) == key][:MOST_ALIKE]


def _ask_about_namesakes(visit: Visit, price: PriceDetails | None) -> None:
    """Raise Invalid where a price is called so already, unless that is meant."""
    if visit.form[IS_NEW] != CHECKED and _alike(visit, price):
        raise Invalid(FieldError(IS_NEW, N_("a price of this name is here already")))


def _read(visit: Visit, errors_in: Callable[[Mapping[str, Any]], Iterable[FieldError]]) -> PriceChanges:
    """The fields of the form. Raises Invalid with everything that is wrong with them."""
    form = visit.fields
    fields = PriceChanges(
        name=form.text("name"),
        amount=form.required_amount("amount"),
        currency=form.text("currency"),
        visits=form.number("visits"),
        visits_per_week=form.number("visits_per_week"),
        valid_days=form.number("valid_days"),
        valid_months=form.number("valid_months"),
        group_ids=form.ids("group_ids", GroupId),
        on_sale_from=form.day("on_sale_from"),
        on_sale_until=form.day("on_sale_until"),
        charges_absence=form.checked("charges_absence"),
        notes=form.text("notes"),
    )
    form.also(errors_in(fields))
    form.raise_if_errors()
    return fields


def _as_typed(price: PriceDetails, language: Language) -> Mapping[str, str]:
    """What one would type for what is stored."""
    values = {
        "name": price.name,
        "amount": str(price.amount).replace(".", decimal_sign(language)),
        "currency": price.currency,
        "visits": price.visits,
        "visits_per_week": price.visits_per_week,
        "valid_days": price.valid_days,
        "valid_months": price.valid_months,
        "on_sale_from": price.on_sale_from,
        "on_sale_until": price.on_sale_until,
        "charges_absence": CHECKED if price.charges_absence else None,
        "notes": price.notes,
    }
    ticked = {f"group_ids:{group_id}": CHECKED for group_id in price.group_ids}
    return {name: "" if value is None else str(value) for name, value in values.items()} | ticked


@cache
def _currencies(language: Language) -> Mapping[str, str]:
    """Every currency by its code, with its name in a language."""
    names = Locale.parse(LOCALES[language]).currencies
    return {code: f"{code} – {names.get(code, code)}" for code in sorted(DIGITS)}
