"""Clients: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from attendance.application.club.read_models import ClientDetails
from attendance.application.editing import change_context, edit
from attendance.application.field_errors import given_errors, record_errors
from attendance.application.listing import Listed, listed
from attendance.application.pagination import PageRequest, parse_sort
from attendance.application.ports import Clock, EmailAddresses, NewId, Store, Today, UnitOfWork
from attendance.application.ports.club import ClientCriteria
from attendance.application.read_models import read_model
from attendance.application.retrying import retried
from attendance.domain.club.clients import Client, ClientChanges, ClientNotFound, accepted_birthday, is_own
from attendance.domain.errors import FieldError
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission, allows
from attendance.domain.text import raise_if_errors, searchable

CLIENTS_SORT = ("name", "birthday", "created_at")


MOST_OWN_CLIENTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListClients:
    """Clients by name unless `sort` says otherwise; `q` is any part of name or guardian's name.

    With `page` (from 1) 20 of them, otherwise all. Raises Invalid, Forbidden.
    """

    store: Store

    def __call__(
        self,
        actor: Actor,
        *,
        page: int | None = None,
        sort: str = "",
        q: str = "",
        active: bool | None = None,
    ) -> Listed[ClientDetails]:
        order = parse_sort(sort or "name", CLIENTS_SORT)
        criteria = ClientCriteria(part=searchable("q", q), active=active)
        return listed(
            self.store,
            lambda: require_level(actor, Permission.LIST_CLIENTS),
            order=order,
            page=page,
            count=lambda work: work.clients.count(criteria),
            rows=lambda work, page_request: work.clients.list(criteria, page_request),
            details=lambda client: ClientDetails.of(client, actor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddClient:
    """Add a client. Raises Invalid, Forbidden, UserNotFound for an account that is not there."""

    store: Store
    clock: Clock
    today: Today
    new_id: NewId
    email_addresses: EmailAddresses

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return client_errors(fields, self.email_addresses, self.today)

    @retried
    def __call__(self, actor: Actor, **fields: Unpack[ClientChanges]) -> ClientDetails:
        raise_if_errors(*self.errors_in({"name": "", **fields}))
        now = self.clock()
        client = Client(
            **{"name": "", **_accepted(fields, self.email_addresses)},
            id=ClientId(self.new_id()),
            created_at=now,
            updated_at=now,
        )
        require_level(actor, Permission.ADD_CLIENT)
        with self.store.transaction() as work:
            if client.user_id is not None:
                work.accounts.get(client.user_id)
            work.clients.add(client)
            work.events.add(client.added(change_context(self, actor)))
        return ClientDetails.of(client, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowClient:
    """One client, without notes to those who may not see them. Raises Forbidden, ClientNotFound."""

    store: Store

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> ClientDetails:
        with self.store.autocommit() as work:
            client = work.clients.find(client_id)
        require_level(actor, Permission.READ_CLIENT, own=is_own(actor, client))
        if client is None:
            raise ClientNotFound
        return ClientDetails.of(client, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnClients:
    """The clients that the caller may read as its own, by name, without notes: none below level 2."""

    store: Store

    @retried
    def __call__(self, actor: Actor) -> tuple[ClientDetails, ...]:
        with self.store.read() as work:
            clients = own_clients(work, actor)
        return tuple(read_model(ClientDetails, client, notes=None) for client in clients)


def own_clients(work: UnitOfWork, actor: Actor) -> tuple[Client, ...]:
    """The clients that the actor may read as its own, by name, ties by id: none below level 2."""
    if not allows(Permission.READ_CLIENT, actor.level, own=True):
        return ()
    page_request: PageRequest[Client] = PageRequest(
        order=parse_sort("name", CLIENTS_SORT), limit=MOST_OWN_CLIENTS
    )
    return work.clients.list(ClientCriteria(user_id=actor.id), page_request)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditClient:
    """Change what is named. `versions`: those the caller has seen, None for any.

    Raises Invalid, Forbidden, ClientNotFound, Outdated, UserNotFound.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId
    email_addresses: EmailAddresses

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return client_errors(fields, self.email_addresses, self.today)

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        client_id: ClientId,
        versions: Collection[int] | None = None,
        **changes: Unpack[ClientChanges],
    ) -> ClientDetails:
        raise_if_errors(*self.errors_in(changes))
        accepted = _accepted(changes, self.email_addresses)
        require_level(actor, Permission.EDIT_CLIENT)
        with self.store.transaction() as work:

            def revised(before: Client) -> tuple[Client, Event | None]:
                user_id: AccountId | None = accepted.get("user_id")
                if user_id is not None and user_id != before.user_id:
                    work.accounts.get(user_id)
                return before.edited(accepted, change_context(self, actor))

            return ClientDetails.of(edit(work, work.clients, client_id, versions, revised), actor)


def client_errors(
    fields: Mapping[str, Any], email_addresses: EmailAddresses, today: Today
) -> list[FieldError]:
    """What is wrong with some of a client's fields."""
    return [
        *record_errors(Client, fields, name="x"),
        *given_errors(
            fields,
            email=email_addresses.accepted,
            birthday=lambda birthday: accepted_birthday(birthday, today=today()),
        ),
    ]


def _accepted(fields: ClientChanges, email_addresses: EmailAddresses) -> dict[str, Any]:
    email = fields.get("email")
    return {**fields, **({"email": email_addresses.accepted(email)} if email else {})}
