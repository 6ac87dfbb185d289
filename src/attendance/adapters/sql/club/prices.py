"""Prices."""

from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import prices
from attendance.application.ports.club import PriceCriteria
from attendance.domain.club.currencies import rounded
from attendance.domain.club.prices import Price, PriceNotFound
from attendance.domain.text import folded

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
        prices,
        Price,
        PriceNotFound,
        PriceCriteria,
        sort={"name": "name_key", "amount": "amount"},
        derived={"name_key": lambda price: folded(price.name)},
        conditions=lambda _: {"on_sale_on": IS_ON_SALE},
        make=price,
    )
