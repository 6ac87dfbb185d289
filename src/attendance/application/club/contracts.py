"""Contracts: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from attendance.application.club.read_models import ContractDetails, hidden_notes
from attendance.application.editing import change_context, edit
from attendance.application.field_errors import NOBODY, record_errors
from attendance.application.listing import Listed, listed
from attendance.application.pagination import parse_sort
from attendance.application.ports import Clock, NewId, Store, Today
from attendance.application.ports.club import ContractCriteria
from attendance.application.retrying import retried
from attendance.domain.club.clients import ClientArchived, ClientNotFound, is_own
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
    """Contracts by number unless `sort` says otherwise; their state is that of today.

    With `page` (from 1) 20 of them, otherwise all. Raises Invalid, Forbidden.
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
    """All contracts of one client, by number, without notes to those who may not see them.

    Raises Forbidden, ClientNotFound.
    """

    store: Store
    today: Today

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> Listed[ContractDetails]:
        with self.store.autocommit() as work:
            client = work.clients.find(client_id)
        own = is_own(actor, client)

        def permitted() -> None:
            require_level(actor, Permission.READ_CLIENT, own=own)
            if client is None:
                raise ClientNotFound

        today = self.today()
        criteria = ContractCriteria(on=today, client_id=client_id)
        return listed(
            self.store,
            permitted,
            order=parse_sort("number", CONTRACTS_SORT),
            page=None,
            count=lambda work: work.contracts.count(criteria),
            rows=lambda work, page_request: work.contracts.list(criteria, page_request),
            details=lambda contract: ContractDetails.of(contract, actor, today),
            hidden=hidden_notes(actor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddContract:
    """Add a contract with a client; one without a number is given one.

    Raises Invalid, Forbidden, ClientNotFound, ClientArchived, NumberTaken.
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
    """One contract. Raises Forbidden, ContractNotFound."""

    store: Store
    today: Today

    @retried
    def __call__(self, actor: Actor, *, contract_id: ContractId) -> ContractDetails:
        require_level(actor, Permission.READ_CONTRACT)
        with self.store.autocommit() as work:
            return ContractDetails.of(work.contracts.get(contract_id), actor, self.today())


@dataclass(frozen=True, slots=True, kw_only=True)
class EditContract:
    """Change what is named; cancelling a contract does not touch its subscriptions.

    `versions`: those the caller has seen, None for any. Raises Invalid, Forbidden, ContractNotFound,
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
