"""Contracts."""

import sqlalchemy as sa

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import contracts
from attendance.application.ports.club import CONTRACTS, ContractCriteria
from attendance.domain.club.contracts import Contract

STATE = sa.case(
    (contracts.c.signed_on.is_(None), sa.literal_column("'draft'")),
    (contracts.c.cancelled_on < sa.bindparam("on", type_=sa.Date), sa.literal_column("'cancelled'")),
    else_=sa.literal_column("'active'"),
)


class SqlContracts(SqlRepository[Contract, ContractCriteria]):
    mapper = TableMapper(
        CONTRACTS,
        contracts,
        conditions=lambda _: {"state": sa.bindparam("state", type_=sa.Text) == STATE},
    )
