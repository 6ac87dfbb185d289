"""Contracts."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from attendance.adapters.http.club.clients import CLIENT, Notes
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.fields import line
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, Sort, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.queries import ID, one_of
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.application.club.read_models import ContractDetails
from attendance.application.use_cases import UseCases
from attendance.domain.club.contracts import LONGEST_NUMBER, ContractState
from attendance.domain.ids import ClientId, ContractId
from attendance.domain.permissions.table import Permission

TAGS = ["Contracts"]
CONTRACT = f"{API}/contracts/{{contract_id:str}}"
CLEARED = {"notes": ""}

Number = Annotated[str, line(LONGEST_NUMBER, shortest=1)]


class AddContractBody(msgspec.Struct, forbid_unknown_fields=True):
    client_id: Annotated[str, line(100)]
    number: Number | msgspec.UnsetType = msgspec.UNSET
    signed_on: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    cancelled_on: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    notes: Notes | msgspec.UnsetType | None = msgspec.UNSET


class EditContractBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears."""

    number: Number | msgspec.UnsetType = msgspec.UNSET
    signed_on: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    cancelled_on: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    notes: Notes | msgspec.UnsetType | None = msgspec.UNSET


class ContractView(msgspec.Struct, kw_only=True):
    """A contract and its state today; without `notes` to a parent."""

    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    number: str
    client_id: UUID
    signed_on: dt.date | None
    cancelled_on: dt.date | None
    notes: str | msgspec.UnsetType = msgspec.UNSET
    state: ContractState


class ContractsView(Paged, kw_only=True):
    contracts: list[ContractView]


def _view(contract: ContractDetails) -> ContractView:
    return ContractView(
        id=contract.id,
        created_at=contract.created_at,
        updated_at=contract.updated_at,
        version=contract.version,
        number=contract.number,
        client_id=contract.client_id,
        signed_on=contract.signed_on,
        cancelled_on=contract.cancelled_on,
        notes=msgspec.UNSET if contract.notes is None else contract.notes,
        state=contract.state,
    )


def _shown(contract: ContractDetails, *, status: int = 200) -> Response[ContractView]:
    where = {"Location": f"{API}/contracts/{contract.id}"} if status == 201 else {}
    return Response(_view(contract), status_code=status, headers=etag(contract.version) | where)


def contract_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/contracts",
        sync_to_thread=True,
        responses=refusals(401, 403),
        tags=TAGS,
        **permitted(Permission.LIST_CONTRACTS),
    )
    def list_contracts(
        caller: FromCaller,
        page: PageNumber = None,
        sort: Sort = "",
        client_id: Annotated[str | None, QueryParameter(schema_extra=ID)] = None,
        in_state: Annotated[
            ContractState | None, QueryParameter(name="state", schema_extra=one_of(ContractState))
        ] = None,
        form: InFormat = Format.JSON,
    ) -> Response[ContractsView]:
        """Contracts by number; `sort` knows number and signed_on."""
        listed = use_cases.list_contracts(
            caller.actor(),
            page=page,
            sort=sort,
            client_id=None if client_id is None else ClientId(sent_id(client_id)),
            state=in_state,
        )
        return listing(ContractsView, listed, _view, form)

    @get(
        f"{CLIENT}/contracts",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_CLIENT),
    )
    def contracts_of_client(
        caller: FromCaller, client_id: FromPath[str], form: InFormat = Format.JSON
    ) -> Response[ContractsView]:
        """All contracts of one client, for the client or a parent too."""
        listed = use_cases.contracts_of_client(caller.actor(), client_id=ClientId(sent_id(client_id)))
        return listing(ContractsView, listed, _view, form)

    @post(
        f"{API}/contracts",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 415),
        tags=TAGS,
        **permitted(Permission.ADD_CONTRACT),
    )
    def add_contract(caller: FromCaller, data: JSONBody[AddContractBody]) -> Response[ContractView]:
        """Add a contract; without a number it is given one."""
        actor, fields = caller.actor(), changes_in(data, CLEARED)
        client_id = ClientId(sent_id(fields.pop("client_id")))
        return _shown(use_cases.add_contract(actor, client_id=client_id, **fields), status=201)

    @get(
        CONTRACT,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_CONTRACT),
    )
    def show_contract(caller: FromCaller, contract_id: FromPath[str]) -> Response[ContractView]:
        """One contract."""
        sought = ContractId(sent_id(contract_id))
        return _shown(use_cases.show_contract(caller.actor(), contract_id=sought))

    @put(
        CONTRACT,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 412, 415),
        tags=TAGS,
        **permitted(Permission.EDIT_CONTRACT),
    )
    def edit_contract(
        caller: FromCaller, versions: Versions, contract_id: FromPath[str], data: JSONBody[EditContractBody]
    ) -> Response[ContractView]:
        """Change what is sent; a contract's subscriptions stay as they are."""
        contract = use_cases.edit_contract(
            caller.actor(),
            contract_id=ContractId(sent_id(contract_id)),
            versions=versions,
            **changes_in(data, CLEARED),
        )
        return _shown(contract)

    return [list_contracts, contracts_of_client, add_contract, show_contract, edit_contract]
