"""A small club with everything that a backup must bring back, and with what it must not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from attendance import UseCases, open_attendance
from attendance.adapters.sql.backups.postgres_tools import PostgresTools
from attendance.adapters.sql.backups.taking import LEFT_OUT
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.tables import metadata
from attendance.domain.attendance.status import Status
from attendance.domain.permissions.roles import Role
from attendance.entrypoints.adapters import Adapters
from attendance.entrypoints.demo.club import Demo, Size
from attendance.testing import RecordingNotifier
from tests import postgres
from tests.databases import opened

TODAY = date(2026, 11, 20)
PASSWORD = "correct horse battery"
SMALL = Size(groups=1, clients=6, members=4)
TOOLS = PostgresTools(postgres.binaries())


@dataclass(frozen=True)
class LetsIn:
    """What let somebody in when the backup was made: a session, a mailed link, a calendar's address."""

    session: str
    invitation: str
    calendar: str


@contextmanager
def library(url: str, notifier: RecordingNotifier | None = None) -> Iterator[UseCases]:
    adapters = Adapters(notifier=notifier or RecordingNotifier())
    with open_attendance(
        url, adapters=adapters, secret_key="k" * 40, argon2_memory_kib=8, argon2_time_cost=1
    ) as attendance:
        yield attendance


def filled(url: str) -> LetsIn:
    """Store a club, and a lab with a mark; its owner is signed in, has a calendar and has invited two."""
    notifier = RecordingNotifier()
    with library(url, notifier) as attendance:
        for _ in Demo(use=attendance, size=SMALL, today=TODAY, password=PASSWORD).fill():
            pass
        session = attendance.sign_in(username="demo-owner", password=PASSWORD).access_token
        owner = attendance.actor_of(session)
        lab = attendance.create_lab(owner, name="Robots")
        head = attendance.actor_of(attendance.sign_in(username="demo-head", password=PASSWORD).access_token)
        attendance.join_lab(head, lab_id=lab)
        for status in (Status.ABSENT, Status.PRESENT):
            attendance.mark_lab_attendance(owner, lab_id=lab, user_id=head.id, date=TODAY, status=status)
        calendar = attendance.make_calendar_token(owner, user_id=owner.id).token
        attendance.invite_user(owner, username="new", email="new@example.org", role=Role.USER)
        while attendance.dispatch_mail():
            pass
        attendance.invite_user(owner, username="newer", email="newer@example.org", role=Role.USER)
    (mail,) = [mail for mail in notifier.sent if mail.to == "new@example.org"]
    return LetsIn(session=session, invitation=(mail.facts or {})["token"], calendar=calendar)


def rows(url: str) -> dict[str, list[str]]:
    """Everything that a backup brings back, by table."""
    with opened(url) as database, database.engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for name, table in metadata.tables.items()
            if name not in LEFT_OUT
        }


@contextmanager
def tampered(database: Database, statement: sa.Executable) -> Iterator[sa.Connection]:
    """A connection that sees what somebody wrote past the store; it is taken back afterwards."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN")
        try:
            if connection.dialect.name == "sqlite":
                for name in connection.scalars(
                    sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                ).all():
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            assert connection.execute(statement).rowcount
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")
