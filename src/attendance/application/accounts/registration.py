"""New accounts: by registering oneself, or by an invitation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from attendance.application.accounts.outbox import OutboxWriter, void_links
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.read_models import InvitationDetails, UserDetails
from attendance.application.forms.field_errors import named_errors
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command
from attendance.application.ports import EmailAddresses, Hasher, UnitOfWork, Usernames
from attendance.domain.accounts.accounts import (
    Account,
    EmailTaken,
    Language,
    NotInvited,
    accepted_name,
    email_key,
)
from attendance.domain.accounts.links import Purpose
from attendance.domain.accounts.passwords import PasswordRules
from attendance.domain.accounts.policy import may_invite
from attendance.domain.accounts.usernames import posing_error
from attendance.domain.errors import FieldError, Forbidden, accepted_together, raise_if_errors
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_register, require, require_level
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission, Registration, allows
from attendance.domain.text import trimmed


class RegistrationByInvitation(Forbidden):
    """Accounts come from invitations alone (a setting)."""

    text = "registration is by invitation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Command):
    """Add an account for oneself, and return its id.

    The username must be unique in every spelling that is compared as the same. To an `email` a confirmation
    link is mailed; the level is 1 until it is used. Without one the account is listed in the labs' directory.
    `language`: that of the account's mails and pages; None: not chosen. `address`: that of the client's
    machine, against whose limit the registration counts; None: no limit. Raises Invalid with all errors,
    RegistrationByInvitation, UsernameTaken, EmailTaken, LimitReached, Unavailable.
    """

    registration: Registration
    hasher: Hasher
    usernames: Usernames
    email_addresses: EmailAddresses
    password_rules: PasswordRules
    rate_limiter: RateLimiter
    outbox_writer: OutboxWriter

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return named_errors(
            fields,
            username=lambda name: accept_username(self.usernames, name, fields.get("email")),
            password=self.password_rules.accepted,
            name=accepted_name,
            email=self.email_addresses.accepted,
        )

    def __call__(
        self,
        *,
        username: str,
        password: str,
        email: str | None = None,
        name: str = "",
        language: Language | None = None,
        address: str | None = None,
    ) -> AccountId:
        self.require_room(address=address)
        accepted_username, accepted_password, accepted_full_name, *emails = accepted_together(
            lambda: accept_username(self.usernames, username, email),
            lambda: self.password_rules.accepted(password),
            lambda: accepted_name(name),
            *([] if email is None else [lambda: self.email_addresses.accepted(email)]),
        )
        self.require_open()
        password_hash = self.hasher.hash(accepted_password)
        now = self.clock()
        account = Account(
            id=AccountId(self.new_id()),
            username=accepted_username,
            password_hash=password_hash,
            email=emails[0] if emails else None,
            name=accepted_full_name,
            language=language,
            in_labs=email is None,
            created_at=now,
            updated_at=now,
        )
        self._add(account, address)
        return account.id

    def require_open(self) -> None:
        """Raise RegistrationByInvitation unless anybody may register."""
        require(may_register(self.registration), RegistrationByInvitation)

    def require_room(self, *, address: str | None) -> None:
        """Raise LimitReached where the address's limit of registrations is used up."""
        self.rate_limiter.require_room(self.rate_limiter.of_registration(address))

    @retried
    def _add(self, account: Account, address: str | None) -> None:
        with self.store.transaction() as work:
            self.rate_limiter.take_in(work, self.rate_limiter.of_registration(address))
            context = ChangeContext(account.id, account.created_at, self.new_id)
            if account.email is not None:
                free_address(work, account.email, context)
            work.accounts.add(account)
            work.events.add(account.registered(context))
            if account.email is not None:
                self.rate_limiter.take_in(work, self.rate_limiter.of_confirmation_mail(account.id))
                self.outbox_writer.send_confirmation(work, account, account.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteUser(Command):
    """Add an account for somebody else, mail them a link for setting the password, and return the user.

    `role` counts once the link is used, which confirms the address. It must be one that the actor may give,
    and neither owner nor admin. Whoever registered with the address and has not confirmed it loses it.
    Raises Invalid with all errors, Forbidden, UsernameTaken, EmailTaken.
    """

    usernames: Usernames
    email_addresses: EmailAddresses
    outbox_writer: OutboxWriter

    def roles_for(self, actor: Actor) -> tuple[Role, ...]:
        """The roles to which the actor may invite somebody."""
        is_permitted = allows(Permission.INVITE_USER, actor.level)
        return tuple(role for role in Role if is_permitted and may_invite(actor, role))

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return named_errors(
            fields,
            username=lambda name: accept_username(self.usernames, name, fields.get("email")),
            name=accepted_name,
            email=self.email_addresses.accepted,
        )

    @retried
    def __call__(
        self, actor: Actor, *, username: str, email: str, name: str = "", role: Role = Role.USER
    ) -> UserDetails:
        accepted_username, accepted_full_name, accepted_email = accepted_together(
            lambda: accept_username(self.usernames, username, email),
            lambda: accepted_name(name),
            lambda: self.email_addresses.accepted(email),
        )
        require_level(actor, Permission.INVITE_USER)
        require(may_invite(actor, role), Forbidden)
        now = self.clock()
        account = Account(
            id=AccountId(self.new_id()),
            username=accepted_username,
            password_hash=None,
            email=accepted_email,
            name=accepted_full_name,
            role=role,
            created_at=now,
            updated_at=now,
        )
        with self.store.transaction() as work:
            context = ChangeContext(actor.id, now, self.new_id)
            free_address(work, accepted_email, context, is_invited=True)
            work.accounts.add(account)
            work.events.add(account.invited(context))
            self.outbox_writer.send_invitation(work, account, accepted_email, by=actor.id)
        return UserDetails.of(account)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendInvitation(Command):
    """Mail a new link to somebody who was invited and has not set a password yet; the older link is void.

    By whoever may invite to the role of the account. Raises Forbidden, UserNotFound, NotInvited,
    LimitReached.
    """

    rate_limiter: RateLimiter
    outbox_writer: OutboxWriter

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> None:
        require_level(actor, Permission.INVITE_USER)
        with self.store.transaction() as work:
            account = work.accounts.get_for_update(user_id)
            require(may_invite(actor, account.role), Forbidden)
            if not account.is_invited or account.email is None:
                raise NotInvited
            self.rate_limiter.take_in(work, self.rate_limiter.of_reset_mail(account.id))
            self.outbox_writer.send_invitation(work, account, account.email, by=actor.id)

    @retried
    def open_invitation(self, actor: Actor, *, user_id: AccountId) -> InvitationDetails | None:
        """Return the invitation that an account has not answered; None where one may do nothing about it.

        Raises Forbidden, UserNotFound.
        """
        require_level(actor, Permission.INVITE_USER)
        with self.store.autocommit() as work:
            account = work.accounts.get(user_id)
            if not account.is_invited or account.email is None or not may_invite(actor, account.role):
                return None
            links = (link for link in work.links.of(user_id) if link.purpose is Purpose.SET_PASSWORD)
            ends = next((link.expires_at for link in links), None)
            is_good = ends is not None and self.clock() < ends
            return InvitationDetails(email=account.email, expires_at=ends if is_good else None)


class WithdrawInvitation(Command):
    """Void the link of somebody who was invited and has not set a password yet, and return the user.

    The account is switched off; its username and address can be given to others. By whoever may invite to its
    role. Raises Forbidden, UserNotFound, NotInvited.
    """

    @retried
    def __call__(self, actor: Actor, *, user_id: AccountId) -> UserDetails:
        require_level(actor, Permission.INVITE_USER)
        context = self._change_context(actor)
        with self.store.transaction() as work:
            account = work.accounts.get_for_update(user_id)
            require(may_invite(actor, account.role), Forbidden)
            withdrawn, event = account.invitation_withdrawn(context)
            work.accounts.save(withdrawn)
            work.events.add(event)
            void_links(work, withdrawn, is_every=True)
            return UserDetails.of(withdrawn)


def accept_username(usernames: Usernames, username: str, email: str | None) -> str:
    """The username as it will be shown, of whoever has this address. Raises Invalid."""
    accepted = usernames.accepted(username)
    raise_if_errors(posing_error(accepted, None if email is None else trimmed(email)))
    return accepted


def unconfirmed_holder(work: UnitOfWork, email: str, *, at: datetime) -> Account | None:
    """The account with this address that has not confirmed it in time; None where no account has it.

    Raises EmailTaken where an account has confirmed it, or can still do so.
    """
    holder = work.accounts.find_by_email(email_key(email))
    if holder is None:
        return None
    can_confirm = any(link.is_of(email) and at < link.expires_at for link in work.links.of(holder.id))
    if holder.email_confirmed_at is not None or can_confirm:
        raise EmailTaken
    return holder


def free_address(
    work: UnitOfWork, email: str, change_context: ChangeContext, *, is_invited: bool = False
) -> None:
    """Take an address from the account, if any, that has not confirmed it in time. Raises EmailTaken.

    `is_invited`: also from one that could still do so, unless it was invited itself; its links are void.
    """
    holder = work.accounts.find_by_email(email_key(email))
    if holder is None or not (is_invited and holder.has_claimed_address):
        holder = unconfirmed_holder(work, email, at=change_context.at)
    if holder is None:
        return
    freed, event = holder.lapsed(change_context)
    work.accounts.save(freed)
    work.events.add(event)
    void_links(work, freed)
