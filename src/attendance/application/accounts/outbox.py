"""Adding mails to the outbox, in the transaction that makes them necessary."""

from dataclasses import dataclass
from datetime import timedelta

from attendance.application.ports import Clock, NewId, NewToken, UnitOfWork
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.links import Link, LinkLifetimes, Purpose, digest_of
from attendance.domain.accounts.mail import Mail, MailKind
from attendance.domain.events import Action, ChangeContext
from attendance.domain.ids import AccountId, MailId


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxWriter:
    """Adds mails and the links in them; they are sent after the transaction is committed."""

    clock: Clock
    new_id: NewId
    new_token: NewToken
    lifetimes: LinkLifetimes

    def send_confirmation(self, work: UnitOfWork, account: Account, email: str) -> None:
        """Mail a link that confirms `email` as the account's address."""
        self._send_link(
            work,
            account,
            MailKind.CONFIRM_EMAIL,
            Purpose.CONFIRM_EMAIL,
            email,
            self.lifetimes.confirmation,
            by=account.id,
        )

    def send_reset(self, work: UnitOfWork, account: Account, email: str) -> None:
        """Mail a link that sets the account's password."""
        self._send_link(
            work,
            account,
            MailKind.RESET_PASSWORD,
            Purpose.SET_PASSWORD,
            email,
            self.lifetimes.reset,
            by=None,
        )

    def send_invitation(
        self, work: UnitOfWork, account: Account, email: str, *, by: AccountId | None
    ) -> None:
        """Mail a link that sets the first password of an account that somebody else has added."""
        self._send_link(
            work,
            account,
            MailKind.INVITATION,
            Purpose.SET_PASSWORD,
            email,
            self.lifetimes.invitation,
            by=by,
        )

    def make_password_link(self, work: UnitOfWork, account: Account, email: str, *, by: AccountId) -> str:
        """Return the token of a link that sets the account's password, which is mailed to nobody."""
        return self._made_link(work, account, Purpose.SET_PASSWORD, email, self.lifetimes.reset, by=by)

    def tell(
        self, work: UnitOfWork, kind: MailKind, reader: Account, address: str | None = None, /, **facts: str
    ) -> None:
        """Mail the reader these facts, which the text of this kind of mail needs, in the reader's language.

        `address`: another one than the reader's own. Without any address nothing is mailed.
        """
        to, at = address or reader.email, self.clock()
        if to is None:
            return
        facts |= {"name": reader.name, "username": reader.username}
        if reader.language is not None:
            facts["language"] = reader.language.value
        mail = Mail(id=MailId(self.new_id()), kind=kind, to=to, facts=facts, created_at=at, due_at=at)
        work.outbox.add(mail)

    def _send_link(
        self,
        work: UnitOfWork,
        account: Account,
        kind: MailKind,
        purpose: Purpose,
        email: str,
        lifetime: timedelta,
        *,
        by: AccountId | None,
    ) -> None:
        token = self._made_link(work, account, purpose, email, lifetime, by=by)
        hours = str(round(lifetime / timedelta(hours=1)))
        self.tell(work, kind, account, email, token=token, hours=hours)

    def _made_link(
        self,
        work: UnitOfWork,
        account: Account,
        purpose: Purpose,
        email: str,
        lifetime: timedelta,
        *,
        by: AccountId | None,
    ) -> str:
        token, at = self.new_token(), self.clock()
        expires_at = at + lifetime
        link = Link(
            account_id=account.id,
            purpose=purpose,
            digest=digest_of(token),
            email=email,
            expires_at=expires_at,
        )
        work.links.put(link)
        after = {"purpose": purpose.value, "email": email, "expires_at": expires_at.isoformat()}
        change_context = ChangeContext(by, at, self.new_id)
        work.events.add(change_context.event(Action.ACCOUNT_LINK_SENT, account.id, after=after))
        return token


def void_links(work: UnitOfWork, account: Account, *, is_every: bool = False) -> None:
    """Void the account's links to other addresses than its present one; `is_every`: all of its links."""
    for link in work.links.of(account.id):
        if is_every or not link.is_of(account.email):
            work.links.void(link)
