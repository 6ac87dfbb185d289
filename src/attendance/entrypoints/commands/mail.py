"""Mail that waits, for whoever operates the machine."""

import logging.config
import signal
from uuid import UUID

import click

from attendance.domain.accounts.mail import Mail, MailState
from attendance.domain.ids import MailId
from attendance.entrypoints.commands.opening import explained, stored
from attendance.entrypoints.serving.logs import log_configuration
from attendance.entrypoints.settings import from_environment


@click.group(invoke_without_command=True)
@click.pass_context
def mail(context: click.Context) -> None:
    """Send mail until told to stop, apart from the service (ATTENDANCE_MAIL_SENDER=command)."""
    if context.invoked_subcommand is None:
        _send()


@explained
def _send() -> None:
    from attendance.adapters.mail import Dispatcher

    logging.config.dictConfig(log_configuration(from_environment()))
    stopping = {signal.SIGINT, signal.SIGTERM}
    # no handler: run amid a wait, it would wait for the lock that its own thread has
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    with stored() as attendance:
        click.echo("sending mail. Stop it with Ctrl-C.")
        dispatcher = Dispatcher(dispatch=attendance.dispatch_mail, run_maintenance=attendance.run_maintenance)
        dispatcher.start()
        signal.sigwait(stopping)
        dispatcher.close()


@mail.command("list")
@explained
def list_mail() -> None:
    """List mails that wait, and those that were given up."""
    with stored() as attendance:
        for state in (MailState.WAITING, MailState.DEAD):
            for one in attendance.list_mail(state=state):
                click.echo(_line(one))


@mail.command()
@click.argument("mail_id", type=click.UUID)
@explained
def retry(mail_id: UUID) -> None:
    """Try a mail that waits or was given up again, now."""
    with stored() as attendance:
        attendance.retry_mail(mail_id=MailId(mail_id))
    click.echo("it will be tried again at once")


def _line(one: Mail) -> str:
    when = f"next try {one.due_at:%Y-%m-%d %H:%M:%S}Z" if one.state is MailState.WAITING else "given up"
    error = f": {one.error}" if one.error else ""
    return f"{one.id} {one.kind.value} to {one.to}, {one.attempts} tries, {when}{error}"
