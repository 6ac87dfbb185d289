"""Who may read what concerns a client."""

from attendance.application.pagination import PageRequest, parse_sort
from attendance.application.ports import Store, UnitOfWork
from attendance.application.ports.club import CLIENTS, ClientCriteria
from attendance.domain.club.clients import Client, ClientNotFound, is_own
from attendance.domain.ids import ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission, allows

MOST_OWN_CLIENTS = 1000


def readable_client(store: Store, actor: Actor, client_id: ClientId) -> Client:
    """The client, for whoever may read what concerns it: employees, and parents their own.

    Raises Forbidden, ClientNotFound.
    """
    with store.autocommit() as work:
        client = work.clients.find(client_id)
    require_level(actor, Permission.READ_CLIENT, own=is_own(actor, client))
    if client is None:
        raise ClientNotFound
    return client


def own_clients(work: UnitOfWork, actor: Actor) -> tuple[Client, ...]:
    """The clients that the actor's account is linked to, by name, ties by id; none below level 2."""
    if not allows(Permission.READ_CLIENT, actor.level, own=True):
        return ()
    page_request: PageRequest[Client] = PageRequest(
        order=parse_sort("name", CLIENTS.sort), limit=MOST_OWN_CLIENTS
    )
    return work.clients.list(ClientCriteria(user_id=actor.id), page_request)
