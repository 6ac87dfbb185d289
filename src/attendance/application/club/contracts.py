"""Contracts: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from attendance.application.club.read_models import ContractDetails, hidden_notes
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.editing import change_context, edit
from attendance.application.forms.field_errors import NOBODY, record_errors
from attendance.application.forms.listing import Listed, listed
from attendance.application.forms.retrying import retried
from attendance.application.pagination import parse_sort
from attendance.application.ports import Clock, NewId, Store, Today
from attendance.application.ports.club import ContractCriteria
from attendance.domain.club.clients import ClientArchived
from attendance.domain.club.contracts import Contract, ContractChanges, ContractState, number_for
from attendance.domain.errors import FieldError
from attendance.domain.ids import ClientId, ContractId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission
from attendance.domain.text import raise_if_errors

CONTRACTS_SORT = ("number", "signed_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListContracts:
    """List contracts with their state today, by number unless `sort` says otherwise; ties by id.

    `sort`: fields with commas, `-` before one for descending order, of `number`, `signed_on`; those not
    signed come last. `client_id`, `state`: only those. `page` (from 1): that page of 20; None: the whole
    list. Raises Invalid, Forbidden.
    """

    store: Store
    today: Today

    def __call__(
        self,
        actor: Actor,
        *,
        page: int | None = None,
        sort: str = "",
        client_id: ClientId | None = None,
        state: ContractState | None = None,
    ) -> Listed[ContractDetails]:
        order, today = parse_sort(sort or "number", CONTRACTS_SORT), self.today()
        criteria = ContractCriteria(on=today, client_id=client_id, state=state)
        return listed(
            self.store,
            lambda: require_level(actor, Permission.LIST_CONTRACTS),
            order=order,
            page=page,
            count=lambda work: work.contracts.count(criteria),
            rows=lambda work, page_request: work.contracts.list(criteria, page_request),
            details=lambda contract: ContractDetails.of(contract, actor, today),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractsOfClient:
    """List all contracts of a client with their state today, by number, ties by id; without notes to parents.

    Raises Forbidden, ClientNotFound.
    """

    store: Store
    today: Today

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> Listed[ContractDetails]:
        today = self.today()
        criteria = ContractCriteria(on=today, client_id=client_id)
        return listed(
            self.store,
            lambda: readable_client(self.store, actor, client_id),
            order=parse_sort("number", CONTRACTS_SORT),
            page=None,
            count=lambda work: work.contracts.count(criteria),
            rows=lambda work, page_request: work.contracts.list(criteria, page_request),
            details=lambda contract: ContractDetails.of(contract, actor, today),
            hidden=hidden_notes(actor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddContract:
    """Add a contract with a client and return it. `fields` are those of `ContractChanges`.

    Without a `number` it is given one: the year of today and 8 hexadecimal digits. Raises Invalid, Forbidden,
    ClientNotFound, ClientArchived, NumberTaken.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return contract_errors(fields)

    @retried
    def __call__(
        self, actor: Actor, *, client_id: ClientId, **fields: Unpack[ContractChanges]
    ) -> ContractDetails:
        now, today, contract_id = self.clock(), self.today(), ContractId(self.new_id())
        contract = Contract(
            **{"number": number_for(contract_id, year=today.year), **fields},  # type: ignore[arg-type]
            id=contract_id,
            client_id=client_id,
            created_at=now,
            updated_at=now,
        )
        require_level(actor, Permission.ADD_CONTRACT)
        with self.store.transaction() as work:
            if not work.clients.get_for_update(client_id).active:
                raise ClientArchived
            work.contracts.add(contract)
            work.events.add(contract.added(change_context(self, actor)))
        return ContractDetails.of(contract, actor, today)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowContract:
    """Return one contract with its state today. Raises Forbidden, ContractNotFound."""

    store: Store
    today: Today

    @retried
    def __call__(self, actor: Actor, *, contract_id: ContractId) -> ContractDetails:
        require_level(actor, Permission.READ_CONTRACT)
        with self.store.autocommit() as work:
            return ContractDetails.of(work.contracts.get(contract_id), actor, self.today())


@dataclass(frozen=True, slots=True, kw_only=True)
class EditContract:
    """Change the given fields of a contract, those of `ContractChanges`, and return it.

    The same values again change nothing. Cancelling a contract does not change its subscriptions. `versions`:
    refuse unless the stored version is one of these; None: any. Raises Invalid, Forbidden, ContractNotFound,
    Outdated, NumberTaken.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return contract_errors(fields)

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
        with self.store.transaction() as work:
            contract = edit(
                work,
                work.contracts,
                contract_id,
                versions,
                lambda before: before.edited(changes, change_context(self, actor)),
            )
        return ContractDetails.of(contract, actor, self.today())


def contract_errors(fields: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with some of a contract's fields."""
    return record_errors(Contract, fields, number="x", client_id=NOBODY)
