"""Who sees a client as their own: the accounts linked to it, by which parents find their child."""

from collections.abc import Iterable

from attendance.adapters.web.club.clients.paths import CLIENTS, card_of, client_in_path
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import N_
from attendance.application.accounts.read_models import UserDetails
from attendance.application.club.clients import ClientDetails
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.ids import AccountId
from attendance.domain.permissions.table import Permission
from attendance.domain.text import folded

room = PageRoom()

ACCOUNTS = f"{CLIENTS}/{{client_id:str}}/accounts"


@room.page("GET", f"{ACCOUNTS}/{{user_id:str}}/remove")
@room.page("GET", ACCOUNTS)
def linked_accounts(visit: Visit, client_id: str, user_id: str = "") -> Answer:
    """The accounts that see a client, to remove one or add another."""
    client = client_in_path(visit, client_id)
    visit.require(Permission.LIST_USERS)
    values = {
        "client": client,
        "accounts": accounts_of(visit, client),
        "notice": visit.query["notice"],
    }
    return Page("club/clients/accounts.html", values)


@room.page("POST", ACCOUNTS, form=linked_accounts)
def link_account(visit: Visit, client_id: str) -> Answer:
    """Let an account see a client; those that did before are told by mail."""
    client = client_in_path(visit, client_id)
    account = _named(visit, visit.form["username"])
    _save(visit, client, {*client.user_ids, account.id})
    return Redirect(f"{card_of(client)}/accounts?notice={'added' if client.user_ids else 'added-first'}")


@room.page("POST", f"{ACCOUNTS}/{{user_id:str}}/remove", form=linked_accounts)
def unlink_account(visit: Visit, client_id: str, user_id: str) -> Answer:
    """Let an account see a client no more."""
    client = client_in_path(visit, client_id)
    _save(visit, client, {*client.user_ids} - {id_in_path(user_id, AccountId)})
    return Redirect(f"{card_of(client)}/accounts?notice=removed")


def accounts_of(visit: Visit, client: ClientDetails) -> tuple[UserDetails, ...] | None:
    """The accounts linked to a client, by username; None for whoever may not know of accounts."""
    if Permission.LIST_USERS not in visit.permissions:
        return None
    return tuple(visit.use_cases.list_users(visit.signed_in, user_ids=client.user_ids))


def _named(visit: Visit, username: str) -> UserDetails:
    """The account of a username, however it is spelled. Raises Invalid."""
    wanted = folded(username.strip())
    if not wanted:
        raise Invalid(FieldError("username", "is required"))
    unknown = Invalid(FieldError("username", N_("is the username of no active account")))
    try:
        for account in visit.use_cases.list_users(visit.signed_in, name=wanted, active=True):
            if folded(account.username) == wanted:
                return account
    except Invalid as error:
        # characters that no username has
        raise unknown from error
    raise unknown


def _save(visit: Visit, client: ClientDetails, user_ids: Iterable[AccountId]) -> None:
    """Link these accounts alone, unless somebody else has changed the client since it was read."""
    visit.use_cases.edit_client(
        visit.signed_in, client_id=client.id, versions=[client.version], user_ids=tuple(user_ids)
    )
