"""Who may read what concerns a client."""

from attendance.application.ports import Store
from attendance.domain.club.clients import Client, ClientNotFound, is_own
from attendance.domain.ids import ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


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
