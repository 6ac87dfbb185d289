"""What an operator may choose, by environment variables `ATTENDANCE_…`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from attendance.domain.accounts.accounts import Language
from attendance.domain.permissions.table import Directory, Registration
from attendance.domain.text import trimmed

PREFIX = "ATTENDANCE_"
FOR_TESTS = "ATTENDANCE_TEST_"
FROM_FILE = "_FILE"
MEMORY = "memory"
MAIL_FROM = "attendance@localhost"
SECRETS = frozenset({"database_url", "read_database_url", "secret_key", "smtp_url"})

LINK = r"^https?://[^\s{}]+[^\s{}]*\{token\}[^\s{}]*$"
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Hours = Annotated[float, Meta(gt=0, le=366 * 24)]
Days = Annotated[float, Meta(gt=0, le=366)]


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How lines of the log are written; `auto`: text on a terminal, JSON elsewhere."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class MailSender(StrEnum):
    """Which process sends mail: the one that serves, or `attendance mail` apart from it."""

    SERVER = "server"
    COMMAND = "command"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class SettingsError(ValueError):
    """Settings that cannot be; its text is one line for an operator."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default. Lengths of time bear their unit in the name."""

    database_url: str = "sqlite:///var/attendance.db"
    read_database_url: str | None = None
    secret_key: str | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8000
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    threads: Annotated[int, Meta(ge=1, le=256)] = 8
    connections: Annotated[int, Meta(ge=16, le=1_000_000)] = 16_384
    receive_seconds: Annotated[float, Meta(gt=0, le=300)] = 20
    exports: Annotated[int, Meta(ge=1, le=64)] = 1
    exports_per_person: Annotated[int, Meta(ge=1, le=64)] = 2
    drain_seconds: Annotated[float, Meta(ge=0, le=300)] = 0
    pool_size: Positive = 12
    postgresql_bin: str | None = None
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.AUTO
    cors_origins: str = ""
    labs_directory: Directory = Directory.PUBLIC
    session_hours: Hours = 12
    session_idle_hours: Hours = 3
    remember_days: Days = 30
    remember_idle_days: Days = 14
    password_min_length: Annotated[int, Meta(ge=1, le=256)] = 8
    common_passwords: str | None = None
    argon2_time_cost: Positive = 2
    argon2_memory_kib: Annotated[int, Meta(ge=8)] = 19 * 1024
    argon2_parallelism: Annotated[int, Meta(ge=1, le=16)] = 1
    sign_in_queue: Count = 256
    base_url: Annotated[str, Meta(pattern=r"^https?://[^\s/]+(/[^\s]*)?$")] | None = None
    confirm_link: Annotated[str, Meta(pattern=LINK)] | None = None
    reset_link: Annotated[str, Meta(pattern=LINK)] | None = None
    confirmation_hours: Hours = 48
    reset_hours: Hours = 2
    invitation_hours: Hours = 7 * 24
    timezone: str = "UTC"
    smtp_url: str | None = None
    mail_from: str = MAIL_FROM
    mail_directory: str = "var/mail"
    mail_sender: MailSender = MailSender.SERVER
    owner_tenure_days: Annotated[int, Meta(ge=0, le=3650)] = 7
    role_change_days: Annotated[int, Meta(ge=1, le=365)] = 7
    marking_days_teachers: Annotated[int, Meta(ge=0, le=36500)] = 7
    marking_days_managers: Annotated[int, Meta(ge=0, le=36500)] = 60
    marking_early_minutes: Annotated[int, Meta(ge=0, le=1440)] = 15
    limit_failed_sign_ins_per_account: Positive = 10
    limit_failed_sign_ins_per_address: Positive = 100
    limit_failed_sign_ins_everywhere: Positive = 100
    limit_registrations_per_hour: Positive = 200
    limit_confirmation_mails: Positive = 3
    limit_password_resets: Positive = 5
    trusted_proxies: str = ""
    registration: Registration = Registration.OPEN
    labs: Switch = Switch.ON
    confirm_grants: Switch = Switch.OFF
    language: Language = Language.EN

    @property
    def storage(self) -> str:
        return "memory" if self.database_url == MEMORY else "sql"

    @property
    def public_url(self) -> str:
        """What links in mails and addresses of calendars begin with."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    def zone(self) -> ZoneInfo:
        """The organisation's zone."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"{PREFIX}TIMEZONE: {self.timezone!r} is no time zone such as Europe/Berlin"
            ) from error

    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the proxies whose word about a client's address is taken."""
        try:
            return tuple(ip_network(part.strip()) for part in self.trusted_proxies.split(",") if part.strip())
        except ValueError as error:
            raise ValueError(f"{PREFIX}TRUSTED_PROXIES: {error}") from error

    def __post_init__(self) -> None:
        if self.storage == "memory" and self.workers > 1:
            raise ValueError("memory is kept by one process: use workers = 1, or a database")
        self.zone()
        self.proxies()
        if self.session_idle_hours > self.session_hours:
            raise ValueError("session_idle_hours must not be more than session_hours")
        if self.remember_idle_days > self.remember_days:
            raise ValueError("remember_idle_days must not be more than remember_days")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings an environment names; raise SettingsError with a line about the first that is wrong."""
    chosen: dict[str, str] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable.startswith(FOR_TESTS):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name.endswith(FROM_FILE.lower()) and name.removesuffix(FROM_FILE.lower()) in SECRETS:
            name, text = name.removesuffix(FROM_FILE.lower()), _content(variable, text)
        elif name not in Settings.__struct_fields__:
            raise SettingsError(f"{variable} is not a setting")
        if name in chosen:
            raise SettingsError(f"{PREFIX}{name.upper()} is set twice: also as {FROM_FILE}")
        # files of variables keep the blanks at the end of a line; what is secret may have some
        chosen[name] = text if name in SECRETS else trimmed(text)
    return settings_of(chosen)


def settings_of(chosen: Mapping[str, Any]) -> Settings:
    """Settings by field name, with text where a number is meant; raise SettingsError."""
    if unknown := sorted(set(chosen) - {*Settings.__struct_fields__}):
        raise SettingsError(f"{', '.join(unknown)}: not a setting")
    try:
        return msgspec.convert(dict(chosen), Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        where = f"{PREFIX}{name.upper()}: " if name else ""
        raise SettingsError(where + message) from error


@contextmanager
def about(*names: str) -> Iterator[None]:
    """What is refused in the block is said of these settings; raise SettingsError."""
    try:
        yield
    except SettingsError:
        raise
    except ValueError as error:
        variables = " or ".join(f"{PREFIX}{name.upper()}" for name in names)
        raise SettingsError(f"{variables}: {error}") from error


def _content(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: cannot be read: {error}") from error
