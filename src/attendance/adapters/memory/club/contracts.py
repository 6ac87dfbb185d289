"""Contracts by id."""

from uuid import UUID

from attendance.adapters.memory.repository import MemoryRepository
from attendance.adapters.memory.tables import Table
from attendance.application.ports.club import ContractCriteria
from attendance.domain.club.contracts import Contract, ContractNotFound, NumberTaken
from attendance.domain.text import folded


class MemoryContracts(MemoryRepository[Contract, ContractCriteria]):
    not_found = ContractNotFound
    keys = {  # noqa: RUF012 # nobody changes it
        "number": lambda contract: folded(contract.number),
        "signed_on": lambda contract: contract.signed_on,
    }
    unique = {NumberTaken: lambda contract: folded(contract.number)}  # noqa: RUF012 # nobody changes it

    @property
    def table(self) -> Table[UUID, Contract]:
        return self.tables.contracts

    @staticmethod
    def matches(entity: Contract, criteria: ContractCriteria) -> bool:
        return criteria.client_id in (None, entity.client_id) and criteria.state in (
            None,
            entity.state(criteria.on),
        )
