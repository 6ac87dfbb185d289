"""Contracts with a client."""

from attendance.adapters.web.club.clients.paths import CLIENTS, card_of, client_in_path
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.application.club.clients import ClientDetails
from attendance.application.club.contracts import ContractDetails
from attendance.domain.club.contracts import ContractChanges, ContractNotFound
from attendance.domain.ids import ContractId
from attendance.domain.permissions.table import Permission

room = PageRoom()

NEW = f"{CLIENTS}/{{client_id:str}}/contracts/new"
ONE = f"{CLIENTS}/{{client_id:str}}/contracts/{{contract_id:str}}"


@room.page("GET", NEW)
def new_contract(visit: Visit, client_id: str) -> Answer:
    """The form for a contract with a client."""
    client = client_in_path(visit, client_id)
    visit.require(Permission.ADD_CONTRACT)
    return Page("club/clients/contract.html", {"client": client, "contract": None})


@room.page("POST", NEW, form=new_contract)
def add_contract(visit: Visit, client_id: str) -> Answer:
    """Add a contract; without a number it is given one."""
    client, fields = client_in_path(visit, client_id), _fields(visit)
    if not fields["number"].strip():
        del fields["number"]
    visit.use_cases.add_contract(visit.signed_in, client_id=client.id, **fields)
    return Redirect(f"{card_of(client)}?notice=contract#contracts")


@room.page("GET", ONE)
def edited_contract(visit: Visit, client_id: str, contract_id: str) -> Answer:
    """The form with what a contract says."""
    client, contract = _found(visit, client_id, contract_id)
    visit.require(Permission.EDIT_CONTRACT)
    return Page("club/clients/contract.html", {"client": client, "contract": contract})


@room.page("POST", ONE, form=edited_contract)
def edit_contract(visit: Visit, client_id: str, contract_id: str) -> Answer:
    """Change a contract, unless somebody else has meanwhile."""
    client, contract = _found(visit, client_id, contract_id)
    reader = visit.fields
    version = reader.required_number("version")
    reader.raise_if_errors()
    visit.use_cases.edit_contract(
        visit.signed_in, contract_id=contract.id, versions=[version], **_fields(visit)
    )
    return Redirect(f"{card_of(client)}?notice=contract#contracts")


def _found(visit: Visit, client_id: str, contract_id: str) -> tuple[ClientDetails, ContractDetails]:
    """The client and a contract with it. Raises ContractNotFound for one with somebody else."""
    client = client_in_path(visit, client_id)
    contract = visit.use_cases.show_contract(visit.signed_in, contract_id=id_in_path(contract_id, ContractId))
    if contract.client_id != client.id:
        raise ContractNotFound
    return client, contract


def _fields(visit: Visit) -> ContractChanges:
    reader = visit.fields
    fields = ContractChanges(
        number=visit.form["number"],
        signed_on=reader.day("signed_on"),
        cancelled_on=reader.day("cancelled_on"),
        notes=visit.form["notes"],
    )
    reader.raise_if_errors()
    return fields
