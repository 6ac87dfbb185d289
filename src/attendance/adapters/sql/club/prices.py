"""Prices."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper, without
from attendance.adapters.sql.tables import prices
from attendance.application.ports.club import PriceCriteria
from attendance.domain.club.currencies import rounded
from attendance.domain.club.prices import Price, PriceNotFound
from attendance.domain.ids import GroupId
from attendance.domain.text import folded

ON = sa.bindparam("on_sale_on", type_=sa.Date)
LISTING: Listing[Price] = Listing(
    shown=list(prices.c),
    tie=SortColumn(prices.c.id, lambda price: price.id),
    keys={
        "name": SortColumn(prices.c.name_key, lambda price: folded(price.name)),
        "amount": SortColumn(prices.c.amount, lambda price: price.amount),
    },
    conditions={
        "on_sale_on": sa.and_(
            sa.or_(prices.c.on_sale_from.is_(None), prices.c.on_sale_from <= ON),
            sa.or_(prices.c.on_sale_until.is_(None), prices.c.on_sale_until >= ON),
        )
    },
)


class SqlPrices(SqlRepository[Price, PriceCriteria]):
    mapper = TableMapper(prices, dict.fromkeys(("postgresql", "sqlite"), LISTING), PriceNotFound)

    @staticmethod
    def entity(row: Any) -> Price:
        fields = without(row, "name_key")
        groups = tuple(GroupId(UUID(text)) for text in row.group_ids)
        return Price(**fields | {"amount": rounded(row.amount, row.currency), "group_ids": groups})

    @staticmethod
    def row(entity: Price) -> dict[str, Any]:
        keys = {"name_key": folded(entity.name), "group_ids": [*map(str, entity.group_ids)]}
        return asdict(entity) | keys

    @staticmethod
    def given(criteria: PriceCriteria) -> dict[str, Any]:
        return {} if criteria.on_sale_on is None else {"on_sale_on": criteria.on_sale_on}
