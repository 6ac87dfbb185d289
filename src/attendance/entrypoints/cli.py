"""The command `attendance`."""

import click

from attendance.entrypoints.commands.backups import backup, restore, verify
from attendance.entrypoints.commands.demo import demo
from attendance.entrypoints.commands.doctor import doctor
from attendance.entrypoints.commands.events import events
from attendance.entrypoints.commands.mail import mail
from attendance.entrypoints.commands.serving import migrate, openapi, serve
from attendance.entrypoints.commands.settings import settings
from attendance.entrypoints.commands.users import create_owner, user

ABOUT_SETTINGS = (
    "Settings come from environment variables ATTENDANCE_…; docs/settings.md lists them. "
    "Without any, everything is kept in ./var."
)


@click.group(help=f"Keep attendance: who was there, who said so, and when.\n\n{ABOUT_SETTINGS}")
@click.version_option(package_name="attendance")
def main() -> None: ...


for command in (
    serve,
    migrate,
    create_owner,
    user,
    mail,
    events,
    settings,
    doctor,
    openapi,
    demo,
    backup,
    restore,
    verify,
):
    main.add_command(command)
