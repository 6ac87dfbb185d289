"""Prices."""

from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import prices
from attendance.application.ports.club import PRICES, PriceCriteria
from attendance.domain.club.currencies import rounded
from attendance.domain.club.prices import Price

ON = sa.bindparam("on_sale_on", type_=sa.Date)
IS_ON_SALE = sa.and_(
    sa.or_(prices.c.on_sale_from.is_(None), prices.c.on_sale_from <= ON),
    sa.or_(prices.c.on_sale_until.is_(None), prices.c.on_sale_until >= ON),
)


def price(*, amount: Any, currency: str, **fields: Any) -> Price:
    """A price as it is read: with as many digits as its currency has."""
    return Price(amount=rounded(amount, currency), currency=currency, **fields)


class SqlPrices(SqlRepository[Price, PriceCriteria]):
    mapper = TableMapper(
        PRICES,
        prices,
        conditions=lambda _: {"on_sale_on": IS_ON_SALE},
        make=price,
    )
