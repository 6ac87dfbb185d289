"""What columns are made of, and the one collection of tables."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from attendance.adapters.sql.engine.plain import as_builtins

WITHOUT_ZONE = len("2026-03-01 12:00:00.000000")


class ZonelessUtc(sa.TypeDecorator[datetime]):
    """Aware datetimes in UTC, in and out of a database that forgets the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[datetime | None], str | None]:
        def stored(value: datetime | None) -> str | None:
            # Core would take it apart: that takes three times as long
            return value.astimezone(UTC).isoformat(" ", "microseconds")[:WITHOUT_ZONE] if value else None

        return stored

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        # read with its zone: to put it in afterwards takes several times as long
        return lambda value: datetime.fromisoformat(value + "+00:00") if value else None


class Money(sa.TypeDecorator[Decimal]):
    """Amounts as whole ten-thousandths: exact on both databases, and sorted as amounts are."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value.scaleb(4))

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-4)


class IdAsText(sa.TypeDecorator[UUID]):
    """An id as a list of ids has it: a text with hyphens."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else str(value)


NO_ITEMS: tuple[object, ...] = ("[]", [])
"""An empty list, as text or as it is read."""


class ListOf(sa.TypeDecorator[tuple[Any, ...]]):
    """A tuple of ids or of small dataclasses, as a JSON list."""

    impl = sa.JSON
    cache_ok = True

    def __init__(self, item: type) -> None:
        super().__init__()
        self.item = item
        # msgspec looks at it now: two threads that read it first would see what is known halfway, and crash
        msgspec.json.Decoder(tuple[item, ...])  # type: ignore[valid-type]

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else sa.JSON())

    def process_bind_param(self, value: tuple[Any, ...] | None, dialect: sa.Dialect) -> Any:
        return as_builtins(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> tuple[Any, ...]:
        return msgspec.convert(value, tuple[self.item, ...])  # type: ignore[name-defined]

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], tuple[Any, ...]]:
        read: Any = super().result_processor(dialect, coltype)
        # most are empty: that is told without reading JSON
        return lambda value: () if value in NO_ITEMS else read(value)


class Choice(sa.TypeDecorator[StrEnum]):
    """A member of an enumeration, as its text."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, of: type[StrEnum]) -> None:
        super().__init__()
        self.of = of
        # looked up, not made: a list has many
        self._members = {member.value: member for member in of}

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> StrEnum | None:
        return None if value is None else self._members[value]


UtcDateTime = sa.DateTime(timezone=True).with_variant(ZonelessUtc(), "sqlite")
"""An instant; PostgreSQL's connections are set to UTC."""


Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text compared by code point, wherever the database stands: what names are found, sorted and unique by.

`name_key` and all that end in `sort_key` are sorted by, `searched_text` and `search_key` are searched, others
are unique.
"""

Facts = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
