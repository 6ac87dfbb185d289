"""What an operator may choose, by environment variables `ATTENDANCE_…`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_type_hints
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
SECRETS = frozenset(
    {"database_url", "metrics_token", "otlp_endpoint", "read_database_url", "secret_key", "smtp_url"}
)

ADDRESS = r"^https?://[^\s/]+(/[^\s]*)?$"
BASE = r"^https?://[^\s/?#]+(/[^\s?#]*)?$"
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
    """Every setting with its default. Lengths of time bear their unit in the name.

    What stands below each is its description in docs/settings.md and .env.example: tools/settings_table.py.
    """

    database_url: str = "sqlite:///var/attendance.db"
    """Where everything is kept: `sqlite:///path`, `postgresql://user:password@host/name`, or `memory`,
    which keeps nothing and allows one worker. Several servers are separated by commas:
    [cluster.md](cluster.md). Behind PgBouncer with `?pooling=transaction`:
    [operating.md](operating.md#a-pooler).
    """
    read_database_url: str | None = None
    """A streaming replica of that database, PostgreSQL alone: lists, statistics and exports are read from it
    once it has all that was committed when they were asked for, else from the database above. Sessions,
    permissions and whatever is written ask that one alone. See [operating.md](operating.md#a-replica).
    """
    secret_key: str | None = None
    """What signs access tokens: at least 32 bytes. Several, separated by commas: the first signs, all of
    them verify, so a key is changed by putting the new one in front and dropping the old one when the
    sessions before have ended: 30 days later. Without it a key is made on the first start and kept in
    `var/secret_key`.
    """
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Meta(ge=1, le=65535)] = 8000
    """The port to listen on."""
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    """Processes that answer. One per core is a good start."""
    pin_workers: Switch = Switch.ON
    """`on` keeps each worker on a CPU of its own, chosen by its number and the port, but for what hashes
    passwords: on Linux, where there are as many as workers. Handing Python's lock from CPU to CPU costs
    a third of a request. `off` where other programs are kept on the same CPU.
    """
    threads: Annotated[int, Meta(ge=1, le=256)] = 8
    """Requests that one worker works on at a time."""
    queue_seconds: Annotated[float, Meta(gt=0, le=3600)] = 5
    """How long a request may wait for a thread. One that has waited for so long, and one that comes while
    another has, is answered 503, but for health and metrics: see [operating.md](operating.md#overload).
    """
    connections: Annotated[int, Meta(ge=16, le=1_000_000)] = 16_384
    """Open connections of one worker, used or not; further ones wait to be accepted. Never more than its
    file descriptors allow: see [operating.md](operating.md#connections).
    """
    receive_seconds: Annotated[float, Meta(gt=0, le=300)] = 20
    """How long a client may take to send its first byte and the head of a request, and then its body; how
    long a connection is kept that nobody uses; how long a client may take nothing of an answer that is
    sent in pieces.
    """
    exports: Annotated[int, Meta(ge=1, le=64)] = 1
    """Files (tables, workbooks, calendars) and lists of more than 500 items that one worker makes at a
    time, apart from other requests.
    """
    exports_per_person: Annotated[int, Meta(ge=1, le=64)] = 2
    """How many of them are made and sent at once by one worker for one account; more wait up to 10
    seconds, then are answered 429.
    """
    drain_seconds: Annotated[float, Meta(ge=0, le=300)] = 0
    """How long requests are still taken after the service is told to stop: meanwhile `/health/ready` is
    503, so that a load balancer sends them elsewhere.
    """
    pool_size: Positive = 12
    """Database connections of one worker: its threads, one for each core that hashes passwords (all but
    one), one each for notes apart from answers and for mail.
    """
    postgresql_bin: str | None = None
    """The directory of `pg_dump` and `pg_restore`, for `attendance backup` and `attendance restore`.
    Without it the `PATH` finds them.
    """
    log_level: LogLevel = LogLevel.INFO
    """`debug`, `info`, `warning` or `error`. The log goes to standard error."""
    log_format: LogFormat = LogFormat.AUTO
    """`json`, a line for each event; `text`; or `auto`: text on a terminal, JSON elsewhere."""
    otlp_endpoint: Annotated[str, Meta(pattern=ADDRESS)] | None = None
    """Where traces of requests are sent to by OpenTelemetry's protocol over HTTP, for example
    `http://localhost:4318/v1/traces`; without it none are made. Needs `attendance[otel]`: see
    [operating.md](operating.md#traces).
    """
    metrics_token: Annotated[str, Meta(min_length=16)] | None = None
    """At least 16 characters. Who reads `/metrics` sends it as `Authorization: Bearer …`; without it
    everybody may.
    """
    cors_origins: str = ""
    """Origins, separated by commas, whose pages may call the service from a browser."""
    labs_directory: Directory = Directory.PUBLIC
    """Who may list users and labs: `public`, or `signed_in`. Only those users are listed who came through
    the labs protocol, or have owned or joined a lab.
    """
    session_hours: Hours = 12
    """After how many hours a session ends."""
    session_idle_hours: Hours = 3
    """After how many hours without a request it ends before."""
    remember_days: Days = 30
    """After how many days a session ends that was started with `remember`, on a device of one's own."""
    remember_idle_days: Days = 14
    """After how many days without a request it ends before."""
    password_min_length: Annotated[int, Meta(ge=1, le=256)] = 8
    """The fewest characters of a new password."""
    common_passwords: str | None = None
    """A file of passwords that nobody may choose, one per line in UTF-8, in place of the 11,611 that come
    with the service.
    """
    argon2_time_cost: Positive = 2
    """Passes over the memory when a password is hashed."""
    argon2_memory_kib: Annotated[int, Meta(ge=8)] = 19 * 1024
    """Memory of one hash, in KiB."""
    argon2_parallelism: Annotated[int, Meta(ge=1, le=16)] = 1
    """Lanes of one hash. When one of these three changes, a password is hashed again at its owner's next
    sign-in.
    """
    sign_in_queue: Count = 256
    """Registrations and sign-ins of one worker that wait for a core to hash; one more is answered 503."""
    base_url: Annotated[str, Meta(pattern=BASE)] | None = None
    """What links in mails and addresses of calendars begin with, for example `https://club.example.org`.
    Without it the address the service listens on. Never taken from a request. With `https://` the pages'
    cookie is kept for TLS alone (`__Host-attendance`), and only an `https://` origin is the service's
    own. With a path, as `https://example.org/club`, a proxy has to take that away from what it hands on.
    """
    confirm_link: Annotated[str, Meta(pattern=LINK)] | None = None
    """Template of the confirmation link, with `{token}`, where a page of your own shows it."""
    reset_link: Annotated[str, Meta(pattern=LINK)] | None = None
    """Template of the link that sets a password, with `{token}`."""
    confirmation_hours: Hours = 48
    """How long a confirmation link is good."""
    reset_hours: Hours = 2
    """How long a password link is good."""
    invitation_hours: Hours = 7 * 24
    """How long an invitation is good."""
    timezone: str = "UTC"
    """The organisation's zone (IANA): what day it is today for sales, contracts and passes, which dates
    the log of events is asked for, the zone of a new location that names none, and the times on pages.
    """
    smtp_url: str | None = None
    """The mail server: `smtp+starttls://user:password@host` (port 587), `smtps://…` (465), or `smtp://…`
    (25, in the clear: for a server on the same machine). Without it mails become files.
    """
    mail_from: str = MAIL_FROM
    """The sender of mails: `club@example.org` or `Club <club@example.org>`."""
    mail_directory: str = "var/mail"
    """Where mails are written without a mail server, one file each."""
    mail_sender: MailSender = MailSender.SERVER
    """Which process sends mail: `server`, the one that serves, or `command`: then `attendance mail` has
    to run beside it.
    """
    owner_tenure_days: Annotated[int, Meta(ge=0, le=3650)] = 7
    """How long somebody must have been an owner to confirm a change that takes ownership from another; 0:
    from the start.
    """
    role_change_days: Annotated[int, Meta(ge=1, le=365)] = 7
    """How long such a change awaits confirmation."""
    marking_days_teachers: Annotated[int, Meta(ge=0, le=36500)] = 7
    """Days after a lesson's date in which whoever teaches it may change its marks, and cancel, restore or
    move it once it has some; and in which employees may say a pass was sold.
    """
    marking_days_managers: Annotated[int, Meta(ge=0, le=36500)] = 60
    """The same for managers; above them there is no end."""
    marking_early_minutes: Annotated[int, Meta(ge=0, le=1440)] = 15
    """How early before a lesson begins everything can be marked; before that clients can only be excused."""
    limit_failed_sign_ins_per_account: Positive = 10
    """Failed sign-ins in 5 minutes for one account (or name that nobody has) from one client address
    (IPv6: from one /64); one more from there is answered 429, with the right password too.
    """
    limit_failed_sign_ins_per_address: Positive = 100
    """Failed sign-ins in 5 minutes from one client address for all accounts together."""
    limit_failed_sign_ins_everywhere: Positive = 100
    """Failed sign-ins in 5 minutes for one account from all client addresses together; one more is
    answered 429, except from addresses from which somebody signed in to it in the last 30 days.
    """
    limit_registrations_per_hour: Positive = 200
    """Accepted registrations an hour from one client address."""
    limit_confirmation_mails: Positive = 3
    """Confirmation mails in 6 hours for one account, the first included."""
    limit_password_resets: Positive = 5
    """Password mails a day for one account; what is asked for beyond is answered 202 and not sent."""
    trusted_proxies: str = ""
    """Addresses or networks of your proxies, separated by commas: what they say in `X-Forwarded-For` is
    the client's address. Anybody else's word is not taken.
    """
    registration: Registration = Registration.OPEN
    """Who may register: `open`, anybody, or `invited`: then accounts come from invitations alone, both
    protocols answer 403, and no page offers to create one.
    """
    labs: Switch = Switch.ON
    """Whether the labs protocol is answered: with `off` its paths are 404, `/register` and `/login` at
    the root included.
    """
    confirm_grants: Switch = Switch.OFF
    """With `on`, giving somebody the role of an owner or admin awaits the word of an owner who did not
    ask for it. Where there is one owner, an admin or whoever operates the machine asks for the second.
    """
    language: Language = Language.EN
    """The language of mails to whoever has chosen none, and of pages where the browser prefers none of
    them either: `en`, `de` or `ru`.
    """

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
        if self.read_database_url is not None:
            for name in ("read_database_url", "database_url"):
                if not getattr(self, name).startswith("postgresql"):
                    raise ValueError(
                        f"{PREFIX}{name.upper()}: only a database on PostgreSQL has a replica to read from"
                    )
        self.zone()
        self.proxies()
        if self.session_idle_hours > self.session_hours:
            raise ValueError("session_idle_hours must not be more than session_hours")
        if self.remember_idle_days > self.remember_days:
            raise ValueError("remember_idle_days must not be more than remember_days")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings an environment names; raise SettingsError with a line about the first that is wrong."""
    return settings_of({name: text for name, (_, text) in _chosen(environment).items()})


def sources(environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The variable that each setting comes from, by the setting's name, without those left to default."""
    return {name: variable for name, (variable, _) in _chosen(environment).items()}


def _chosen(environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The variable and the text of each setting that an environment names. Raises SettingsError."""
    chosen: dict[str, tuple[str, str]] = {}
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
        if not trimmed(text) and name not in SECRETS and _may_be_none(name):
            # as `attendance settings` prints it; of a secret it is an accident
            continue
        # files of variables keep the blanks at the end of a line; what is secret may have some
        chosen[name] = variable, text if name in SECRETS else trimmed(text)
    return chosen


def _may_be_none(name: str) -> bool:
    return NoneType in get_args(get_type_hints(Settings)[name])


def settings_of(chosen: Mapping[str, Any]) -> Settings:
    """Settings by field name, with text where a number is meant; raise SettingsError."""
    if unknown := sorted(set(chosen) - {*Settings.__struct_fields__}):
        raise SettingsError(f"{', '.join(unknown)}: not a setting")
    try:
        return msgspec.convert(dict(chosen), Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        where = f"{PREFIX}{name.upper()}: {_said_of(name, message)}" if name else message
        raise SettingsError(where) from error


def _said_of(name: str, message: str) -> str:
    """What is wrong with a setting, without expressions that only a program reads."""
    if message.startswith("Invalid enum value"):
        choices: Any = get_type_hints(Settings)[name]
        return f"must be one of {', '.join(choices)}"
    if "matching regex" in message:
        further = {"base_url": ", without ? and #"}.get(
            name, ", with {token} in it" if name.endswith("_link") else ""
        )
        return f"must be an address that begins with http:// or https://{further}"
    return message


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
