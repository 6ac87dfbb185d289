"""Asking for a new password: the same statements before the answer, and nothing lost at an orderly stop."""

from pathlib import Path

import pytest

from attendance import open_attendance
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.application.accounts.passwords import RequestPasswordReset
from attendance.domain.accounts.mail import MailKind, MailState
from attendance.testing import make
from tests.fakes import World
from tests.stores.test_statements import counted


def before_the_answer(database: Database, email: str) -> tuple[list[str], int]:
    """The statements before the answer, and how many tasks were left for later."""
    store, later = SqlStore(primary=database, replica=database), list[object]()
    ordinary = World(store).use_cases.request_password_reset
    request = RequestPasswordReset(
        store=store,
        clock=lambda: make.NOON,
        rate_limiter=ordinary.rate_limiter,
        outbox_writer=ordinary.outbox_writer,
        run_in_background=lambda task: later.append(task) is None,
    )
    with counted(database) as statements:
        request(email=email)
    return statements, len(later)


def test_the_statements_before_the_answer_do_not_tell_whether_there_is_an_account(database: Database) -> None:
    with SqlStore(primary=database, replica=database).transaction() as work:
        work.accounts.add(make.confirmed(make.NOON, email="ada@example.org"))
        work.accounts.add(make.confirmed(make.NOON, email="gone@example.org", active=False))
    known, *others = (
        before_the_answer(database, email)
        for email in ("ada@example.org", "gone@example.org", "nobody@example.org", "none", "x" * 9999)
    )
    assert others == [known] * 4
    assert (len(known[0]), known[1]) == (1, 1)


@pytest.mark.plants
def test_statements_that_depend_on_the_account_are_seen(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: what is left for later, done before the answer."""
    with SqlStore(primary=database, replica=database).transaction() as work:
        work.accounts.add(make.confirmed(make.NOON, email="ada@example.org"))
    monkeypatch.setattr(
        RequestPasswordReset, "__call__", lambda self, *, email: RequestPasswordReset._send(self, email)
    )
    known, unknown = (before_the_answer(database, f"{name}@example.org") for name in ("ada", "nobody"))
    assert known != unknown


@pytest.mark.slow
def test_what_was_asked_for_is_mailed_after_an_orderly_stop(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with open_attendance(url, argon2_memory_kib=8) as attendance:
        attendance.create_owner(username="olga", email="olga@example.org", password="mountain radio")
        for _ in range(3):
            attendance.request_password_reset(email="olga@example.org")
    with open_attendance(url, argon2_memory_kib=8) as attendance:
        mails = attendance.list_mail(state=MailState.WAITING)
    assert [mail.kind for mail in mails] == [MailKind.RESET_PASSWORD] * 3
