"""Arguments of a wrong type are Invalid on every store, all of them at once, and nothing is written."""

import datetime as dt
import inspect
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from attendance import (
    OPERATOR,
    Closure,
    FieldError,
    Freeze,
    GroupMembership,
    Invalid,
    NotFound,
    Role,
    Slot,
    UseCases,
)
from attendance.application.checking import check_of
from attendance.application.use_cases import USE_CASES

ANYTHING_ELSE = object()
WRONG: dict[str, list[object]] = {
    "str": [1, b"text", None],
    "int": ["1", True, 1.0],
    "bool": [1, "yes"],
    "date": ["2026-03-02", dt.datetime(2026, 3, 2, tzinfo=dt.UTC)],
    "time": ["17:00"],
    "Decimal": ["80.00", 80.0, 80],
    "Role": ["owner"],
    "Status": ["late"],
    "State": ["awaiting"],
    "Kind": ["groups"],
    "Action": ["lab.created"],
    "UUID": ["abc", str(uuid4()), 1],
    "Actor": ["ada", uuid4(), None],
}
"""By what an annotation is called, what somebody may give by mistake."""


def parameters() -> list[tuple[str, str, str]]:
    """Every parameter of every use case, with what its signature calls its type."""
    from attendance import open_attendance

    with open_attendance() as attendance:
        return [
            (name, parameter.name, str(parameter.annotation))
            for name in USE_CASES
            for parameter in inspect.signature(getattr(attendance, name)).parameters.values()
        ]


PARAMETERS = parameters()


def wrong_values(annotation: str) -> list[object]:
    kind = "UUID" if annotation.removesuffix(" | None").endswith("Id") else annotation.removesuffix(" | None")
    values = WRONG.get(kind, [])
    if annotation.endswith(" | None"):
        values = [value for value in values if value is not None]
    if annotation.startswith(("tuple", "Collection", "Sequence")):
        values = ["text", 1, (ANYTHING_ELSE,)]
    return [ANYTHING_ELSE, *values]


def test_every_use_case_is_looked_at() -> None:
    assert len(PARAMETERS) > 200
    assert {name for name, _, _ in PARAMETERS} >= {*USE_CASES} - {"dispatch_mail", "run_maintenance"}


def test_a_value_of_a_wrong_type_is_invalid_for_every_parameter(attendance: UseCases) -> None:
    tried = 0
    for name, parameter, annotation in PARAMETERS:
        for value in wrong_values(annotation):
            with pytest.raises(Invalid) as refused:
                getattr(attendance, name)(**{parameter: value})
            fields = {error.field.partition("[")[0] for error in refused.value.field_errors}
            assert fields == {parameter}, (name, parameter, value)
            tried += 1
    assert tried > 2 * len(PARAMETERS)
    assert attendance.list_events(OPERATOR).total == 0
    assert attendance.list_users(OPERATOR).total == 0


def test_an_id_that_is_none_is_invalid_and_one_that_nobody_has_is_not_found(attendance: UseCases) -> None:
    with pytest.raises(Invalid) as refused:
        attendance.show_client(OPERATOR, client_id="abc")  # type: ignore[arg-type]
    assert refused.value.field_errors == (FieldError("client_id", "must be a UUID, not text"),)
    assert str(refused.value) == "malformed request; client_id: must be a UUID, not text"
    with pytest.raises(NotFound):
        attendance.show_client(OPERATOR, client_id=uuid4())  # type: ignore[arg-type]


def test_all_that_is_wrong_is_said_at_once_by_its_place(attendance: UseCases) -> None:
    client = attendance.add_client(OPERATOR, name="Tom")
    members: Any = (
        GroupMembership(client_id=client.id, since=dt.date(2026, 3, 1)),
        GroupMembership(client_id="tom", since=dt.datetime(2026, 3, 1, tzinfo=dt.UTC)),  # type: ignore[arg-type]
        client.id,
    )
    with pytest.raises(Invalid) as refused:
        attendance.add_group(OPERATOR, name=b"Clay", location_id=None, members=members)  # type: ignore[arg-type]
    assert [error.field for error in refused.value.field_errors] == [
        "name",
        "location_id",
        "members[1].client_id",
        "members[1].since",
        "members[2]",
    ]
    assert attendance.list_groups(OPERATOR).total == 0


