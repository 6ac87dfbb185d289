"""Contracts by id."""

from attendance.adapters.memory.repository import MemoryRepository, Resource
from attendance.application.ports.club import ContractCriteria
from attendance.domain.club.contracts import Contract, ContractNotFound, NumberTaken
from attendance.domain.text import folded


class MemoryContracts(MemoryRepository[Contract, ContractCriteria]):
    resource = Resource(
        "contracts",
        ContractNotFound,
        sort={"number": lambda contract: folded(contract.number)},
        predicates={"state": lambda contract, criteria: contract.state(criteria.on) is criteria.state},
        unique=((NumberTaken, lambda contract: folded(contract.number)),),
    )
