"""What is wrong with an installation, in words: each check looks at one thing and says what it found."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from shutil import disk_usage
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from attendance.adapters.mail.smtp import SmtpNotifier
from attendance.adapters.sql.backups.archive import BackupError
from attendance.adapters.sql.backups.postgres_tools import PostgresTools
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import reason_of
from attendance.adapters.sql.schema.stored_keys import has_current_keys
from attendance.adapters.sql.schema.version import require_current
from attendance.adapters.sql.schema.writing import is_writable
from attendance.adapters.sql.tables import events, outbox
from attendance.application.ports import NotSent
from attendance.application.ports.accounts import Backlog
from attendance.domain.errors import Unavailable
from attendance.entrypoints.secrets import KEPT_IN
from attendance.entrypoints.settings import FROM_FILE, PREFIX, MailSender, Settings
from attendance.entrypoints.watching.readiness import NOT_WRITTEN

SHORTEST_KEY, FEWEST_CHARACTERS = 32, 10
LEAST_FREE, LITTLE_FREE = 100 * 1024**2, 1024**3
LARGE_LOG = 256 * 1024**2
"""Bytes of SQLite's log of writes: it is brought into the database every 4 MB, unless somebody reads on."""
OFF, FAR_OFF = timedelta(seconds=2), timedelta(minutes=1)
LATE, TOO_LATE = timedelta(minutes=15), timedelta(hours=2)
FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in one line."""

    level: Level
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.level:<8} {self.about}: {self.text}"


Findings = Iterator[Finding]


def ok(about: str, text: str) -> Finding:
    return Finding(Level.OK, about, text)


def warning(about: str, text: str) -> Finding:
    return Finding(Level.WARNING, about, text)


def trouble(about: str, text: str) -> Finding:
    return Finding(Level.TROUBLE, about, text)


def address_of_pages(settings: Settings) -> Findings:
    """Whether links lead where people can follow them, and nobody else reads along."""
    url = settings.public_url
    if is_local(urlsplit(url).hostname or ""):
        if not is_local(settings.host):
            yield warning("address", f"links in mails begin with {url}: for their readers, that is elsewhere")
    elif settings.base_url is None:
        yield warning("address", f"ATTENDANCE_BASE_URL is not set: links in mails begin with {url}")
    elif not url.startswith("https://"):
        yield warning("address", f"{url} is not https: passwords and cookies can be read on their way")


def is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def proxies(settings: Settings) -> Findings:
    """Whether the addresses of clients are known, and from nobody who may lie."""
    networks = settings.proxies()
    if any(network.prefixlen == 0 for network in networks):
        yield trouble("proxies", "ATTENDANCE_TRUSTED_PROXIES trusts everybody: anybody may claim any address")
    elif not networks and urlsplit(settings.public_url).scheme == "https":
        yield warning(
            "proxies",
            "ATTENDANCE_TRUSTED_PROXIES is not set: behind a proxy all share its address and its limits",
        )


def metrics(settings: Settings) -> Findings:
    if settings.metrics_token is None and not is_local(settings.host):
        yield warning("metrics", "ATTENDANCE_METRICS_TOKEN is not set: whoever reaches the port reads them")


def secret_key(settings: Settings, kept_in: Path = KEPT_IN) -> Findings:
    """Whether the key that signs sessions can be guessed, or read by others on this machine."""
    if settings.secret_key is not None:
        for number, key in enumerate(settings.secret_key.split(","), start=1):
            which = "the key" if number == 1 else f"key {number}"
            if len(key.encode()) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS:
                yield trouble("secret key", f"{which} can be guessed: take 48 random characters")
        return
    if not kept_in.exists():
        yield ok("secret key", f"none yet: the first start makes one in {kept_in}")
        return
    yield from permissions_of(kept_in, "secret key")


def secret_files(environment: dict[str, str]) -> Findings:
    """Whether only their owner reads the files that secrets come from."""
    for variable, path in sorted(environment.items()):
        if variable.startswith(PREFIX) and variable.endswith(FROM_FILE) and Path(path).is_file():
            yield from permissions_of(Path(path), variable)


def permissions_of(path: Path, about: str) -> Findings:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & FOR_OTHERS:
        yield trouble(about, f"{path} is open to others on this machine ({mode:o}): chmod 600 {path}")


def disk(directory: Path, about: str, usage: Callable[[Path], Any] = disk_usage) -> Findings:
    """Whether there is room where something is kept."""
    place = directory.absolute()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        yield trouble(about, f"{place} cannot be written by this user")
    free = usage(place).free
    level = trouble if free < LEAST_FREE else warning if free < LITTLE_FREE else ok
    yield level(about, f"{bytes_of(free)} are free in {place}")


def file_of(database: Database) -> Path | None:
    """The file of an SQLite database."""
    url = database.engine.url
    return Path(str(url.database)) if database.engine.dialect.name == "sqlite" else None


def shape(database: Database) -> Findings:
    """Whether the database can be asked, and is as this version expects it; further checks need that."""
    try:
        require_current(database)
    except Unavailable as error:
        yield trouble("database", f"cannot be reached: {reason_of(error)}")
        return
    except ValueError as error:
        yield trouble("database", str(error))
        return
    except Exception as error:
        yield trouble("database", f"cannot be asked: {reason_of(error)}")
        return
    with database.engine.connect() as connection:
        dialect = connection.dialect
        version = ".".join(map(str, dialect.server_version_info or ()))
        name = "PostgreSQL" if dialect.name == "postgresql" else "SQLite"
    yield ok("database", f"{name} {version}, of this version's shape")


def writing(database: Database) -> Findings:
    try:
        is_written = is_writable(database)
    except Unavailable as error:
        yield trouble("database", f"cannot be written: {reason_of(error)}")
        return
    if not is_written:
        yield trouble("database", NOT_WRITTEN)


def tools(database: Database, directory: str | None) -> Findings:
    """Whether PostgreSQL's programs are there that copy a database, and are no older than the server."""
    if database.engine.dialect.name != "postgresql":
        return
    copies = PostgresTools(Path(directory) if directory else None)
    with database.engine.connect() as connection:
        newest = int((connection.dialect.server_version_info or (0,))[0])
    try:
        version = copies.version()
    except BackupError as error:
        yield warning("backup", str(error))
        return
    if version < newest:
        yield warning("backup", f"pg_dump is of version {version}, the server of {newest}: it will refuse")
    else:
        yield ok("backup", f"pg_dump is of version {version}")


