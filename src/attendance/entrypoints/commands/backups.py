"""The commands for a whole database: `backup`, `restore`, `verify`."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attendance.entrypoints.commands.opening import explained, require_database
from attendance.entrypoints.settings import MEMORY, Settings, about, from_environment

if TYPE_CHECKING:
    from attendance.adapters.sql.backups.archive import Manifest
    from attendance.adapters.sql.backups.postgres_tools import PostgresTools
    from attendance.adapters.sql.engine.databases import Database

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@FILE
@explained
def backup(file: Path) -> None:
    """Copy the whole database into FILE, which must not be there yet, while it is in use.

    Sessions, links, calendar links and mails that wait are left out: a restore lets nobody in who was shut
    out since.
    """
    from attendance.adapters.sql.backups.taking import back_up

    with _ended_by_signals(), _database() as (database, tools):
        _tell("written", file, back_up(database, file, made_at=datetime.now(UTC), tools=tools))


@click.command()
@FILE
@explained
def restore(file: Path) -> None:
    """Bring FILE back into an empty database, check it, and bring it up to date.

    Everybody signs in again; links that were mailed and calendar links are made anew.
    """
    from attendance.adapters.sql.backups.restoring import restore as bring_back
    from attendance.adapters.sql.backups.verifying import verify as looked_through

    with _ended_by_signals(), _database(may_make=True) as (database, tools):
        _refuse_what_is_served(database)
        manifest = bring_back(database, file, tools=tools)
        _report(looked_through(database).findings)
    _tell("restored from", file, manifest)


@click.command()
@explained
def verify() -> None:
    """Look through the whole database for what must never be in it; exit with 1 where something is."""
    from attendance.adapters.sql.backups.verifying import verify as looked_through

    with _database() as (database, _):
        verified = looked_through(database)
    _report(verified.findings)
    numbers = ", ".join(f"{number} {name}" for name, number in verified.looked_at.items() if number)
    click.echo(f"all is as it must be: {numbers or 'nothing is stored yet'}")


def _report(findings: tuple[object, ...]) -> None:
    for finding in findings:
        click.echo(str(finding), err=True)
    if findings:
        raise click.ClickException(f"{len(findings)} things are not as they must be")


def _tell(done: str, file: Path, manifest: "Manifest") -> None:
    rows = sum(manifest.tables.values())
    click.echo(
        f"{done} {file}: {rows} rows of {manifest.database}, as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"by attendance {manifest.attendance}"
    )


def _refuse_what_is_served(database: "Database") -> None:
    from attendance.entrypoints.serving.notes import is_served

    url = database.engine.url
    if url.get_backend_name() == "sqlite" and is_served(Path(str(url.database))):
        raise click.ClickException(
            f"a service serves {url.database}: stop it first, or it writes where nobody reads"
        )


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does: what is not whole is removed."""

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _database(*, may_make: bool = False) -> Iterator[tuple["Database", "PostgresTools"]]:
    """The database that the settings name, and the programs for it; what goes wrong is one line."""
    from attendance.adapters.sql.backups.archive import BackupError
    from attendance.adapters.sql.backups.postgres_tools import PostgresTools
    from attendance.adapters.sql.engine.databases import open_database

    settings: Settings = from_environment()
    if not may_make or settings.database_url == MEMORY:
        require_database(settings)
    with about("database_url"):
        database = open_database(settings.database_url, pool_size=1)
    directory = settings.postgresql_bin
    try:
        yield database, PostgresTools(Path(directory) if directory else None)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    finally:
        database.engine.dispose()
