"""What every record has in common: it is edited into its next version, and an event tells what differs."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from attendance.domain import revisions as records
from attendance.domain.club.locations import Closure
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, EventId, GroupId
from attendance.domain.revisions import Record, payload
from tests import make

LATER = make.NOON + timedelta(hours=1)
BY, EVENT_ID = AccountId(UUID(int=1)), EventId(UUID(int=2))
CLIENT = make.client(
    name="Anna", notes="epilepsy", user_ids=(AccountId(UUID(int=7)),), birthday=date(2020, 2, 29)
)
RECORDS: list[tuple[Record, Action, Action]] = [
    (CLIENT, Action.CLIENT_ADDED, Action.CLIENT_EDITED),
    (make.contract(CLIENT, notes="epilepsy"), Action.CONTRACT_ADDED, Action.CONTRACT_EDITED),
    (make.price(notes="epilepsy"), Action.PRICE_ADDED, Action.PRICE_EDITED),
    (make.location(), Action.LOCATION_ADDED, Action.LOCATION_EDITED),
]
kinds = pytest.mark.parametrize(("record", "adding", "editing"), RECORDS, ids=lambda it: type(it).__name__)


def edited(record: Any, **changes: Any) -> tuple[Any, Event | None]:
    return record.edited(changes, ChangeContext(BY, LATER, lambda: EVENT_ID))


def event_of(record: Any, **changes: Any) -> Event:
    _, event = edited(record, **changes)
    assert event
    return event


@kinds
def test_what_is_added_is_told_whole_but_for_its_notes(record: Any, adding: Action, editing: Action) -> None:
    event = record.added(ChangeContext(BY, record.created_at, lambda: EVENT_ID))
    assert (event.id, event.at, event.actor_id) == (EVENT_ID, record.created_at, BY)
    assert (event.action, event.subject_id, event.before) == (adding, record.id, None)
    hidden = {"id", "created_at", "updated_at", "version", "notes"}
    assert event.after.keys() == {*record.__dataclass_fields__} - hidden
    assert json.loads(json.dumps(event.after)) == event.after
    assert "epilepsy" not in json.dumps(event.after)


@pytest.mark.plants
def test_notes_are_seen_to_be_told_when_they_are_not_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "NOT_IN_EVENTS", records.NOT_IN_EVENTS - {"notes"})
    for record, _, _ in RECORDS[:3]:
        assert "epilepsy" in json.dumps(payload(record))


@kinds
def test_the_same_again_changes_nothing(record: Any, adding: Action, editing: Action) -> None:
    same = {name: getattr(record, name) for name in record.__dataclass_fields__ if name != "version"}
    for changes in ({}, same):
        after, event = edited(record, **changes)
        assert after is record
        assert event is None


@kinds
def test_an_edit_is_the_next_version_and_its_event_tells_what_differs(
    record: Any, adding: Action, editing: Action
) -> None:
    field = "number" if hasattr(record, "number") else "name"
    before = getattr(record, field)
    after, event = edited(record, **{field: "other"})
    assert after == replace(record, **{field: "other"}, version=2, updated_at=LATER)
    assert event == Event(
        id=EVENT_ID,
        at=LATER,
        actor_id=BY,
        action=editing,
        subject_id=record.id,
        before={field: before},
        after={field: "other"},
        client_id=getattr(record, "client_id", None),
    )


def test_a_clock_that_is_behind_moves_no_record_back() -> None:
    before = make.group(make.location(), updated_at=LATER + timedelta(hours=1))
    after, _ = edited(before, name="other")
    assert (after.updated_at, after.version) == (before.updated_at, 2)
    later, _ = edited(replace(after, updated_at=LATER - timedelta(microseconds=1)), name="third")
    assert later.updated_at == LATER


def test_what_is_sent_but_the_same_is_not_told() -> None:
    event = event_of(CLIENT, name="Anna", phone="110", active=True)
    assert (event.before, event.after) == ({"phone": ""}, {"phone": "110"})


def test_that_notes_changed_is_an_event_that_tells_nothing() -> None:
    after, event = edited(CLIENT, notes="asthma")
    assert (after.notes, after.version) == ("asthma", 2)
    assert event
    assert (event.before, event.after) == (None, None)
    beside = event_of(CLIENT, notes="asthma", phone="110")
    assert (beside.before, beside.after) == ({"phone": ""}, {"phone": "110"})


@pytest.mark.parametrize(
    ("record", "changes", "before", "after"),
    [
        (CLIENT, {"birthday": None}, {"birthday": "2020-02-29"}, {"birthday": None}),
        (CLIENT, {"user_ids": ()}, {"user_ids": [str(UUID(int=7))]}, {"user_ids": []}),
        (CLIENT, {"active": False}, {"active": True}, {"active": False}),
        (
            make.contract(CLIENT),
            {"signed_on": date(2026, 3, 2)},
            {"signed_on": None},
            {"signed_on": "2026-03-02"},
        ),
        (make.price("80.00"), {"amount": Decimal("80.50")}, {"amount": "80.00"}, {"amount": "80.50"}),
        (make.price("80"), {"amount": Decimal("8E+1"), "visits": 8}, {"visits": None}, {"visits": 8}),
        (make.price("80"), {"amount": Decimal("1E+3")}, {"amount": "80.00"}, {"amount": "1000.00"}),
        (
            make.price(),
            {"group_ids": (GroupId(UUID(int=3)),)},
            {"group_ids": []},
            {"group_ids": [str(UUID(int=3))]},
        ),
        (
            make.location(),
            {"closures": (Closure(since=date(2026, 3, 2), until=date(2026, 3, 3), reason="paint"),)},
            {"closures": []},
            {"closures": [{"since": "2026-03-02", "until": "2026-03-03", "reason": "paint"}]},
        ),
    ],
)
def test_an_event_tells_what_differs_as_json(record: Any, changes: Any, before: Any, after: Any) -> None:
    event = event_of(record, **changes)
    assert (event.before, event.after) == (before, after)
    assert json.loads(json.dumps([event.before, event.after])) == [before, after]


def test_what_would_be_invalid_is_not_edited() -> None:
    for changes in ({"name": ""}, {"name": "x" * 201}, {"notes": "\0"}):
        with pytest.raises(ValueError, match="malformed"):
            edited(CLIENT, **changes)
