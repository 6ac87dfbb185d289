"""Contracts: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Unpack

from attendance.application.club.clients import hidden_notes
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.field_errors import NOBODY, record_errors
from attendance.application.forms.listing import Listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedCommand, DatedQuery
from attendance.application.pagination import PageChoice
from attendance.application.ports.club import CONTRACTS, ContractCriteria
from attendance.domain.club.clients import ClientArchived
from attendance.domain.club.contracts import (
    Contract,
    ContractChanges,
    ContractFields,
    ContractState,
    number_for,
)
from attendance.domain.errors import FieldError, raise_if_errors
from attendance.domain.ids import ClientId, ContractId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDetails(ContractFields):
    """A contract and its state today; `notes` are None for parents."""

    notes: str | None
    state: ContractState

    @classmethod
    def of(cls, contract: Contract, actor: Actor, today: date) -> "ContractDetails":
        return read_model(cls, contract, hidden_notes(actor), state=contract.state(today))


class ListContracts(DatedQuery):
    """List contracts with their state today, by number unless `sort` says otherwise; ties by id.

    `sort`: fields with commas, `-` before one for descending order, of `number`, `signed_on`; those not
    signed come last. `client_id`, `state`: only those. `page` (from 1): that page of 20; None: the whole
    list. Raises Invalid, Forbidden.
    """

    def __call__(
        self,
        actor: Actor,
        *,
        page: PageChoice = None,
        sort: str = "",
        client_id: ClientId | None = None,
        state: ContractState | None = None,
    ) -> Listed[ContractDetails]:
        today = self.today()
        criteria = ContractCriteria(on=today, client_id=client_id, state=state)
        return self._listed(
            CONTRACTS,
            criteria,
            lambda contract: ContractDetails.of(contract, actor, today),
            permitted=lambda: require_level(actor, Permission.LIST_CONTRACTS),
            page=page,
            sort=sort or "number",
        )


class ContractsOfClient(DatedQuery):
    """List all contracts of a client with their state today, by number, ties by id; without notes to parents.

    Raises Forbidden, ClientNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> Listed[ContractDetails]:
        today = self.today()
        criteria = ContractCriteria(on=today, client_id=client_id)
        return self._listed(
            CONTRACTS,
            criteria,
            lambda contract: ContractDetails.of(contract, actor, today),
            permitted=lambda: readable_client(self.store, actor, client_id),
            page=None,
            sort="number",
            hidden=hidden_notes(actor),
        )


class ContractCommand(DatedCommand):
    """A use case that is given fields of a contract."""

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return record_errors(Contract, fields, number="x", client_id=NOBODY)


class AddContract(ContractCommand):
    """Add a contract with a client and return it. `fields` are those of `ContractChanges`.

    Without a `number` it is given one: the year of today and 8 hexadecimal digits. Raises Invalid, Forbidden,
    ClientNotFound, ClientArchived, NumberTaken.
    """

    @retried
    def __call__(
        self, actor: Actor, *, client_id: ClientId, **fields: Unpack[ContractChanges]
    ) -> ContractDetails:
        today, record = self.today(), self._new_record(fields, client_id=client_id)
        contract = Contract(**{"number": number_for(record["id"], year=today.year), **record})
        require_level(actor, Permission.ADD_CONTRACT)
        with self.store.transaction() as work:
            if not work.clients.get_for_update(client_id).active:
                raise ClientArchived
            work.contracts.add(contract)
            work.events.add(contract.added(self._change_context(actor)))
        return ContractDetails.of(contract, actor, today)


class ShowContract(DatedQuery):
    """Return one contract with its state today. Raises Forbidden, ContractNotFound."""

    @retried
    def __call__(self, actor: Actor, *, contract_id: ContractId) -> ContractDetails:
        require_level(actor, Permission.READ_CONTRACT)
        return ContractDetails.of(self._stored(CONTRACTS, contract_id), actor, self.today())


class EditContract(ContractCommand):
    """Change the given fields of a contract, those of `ContractChanges`, and return it.

    The same values again change nothing. Cancelling a contract does not change its subscriptions. `versions`:
    refuse unless the stored version is one of these; None: any. Raises Invalid, Forbidden, ContractNotFound,
    Outdated, NumberTaken.
    """

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        contract_id: ContractId,
        versions: Collection[int] | None = None,
        **changes: Unpack[ContractChanges],
    ) -> ContractDetails:
        raise_if_errors(*self.errors_in(changes))
        require_level(actor, Permission.EDIT_CONTRACT)
        contract = self._edit(actor, CONTRACTS, contract_id, versions, changes)
        return ContractDetails.of(contract, actor, self.today())
