"""What every store promises, as tests that ask for nothing but a fixture `store`."""

import inspect
from types import ModuleType

import pytest

from attendance.testing.contract import (
    account_records,
    accounts,
    attendance,
    calendars,
    club_records,
    duplicate_ids,
    groups_and_lessons,
    labs,
    lists,
    marks,
    statistics,
    units_of_work,
)


def _tests_of(module: ModuleType) -> type:
    """The tests and fixtures of a module, or of all its parts, as a class that pytest collects."""
    parts: tuple[ModuleType, ...] = getattr(module, "PARTS", (module,))
    own = {name: thing for part in parts for name, thing in vars(part).items() if _is_own(part, thing)}
    as_methods = {
        name: staticmethod(thing)
        if inspect.isfunction(thing)
        else pytest.fixture(staticmethod(thing.__wrapped__))
        for name, thing in own.items()
    }
    return type(module.__name__.rpartition(".")[2], (), {"__doc__": module.__doc__, **as_methods})


def _is_own(module: ModuleType, thing: object) -> bool:
    is_function = callable(thing) and not isinstance(thing, type)
    return is_function and getattr(thing, "__module__", None) == module.__name__


class StoreContract:
    """The contract of `attendance.ports.Store`, for a class of your own test suite to inherit:

        class TestMyStore(attendance.testing.StoreContract):
            @pytest.fixture
            def store(self):
                return MyStore()

    `store` gives an empty store each time it is asked for.
    """

    TestAccounts = _tests_of(accounts)
    TestAccountRecords = _tests_of(account_records)
    TestLabs = _tests_of(labs)
    TestClubRecords = _tests_of(club_records)
    TestGroupsAndLessons = _tests_of(groups_and_lessons)
    TestAttendance = _tests_of(attendance)
    TestMarks = _tests_of(marks)
    TestStatistics = _tests_of(statistics)
    TestCalendars = _tests_of(calendars)
    TestLists = _tests_of(lists)
    TestDuplicateIds = _tests_of(duplicate_ids)
    TestUnitsOfWork = _tests_of(units_of_work)
