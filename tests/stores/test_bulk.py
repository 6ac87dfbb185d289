"""Many rows are written in one statement, as they would be one by one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import Bulk, among
from attendance.adapters.sql.engine.connection import Connection
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.tables.columns import Facts, Key, Money, Sequence, UtcDateTime
from attendance.testing import make
from tests.stores.test_statements import counted

THINGS = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("position", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    sa.Column("text", sa.Text),
    sa.Column("key", Key),
    sa.Column("day", sa.Date),
    sa.Column("time", sa.Time),
    sa.Column("at", UtcDateTime),
    sa.Column("number", sa.Integer),
    sa.Column("yes", sa.Boolean),
    sa.Column("amount", Money),
    sa.Column("before", Facts),
)
NAMES = tuple(column.name for column in THINGS.c if column.name != "position")
WRITE = Bulk(THINGS, columns=NAMES)
PUT = Bulk(THINGS, upsert_on=("id",), columns=NAMES)
ALL = sa.select(*THINGS.c).order_by(THINGS.c.position)
AMONG = {dialect: ALL.where(condition) for dialect, condition in among(THINGS.c.id, "ids").items()}


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    THINGS.create(database.engine)
    with database.connection() as driver:
        yield Connection(driver, database, is_one_transaction=False)
    THINGS.drop(database.engine)


def thing(n: int, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(NAMES) | {"id": UUID(int=n)} | values


ODD = [
    thing(9),
    thing(3, text="", key="", number=0, yes=False, amount=Decimal("0.0000"), before={}),
    thing(
        5,
        text="Ä\u202f𐐀 'quoted' \"\\ \n\t null $1 ? :x",
        key="ﬁona",
        day=date.min,
        time=time(23, 59, 59, 1),
        at=datetime(1, 1, 1, tzinfo=UTC),
        number=-(2**31),
        yes=True,
        amount=Decimal("-12345678901234.5678"),
        before={"a": [None, True, 1.5, {"ß": '"'}], "": []},
    ),
    thing(1, text="null", day=date.max, time=time.min, at=datetime.max.replace(tzinfo=UTC), before=[]),
    thing(2, text="[1]", at=make.NOON + timedelta(microseconds=1), before="text"),
]


def rows(connection: Connection, statement: Any = ALL, **parameters: Any) -> list[dict[str, Any]]:
    found = [row._asdict() for row in connection.run(statement, parameters).rows]
    return [{name: row[name] for name in NAMES} for row in found]


def test_rows_are_kept_as_they_are_and_in_their_order(connection: Connection) -> None:
    with counted(connection.database) as statements:
        WRITE.write(connection, ODD)
    assert len(statements) == 1
    assert rows(connection) == ODD


def test_instants_of_other_zones_are_the_same_instants(connection: Connection) -> None:
    there = make.NOON.astimezone(timezone(timedelta(hours=-11, minutes=-30)))
    WRITE.write(connection, [thing(1, at=there)])
    assert rows(connection)[0]["at"] == make.NOON


def test_many_rows_are_one_statement_and_the_same_one_as_few(connection: Connection) -> None:
    with counted(connection.database) as statements:
        WRITE.write(connection, [thing(0)])
        WRITE.write(connection, [thing(n, text=str(n)) for n in range(3000, 0, -1)])
    assert len(statements) == 2
    assert len({*statements}) == 1
    assert [row["id"].int for row in rows(connection)] == [0, *range(3000, 0, -1)]


def test_no_rows_are_no_statement(connection: Connection) -> None:
    with counted(connection.database) as statements:
        WRITE.write(connection, ())
        PUT.write(connection, [])
    assert statements == []


def test_rows_that_are_there_are_overwritten_and_others_added(connection: Connection) -> None:
    WRITE.write(connection, [thing(1, text="one", number=1), thing(2, text="two", number=2)])
    PUT.write(connection, [thing(2, text=None, number=22), thing(3, text="three")])
    assert rows(connection) == [thing(1, text="one", number=1), thing(2, number=22), thing(3, text="three")]


def test_a_row_that_may_not_be_leaves_none_of_them(connection: Connection) -> None:
    WRITE.write(connection, [thing(1)])
    with pytest.raises(Exception, match=r"things[_.]id"):
        WRITE.write(connection, [thing(2), thing(1)])
    assert rows(connection) == [thing(1)]


def test_rows_are_found_by_a_list_of_ids(connection: Connection) -> None:
    WRITE.write(connection, [thing(n) for n in range(20)])

    def ids(*numbers: int) -> list[int]:
        found = rows(connection, AMONG, ids=[UUID(int=n) for n in numbers])
        return [row["id"].int for row in found]

    assert ids(3, 1, 1, 99) == [1, 3]
    assert ids() == []
    assert ids(*range(5, 3000)) == [*range(5, 20)]
