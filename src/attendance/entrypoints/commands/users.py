"""Accounts, for whoever operates the machine: with an admin's rights and no more, under the same rules."""

import sys

import click

from attendance.application.accounts.read_models import RoleChangeDetails, UserDetails
from attendance.domain.accounts.role_changes import NotConfirmedAndActive
from attendance.domain.permissions.actor import OPERATOR
from attendance.domain.permissions.roles import Role
from attendance.domain.text import trimmed
from attendance.entrypoints.commands.opening import explained, stored
from attendance.entrypoints.settings import from_environment

COLUMNS = "{:<24} {:<13} {:<9} {:<12} {}"


@click.command()
@click.option("--username", required=True, help="The name to sign in with.")
@click.option("--email", required=True, help="The owner's address; you vouch for it.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@explained
def create_owner(username: str, email: str, password_stdin: bool) -> None:
    """Create the first owner. Refused once there is one: from then on owners make owners."""
    with stored(may_make=True) as attendance:
        password = _read_password() if password_stdin else _asked_for_password()
        attendance.create_owner(username=username, email=email, password=password)
    click.echo(f"{trimmed(username)} is the owner")


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _has_terminal() -> bool:
    return sys.stdin.isatty()


def _asked_for_password() -> str:
    if not _has_terminal():
        raise click.UsageError("there is no terminal to ask for a password: use --password-stdin")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@click.group()
def user() -> None:
    """Look at accounts and change roles and states; let somebody in, and out.

    What awaits confirmation does so here too.
    """


@user.command("list")
@click.option("--name", default="", help="Any part of username or name.")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="Only this role.")
@explained
def list_users(name: str, role: str | None) -> None:
    """List accounts by username."""
    with stored() as attendance:
        listed = attendance.list_users(OPERATOR, name=name, role=None if role is None else Role(role))
        click.echo(COLUMNS.format("username", "role", "state", "address", "email"))
        for account in listed:
            click.echo(_line(account))
        click.echo(f"{listed.total} in all")


@user.command()
@click.argument("username")
@explained
def show(username: str) -> None:
    """Show one account."""
    with stored() as attendance:
        account = attendance.find_user(username=username)
    for name, value in [
        ("id", account.id),
        ("username", account.username),
        ("name", account.name),
        ("email", account.email or ""),
        ("pending email", account.pending_email or ""),
        ("address", _address(account)),
        ("role", account.role.value),
        ("level", int(account.level)),
        ("state", _state(account)),
        ("created", account.created_at.isoformat()),
    ]:
        click.echo(f"{name:<14} {value}".rstrip())


@user.command()
@click.argument("username")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@explained
def set_role(username: str, role: str) -> None:
    """Move an account to a role."""
    with stored() as attendance:
        account = attendance.find_user(username=username)
        _tell(username, attendance.change_role(OPERATOR, user_id=account.id, role=Role(role)))


@user.command()
@click.argument("username")
@explained
def deactivate(username: str) -> None:
    """Deactivate an account; its sessions end at once."""
    with stored() as attendance:
        account = attendance.find_user(username=username)
        _tell(username, attendance.change_active(OPERATOR, user_id=account.id, active=False))


@user.command()
@click.argument("username")
@explained
def reactivate(username: str) -> None:
    """Let a deactivated account sign in again."""
    with stored() as attendance:
        account = attendance.find_user(username=username)
        _tell(username, attendance.change_active(OPERATOR, user_id=account.id, active=True))


@user.command()
@click.argument("username")
@click.option("--email", required=True, help="Where the invitation is mailed to.")
@click.option("--name", default="", help="First and last name.")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.USER.value, show_default=True
)
@explained
def invite(username: str, email: str, name: str, role: str) -> None:
    """Add an account for somebody, and mail them a link for choosing a password."""
    with stored() as attendance:
        invited = attendance.invite_user(OPERATOR, username=username, email=email, name=name, role=Role(role))
    click.echo(f"{invited.username} is invited as {role}; the mail to {invited.email} waits to be sent")


@user.command()
@click.argument("username")
@click.option("--mail", "is_mailed", is_flag=True, help="Mail the link to the account's address instead.")
@explained
def reset_password(username: str, is_mailed: bool) -> None:
    """Print a link that sets an account's password, for whoever has no access to their mail.

    Hand it to nobody else: whoever opens it has the account, and its address counts as confirmed. The link
    before it is void. The password stays as it is until the link is used, which ends all sessions.
    """
    from attendance.entrypoints.container import mail_renderer

    with stored() as attendance:
        account = attendance.find_user(username=username)
        if is_mailed:
            if account.email is None or not account.active:
                raise NotConfirmedAndActive
            attendance.request_password_reset(email=account.email)
            click.echo(f"a link is mailed to {account.email}, unless too many were asked for today")
        else:
            token = attendance.make_password_link(user_id=account.id)
            click.echo(mail_renderer(from_environment()).password_link(token))


@user.command()
@click.argument("username")
@click.option("--end", "are_ended", is_flag=True, help="End all of them, at once.")
@explained
def sessions(username: str, are_ended: bool) -> None:
    """List where somebody is signed in, newest first; or end all their sessions."""
    with stored() as attendance:
        account = attendance.find_user(username=username)
        found = attendance.sessions_of_user(user_id=account.id)
        if are_ended:
            attendance.end_sessions_of_user(user_id=account.id)
    for session in found:
        used = f"last used {session.last_seen_at:%Y-%m-%d %H:%M}Z"
        remembered = ", remembered" if session.remembered else ""
        where = f"{session.address or 'somewhere'}  {session.user_agent}".rstrip()
        click.echo(f"{session.created_at:%Y-%m-%d %H:%M}Z  {used}{remembered}  {where}")
    click.echo(f"{len(found)} ended" if are_ended else f"{len(found)} in all")


def _tell(username: str, outcome: UserDetails | RoleChangeDetails) -> None:
    if isinstance(outcome, UserDetails):
        click.echo(f"{username} is {outcome.role.value}, {_state(outcome)}")
    else:
        until = outcome.expires_at.date().isoformat()
        takes = f"takes ownership from {username}"
        grants = f"gives {username} the role of an {outcome.to}"
        what = takes if outcome.from_ in (Role.OWNER, True) else grants
        click.echo(f"this {what}: it awaits confirmation by an owner until {until}")


def _line(account: UserDetails) -> str:
    return COLUMNS.format(
        account.username, account.role.value, _state(account), _address(account), account.email or ""
    ).rstrip()


def _state(account: UserDetails) -> str:
    return "active" if account.active else "inactive"


def _address(account: UserDetails) -> str:
    return "confirmed" if account.email_confirmed else "unconfirmed" if account.email else "none"
