"""Contracts."""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper, without
from attendance.adapters.sql.tables import contracts
from attendance.application.ports.club import ContractCriteria
from attendance.domain.club.contracts import Contract, ContractNotFound
from attendance.domain.text import folded

ON = sa.bindparam("on", type_=sa.Date)
STATE = sa.case(
    (contracts.c.signed_on.is_(None), sa.literal_column("'draft'")),
    (contracts.c.cancelled_on < ON, sa.literal_column("'cancelled'")),
    else_=sa.literal_column("'active'"),
)
LISTING: Listing[Contract] = Listing(
    shown=list(contracts.c),
    tie=SortColumn(contracts.c.id, lambda contract: contract.id),
    keys={
        "number": SortColumn(contracts.c.number_key, lambda contract: folded(contract.number)),
        "signed_on": SortColumn(contracts.c.signed_on, lambda contract: contract.signed_on),
    },
    conditions={
        "client_id": contracts.c.client_id == sa.bindparam("client_id"),
        "state": sa.bindparam("state", type_=sa.Text) == STATE,
    },
)


class SqlContracts(SqlRepository[Contract, ContractCriteria]):
    mapper = TableMapper(contracts, dict.fromkeys(("postgresql", "sqlite"), LISTING), ContractNotFound)

    @staticmethod
    def entity(row: Any) -> Contract:
        return Contract(**without(row, "number_key"))

    @staticmethod
    def row(entity: Contract) -> dict[str, Any]:
        return asdict(entity) | {"number_key": folded(entity.number)}

    @staticmethod
    def given(criteria: ContractCriteria) -> dict[str, Any]:
        given = {
            "client_id": criteria.client_id,
            "state": criteria.state and criteria.state.value,
            "on": criteria.on,
        }
        return {name: value for name, value in given.items() if value is not None}
