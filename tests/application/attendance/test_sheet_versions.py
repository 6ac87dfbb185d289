"""The version of a sheet: another for whatever is shown otherwise, the same wherever it is made."""

import marshal
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from attendance.application.attendance.read_models import version_of
from attendance.application.ports.attendance import Payer, SheetEntry
from attendance.domain.attendance.status import Status
from attendance.domain.ids import AccountId, ClientId, SubscriptionId
from attendance.testing import make

LESSON = (1, "Chess", "Main", "held", True, None)
CLIENT_IDS = [ClientId(make.new_id()) for _ in range(3)]
SUBSCRIPTION_ID, TEACHER_ID = SubscriptionId(make.new_id()), AccountId(make.new_id())
PAYER = Payer(SUBSCRIPTION_ID, "Ten visits", 4, date(2026, 6, 30))


def entries(name: str, note: str) -> Iterator[SheetEntry]:
    for client_id in CLIENT_IDS:
        yield SheetEntry(
            client_id=client_id,
            name=name,
            birthday=date(2019, 5, 1),
            guest=False,
            last_visit_on=date(2026, 2, 1),
            unpaid_visits=1,
            version=3,
            status=Status.LATE,
            note=note,
            minutes_late=5,
            subscription_id=SUBSCRIPTION_ID,
            marked_by=TEACHER_ID,
            marked_by_name="Tea",
            marked_at=make.NOON,
            payer=PAYER,
        )


def version(*rows: SheetEntry) -> int:
    return version_of(LESSON, rows)


def is_the_same_wherever_it_is_made() -> None:
    """Names and notes that are one object, or each its own, or interned."""
    shared = [*entries("ada", "by train")]
    apart = [
        entry._replace(name="".join(["a", "da"]), note="by " + str(b"train", "ascii"), client_id=copied)
        for entry, copied in zip(shared, [ClientId(UUID(str(it))) for it in CLIENT_IDS], strict=True)
    ]
    assert shared == apart
    assert version(*shared) == version(*apart)


def test_the_version_is_the_same_wherever_it_is_made() -> None:
    is_the_same_wherever_it_is_made()


@pytest.mark.plants
def test_a_version_that_depends_on_how_its_objects_are_shared_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dumps = marshal.dumps
    monkeypatch.setattr(marshal, "dumps", lambda value, _: dumps(value))
    with pytest.raises(AssertionError):
        is_the_same_wherever_it_is_made()


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": ClientId(make.new_id())},
        {"name": "Ada"},
        {"birthday": None},
        {"guest": True},
        {"last_visit_on": None},
        {"unpaid_visits": 2},
        {"version": 4},
        {"payer": None},
        {"payer": PAYER._replace(subscription_id=SubscriptionId(make.new_id()))},
        {"payer": PAYER._replace(price_name="Eleven visits")},
        {"payer": PAYER._replace(visits_left=None)},
        {"payer": PAYER._replace(valid_until=None)},
        {"status": Status.PRESENT},
        {"note": "by bus"},
        {"minutes_late": 6},
        {"trial": True},
        {"announced": True},
        {"subscription_id": None},
        {"unpaid": True},
        {"marked_by": AccountId(make.new_id())},
        {"marked_by_name": None},
        {"marked_at": make.NOON + timedelta(microseconds=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_version_is_another_for_whatever_is_shown_otherwise(change: dict[str, Any]) -> None:
    first, *others = entries("ada", "by train")
    assert version(first, *others) != version(first._replace(**change), *others)


@pytest.mark.parametrize("place", range(len(LESSON)))
def test_the_version_is_another_for_another_lesson(place: int) -> None:
    other = (*LESSON[:place], "other", *LESSON[place + 1 :])
    rows = [*entries("ada", "by train")]
    assert version_of(LESSON, rows) != version_of(other, rows)


def test_the_version_is_another_for_another_order_and_for_fewer() -> None:
    one, other, last = entries("ada", "by train")
    versions = {version(one, other, last), version(other, one, last), version(one, other), version()}
    assert len(versions) == 4
