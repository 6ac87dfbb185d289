"""Confirming an email address."""

from dataclasses import dataclass

from attendance.application.accounts.outbox import OutboxWriter
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.registration import free_address, unconfirmed_holder
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command
from attendance.application.ports import UnitOfWork
from attendance.domain.accounts.accounts import email_key
from attendance.domain.accounts.links import InvalidConfirmationToken, Purpose, digest_of
from attendance.domain.errors import Conflict
from attendance.domain.events import ChangeContext
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


class NothingToConfirm(Conflict):
    """The account has no address, or it is confirmed and none is pending."""

    text = "there is no address to confirm"


class ConfirmEmail(Command):
    """Confirm an address by the token of a mailed link. Return False where it was confirmed before.

    Raises InvalidConfirmationToken for a token that is unknown, too old, or replaced by a newer one, and
    EmailTaken where another account has the address by now.
    """

    @retried
    def __call__(self, *, token: str) -> bool:
        with self.store.transaction() as work:
            return self._confirm(work, token, is_dry_run=False)

    @retried
    def is_good(self, *, token: str) -> bool:
        """Return and raise what using the token would, without using it."""
        with self.store.autocommit() as work:
            return self._confirm(work, token, is_dry_run=True)

    def _confirm(self, work: UnitOfWork, token: str, *, is_dry_run: bool) -> bool:
        link, at = work.links.find(digest_of(token)), self.clock()
        if link is None or link.purpose is not Purpose.CONFIRM_EMAIL:
            raise InvalidConfirmationToken
        get = work.accounts.get if is_dry_run else work.accounts.get_for_update
        account = get(link.account_id)
        if not link.confirms(account, at=at):
            return False
        is_new = account.email is None or email_key(account.email) != email_key(link.email)
        if is_dry_run:
            if is_new:
                unconfirmed_holder(work, link.email, at=at)
            return True
        if not work.links.use(link.used(at=at)):
            raise InvalidConfirmationToken
        context = ChangeContext(account.id, at, self.new_id)
        if is_new:
            free_address(work, link.email, context)
        confirmed, event = account.confirmed(link.email, context)
        work.accounts.save(confirmed)
        work.events.add(event)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendConfirmation(Command):
    """Mail a new link that confirms one's pending or unconfirmed address; older links are void.

    Raises Forbidden, NothingToConfirm, LimitReached, and UserNotFound for the operator, who has no account.
    """

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
