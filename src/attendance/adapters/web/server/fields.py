"""What the fields of a form mean: dates, numbers, ids, and what is wrong with them, all at once."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import TypeVar
from uuid import UUID

from attendance.adapters.web.server.formats import decimal_sign
from attendance.adapters.web.server.forms import Typed
from attendance.domain.accounts.accounts import Language
from attendance.domain.errors import FieldError, raise_if_errors

REQUIRED = "is required"
CHECKED = "yes"
"""What a box that is ticked sends."""

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_AMOUNT = re.compile(r"[0-9]{1,13}([.,][0-9]{1,4})?")
_IN_THOUSANDS = re.compile(r"[0-9]{1,3}(?:([.,\s])[0-9]{3})(?:\1[0-9]{3})*(?!\1)[.,][0-9]{1,4}")
"""1.216,00 or 1,216.00 or 1 216,00: of two signs the last one is before the decimals."""
_WHOLE_THOUSANDS = re.compile(r"[0-9]{1,3}(?:(?:\s[0-9]{3})+|(?:\.[0-9]{3}){2,}|(?:,[0-9]{3}){2,})")
"""1 216 or 1.216.000 or 1,216,000"""
_IN_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}([.,])[0-9]{3}")
"""1.216 or 1,216: more than a thousand or little more than one."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([01][0-9]|2[0-4]):[0-5][0-9]")


class FieldReader:
    """Reads the fields of a form, or of a query, and keeps what is wrong with each.

    Of numbers with one sign, as 1.216, the `language` says what it stands for.

    What was left empty is None; the `required_…` ones say that it is wrong then, and return a value that
    stands for nothing. Call `raise_if_errors` when all are read, and before any value is used.
    """

    def __init__(self, form: Typed, language: Language = Language.EN) -> None:
        self._form = form
        self._decimal_sign = decimal_sign(language)
        self._errors: list[FieldError] = []

    def raise_if_errors(self) -> None:
        """Raise Invalid with everything that was wrong with what was read."""
        raise_if_errors(*self._errors)

    def refuse(self, name: str, message: str) -> None:
        """Keep something that is wrong with a field."""
        self._errors.append(FieldError(name, message))

    def also(self, errors: Iterable[FieldError]) -> None:
        """Keep further errors, such as a use case finds: those of fields with which nothing was wrong yet.

        What is wrong with one of several values, `group_ids[0]`, is wrong with their field.
        """
        wrong = {error.field for error in self._errors}
        named = (FieldError(error.field.partition("[")[0], error.message) for error in errors)
        self._errors += [error for error in named if error.field not in wrong]

    @property
    def versions(self) -> tuple[int, ...] | None:
        """The version that the form was filled with; None for a form without one."""
        version = self._form["version"]
        return (int(version),) if _WHOLE_NUMBER.fullmatch(version) else None

    def text(self, name: str) -> str:
        """As it was typed; use cases trim it and say what is wrong with it."""
        return self._form[name]

    def checked(self, name: str) -> bool:
        return self._form[name] == CHECKED

    def day(self, name: str) -> dt.date | None:
        """An ISO date, which is what browsers send of a field for dates."""
        return self._read(name, "must be a date", _day)

    def required_day(self, name: str) -> dt.date:
        return self._required(name, self.day, dt.date.min)

    def time(self, name: str) -> dt.time | None:
        """A time of day, `17:00`; 24:00 is midnight at its end, which is 00:00 to the use cases."""
        return self._read(name, "must be a time of day such as 17:00", _time)

    def required_time(self, name: str) -> dt.time:
        return self._required(name, self.time, dt.time.min)

    def number(self, name: str) -> int | None:
        """A whole number from 0."""
        return self._read(name, "must be a whole number", _number)

    def required_number(self, name: str) -> int:
        return self._required(name, self.number, 0)

    def amount(self, name: str) -> Decimal | None:
        """An amount of money, with a point or a comma before its decimals.

        Three digits behind the other sign than the language has there may be thousands, and are refused.
        """
        found = _IN_TWO_WAYS.fullmatch(self._form[name].strip())
        if found and found[1] != self._decimal_sign:
            self.refuse(name, "may be read in two ways: write it without a sign for thousands")
            return None
        return self._read(name, "must be an amount such as 80.00", _amount)

    def required_amount(self, name: str) -> Decimal:
        return self._required(name, self.amount, Decimal())

    def id(self, name: str, kind: Callable[[UUID], T]) -> T | None:
        """An id; no page of ours lets somebody type one."""
        return self._read(name, "must be one of the choices", lambda text: kind(UUID(text)))

    def required_id(self, name: str, kind: Callable[[UUID], T]) -> T:
        return self._required(name, lambda each: self.id(each, kind), kind(UUID(int=0)))

    def choice(self, name: str, kind: type[E]) -> E | None:
        """One of the values of an enumeration."""
        return self._read(name, "must be one of the choices", kind)

    def required_choice(self, name: str, kind: type[E]) -> E:
        return self._required(name, lambda each: self.choice(each, kind), next(iter(kind)))

    def ids(self, name: str, kind: Callable[[UUID], T]) -> tuple[T, ...]:
        """The ids of the boxes that are ticked, each a field of its own: `name:<id>`, in their order."""
        ticked = [each.partition(":")[2] for each in self._form if each.startswith(f"{name}:")]
        try:
            return tuple(kind(UUID(text)) for text in ticked)
        except ValueError:
            self.refuse(name, "must be one of the choices")
            return ()

    def _read(self, name: str, wrong: str, read: Callable[[str], T]) -> T | None:
        text = self._form[name].strip()
        if not text:
            return None
        try:
            return read(text)
        except (ValueError, InvalidOperation):
            self.refuse(name, wrong)
            return None

    def _required(self, name: str, read: Callable[[str], T | None], stands_for_nothing: T) -> T:
        value = read(name)
        if value is None:
            if not self._form[name].strip():
                self.refuse(name, REQUIRED)
            return stands_for_nothing
        return value


def _day(text: str) -> dt.date:
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return dt.date.fromisoformat(text)


def _time(text: str) -> dt.time:
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return dt.time.fromisoformat("00:00" if text == "24:00" else text)


def _number(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _amount(text: str) -> Decimal:
    if _WHOLE_THOUSANDS.fullmatch(text):
        return Decimal(re.sub(r"[.,\s]", "", text))
    if grouped := _IN_THOUSANDS.fullmatch(text):
        text = text.replace(grouped[1], "")
    if not _AMOUNT.fullmatch(text):
        raise ValueError(text)
    return Decimal(text.replace(",", "."))
