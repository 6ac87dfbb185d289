"""Prices by id."""

from attendance.adapters.memory.repository import MemoryRepository, Resource
from attendance.application.ports.club import PriceCriteria
from attendance.domain.club.prices import Price, PriceNotFound
from attendance.domain.text import folded


class MemoryPrices(MemoryRepository[Price, PriceCriteria]):
    resource = Resource(
        "prices",
        PriceNotFound,
        sort={"name": lambda price: folded(price.name)},
        predicates={"on_sale_on": lambda price, criteria: price.is_on_sale(criteria.on_sale_on)},
    )