def test_a_name_that_no_argument_has_is_a_type_error_before_anything_happens(attendance: UseCases) -> None:
    client = attendance.add_client(OPERATOR, name="Tom")
    with pytest.raises(TypeError, match=r"edit_client\(\) got an unexpected keyword argument 'nmae'"):
        attendance.edit_client(OPERATOR, client_id=client.id, nmae="Tim")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="client_id"):
        attendance.show_client(OPERATOR)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        attendance.show_client(OPERATOR, client.id)  # type: ignore[misc]
    assert attendance.show_client(OPERATOR, client_id=client.id) == client


def test_what_is_right_is_accepted() -> None:
    assert check_of(Decimal).accepts(Decimal(80))
    assert check_of(int | None).accepts(None)
    assert check_of(tuple[int, ...]).accepts((1, 2))
    assert not check_of(tuple[int, ...]).accepts([1, 2])
    assert check_of(dt.date).accepts(dt.date(2026, 3, 2))
    with pytest.raises(TypeError, match="no check"):
        check_of("int")


class Frozen(dt.date):
    """As what stands in for the date in tests is one."""


def test_a_date_of_a_class_of_its_own_is_a_date(attendance: UseCases) -> None:
    day = Frozen(2026, 3, 2)
    place = attendance.add_location(OPERATOR, name="House", address="1 Main Street")
    closures = (Closure(since=day, until=day),)
    assert attendance.edit_location(OPERATOR, location_id=place.id, closures=closures).closures == closures
    client = attendance.add_client(OPERATOR, name="Tom", birthday=day)
    group = attendance.add_group(OPERATOR, name="Choir", location_id=place.id)
    members = attendance.add_member(OPERATOR, group_id=group.id, client_id=client.id, since=day).members
    assert [member.since for member in members or ()] == [day]
    slot = Slot(weekday=1, starts=dt.time(16), ends=dt.time(17), since=day)
    assert attendance.edit_group(OPERATOR, group_id=group.id, schedule=(slot,)).schedule == (slot,)
    price = attendance.add_price(OPERATOR, name="Month", amount=Decimal(10), currency="EUR", valid_days=30)
    sold = attendance.sell_subscription(OPERATOR, client_id=client.id, price_id=price.id)
    attendance.edit_subscription(
        OPERATOR, subscription_id=sold.id, freezes=(Freeze(since=sold.starts_on, until=sold.starts_on),)
    )
    ended = attendance.end_member(OPERATOR, group_id=group.id, client_id=client.id, until=day)
    assert [member.until for member in ended.members or ()] == [day]


def test_other_methods_of_a_use_case_are_checked_too(attendance: UseCases) -> None:
    with pytest.raises(Invalid, match="token: must be text"):
        attendance.set_password.require_good(token=1)  # type: ignore[arg-type]


def test_the_use_cases_that_http_calls_are_not_wrapped() -> None:
    from attendance.entrypoints.container import Container, close
    from attendance.entrypoints.settings import Settings

    container = Container(settings=Settings(database_url="memory"))
    for name, use_case in USE_CASES.items():
        assert type(getattr(container.use_cases(), name)) is use_case
    close(container)


class Shouted(str):
    """A text that no database's driver knows."""


class Counted(int):
    pass


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (str, Shouted("x")),
        (int, Counted(8)),
        (dt.time, dt.time(17, tzinfo=dt.UTC)),
        (dt.time, dt.time(17, 0, 1)),
        (dt.time, dt.time(17, microsecond=1)),
    ],
)
def test_what_stores_would_keep_differently_is_of_a_wrong_type(kind: type, value: object) -> None:
    assert not check_of(kind).accepts(value)
    assert check_of(dt.time).accepts(dt.time(17, 30))
    assert check_of(str).accepts(Role.OWNER)
