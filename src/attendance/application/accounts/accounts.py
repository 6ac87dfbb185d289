"""Finding, showing and editing accounts."""

from collections.abc import Collection
from dataclasses import dataclass

from attendance.application.accounts.outbox import OutboxWriter, void_links
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.registration import free_address
from attendance.application.editing import change_context, require_version
from attendance.application.listing import Listed, listed
from attendance.application.pagination import LARGEST_PAGE, Page, parse_sort
from attendance.application.ports import Clock, EmailAddresses, NewId, Store, UnitOfWork, Usernames
from attendance.application.ports.accounts import AccountsPage, UserCriteria
from attendance.application.retrying import retried
from attendance.domain.accounts.accounts import Account, accepted_name
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.policy import may_edit
from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_browse, require, require_level
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Directory, Permission
from attendance.domain.text import accepted_together, searchable

USERS_SORT = ("username", "name", "email", "created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAccounts:
    """Find users by any part of their name, in any case and width; all of them without one.

    At most 1000 per answer; `total` counts them all. Raises Unauthenticated where the directory is closed.
    """

    store: Store
    directory: Directory

    @retried
    def __call__(
        self, actor: Actor | None, *, name: str = "", limit: int = LARGEST_PAGE, offset: int = 0
    ) -> AccountsPage:
        require(may_browse(actor, self.directory), Unauthenticated)
        part, page = searchable("name", name), Page(limit, offset)
        with self.store.read() as work:
            return work.accounts.search(part, page)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUsers:
    """Accounts with all that is known of them, by username unless `sort` says otherwise.

    `name` is any part of username or name. With `page` (from 1) 20 of them, otherwise all. Raises Invalid,
    Forbidden.
    """

    store: Store

    def __call__(
        self,
        actor: Actor,
        *,
        page: int | None = None,
        sort: str = "",
        name: str = "",
        role: Role | None = None,
        active: bool | None = None,
    ) -> Listed[Account]:
        order = parse_sort(sort or "username", USERS_SORT)
        criteria = UserCriteria(part=searchable("name", name), role=role, active=active)
        return listed(
            self.store,
            lambda: require_level(actor, Permission.LIST_USERS),
            order=order,
            page=page,
            count=lambda work: work.accounts.count(criteria),
            rows=lambda work, page_request: work.accounts.list(criteria, page_request),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowUser:
    """One account. Raises Forbidden, UserNotFound."""

    store: Store

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> Account:
        require_level(actor, Permission.READ_USER, own=actor.id == user_id)
        with self.store.autocommit() as work:
            return work.accounts.get(user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditUser:
    """Change username, name or email address; None keeps what is there, "" clears.

    A new address is pending until the link mailed to it is used; the old one is told. One that was never
    confirmed is replaced at once. `versions`: those the caller has seen, None for any. Raises Invalid,
    Forbidden, UserNotFound, Outdated, UsernameTaken, EmailTaken, LimitReached.
    """

    store: Store
    clock: Clock
    new_id: NewId
    usernames: Usernames
    email_addresses: EmailAddresses
    rate_limiter: RateLimiter
    outbox_writer: OutboxWriter

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        user_id: AccountId,
        username: str | None = None,
        name: str | None = None,
        email: str | None = None,
        versions: Collection[int] | None = None,
    ) -> Account:
        given = {"username": username, "name": name, "email": email}
        checks = {
            "username": lambda: self.usernames.accepted(username or ""),
            "name": lambda: accepted_name(name or ""),
            "email": lambda: self.email_addresses.accepted(email) if email else "",
        }
        present = [field for field, value in given.items() if value is not None]
        accepted = dict(zip(present, accepted_together(*(checks[field] for field in present)), strict=True))
        require_level(actor, Permission.EDIT_USER, own=actor.id == user_id)
        with self.store.transaction() as work:
            before = work.accounts.get_for_update(user_id)
            require(may_edit(actor, before), Forbidden)
            require_version(before.version, versions)
            change = change_context(self, actor)
            after, event = before.edited(
                **{field: accepted.get(field) for field in given}, change_context=change
            )
            if event is None:
                return before
            asked = self._asked_for(before, after)
            if asked is not None:
                free_address(work, asked, change)
            work.accounts.save(after)
            work.events.add(event)
            void_links(work, after)
            if asked is not None:
                self._ask_for_confirmation(work, before, after, asked)
        return after

    def _asked_for(self, before: Account, after: Account) -> str | None:
        """The address that is to be confirmed from now on, if there is a new one."""
        if after.email != before.email:
            return after.email
        return after.pending_email if after.pending_email != before.pending_email else None

    def _ask_for_confirmation(self, work: UnitOfWork, before: Account, after: Account, new: str) -> None:
        self.rate_limiter.take_in(work, self.rate_limiter.of_confirmation_mail(after.id))
        if after.password_hash is None:
            self.outbox_writer.send_invitation(work, after, new, by=None)
        else:
            self.outbox_writer.send_confirmation(work, after, new)
        if before.email is not None and before.email_confirmed_at is not None:
            self.outbox_writer.tell(
                work,
                MailKind.EMAIL_CHANGES,
                before.email,
                name=before.name,
                username=before.username,
                new_email=new,
            )
