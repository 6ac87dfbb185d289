"""The one place that knows which adapter fills which port."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any

from dependency_injector import containers, providers

from attendance.adapters.backoff import LONGEST_WAIT_SECONDS
from attendance.adapters.clock import IanaZones, new_id, new_token, utc_now
from attendance.adapters.mail import FileNotifier, MailRenderer, SmtpNotifier, ValidEmailAddresses
from attendance.adapters.memory import MemoryStore
from attendance.adapters.processes import cpus
from attendance.adapters.processes.background import RunInBackground
from attendance.adapters.security.passwords import Argon2Hasher, CommonPasswords
from attendance.adapters.security.tokens import JwtTokens
from attendance.adapters.security.usernames import PrecisUsernames
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.schema.upgrading import bring_up_to_date
from attendance.adapters.sql.store import SqlStore
from attendance.application.accounts.outbox import OutboxWriter
from attendance.application.accounts.rate_limiter import RateLimiter
from attendance.application.accounts.role_change_workflow import RoleChangeWorkflow
from attendance.application.forms.answering_once import AnswerOnce
from attendance.application.ports import Clock, Hasher, Notifier, Today, Tokens
from attendance.application.use_cases import UseCases, checked_use_cases, use_cases_of
from attendance.domain.accounts.links import LinkLifetimes
from attendance.domain.accounts.passwords import PasswordRules
from attendance.domain.accounts.rate_limits import Limits
from attendance.domain.accounts.role_changes import OwnershipRules
from attendance.domain.accounts.sessions import SessionLifetime, SessionLifetimes
from attendance.domain.attendance.marks import MarkingRules
from attendance.entrypoints.adapters import Adapters
from attendance.entrypoints.closing import ClosableStore
from attendance.entrypoints.secrets import signing_keys
from attendance.entrypoints.settings import Settings, SettingsError, Switch, about


def hashers() -> int:
    """How many passwords are hashed at a time: where there are several cores, one stays free for the rest."""
    return max(1, len(cpus.usable()) - 1)


def opened_database(url: str, pool_size: int, setting: str) -> Iterator[Database]:
    with about(setting):
        database = open_database(url, pool_size=pool_size, only_reads=setting == "read_database_url")
    yield database
    database.engine.dispose()


def opened_aside() -> Iterator[RunInBackground]:
    run_in_background = RunInBackground()
    yield run_in_background
    run_in_background.close()


def session_lifetimes(settings: Settings) -> SessionLifetimes:
    return SessionLifetimes(
        usual=SessionLifetime(
            absolute=timedelta(hours=settings.session_hours),
            idle=timedelta(hours=settings.session_idle_hours),
        ),
        remembered=SessionLifetime(
            absolute=timedelta(days=settings.remember_days), idle=timedelta(days=settings.remember_idle_days)
        ),
    )


def common_passwords(settings: Settings) -> CommonPasswords:
    with about("common_passwords"):
        return CommonPasswords(Path(settings.common_passwords) if settings.common_passwords else None)


def today_in(clock: Clock, zone: tzinfo) -> Today:
    return lambda: clock().astimezone(zone).date()


def limits(settings: Settings) -> Limits:
    usual = Limits()
    return Limits(
        failed_sign_ins_per_account=replace(
            usual.failed_sign_ins_per_account, most=settings.limit_failed_sign_ins_per_account
        ),
        failed_sign_ins_per_address=replace(
            usual.failed_sign_ins_per_address, most=settings.limit_failed_sign_ins_per_address
        ),
        failed_sign_ins_everywhere=replace(
            usual.failed_sign_ins_everywhere, most=settings.limit_failed_sign_ins_everywhere
        ),
        registrations_per_address=replace(
            usual.registrations_per_address, most=settings.limit_registrations_per_hour
        ),
        confirmation_mails_per_account=replace(
            usual.confirmation_mails_per_account, most=settings.limit_confirmation_mails
        ),
        reset_mails_per_account=replace(usual.reset_mails_per_account, most=settings.limit_password_resets),
    )


def link_lifetimes(settings: Settings) -> LinkLifetimes:
    return LinkLifetimes(
        confirmation=timedelta(hours=settings.confirmation_hours),
        reset=timedelta(hours=settings.reset_hours),
        invitation=timedelta(hours=settings.invitation_hours),
    )


def ownership_rules(settings: Settings) -> OwnershipRules:
    return OwnershipRules(
        tenure=timedelta(days=settings.owner_tenure_days),
        confirmation_period=timedelta(days=settings.role_change_days),
        confirms_grants=settings.confirm_grants is Switch.ON,
    )


def marking_rules(settings: Settings) -> MarkingRules:
    return MarkingRules(
        teacher_days=settings.marking_days_teachers,
        manager_days=settings.marking_days_managers,
        early=timedelta(minutes=settings.marking_early_minutes),
    )


def mail_renderer(settings: Settings) -> MailRenderer:
    with about("mail_from", "base_url", "confirm_link", "reset_link"):
        return MailRenderer(
            base_url=settings.public_url,
            confirm_link=settings.confirm_link,
            reset_link=settings.reset_link,
            sender=settings.mail_from,
            language=settings.language,
        )


def notifier(settings: Settings) -> Notifier:
    renderer = mail_renderer(settings)
    if settings.smtp_url is None:
        return FileNotifier(renderer=renderer, directory=Path(settings.mail_directory))
    with about("smtp_url"):
        return SmtpNotifier(renderer=renderer, url=settings.smtp_url)


def tokens(keys: tuple[bytes, ...], clock: Clock, lifetimes: SessionLifetimes) -> Tokens:
    with about("secret_key"):
        return JwtTokens(keys=keys, clock=clock, longest_life=lifetimes.longest)


def hasher(settings: Settings) -> Hasher:
    with about("argon2_time_cost", "argon2_memory_kib", "argon2_parallelism"):
        return Argon2Hasher(
            time_cost=settings.argon2_time_cost,
            memory_kib=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
            at_once=hashers(),
            longest_queue=settings.sign_in_queue,
            longest_wait=LONGEST_WAIT_SECONDS,
        )


class Container(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    clock = providers.Object(utc_now)
    new_id = providers.Object(new_id)
    new_token = providers.Object(new_token)
    run_in_background = providers.Resource(opened_aside)

    primary = providers.Resource(
        opened_database, settings.provided.database_url, settings.provided.pool_size, "database_url"
    )
    read_database = providers.Selector(
        providers.Callable(lambda url: "own" if url else "none", settings.provided.read_database_url),
        own=providers.Resource(
            opened_database,
            settings.provided.read_database_url,
            settings.provided.pool_size,
            "read_database_url",
        ),
        none=primary,
    )
    store = providers.Selector(
        settings.provided.storage,
        memory=providers.Singleton(MemoryStore),
        sql=providers.Singleton(SqlStore, primary=primary, replica=read_database),
    )

    session_lifetimes = providers.Singleton(session_lifetimes, settings)
    signing_keys = providers.Callable(signing_keys, settings)
    tokens = providers.Singleton(tokens, signing_keys, clock, session_lifetimes)
    hasher = providers.Singleton(hasher, settings)
    password_rules = providers.Singleton(
        PasswordRules,
        shortest=settings.provided.password_min_length,
        is_common=providers.Singleton(common_passwords, settings),
    )

    rate_limiter = providers.Singleton(
        RateLimiter, store=store, clock=clock, limits=providers.Singleton(limits, settings)
    )
    outbox_writer = providers.Singleton(
        OutboxWriter,
        clock=clock,
        new_id=new_id,
        new_token=new_token,
        lifetimes=providers.Singleton(link_lifetimes, settings),
    )
    role_change_workflow = providers.Singleton(
        RoleChangeWorkflow,
        clock=clock,
        new_id=new_id,
        outbox_writer=outbox_writer,
        rules=providers.Singleton(ownership_rules, settings),
    )
    notifier = providers.Singleton(notifier, settings)

    today = providers.Singleton(today_in, clock, settings.provided.zone.call())

    ports = providers.Dict(
        store=store,
        clock=clock,
        new_id=new_id,
        new_token=new_token,
        hasher=hasher,
        tokens=tokens,
        session_lifetimes=session_lifetimes,
        run_in_background=run_in_background,
        usernames=providers.Singleton(PrecisUsernames),
        email_addresses=providers.Singleton(ValidEmailAddresses),
        password_rules=password_rules,
        rate_limiter=rate_limiter,
        limits=rate_limiter.provided.limits,
        outbox_writer=outbox_writer,
        role_change_workflow=role_change_workflow,
        notifier=notifier,
        marking_rules=providers.Singleton(marking_rules, settings),
        directory=settings.provided.labs_directory,
        registration=settings.provided.registration,
        zone=settings.provided.zone.call(),
        today=today,
        zones=providers.Singleton(IanaZones, settings.provided.timezone),
    )
    use_cases = providers.Singleton(use_cases_of, ports)
    answer_once = providers.Singleton(AnswerOnce, store=store, clock=clock)


def close(container: Container) -> None:
    """Give back what was opened: first what still writes, then what it writes to."""
    container.run_in_background.shutdown()
    container.shutdown_resources()


@contextmanager
def opened(settings: Settings, **instead: providers.Provider[Any]) -> Iterator[UseCases]:
    """The use cases over what the settings name, for callers from Python; `instead` fills ports otherwise.

    A database is brought to the current shape first.
    """
    container = Container(settings=settings)
    container.override_providers(**instead)
    try:
        if settings.storage == "sql":
            with about("database_url"):
                bring_up_to_date(container.primary())
        store = ClosableStore(container.store())
        container.store.override(providers.Object(store))
        try:
            yield checked_use_cases(container.use_cases(), store.require_open)
        finally:
            # what was to be written apart still is
            container.run_in_background.shutdown()
            store.close()
    finally:
        close(container)


@contextmanager
def opened_as_library(
    settings: Settings, adapters: Adapters, *, keeps_mail_waiting: bool
) -> Iterator[UseCases]:
    """The same with adapters of the caller's own, and without any file that the caller has not named."""
    given = {field.name: getattr(adapters, field.name) for field in fields(adapters)}
    instead = {name: providers.Object(adapter) for name, adapter in given.items() if adapter is not None}
    if adapters.store is not None and settings.storage == "sql":
        raise SettingsError("give a database_url or a store of your own, not both")
    if adapters.notifier is None and keeps_mail_waiting:
        instead["notifier"] = providers.Object(None)
    if settings.secret_key is None:
        instead["signing_keys"] = providers.Object((secrets.token_bytes(32),))
    with opened(settings, **instead) as use_cases:
        yield use_cases
