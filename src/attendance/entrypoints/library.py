"""The front door for Python callers: no HTTP, no globals, no file that was not asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypedDict, Unpack

from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import Language
from attendance.domain.permissions.table import Directory, Registration
from attendance.entrypoints.adapters import Adapters


class SettingsDict(TypedDict, total=False):
    """The settings of the service by their names in lower case: docs/settings.md says what each does."""

    read_database_url: str | None
    secret_key: str | None
    host: str
    port: int
    workers: int
    pin_workers: Literal["on", "off"]
    threads: int
    queue_seconds: float
    connections: int
    receive_seconds: float
    exports: int
    exports_per_person: int
    drain_seconds: float
    pool_size: int
    postgresql_bin: str | None
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["auto", "text", "json"]
    otlp_endpoint: str | None
    metrics_token: str | None
    cors_origins: str
    labs_directory: Directory | Literal["public", "signed_in"]
    session_hours: float
    session_idle_hours: float
    remember_days: float
    remember_idle_days: float
    password_min_length: int
    common_passwords: str | None
    argon2_time_cost: int
    argon2_memory_kib: int
    argon2_parallelism: int
    sign_in_queue: int
    base_url: str | None
    confirm_link: str | None
    reset_link: str | None
    confirmation_hours: float
    reset_hours: float
    invitation_hours: float
    timezone: str
    smtp_url: str | None
    mail_from: str
    mail_directory: str
    mail_sender: Literal["server", "command"]
    owner_tenure_days: int
    role_change_days: int
    marking_days_teachers: int
    marking_days_managers: int
    marking_early_minutes: int
    limit_failed_sign_ins_per_account: int
    limit_failed_sign_ins_per_address: int
    limit_failed_sign_ins_everywhere: int
    limit_registrations_per_hour: int
    limit_confirmation_mails: int
    limit_password_resets: int
    trusted_proxies: str
    registration: Registration | Literal["open", "invited"]
    labs: Literal["on", "off"]
    confirm_grants: Literal["on", "off"]
    language: Language | Literal["en", "de", "ru"]


@contextmanager
def open_attendance(
    database_url: str = "memory", *, adapters: Adapters | None = None, **settings: Unpack[SettingsDict]
) -> Iterator[UseCases]:
    """The use cases over a database, brought to the current shape first; closed when the block ends.

    `database_url` is `memory`, `sqlite:///path` or `postgresql://…`; `adapters` are implementations of one's
    own, `settings` those of the service by their names in lower case (`password_min_length=12`).

    Only the database is written to. Without `secret_key` access tokens are good for this block alone: give
    one where several processes, or a later start, shall know them. Without `smtp_url`, `mail_directory` or a
    notifier of one's own, mails wait in the outbox, and `dispatch_mail` raises NoNotifier.

    Threads may share what it gives; so may a process forked from this one, with connections of its own.

    Raises TypeError for adapters that are none, ValueError for settings that cannot be and for a database
    that is not, or is newer than, ours, or refuses to become so; Unavailable when it cannot be reached.
    """
    # only here: whoever imports the library to read its vocabulary shall not pay for what fills the ports
    from attendance.entrypoints.container import opened_as_library
    from attendance.entrypoints.settings import settings_of

    chosen = settings_of({"database_url": database_url, **settings})
    if not isinstance(adapters, Adapters | None):
        raise TypeError(f"adapters must be attendance.Adapters, not {type(adapters).__name__}")
    keeps_mail_waiting = not (settings.get("smtp_url") or settings.get("mail_directory"))
    with opened_as_library(
        chosen, adapters or Adapters(), keeps_mail_waiting=keeps_mail_waiting
    ) as use_cases:
        yield use_cases
