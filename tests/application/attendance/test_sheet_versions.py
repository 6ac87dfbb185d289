"""The version of a sheet: another for whatever is shown otherwise, the same wherever it is made."""

import marshal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from attendance.application.ports.attendance import Sheet, SheetEntry
from attendance.domain.attendance.status import Status
from attendance.domain.ids import AccountId, ClientId, SubscriptionId
from attendance.testing import make

LESSON = make.lesson(make.group(make.location()))
CLIENT_IDS = [ClientId(make.new_id()) for _ in range(3)]
SUBSCRIPTION_ID, TEACHER_ID = SubscriptionId(make.new_id()), AccountId(make.new_id())


def entries(name: str, note: str) -> Iterator[SheetEntry]:
    for client_id in CLIENT_IDS:
        yield SheetEntry(
            client_id=client_id,
            name=name,
            guest=False,
            status=Status.LATE,
            note=note,
            minutes_late=5,
            subscription_id=SUBSCRIPTION_ID,
            marked_by=TEACHER_ID,
            marked_at=make.NOON,
        )


def version(*rows: SheetEntry) -> int:
    return Sheet(lesson=LESSON, rows=rows).version


def is_the_same_wherever_it_is_made() -> None:
    """Names and notes that are one object, or each its own, or interned."""
    shared = [*entries("ada", "by train")]
    apart = [
        replace(entry, name="".join(["a", "da"]), note="by " + str(b"train", "ascii"), client_id=copied)
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
        {"guest": True},
        {"status": Status.PRESENT},
        {"note": "by bus"},
        {"minutes_late": 6},
        {"trial": True},
        {"subscription_id": None},
        {"unpaid": True},
        {"marked_by": AccountId(make.new_id())},
        {"marked_at": make.NOON + timedelta(microseconds=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_version_is_another_for_whatever_is_shown_otherwise(change: dict[str, Any]) -> None:
    first, *others = entries("ada", "by train")
    assert version(first, *others) != version(replace(first, **change), *others)


def test_the_version_is_another_for_another_order_and_for_fewer() -> None:
    one, other, last = entries("ada", "by train")
    versions = {version(one, other, last), version(other, one, last), version(one, other), version()}
    assert len(versions) == 4