def following(replica: Database, primary: Database) -> Findings:
    """Whether a replica follows the primary, and how far it is behind."""
    system = "(SELECT system_identifier FROM pg_control_system())"
    try:
        with replica.engine.connect() as connection:
            follows, its_system, replayed = connection.execute(
                sa.text(f"SELECT pg_is_in_recovery(), {system}, pg_last_wal_replay_lsn()::text")
            ).one()
        with primary.engine.connect() as connection:
            behind = "pg_wal_lsn_diff(pg_current_wal_insert_lsn(), CAST(:lsn AS pg_lsn))"
            system_of_primary, missing = connection.execute(
                sa.text(f"SELECT {system}, {behind}"),
                {"lsn": replayed},
            ).one()
    except sa.exc.DBAPIError as error:
        yield trouble("database", f"cannot be compared with the primary: {reason_of(error)}")
        return
    if not follows or its_system != system_of_primary:
        yield trouble("database", "follows no primary, or another one: nothing is read from it")
    else:
        yield ok("database", f"follows the primary, {bytes_of(max(0, int(missing)))} behind")


def keys(database: Database) -> Findings:
    if not has_current_keys(database):
        yield trouble("database", "names are found by rules of another version: run `attendance migrate`")


def size(database: Database) -> Findings:
    path = file_of(database)
    if path is None:
        with database.engine.connect() as connection:
            taken = connection.scalar(sa.text("SELECT pg_database_size(current_database())"))
        yield ok("database", f"takes {bytes_of(int(taken or 0))}")
        return
    yield ok("database", f"takes {bytes_of(path.stat().st_size)}")
    log = path.with_name(f"{path.name}-wal")
    waiting = log.stat().st_size if log.exists() else 0
    if waiting > LARGE_LOG:
        yield warning(
            "database", f"{log} is {bytes_of(waiting)}: something reads for hours, and it cannot be emptied"
        )


def clock(database: Database, now: datetime) -> Findings:
    """Whether this machine and the database's agree on the time, and nothing happened in the future."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            off = abs(now - connection.scalars(sa.text("SELECT clock_timestamp()")).one())
            if off > OFF:
                level = trouble if off > FAR_OFF else warning
                yield level("clock", f"the database's differs by {off.total_seconds():.0f} s")
        newest = connection.scalar(sa.select(events.c.at).order_by(events.c.position.desc()).limit(1))
    if newest is not None and newest - now > OFF:
        level = trouble if newest - now > FAR_OFF else warning
        yield level("clock", f"the newest event is of {newest:%Y-%m-%d %H:%M:%S} UTC: this clock is behind")


def mail_server(settings: Settings, notifier: object) -> Findings:
    """Whether mails can be sent at all."""
    if not isinstance(notifier, SmtpNotifier):
        yield warning(
            "mail", f"ATTENDANCE_SMTP_URL is not set: mails become files in {settings.mail_directory}"
        )
        return
    try:
        notifier.require_server()
    except NotSent as error:
        yield trouble("mail", str(error))
    else:
        yield ok("mail", "the server takes connections")


def mails(settings: Settings, backlog: Backlog, now: datetime) -> Findings:
    """Whether mails wait for too long, or were given up."""
    if backlog.given_up:
        yield warning("mail", f"{backlog.given_up} were given up: see `attendance mail list`")
    if backlog.oldest is None:
        return
    age = now - backlog.oldest
    if age > LATE:
        who = "serve" if settings.mail_sender is MailSender.SERVER else "mail"
        level = trouble if age > TOO_LATE else warning
        hours = age / timedelta(hours=1)
        yield level(
            "mail", f"{backlog.waiting} wait, the oldest for {hours:.1f} hours: does `attendance {who}` run?"
        )


def backlog_of(database: Database) -> Backlog:
    """The outbox as it is, without anything of the service."""
    of = sa.select(sa.func.count(), sa.func.min(outbox.c.created_at))
    with database.engine.connect() as connection:
        waiting, oldest = connection.execute(of.where(outbox.c.state == "waiting")).one()
        given_up, _ = connection.execute(of.where(outbox.c.state == "dead")).one()
    return Backlog(waiting=waiting, oldest=oldest, given_up=given_up)


def bytes_of(number: int) -> str:
    units = ("bytes", "KB", "MB", "GB", "TB")
    power = min(len(units) - 1, max(0, (number.bit_length() - 1) // 10))
    return f"{number / 1024**power:.{1 if power else 0}f} {units[power]}"
