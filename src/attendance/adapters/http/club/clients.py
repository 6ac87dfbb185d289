"""Clients."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.server.answers import Paged, Resource, RevisionView, listing, resource
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, Sent
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import AnyId
from attendance.adapters.http.server.fields.queries import PageNumber, SearchText, Sort
from attendance.adapters.http.server.fields.texts import Email, Notes, line, prose
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.club.clients import LONGEST_ADDRESS, LONGEST_CLIENT_NAME, LONGEST_PHONE, MOST_ACCOUNTS
from attendance.domain.ids import ClientId, GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

CLIENT = "/clients/{client_id}"

room = Room("Clients")


class EditClientBody(Body):
    """What is left out stays as it is; null clears.

    `user_ids`: the accounts linked to the client, its own and each parent's, for managers to say.
    """

    name: Sent[Annotated[str, line(LONGEST_CLIENT_NAME, shortest=1)]] = UNSET
    guardian_name: Clearable[Annotated[str, line(LONGEST_CLIENT_NAME)]] = UNSET
    birthday: Clearable[dt.date] = UNSET
    phone: Clearable[Annotated[str, line(LONGEST_PHONE)]] = UNSET
    email: Clearable[Email] = UNSET
    address: Clearable[Annotated[str, prose(LONGEST_ADDRESS)]] = UNSET
    notes: Clearable[Notes] = UNSET
    active: Sent[bool] = UNSET
    user_ids: Clearable[Annotated[list[AnyId], msgspec.Meta(max_length=MOST_ACCOUNTS)]] = UNSET


class AddClientBody(EditClientBody, kw_only=True):
    name: Annotated[str, line(LONGEST_CLIENT_NAME, shortest=1)]


class ClientView(RevisionView, kw_only=True):
    """A client; without `notes` to a parent."""

    name: str
    guardian_name: str
    birthday: dt.date | None
    phone: str
    email: str
    address: str
    notes: Sent[str] = UNSET
    active: bool
    user_ids: list[UUID]


class ClientsView(Paged, kw_only=True):
    clients: list[ClientView]


@room.operation("GET", "/clients", Permission.LIST_CLIENTS)
def list_clients(
    use_cases: UseCases,
    actor: Actor,
    page: PageNumber | None = None,
    sort: Sort = "",
    q: SearchText = "",
    active: bool | None = None,
    group_id: GroupId | None = None,
    form: InFormat = Format.JSON,
) -> Response[ClientsView]:
    """Clients by name, with `group_id` today's members of a group.

    `sort` knows name, birthday and created_at; `q` are words of names, email address or phone number.
    """
    listed = use_cases.list_clients(actor, page=page, sort=sort, q=q, active=active, group_id=group_id)
    return listing(ClientsView, listed, form)


@room.operation("POST", "/clients", Permission.ADD_CLIENT)
def add_client(use_cases: UseCases, actor: Actor, fields: Fields[AddClientBody]) -> Resource[ClientView]:
    """Add a client."""
    return resource(ClientView, use_cases.add_client(actor, **fields))


@room.operation("GET", CLIENT, Permission.READ_CLIENT)
def show_client(use_cases: UseCases, actor: Actor, client_id: ClientId) -> Resource[ClientView]:
    """One client: for those who work here, and for the client or a parent."""
    return resource(ClientView, use_cases.show_client(actor, client_id=client_id))


@room.operation("PUT", CLIENT, Permission.EDIT_CLIENT)
def edit_client(
    use_cases: UseCases, actor: Actor, client_id: ClientId, versions: Versions, fields: Fields[EditClientBody]
) -> Resource[ClientView]:
    """Change what is sent; `active: false` archives."""
    return resource(
        ClientView, use_cases.edit_client(actor, client_id=client_id, versions=versions, **fields)
    )
