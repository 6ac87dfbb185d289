"""Prices by id."""

from uuid import UUID

from attendance.adapters.memory.repository import MemoryRepository
from attendance.adapters.memory.tables import Table
from attendance.application.ports.club import PriceCriteria
from attendance.domain.club.prices import Price, PriceNotFound
from attendance.domain.text import folded


class MemoryPrices(MemoryRepository[Price, PriceCriteria]):
    not_found = PriceNotFound
    keys = {  # noqa: RUF012 # nobody changes it
        "name": lambda price: folded(price.name),
        "amount": lambda price: price.amount,
    }

    @property
    def table(self) -> Table[UUID, Price]:
        return self.tables.prices

    @staticmethod
    def matches(entity: Price, criteria: PriceCriteria) -> bool:
        return criteria.on_sale_on is None or entity.is_on_sale(criteria.on_sale_on)
