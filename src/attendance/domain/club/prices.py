"""Prices: the passes that can be bought."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypedDict

from attendance.domain.club.clients import LONGEST_NOTES
from attendance.domain.club.currencies import DIGITS, rounded
from attendance.domain.dates import is_within
from attendance.domain.errors import Conflict, FieldError, NotFound, error_if, raise_if_errors
from attendance.domain.ids import GroupId, PriceId
from attendance.domain.revisions import Record, RecordFields
from attendance.domain.text import name_error, prose_error, trim

LONGEST_PRICE_NAME = 200
LARGEST_AMOUNT = Decimal(10**12)
MOST_VISITS = 100_000
LONGEST_DAYS = 36_500
LONGEST_MONTHS = 1_200
MOST_GROUPS = 1000


class PriceNotFound(NotFound):
    text = "price not found"


class NotOnSale(Conflict):
    """The price is not on sale yet, or no longer."""

    text = "price is not on sale"
    code = "price_not_on_sale"


class PriceChanges(TypedDict, total=False):
    """The fields to change; others stay as they are. Subscriptions sold before do not change."""

    name: str
    amount: Decimal
    currency: str
    visits: int | None
    visits_per_week: int | None
    valid_days: int | None
    valid_months: int | None
    group_ids: tuple[GroupId, ...]
    on_sale_from: date | None
    on_sale_until: date | None
    charges_absence: bool
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFields(RecordFields):
    """What a price and what is shown of it have in common.

    `visits`, and `visits_per_week` to lessons of one ISO week: None: any number. Valid for days or for
    months; neither: open end. `group_ids` are the groups it is for, empty: all. On sale from `on_sale_from`
    to `on_sale_until`, both included; None: open.
    """

    id: PriceId
    name: str
    amount: Decimal
    currency: str
    visits: int | None = None
    visits_per_week: int | None = None
    valid_days: int | None = None
    valid_months: int | None = None
    group_ids: tuple[GroupId, ...] = ()
    on_sale_from: date | None = None
    on_sale_until: date | None = None
    charges_absence: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(PriceFields, Record):
    """A pass that can be bought. Raises Invalid."""

    kind = "price"

    notes: str = ""

    def __post_init__(self) -> None:
        trim(self, "name")
        is_backwards = self.on_sale_from and self.on_sale_until and self.on_sale_until < self.on_sale_from
        raise_if_errors(
            name_error("name", self.name, longest=LONGEST_PRICE_NAME),
            _amount_error(self.amount, self.currency),
            _number_error("visits", self.visits, MOST_VISITS),
            _number_error("visits_per_week", self.visits_per_week, MOST_VISITS),
            _number_error("valid_days", self.valid_days, LONGEST_DAYS),
            _number_error("valid_months", self.valid_months, LONGEST_MONTHS),
            error_if(
                self.valid_days is not None and self.valid_months is not None,
                "valid_months",
                "must not be given beside valid_days",
            ),
            error_if(len(self.group_ids) > MOST_GROUPS, "group_ids", f"must be at most {MOST_GROUPS}"),
            error_if(len({*self.group_ids}) < len(self.group_ids), "group_ids", "must not repeat a group"),
            error_if(is_backwards, "on_sale_until", "must not be before on_sale_from"),
            prose_error("notes", self.notes, longest=LONGEST_NOTES),
        )
        # 80 is stored as 80.00 and -0 as 0.00: the same amount in other digits is no change
        object.__setattr__(self, "amount", rounded(abs(self.amount), self.currency))

    def is_on_sale(self, day: date) -> bool:
        return is_within(day, self.on_sale_from, self.on_sale_until)


def _amount_error(amount: Decimal, currency: str) -> FieldError | None:
    if currency not in DIGITS:
        return FieldError("currency", "must be a currency by its ISO 4217 code, such as EUR")
    if not amount.is_finite() or not 0 <= amount <= LARGEST_AMOUNT:
        return FieldError("amount", f"must be from 0 to {LARGEST_AMOUNT}")
    if rounded(amount, currency) != amount:
        return FieldError("amount", f"must have at most {DIGITS[currency]} decimal places in {currency}")
    return None


def _number_error(field: str, number: int | None, largest: int) -> FieldError | None:
    is_valid = number is None or 1 <= number <= largest
    return None if is_valid else FieldError(field, f"must be a whole number from 1 to {largest}")
