"""Finding, showing and editing accounts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from attendance.application.accounts.outbox import OutboxWriter, void_links
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.read_models import PermissionsDetails, UserDetails
from attendance.application.accounts.registration import free_address
from attendance.application.forms.client_access import own_clients
from attendance.application.forms.editing import require_version
from attendance.application.forms.field_errors import named_errors
from attendance.application.forms.listing import Listed
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query
from attendance.application.pagination import LARGEST_PAGE, Page, PageChoice
from attendance.application.ports import EmailAddresses, UnitOfWork, Usernames
from attendance.application.ports.accounts import ACCOUNTS, AccountsPage, UserCriteria
from attendance.domain.accounts.accounts import Account, Language, accepted_name
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.policy import may_edit
from attendance.domain.accounts.usernames import given_up_error, posing_error
from attendance.domain.errors import (
    FieldError,
    Forbidden,
    Unauthenticated,
    accepted_together,
    raise_if_errors,
)
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_browse, require, require_level
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Directory, Permission, allowed_for_some, allows
from attendance.domain.text import searchable, trimmed, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAccounts(Query):
    """Return active users whose username contains `name`, whatever its case, width and accents, by username.

    Of those who came through the labs protocol, or have owned or joined a lab. An empty `name` matches all.
    At most `limit` of them (1 to 1000) after the first `offset`; `total` counts all matches. Raises Invalid,
    and Unauthenticated where the directory is closed to strangers (a setting).
    """

    directory: Directory

    @retried
    def __call__(
        self, actor: Actor | None, *, name: str = "", limit: int = LARGEST_PAGE, offset: int = 0
    ) -> AccountsPage:
        require(may_browse(actor, self.directory), Unauthenticated)
        part, page = searchable("name", name), Page(limit, offset)
        with self.store.read() as work:
            return work.accounts.search(part, page)


class ListUsers(Query):
    """List users, by username unless `sort` says otherwise; ties by id.

    `sort`: fields with commas, `-` before one for descending order, of `username`, `name`, `email`,
    `created_at`; those without an address come last. `name`: words that are all found, in any order, in
    username or name, whatever their case and accents.
    `role`, `active`, `user_ids`: only those. `page` (from 1): that page of 20; None: the whole list. Raises
    Invalid, Forbidden.
    """

    def __call__(
        self,
        actor: Actor,
        *,
        page: PageChoice = None,
        sort: str = "",
        name: str = "",
        role: Role | None = None,
        active: bool | None = None,
        user_ids: Collection[AccountId] | None = None,
    ) -> Listed[UserDetails]:
        criteria = UserCriteria(
            words=words_of("name", name),
            role=role,
            active=active,
            user_ids=None if user_ids is None else frozenset(user_ids),
        )
        return self._listed(
            ACCOUNTS,
            criteria,
            UserDetails.of,
            permitted=lambda: require_level(actor, Permission.LIST_USERS),
            page=page,
            sort=sort or "username",
            hidden=("clients",),
        )


class ShowUser(Query):
    """Return one user: oneself, with one's clients unless they are not wanted; for managers anybody.

    Raises Forbidden, UserNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId, with_clients: bool = True) -> UserDetails:
        require_level(actor, Permission.READ_USER, own=actor.id == user_id)
        with self.store.autocommit() as work:
            account = work.accounts.get(user_id)
            return _details(work, actor, account) if with_clients else UserDetails.of(account)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditUser(Command):
    """Change username, name, email address or language, and return the user.

    None keeps a field, "" clears the name, and the language: then mails are in the organisation's.

    Oneself, or for head managers users of a lower role. A new address is pending until the link that is
    mailed to it is used, and the confirmed one gets a notice; an address that was never confirmed is replaced
    at once. The present address ends a pending one. A username can be the present address, not a pending one,
    and whoever gives that address up changes it as well. The same values again change nothing. `versions`:
    refuse unless the stored version is one of these; None: any.

    Raises Invalid, Forbidden, UserNotFound, Outdated, UsernameTaken, EmailTaken, LimitReached.
    """

    usernames: Usernames
    email_addresses: EmailAddresses
    rate_limiter: RateLimiter
    outbox_writer: OutboxWriter

    def is_open_to(self, actor: Actor, user: UserDetails) -> bool:
        """Whether the actor may edit this user."""
        is_own = actor.id == user.id
        return allows(Permission.EDIT_USER, actor.level, own=is_own) and may_edit(actor, user)

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return named_errors(
            fields,
            username=self.usernames.accepted,
            name=accepted_name,
            email=self._accepted_email,
        )

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        user_id: AccountId,
        username: str | None = None,
        name: str | None = None,
        email: str | None = None,
        language: Language | Literal[""] | None = None,
        versions: Collection[int] | None = None,
    ) -> UserDetails:
        values = {"username": username, "name": name, "email": email}
        checks = {
            "username": lambda: self.usernames.accepted(username or ""),
            "name": lambda: accepted_name(name or ""),
            "email": lambda: self._accepted_email(email or ""),
        }
        given = [field for field, value in values.items() if value is not None]
        accepted = dict(zip(given, accepted_together(*(checks[field] for field in given)), strict=True))
        require_level(actor, Permission.EDIT_USER, own=actor.id == user_id)
        with self.store.transaction() as work:
            before = work.accounts.get_for_update(user_id)
            require(may_edit(actor, before), Forbidden)
            require_version(before.version, versions)
            context = self._change_context(actor)
            after, event = before.edited(
                **{field: accepted.get(field) for field in values}, language=language, change_context=context
            )
            if event is None:
                return _details(work, actor, before)
            is_renamed = after.username != before.username
            # a pending address is not one's own yet
            posing = posing_error(after.username, after.email) if is_renamed else None
            raise_if_errors(given_up_error(before, after) or posing)
            new_email = self._email_to_confirm(before, after)
            if new_email is not None:
                free_address(work, new_email, context)
            work.accounts.save(after)
            work.events.add(event)
            void_links(work, after)
            if new_email is not None:
                self._send_confirmation(work, before, after, new_email)
            return _details(work, actor, after)

    def _accepted_email(self, email: str) -> str:
        """The address, or "" for none. Raises Invalid."""
        return self.email_addresses.accepted(email) if trimmed(email) else ""

    def _email_to_confirm(self, before: Account, after: Account) -> str | None:
        """The new address that has to be confirmed; None where there is none."""
        if after.email != before.email:
            return after.email
        return after.pending_email if after.pending_email != before.pending_email else None

    def _send_confirmation(self, work: UnitOfWork, before: Account, after: Account, new_email: str) -> None:
        """Mail the link to the new address, and a notice to the confirmed one. Raises LimitReached."""
        self.rate_limiter.take_in(work, self.rate_limiter.of_confirmation_mail(after.id))
        if after.password_hash is None:
            self.outbox_writer.send_invitation(work, after, new_email, by=None)
        else:
            self.outbox_writer.send_confirmation(work, after, new_email)
        if before.email is not None and before.email_confirmed_at is not None:
            self.outbox_writer.tell(work, MailKind.EMAIL_CHANGES, before, new_email=new_email)


@dataclass(frozen=True, slots=True)
class ShowPermissions:
    """Return what the actor's level may, everywhere or only for what is the actor's own, as the table has it.

    Raises Forbidden for another's.
    """

    def __call__(self, actor: Actor, *, user_id: AccountId) -> PermissionsDetails:
        require_level(actor, Permission.READ_PERMISSIONS, own=actor.id == user_id)
        allowed = (permission for permission in Permission if allowed_for_some(permission, actor.level))
        return PermissionsDetails(
            level=actor.level, permissions=tuple(sorted(permission.value for permission in allowed))
        )


def _details(work: UnitOfWork, actor: Actor, account: Account) -> UserDetails:
    """The account, with its clients where it is the actor's own."""
    return UserDetails.of(account, own_clients(work, actor) if account.id == actor.id else None)
