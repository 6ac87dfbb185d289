"""Changing a password: with the present one, or by a mailed link."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attendance.application.accounts.outbox import OutboxWriter, void_links
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.sessions import end_sessions, found_by_email
from attendance.application.forms.field_errors import named_errors
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, TimedQuery
from attendance.application.ports import Hasher, RunInBackground, UnitOfWork
from attendance.domain.accounts.accounts import LONGEST_EMAIL, Account
from attendance.domain.accounts.links import InvalidResetToken, Link, Purpose, digest_of
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.passwords import PasswordRules, WrongPassword, normal_password
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.errors import FieldError, Unavailable
from attendance.domain.events import ChangeContext
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require, require_level
from attendance.domain.permissions.table import Permission
from attendance.domain.text import trimmed


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword(Command):
    """Change one's own password; the account's other sessions and its password links end.

    A wrong `current_password` counts like a failed sign-in from this address, see `sign_in`. Raises Invalid
    for the new password, Forbidden, WrongPassword, LimitReached, Unavailable, and UserNotFound for the
    operator, who has no account.
    """

    hasher: Hasher
    password_rules: PasswordRules
    rate_limiter: RateLimiter
    outbox_writer: OutboxWriter

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return named_errors(
            fields, new_password=lambda new: self.password_rules.accepted(new, field="new_password")
        )

    def __call__(
        self, actor: Actor, *, current_password: str, new_password: str, address: str | None = None
    ) -> None:
        accepted = self.password_rules.accepted(new_password, field="new_password")
        require_level(actor, Permission.CHANGE_PASSWORD)
        claims = self.rate_limiter.of_sign_in(actor.id, address)
        taken_at = self.rate_limiter.take(claims)
        try:
            while not self._set(actor, self._verified(actor, current_password), self.hasher.hash(accepted)):
                # a sign-in meanwhile has hashed the same password again
                pass
        except Unavailable:
            # it is not known whether the password was wrong
            self.rate_limiter.give_back(claims, taken_at)
            raise
        self.rate_limiter.give_back(claims, taken_at)

    def _verified(self, actor: Actor, password: str) -> Account:
        account, normal = self._account(actor), normal_password(password)
        is_right = self.hasher.verify(normal or "", account.password_hash if normal else None)
        require(is_right, WrongPassword)
        return account

    @retried
    def _account(self, actor: Actor) -> Account:
        with self.store.autocommit() as work:
            return work.accounts.get(actor.id)

    @retried
    def _set(self, actor: Actor, verified: Account, password_hash: str) -> bool:
        """Set the password and return True; False where the hash is no longer the verified one."""
        context = self._change_context(actor)
        with self.store.transaction() as work:
            account = work.accounts.get_for_update(actor.id)
            if account.password_hash != verified.password_hash:
                return False
            changed, event = account.with_password(password_hash, context)
            work.accounts.save(changed)
            work.events.add(event)
            void_links(work, changed)
            for link in work.links.of(account.id):
                if link.purpose is Purpose.SET_PASSWORD:
                    work.links.void(link)
            end_sessions(work, account.id, context, but=actor.session_id)
            if account.email is not None and account.email_confirmed_at is not None:
                self.outbox_writer.tell(work, MailKind.PASSWORD_CHANGED, account)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPasswordReset(TimedQuery):
    """Mail a link that sets the password, if an active account has this address.

    An account without a password is sent a new invitation. That is done in the background, so that whether
    there is such an account can be told neither from the answer nor from how long it takes; nor whether too
    many links were requested, and none is sent. Raises Unavailable.
    """

    rate_limiter: RateLimiter
    outbox_writer: OutboxWriter
    run_in_background: RunInBackground

    def __call__(self, *, email: str) -> None:
        self._require_store()
        # no address is longer: what waits shall not fill the memory
        kept = trimmed(email)[: LONGEST_EMAIL + 1]
        if not self.run_in_background(lambda: self._send(kept)):
            raise Unavailable

    @retried
    def _require_store(self) -> None:
        """Raise Unavailable where nothing could be stored later. The same statement for every address."""
        with self.store.autocommit() as work:
            work.outbox.is_due(self.clock())

    @retried
    def _send(self, email: str) -> None:
        try:
            with self.store.transaction() as work:
                account = found_by_email(work, email)
                if account is None or account.email is None or not account.active:
                    return
                self.rate_limiter.take_in(work, self.rate_limiter.of_reset_mail(account.id))
                if account.password_hash is None:
                    # with the longer lifetime of an invitation
                    self.outbox_writer.send_invitation(work, account, account.email, by=None)
                else:
                    self.outbox_writer.send_reset(work, account, account.email)
        except LimitReached:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPassword(Command):
    """Set a password by the token of a mailed link, which confirms the account's address.

    All sessions of the account end. Raises Invalid for the password, InvalidResetToken, Unavailable.
    """

    hasher: Hasher
    password_rules: PasswordRules
    outbox_writer: OutboxWriter

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return named_errors(fields, password=self.password_rules.accepted)

    def __call__(self, *, token: str, password: str) -> None:
        self.require_good(token=token)
        self._set(token, self.hasher.hash(self.password_rules.accepted(password)))

    @retried
    def require_good(self, *, token: str) -> None:
        """Raise InvalidResetToken unless the token can be used now, without using it."""
        with self.store.autocommit() as work:
            link = self._link(work, token)
            link.require_to_set_password(work.accounts.get(link.account_id), at=self.clock())

    @retried
    def _set(self, token: str, password_hash: str) -> None:
        at = self.clock()
        with self.store.transaction() as work:
            link = self._link(work, token)
            account = work.accounts.get_for_update(link.account_id)
            link.require_to_set_password(account, at=at)
            if not work.links.use(link.used(at=at)):
                raise InvalidResetToken
            context = ChangeContext(account.id, at, self.new_id)
            changed, event = account.with_password(password_hash, context, is_by_mail=True)
            work.accounts.save(changed)
            work.events.add(event)
            void_links(work, changed)
            end_sessions(work, account.id, context)
            self.outbox_writer.tell(work, MailKind.PASSWORD_CHANGED, account, link.email)

    def _link(self, work: UnitOfWork, token: str) -> Link:
        """The link of a token. Raises InvalidResetToken."""
        link = work.links.find(digest_of(token))
        if link is None or link.purpose is not Purpose.SET_PASSWORD:
            raise InvalidResetToken
        return link
