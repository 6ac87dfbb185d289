"""Coming in: by registering oneself, or by an invitation."""

from dataclasses import dataclass
from datetime import datetime

from attendance.application.accounts.outbox import OutboxWriter
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.ports import Clock, EmailAddresses, Hasher, NewId, Store, UnitOfWork, Usernames
from attendance.application.retrying import retried
from attendance.domain.accounts.accounts import Account, EmailTaken, accepted_name, email_key
from attendance.domain.accounts.passwords import PasswordRules
from attendance.domain.accounts.policy import may_invite
from attendance.domain.errors import Forbidden
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require, require_level
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission
from attendance.domain.text import accepted_together


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Open an account under a username nobody has in any spelling that reads the same.

    With an email address, a mail with a confirmation link is on its way when this returns; the level is 1
    until the link is used. `address` is where the request came from, if that is to be counted. Raises
    Invalid for what breaks a rule, UsernameTaken, EmailTaken, LimitReached.
    """

    store: Store
    clock: Clock
    new_id: NewId
    hasher: Hasher
    usernames: Usernames
    email_addresses: EmailAddresses
    password_rules: PasswordRules
    rate_limiter: RateLimiter
    outbox_writer: OutboxWriter

    def __call__(
        self,
        *,
        username: str,
        password: str,
        email: str | None = None,
        name: str = "",
        address: str | None = None,
    ) -> AccountId:
        self.require_room(address=address)
        shown, normal_password, called, *emails = accepted_together(
            lambda: self.usernames.accepted(username),
            lambda: self.password_rules.accepted(password),
            lambda: accepted_name(name),
            *([] if email is None else [lambda: self.email_addresses.accepted(email)]),
        )
        password_hash = self.hasher.hash(normal_password)
        now = self.clock()
        account = Account(
            id=AccountId(self.new_id()),
            username=shown,
            password_hash=password_hash,
            email=emails[0] if emails else None,
            name=called,
            created_at=now,
            updated_at=now,
        )
        self._add(account, address)
        return account.id

    def require_room(self, *, address: str | None) -> None:
        """Raise LimitReached when too many registered from the address of late."""
        self.rate_limiter.require_room(self.rate_limiter.of_registration(address))

    @retried
    def _add(self, account: Account, address: str | None) -> None:
        with self.store.transaction() as work:
            self.rate_limiter.take_in(work, self.rate_limiter.of_registration(address))
            change = ChangeContext(account.id, account.created_at, self.new_id)
            if account.email is not None:
                free_address(work, account.email, change)
            work.accounts.add(account)
            work.events.add(account.registered(change))
            if account.email is not None:
                self.rate_limiter.take_in(work, self.rate_limiter.of_confirmation_mail(account.id))
                self.outbox_writer.send_confirmation(work, account, account.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteUser:
    """Open an account for somebody else, who sets the password by a link in a mail.

    The role counts from then on; it is one that the inviter may give, never owner or admin. Raises Invalid,
    Forbidden, UsernameTaken, EmailTaken.
    """

    store: Store
    clock: Clock
    new_id: NewId
    usernames: Usernames
    email_addresses: EmailAddresses
    outbox_writer: OutboxWriter

    @retried
    def __call__(
        self, actor: Actor, *, username: str, email: str, name: str = "", role: Role = Role.USER
    ) -> Account:
        shown, called, address = accepted_together(
            lambda: self.usernames.accepted(username),
            lambda: accepted_name(name),
            lambda: self.email_addresses.accepted(email),
        )
        require_level(actor, Permission.INVITE_USER)
        require(may_invite(actor, role), Forbidden)
        now = self.clock()
        account = Account(
            id=AccountId(self.new_id()),
            username=shown,
            password_hash=None,
            email=address,
            name=called,
            role=role,
            created_at=now,
            updated_at=now,
        )
        with self.store.transaction() as work:
            change = ChangeContext(actor.id, now, self.new_id)
            free_address(work, address, change)
            work.accounts.add(account)
            work.events.add(account.invited(change))
            self.outbox_writer.send_invitation(work, account, address, by=actor.id)
        return account


def late_holder(work: UnitOfWork, email: str, *, at: datetime) -> Account | None:
    """Who has an address and did not confirm it in time, if anybody has it. Raises EmailTaken otherwise."""
    holder = work.accounts.find_by_email(email_key(email))
    if holder is None:
        return None
    still_may = any(link.is_of(email) and at < link.expires_at for link in work.links.of(holder.id))
    if holder.email_confirmed_at is not None or still_may:
        raise EmailTaken
    return holder


def free_address(work: UnitOfWork, email: str, change_context: ChangeContext) -> None:
    """Take an address from whoever did not confirm it in time. Raises EmailTaken when somebody has it."""
    holder = late_holder(work, email, at=change_context.at)
    if holder is None:
        return
    freed, event = holder.lapsed(change_context)
    work.accounts.save(freed)
    work.events.add(event)
