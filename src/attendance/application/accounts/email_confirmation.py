"""Confirming an email address."""

from dataclasses import dataclass

from attendance.application.accounts.outbox import OutboxWriter
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.registration import free_address, late_holder
from attendance.application.ports import Clock, NewId, Store, UnitOfWork
from attendance.application.retrying import retried
from attendance.domain.accounts.accounts import email_key
from attendance.domain.accounts.links import InvalidConfirmationToken, Purpose, digest_of
from attendance.domain.errors import Conflict
from attendance.domain.events import ChangeContext
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


class NothingToConfirm(Conflict):
    text = "there is no address to confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmEmail:
    """Use the link of a mail. Whether this confirmed the address: False means that it was confirmed before.

    Raises InvalidConfirmationToken; EmailTaken when somebody else has confirmed the address meanwhile.
    """

    store: Store
    clock: Clock
    new_id: NewId

    @retried
    def __call__(self, *, token: str) -> bool:
        with self.store.transaction() as work:
            return self._confirmed(work, token, is_only_looked_at=False)

    @retried
    def is_good(self, *, token: str) -> bool:
        """What using the link would say, without using it. Raises InvalidConfirmationToken, EmailTaken."""
        with self.store.autocommit() as work:
            return self._confirmed(work, token, is_only_looked_at=True)

    def _confirmed(self, work: UnitOfWork, token: str, *, is_only_looked_at: bool) -> bool:
        link, at = work.links.find(digest_of(token)), self.clock()
        if link is None or link.purpose is not Purpose.CONFIRM_EMAIL:
            raise InvalidConfirmationToken
        look = work.accounts.get if is_only_looked_at else work.accounts.get_for_update
        account = look(link.account_id)
        if not link.confirms(account, at=at):
            return False
        is_new = account.email_key != email_key(link.email)
        if is_only_looked_at:
            if is_new:
                late_holder(work, link.email, at=at)
            return True
        if not work.links.use(link.used(at=at)):
            raise InvalidConfirmationToken
        change = ChangeContext(account.id, at, self.new_id)
        if is_new:
            free_address(work, link.email, change)
        confirmed, event = account.confirmed(link.email, change)
        work.accounts.save(confirmed)
        work.events.add(event)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendConfirmation:
    """Mail a new confirmation link, for the pending address if there is one; the older link is void.

    Raises NothingToConfirm, LimitReached.
    """

    store: Store
    clock: Clock
    new_id: NewId
    rate_limiter: RateLimiter
    outbox_writer: OutboxWriter

    @retried
    def __call__(self, actor: Actor) -> None:
        require_level(actor, Permission.RESEND_CONFIRMATION)
        with self.store.transaction() as work:
            account = work.accounts.get_for_update(actor.id)
            email = account.pending_email or (None if account.email_confirmed_at else account.email)
            if email is None:
                raise NothingToConfirm
            self.rate_limiter.take_in(work, self.rate_limiter.of_confirmation_mail(account.id))
            self.outbox_writer.send_confirmation(work, account, email)
