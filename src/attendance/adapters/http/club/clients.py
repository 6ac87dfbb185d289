"""Clients."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.fields import Email, Text, line, prose
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, Sort, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.queries import BOOLEAN
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.adapters.http.server.texts import PROSE
from attendance.application.club.read_models import ClientDetails
from attendance.application.use_cases import UseCases
from attendance.domain.club.clients import (
    LONGEST_ADDRESS,
    LONGEST_CLIENT_NAME,
    LONGEST_NOTES,
    LONGEST_PHONE,
)
from attendance.domain.ids import AccountId, ClientId
from attendance.domain.permissions.table import Permission

TAGS = ["Clients"]
CLIENT = f"{API}/clients/{{client_id:str}}"
CLEARED = dict.fromkeys(("name", "guardian_name", "phone", "email", "address", "notes"), "")

Name = Annotated[str, line(LONGEST_CLIENT_NAME, shortest=1)]
Guardian = Annotated[str, line(LONGEST_CLIENT_NAME)]
Phone = Annotated[str, line(LONGEST_PHONE)]
Address = Annotated[str, prose(LONGEST_ADDRESS)]
Notes = Annotated[str, prose(LONGEST_NOTES)]


class AddClientBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    guardian_name: Guardian | msgspec.UnsetType | None = msgspec.UNSET
    birthday: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    phone: Phone | msgspec.UnsetType | None = msgspec.UNSET
    email: Email | msgspec.UnsetType | None = msgspec.UNSET
    address: Address | msgspec.UnsetType | None = msgspec.UNSET
    notes: Notes | msgspec.UnsetType | None = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET
    user_id: Text | msgspec.UnsetType | None = msgspec.UNSET


class EditClientBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    guardian_name: Guardian | msgspec.UnsetType | None = msgspec.UNSET
    birthday: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    phone: Phone | msgspec.UnsetType | None = msgspec.UNSET
    email: Email | msgspec.UnsetType | None = msgspec.UNSET
    address: Address | msgspec.UnsetType | None = msgspec.UNSET
    notes: Notes | msgspec.UnsetType | None = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET
    user_id: Text | msgspec.UnsetType | None = msgspec.UNSET


class ClientView(msgspec.Struct, kw_only=True):
    """A client; without `notes` to a parent."""

    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    name: str
    guardian_name: str
    birthday: dt.date | None
    phone: str
    email: str
    address: str
    notes: str | msgspec.UnsetType = msgspec.UNSET
    active: bool
    user_id: UUID | None


class ClientsView(Paged, kw_only=True):
    clients: list[ClientView]


def client_view(client: ClientDetails) -> ClientView:
    return ClientView(
        id=client.id,
        created_at=client.created_at,
        updated_at=client.updated_at,
        version=client.version,
        name=client.name,
        guardian_name=client.guardian_name,
        birthday=client.birthday,
        phone=client.phone,
        email=client.email,
        address=client.address,
        notes=msgspec.UNSET if client.notes is None else client.notes,
        active=client.active,
        user_id=client.user_id,
    )


def _shown(client: ClientDetails, *, status: int = 200) -> Response[ClientView]:
    where = {"Location": f"{API}/clients/{client.id}"} if status == 201 else {}
    return Response(client_view(client), status_code=status, headers=etag(client.version) | where)


def _changes(data: msgspec.Struct) -> dict[str, Any]:
    changes = changes_in(data, CLEARED)
    if changes.get("user_id") is not None:
        changes["user_id"] = AccountId(sent_id(changes["user_id"]))
    return changes


def client_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/clients",
        sync_to_thread=True,
        responses=refusals(401, 403),
        tags=TAGS,
        **permitted(Permission.LIST_CLIENTS),
    )
    def list_clients(
        caller: FromCaller,
        page: PageNumber = None,
        sort: Sort = "",
        q: Annotated[str, QueryParameter(schema_extra=PROSE)] = "",
        active: Annotated[bool | None, QueryParameter(schema_extra=BOOLEAN)] = None,
        form: InFormat = Format.JSON,
    ) -> Response[ClientsView]:
        """Clients by name; `sort` knows name, birthday and created_at, `q` any part of the two names."""
        listed = use_cases.list_clients(caller.actor(), page=page, sort=sort, q=q, active=active)
        return listing(ClientsView, listed, client_view, form)

    @post(
        f"{API}/clients",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 415),
        tags=TAGS,
        **permitted(Permission.ADD_CLIENT),
    )
    def add_client(caller: FromCaller, data: JSONBody[AddClientBody]) -> Response[ClientView]:
        """Add a client."""
        return _shown(use_cases.add_client(caller.actor(), **_changes(data)), status=201)

    @get(
        CLIENT,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_CLIENT),
    )
    def show_client(caller: FromCaller, client_id: FromPath[str]) -> Response[ClientView]:
        """One client: for those who work here, and for the client or a parent."""
        return _shown(use_cases.show_client(caller.actor(), client_id=ClientId(sent_id(client_id))))

    @put(
        CLIENT,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 412, 415),
        tags=TAGS,
        **permitted(Permission.EDIT_CLIENT),
    )
    def edit_client(
        caller: FromCaller, versions: Versions, client_id: FromPath[str], data: JSONBody[EditClientBody]
    ) -> Response[ClientView]:
        """Change what is sent; `active: false` archives."""
        client = use_cases.edit_client(
            caller.actor(),
            client_id=ClientId(sent_id(client_id)),
            versions=versions,
            **_changes(data),
        )
        return _shown(client)

    return [list_clients, add_client, show_client, edit_client]
