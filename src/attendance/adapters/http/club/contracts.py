"""Contracts."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.club.clients import CLIENT
from attendance.adapters.http.server.answers import Paged, Resource, RevisionView, listing, resource
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, Sent
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import Id
from attendance.adapters.http.server.fields.queries import PageNumber, Sort
from attendance.adapters.http.server.fields.texts import Notes, line
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.club.contracts import LONGEST_NUMBER, ContractState
from attendance.domain.ids import ClientId, ContractId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

CONTRACT = "/contracts/{contract_id}"

room = Room("Contracts")


class EditContractBody(Body):
    """What is left out stays as it is; null clears."""

    number: Sent[Annotated[str, line(LONGEST_NUMBER, shortest=1)]] = UNSET
    signed_on: Clearable[dt.date] = UNSET
    cancelled_on: Clearable[dt.date] = UNSET
    notes: Clearable[Notes] = UNSET


class AddContractBody(EditContractBody, kw_only=True):
    client_id: Id


class ContractView(RevisionView, kw_only=True):
    """A contract and its state today; without `notes` to a parent."""

    number: str
    client_id: UUID
    signed_on: dt.date | None
    cancelled_on: dt.date | None
    notes: Sent[str] = UNSET
    state: ContractState

    def beside_version(self) -> tuple[object, ...]:
        """It ends by itself."""
        return (self.state.value,) if self.state is ContractState.CANCELLED else ()


class ContractsView(Paged, kw_only=True):
    contracts: list[ContractView]


@room.operation("GET", "/contracts", Permission.LIST_CONTRACTS)
def list_contracts(
    use_cases: UseCases,
    actor: Actor,
    page: PageNumber | None = None,
    sort: Sort = "",
    client_id: ClientId | None = None,
    state: ContractState | None = None,
    form: InFormat = Format.JSON,
) -> Response[ContractsView]:
    """Contracts by number; `sort` knows number and signed_on."""
    listed = use_cases.list_contracts(actor, page=page, sort=sort, client_id=client_id, state=state)
    return listing(ContractsView, listed, form)


@room.operation("GET", f"{CLIENT}/contracts", Permission.READ_CLIENT)
def contracts_of_client(
    use_cases: UseCases, actor: Actor, client_id: ClientId, form: InFormat = Format.JSON
) -> Response[ContractsView]:
    """All contracts of one client, for the client or a parent too."""
    return listing(ContractsView, use_cases.contracts_of_client(actor, client_id=client_id), form)


@room.operation("POST", "/contracts", Permission.ADD_CONTRACT, refuses=(404, 409))
def add_contract(
    use_cases: UseCases, actor: Actor, fields: Fields[AddContractBody]
) -> Resource[ContractView]:
    """Add a contract; without a number it is given one."""
    return resource(ContractView, use_cases.add_contract(actor, **fields))


@room.operation("GET", CONTRACT, Permission.READ_CONTRACT)
def show_contract(use_cases: UseCases, actor: Actor, contract_id: ContractId) -> Resource[ContractView]:
    """One contract."""
    return resource(ContractView, use_cases.show_contract(actor, contract_id=contract_id))


@room.operation("PUT", CONTRACT, Permission.EDIT_CONTRACT, refuses=(409,))
def edit_contract(
    use_cases: UseCases,
    actor: Actor,
    contract_id: ContractId,
    versions: Versions,
    fields: Fields[EditContractBody],
) -> Resource[ContractView]:
    """Change what is sent; a contract's subscriptions stay as they are."""
    return resource(
        ContractView, use_cases.edit_contract(actor, contract_id=contract_id, versions=versions, **fields)
    )
