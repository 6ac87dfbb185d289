"""Sending the mails in the outbox."""

from dataclasses import dataclass, replace

from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Query, TimedQuery
from attendance.application.ports import NoNotifier, Notifier, NotSent
from attendance.domain.accounts.mail import LONGEST_LEASE, Mail, MailState
from attendance.domain.ids import MailId


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchMail(TimedQuery):
    """Send one mail that is due, and return whether there was one.

    Several processes may do this at once: a mail is claimed by one at a time, for 5 minutes. A process that
    ends after the server has accepted a mail and before that is stored lets it be sent again, under the same
    Message-ID. After a failure the next try is in 5 s, 10 s and so on to 10 minutes. Raises
    NoNotifier, and leaves every mail waiting, where no way to send mail was given.
    """

    notifier: Notifier | None

    def __call__(self) -> bool:
        if self.notifier is None:
            raise NoNotifier
        mail = self._claimed()
        if mail is None:
            return False
        try:
            self.notifier.send(mail)
        except NotSent as failure:
            self._note(self._failed(mail, failure))
        else:
            self._note(replace(mail, state=MailState.SENT, facts=None, error=None))
        return True

    @retried
    def _claimed(self) -> Mail | None:
        at = self.clock()
        with self.store.autocommit() as work:
            if not work.outbox.is_due(at):
                return None
        with self.store.transaction() as work:
            return work.outbox.claim(at, at + LONGEST_LEASE)

    def _failed(self, mail: Mail, failure: NotSent) -> Mail:
        due_at = None if failure.is_final else mail.next_try(at=self.clock())
        if due_at is None:
            return replace(mail, state=MailState.DEAD, error=str(failure))
        return replace(mail, due_at=due_at, error=str(failure))

    @retried
    def _note(self, mail: Mail) -> None:
        with self.store.transaction() as work:
            # not after the claim has expired: then another try is under way, or done
            if work.outbox.get_for_update(mail.id).attempts == mail.attempts:
                work.outbox.save(mail)


class ListMail(Query):
    """Return the mails in a state (waiting, sent, dead: not tried again), oldest first.

    For the operator: it asks for no permission.
    """

    @retried
    def __call__(self, *, state: MailState) -> tuple[Mail, ...]:
        with self.store.autocommit() as work:
            return work.outbox.in_state(state)


class RetryMail(TimedQuery):
    """Make a mail that is waiting or dead due now; one that was sent stays as it is.

    For the operator: it asks for no permission. Raises MailNotFound.
    """

    @retried
    def __call__(self, *, mail_id: MailId) -> None:
        with self.store.transaction() as work:
            mail = work.outbox.get_for_update(mail_id)
            if mail.state is MailState.SENT:
                return
            work.outbox.save(replace(mail, state=MailState.WAITING, due_at=self.clock()))
