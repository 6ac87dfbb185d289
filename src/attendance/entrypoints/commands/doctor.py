"""What is wrong with this installation, in words."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attendance.entrypoints.settings import MEMORY, Settings, SettingsError, from_environment

if TYPE_CHECKING:
    from attendance.adapters.sql.engine.databases import Database
    from attendance.entrypoints.watching.diagnosis import Finding

SMTP_TIMEOUT_SECONDS = 5


@click.command()
def doctor() -> None:
    """Say what is wrong with this installation.

    Looks at settings, database, disk, mail, clock and keys, changes nothing and sends no mail. Ends with
    status 1 for trouble; warnings alone are none.
    """
    from attendance.entrypoints.watching.diagnosis import Level, trouble

    try:
        found = [*_findings(from_environment())]
    except SettingsError as error:
        found = [trouble("settings", str(error))]
    for finding in found:
        click.echo(str(finding))
    levels = [finding.level for finding in found]
    troubles, warnings = levels.count(Level.TROUBLE), levels.count(Level.WARNING)
    click.echo(f"{troubles} troubles, {warnings} warnings")
    if troubles:
        raise SystemExit(1)


def _findings(settings: Settings) -> "Iterator[Finding]":
    from attendance.entrypoints.watching import diagnosis

    yield from diagnosis.address_of_pages(settings)
    yield from diagnosis.proxies(settings)
    yield from diagnosis.metrics(settings)
    yield from diagnosis.secret_key(settings)
    yield from diagnosis.secret_files({**os.environ})
    yield from _of_what_is_built(settings)
    if settings.smtp_url is None:
        yield from diagnosis.disk(Path(settings.mail_directory), "mail")
    if settings.database_url == MEMORY:
        yield diagnosis.warning("database", "memory: everything is gone when the service stops")
        return
    yield from _of_database(settings, settings.database_url)
    if settings.read_database_url is not None:
        for finding in _of_replica(settings.database_url, settings.read_database_url):
            yield diagnosis.Finding(finding.level, "replica", finding.text)


def _of_what_is_built(settings: Settings) -> "Iterator[Finding]":
    """What no worker could use, and the mail server."""
    from attendance.adapters.mail import SmtpNotifier
    from attendance.entrypoints.container import common_passwords, hasher, mail_renderer, notifier
    from attendance.entrypoints.watching import diagnosis

    for build in (common_passwords, hasher, mail_renderer):
        try:
            build(settings)
        except SettingsError as error:
            yield diagnosis.trouble("settings", str(error))
    try:
        sender = notifier(settings)
        if settings.smtp_url is not None:
            sender = SmtpNotifier(
                url=settings.smtp_url, renderer=mail_renderer(settings), timeout=SMTP_TIMEOUT_SECONDS
            )
    except SettingsError as error:
        yield diagnosis.trouble("mail", str(error))
    else:
        yield from diagnosis.mail_server(settings, sender)


def _of_database(settings: Settings, url: str) -> "Iterator[Finding]":
    from attendance.adapters.sql.engine.databases import open_database, sqlite_file
    from attendance.entrypoints.watching import diagnosis

    path = sqlite_file(url)
    if path is not None:
        yield from diagnosis.disk(path.parent, "disk")
        if not path.exists():
            yield diagnosis.warning("database", f"{path} is not there yet: `attendance serve` makes it")
            return
        yield from diagnosis.permissions_of(path, "database")
    try:
        database = open_database(url, pool_size=1)
    except ValueError as error:
        yield diagnosis.trouble("database", f"ATTENDANCE_DATABASE_URL: {error}")
        return
    try:
        yield from _of_opened(settings, database)
    finally:
        database.engine.dispose()


def _of_opened(settings: Settings, database: "Database") -> "Iterator[Finding]":
    from attendance.adapters.sql.engine.errors import reason_of
    from attendance.entrypoints.watching import diagnosis

    found = [*diagnosis.shape(database)]
    yield from found
    if any(finding.level is diagnosis.Level.TROUBLE for finding in found):
        return
    now = datetime.now(UTC)
    try:
        yield from diagnosis.writing(database)
        yield from diagnosis.keys(database)
        yield from diagnosis.size(database)
        yield from diagnosis.clock(database, now)
        yield from diagnosis.tools(database, settings.postgresql_bin)
        yield from diagnosis.mails(settings, diagnosis.backlog_of(database), now)
    except Exception as error:
        # it went away meanwhile, or a user of it may not ask everything
        yield diagnosis.trouble("database", f"cannot be asked: {reason_of(error)}")


def _of_replica(primary_url: str, url: str) -> "Iterator[Finding]":
    from attendance.adapters.sql.engine.databases import open_database
    from attendance.entrypoints.watching import diagnosis

    try:
        database = open_database(url, pool_size=1, only_reads=True)
    except ValueError as error:
        yield diagnosis.trouble("replica", f"ATTENDANCE_READ_DATABASE_URL: {error}")
        return
    primary = open_database(primary_url, pool_size=1)
    try:
        found = [*diagnosis.shape(database)]
        yield from found
        if all(finding.level is diagnosis.Level.OK for finding in found):
            yield from diagnosis.following(database, primary)
    finally:
        database.engine.dispose()
        primary.engine.dispose()
