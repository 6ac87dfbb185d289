"""The one place that knows which adapter fills which port."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from dependency_injector import containers, providers

from attendance.adapters.aside import Aside
from attendance.adapters.clock import new_id, utc_now
from attendance.adapters.memory import MemoryStore
from attendance.adapters.passwords import Argon2Hasher, CommonPasswords
from attendance.adapters.patience import LONGEST_WAIT_SECONDS
from attendance.adapters.sql.databases import Database, open_database
from attendance.adapters.sql.store import SqlStore
from attendance.adapters.tokens import JwtTokens
from attendance.adapters.usernames import PrecisUsernames
from attendance.application.accounts import Register, SearchAccounts
from attendance.application.lab_attendance import (
    DeleteLabAttendance,
    LabAttendanceByDate,
    LabAttendanceHistory,
    MarkLabAttendance,
)
from attendance.application.labs import CreateLab, JoinLab, SearchLabs
from attendance.application.sessions import ActorOf, SignIn
from attendance.application.use_cases import UseCases
from attendance.domain.accounts import PasswordRules
from attendance.domain.sessions import SessionLifetime
from attendance.entrypoints.secrets import signing_keys
from attendance.entrypoints.settings import Settings


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def opened_database(url: str, pool_size: int) -> Iterator[Database]:
    database = open_database(url, pool_size=pool_size)
    yield database
    database.engine.dispose()


def opened_aside() -> Iterator[Aside]:
    aside = Aside()
    yield aside
    aside.close()


def session_lifetime(settings: Settings) -> SessionLifetime:
    return SessionLifetime(
        absolute=timedelta(hours=settings.session_hours), idle=timedelta(hours=settings.session_idle_hours)
    )


def common_passwords(settings: Settings) -> CommonPasswords:
    return CommonPasswords(Path(settings.common_passwords) if settings.common_passwords else None)


class Container(containers.DeclarativeContainer):
    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    clock = providers.Object(utc_now)
    new_id = providers.Object(new_id)
    aside = providers.Resource(opened_aside)

    primary = providers.Resource(opened_database, settings.provided.database_url, settings.provided.pool_size)
    replica = providers.Selector(
        providers.Callable(lambda url: "own" if url else "none", settings.provided.read_database_url),
        own=providers.Resource(
            opened_database, settings.provided.read_database_url, settings.provided.pool_size
        ),
        none=primary,
    )
    store = providers.Selector(
        settings.provided.storage,
        memory=providers.Singleton(MemoryStore),
        sql=providers.Singleton(SqlStore, primary=primary, replica=replica),
    )

    lifetime = providers.Singleton(session_lifetime, settings)
    tokens = providers.Singleton(
        JwtTokens,
        keys=providers.Callable(signing_keys, settings),
        clock=clock,
        longest_life=lifetime.provided.absolute,
    )
    hasher = providers.Singleton(
        Argon2Hasher,
        time_cost=settings.provided.argon2_time_cost,
        memory_kib=settings.provided.argon2_memory_kib,
        parallelism=settings.provided.argon2_parallelism,
        at_once=providers.Callable(cores),
        longest_queue=settings.provided.sign_in_queue,
        longest_wait=LONGEST_WAIT_SECONDS,
    )
    password_rules = providers.Singleton(
        PasswordRules,
        shortest=settings.provided.password_min_length,
        is_common=providers.Singleton(common_passwords, settings),
    )

    use_cases = providers.Singleton(
        UseCases,
        register=providers.Singleton(
            Register,
            store=store,
            clock=clock,
            new_id=new_id,
            hasher=hasher,
            usernames=providers.Singleton(PrecisUsernames),
            password_rules=password_rules,
        ),
        sign_in=providers.Singleton(
            SignIn,
            store=store,
            clock=clock,
            new_id=new_id,
            hasher=hasher,
            tokens=tokens,
            lifetime=lifetime,
        ),
        actor_of=providers.Singleton(
            ActorOf, store=store, clock=clock, tokens=tokens, lifetime=lifetime, aside=aside
        ),
        search_accounts=providers.Singleton(
            SearchAccounts, store=store, directory=settings.provided.labs_directory
        ),
        create_lab=providers.Singleton(CreateLab, store=store, clock=clock, new_id=new_id),
        search_labs=providers.Singleton(SearchLabs, store=store, directory=settings.provided.labs_directory),
        join_lab=providers.Singleton(JoinLab, store=store, clock=clock, new_id=new_id),
        mark_lab_attendance=providers.Singleton(MarkLabAttendance, store=store, clock=clock, new_id=new_id),
        lab_attendance_by_date=providers.Singleton(LabAttendanceByDate, store=store),
        lab_attendance_history=providers.Singleton(LabAttendanceHistory, store=store),
        delete_lab_attendance=providers.Singleton(
            DeleteLabAttendance, store=store, clock=clock, new_id=new_id
        ),
    )


def close(container: Container) -> None:
    """Give back what was opened: first what still writes, then what it writes to."""
    container.aside.shutdown()
    container.shutdown_resources()
