"""Mail that has to arrive, whatever is away or killed meanwhile: at least once each, under one Message-ID."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.tables import outbox
from attendance.domain.accounts.mail import MailState
from tests.adapters.mail.servers import Temper, running as mail_server
from tests.faults.clients import Request, race
from tests.faults.conftest import running, sabotaged, service_of
from tests.faults.processes import all_started
from tests.faults.records import rows_of
from tests.faults.scene import PASSWORD, library
from tests.service import SECRET, free_port

DISPATCHERS = ("-m", "tests.faults.dispatchers")
PROCESSES, THREADS = 2, 4
MANY = 40
# the first pause after a failure is 5 s, and the dispatcher looks once a second
LONGEST_DELAY_SECONDS = 20


def address(number: int) -> str:
    return f"newcomer{number}@example.org"


def newcomers(database_url: str, number: int) -> set[str]:
    """So many mails that wait, each to an address of its own."""
    with library(database_url) as attendance:
        for each in range(number):
            attendance.register(username=f"newcomer{each}", email=address(each), password=PASSWORD)
    return {address(each) for each in range(number)}


def arrived(temper: Temper) -> Mapping[str, list[str]]:
    """The Message-IDs of what each address was sent."""
    found = defaultdict(list)
    for envelope in temper.accepted:
        (to,) = envelope.rcpt_tos
        assert isinstance(envelope.content, bytes)
        found[to].append(message_from_bytes(envelope.content)["Message-ID"])
    return found


def check_each_arrived(database_url: str, temper: Temper, sent_to: set[str], *, again: int = 0) -> None:
    """So many came a second time, as what they are."""
    ids = arrived(temper)
    lost = sent_to - set(ids)
    assert not lost, f"{len(lost)} of {len(sent_to)} mails are lost"
    assert set(ids) == sent_to
    duplicates = sum(map(len, ids.values())) - len(sent_to)
    assert duplicates == again, f"{duplicates} mails were sent again"
    assert all(len(set(of_one)) == 1 for of_one in ids.values()), "a mail has two Message-IDs"
    assert len({of_one[0] for of_one in ids.values()}) == len(sent_to)
    assert {mail.state for mail in rows_of(database_url, outbox)} == {MailState.SENT}


def dispatched(home: Path, database_url: str, port: int, *arguments: object, sabotage: str = "") -> None:
    """By processes of the tests' own."""
    settings = {
        "ATTENDANCE_DATABASE_URL": database_url,
        "ATTENDANCE_SECRET_KEY": SECRET,
        "ATTENDANCE_SMTP_URL": f"smtp://127.0.0.1:{port}",
    }
    if sabotage:
        settings |= sabotaged(sabotage)
    ((status, _, complaint),) = all_started(home, (*DISPATCHERS, *map(str, arguments)), settings, number=1)
    assert status == 0, complaint


def check_kills_lose_nothing(home: Path, database_url: str, *, rounds: int, sabotage: str = "") -> None:
    sent_to = newcomers(database_url, rounds + 3)
    with mail_server(temper := Temper()) as port:
        dispatched(home, database_url, port, "killed", rounds, sabotage=sabotage)
    check_each_arrived(database_url, temper, sent_to, again=(rounds + 1) // 2)


def test_dispatchers_killed_as_they_send_lose_nothing(database_url: str, tmp_path: Path) -> None:
    check_kills_lose_nothing(tmp_path, database_url, rounds=3)


@pytest.mark.long
def test_dispatchers_killed_50_times_as_they_send_lose_nothing(database_url: str, tmp_path: Path) -> None:
    check_kills_lose_nothing(tmp_path, database_url, rounds=50)


@pytest.mark.plants
def test_a_mail_noted_before_it_is_sent_is_lost(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="mails are lost"):
        check_kills_lose_nothing(tmp_path, database_url, rounds=3, sabotage="notes_mail_before_it_sends")


def check_nothing_is_sent_twice(home: Path, database_url: str, sabotage: str = "") -> None:
    sent_to = newcomers(database_url, MANY)
    with mail_server(temper := Temper()) as port:
        dispatched(home, database_url, port, "at_once", PROCESSES, THREADS, sabotage=sabotage)
    check_each_arrived(database_url, temper, sent_to)


def test_several_dispatchers_at_once_send_each_mail_once(database_url: str, tmp_path: Path) -> None:
    check_nothing_is_sent_twice(tmp_path, database_url)


@pytest.mark.plants
def test_dispatchers_that_claim_nothing_send_mails_twice(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="mails were sent again"):
        check_nothing_is_sent_twice(tmp_path, database_url, "claims_no_mail")


@contextmanager
def mail_server_at(port: int, temper: Temper) -> Iterator[None]:
    server = Controller(temper, hostname="127.0.0.1", port=port, server_hostname="localhost")
    server.start()
    try:
        yield
    finally:
        server.stop()


def waiting_mail(database_url: str, **about: Any) -> Any:
    """The one mail there is, once it is like this."""
    deadline = time.monotonic() + LONGEST_DELAY_SECONDS
    while time.monotonic() < deadline:
        (mail,) = rows_of(database_url, outbox)
        if all(getattr(mail, name) == value for name, value in about.items()):
            return mail
        time.sleep(0.05)
    raise AssertionError(f"the mail is still {mail.state} after {mail.attempts} tries: {mail.error}")


def let_time_pass(database_url: str) -> None:
    """Until it is time to try again."""
    database = open_database(database_url, pool_size=1)
    with database.engine.connect() as connection:
        connection.execute(sa.update(outbox).values(due_at=outbox.c.created_at))
    database.engine.dispose()


def check_registration_needs_no_mail_server(
    home: Path, database_url: str, *sabotage: str, is_patient: bool = False
) -> None:
    port = free_port()
    body = {"username": "newcomer0", "email": address(0), "password": PASSWORD}
    register = Request(method="POST", path="/api/v1/auth/registration", body=body)
    with running(service_of(home, database_url, *sabotage, smtp_url=f"smtp://127.0.0.1:{port}")) as service:
        (answer,) = race(service.port, [register])
        assert answer.status == 201, answer
        waiting_mail(database_url, attempts=1, error="the server cannot be reached: Connection refused")
        with mail_server_at(port, temper := Temper()):
            if not is_patient:
                let_time_pass(database_url)
            waiting_mail(database_url, state=MailState.SENT)
            check_each_arrived(database_url, temper, {address(0)})


def test_a_registration_while_the_mail_server_is_down_is_mailed_when_it_is_back(
    database_url: str, tmp_path: Path
) -> None:
    check_registration_needs_no_mail_server(tmp_path, database_url)


@pytest.mark.long
def test_a_registration_while_the_mail_server_is_down_is_mailed_after_the_real_pause(
    database_url: str, tmp_path: Path
) -> None:
    check_registration_needs_no_mail_server(tmp_path, database_url, is_patient=True)


@pytest.mark.plants
def test_a_mail_that_is_tried_once_is_lost(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="mails are lost"):
        check_registration_needs_no_mail_server(tmp_path, database_url, "tries_each_mail_once")
