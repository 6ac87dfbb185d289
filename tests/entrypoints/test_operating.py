"""The commands for whoever operates the machine: accounts and mail, under the same rules as everybody."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import open_database
from attendance.application.pagination import PageRequest
from attendance.application.ports import Store
from attendance.application.ports.events import EventCriteria
from attendance.domain.accounts.links import InvalidResetToken
from attendance.domain.accounts.mail import MailKind, MailState
from attendance.domain.accounts.sessions import SessionExpired
from attendance.domain.events import Action
from attendance.domain.ids import OPERATOR_ID
from attendance.entrypoints.cli import main
from attendance.entrypoints.commands import users
from attendance.entrypoints.container import opened
from attendance.entrypoints.settings import settings_of
from attendance.testing.contract.account_records import mail
from tests import make
from tests.fakes import PASSWORD
from tests.preloaded import loaded

OLGA = ["--username", "olga", "--email", "olga@example.org", "--password-stdin"]


class Operator:
    """Somebody at the machine, and what the database holds."""

    def __init__(self, database_url: str, home: Path) -> None:
        self.settings = {
            "ATTENDANCE_DATABASE_URL": database_url,
            "ATTENDANCE_SECRET_KEY": "k" * 32,
            "ATTENDANCE_ARGON2_MEMORY_KIB": "8",
            "ATTENDANCE_MAIL_DIRECTORY": str(home / "mail"),
        }
        self.lower_case = {
            name.removeprefix("ATTENDANCE_").lower(): value for name, value in self.settings.items()
        }
        self.home = home
        self.database = open_database(database_url, pool_size=2)
        self.store: Store = SqlStore(primary=self.database, replica=self.database)

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, arguments, env=self.settings, input=typed, catch_exceptions=False)

    def says(self, *arguments: str, typed: str = "") -> str:
        done = self(*arguments, typed=typed)
        assert done.exit_code == 0, done.output
        return done.output

    def is_refused(self, *arguments: str, typed: str = "") -> str:
        """The one line that says why."""
        done = self(*arguments, typed=typed)
        assert done.exit_code in (1, 2)
        assert "Traceback" not in done.output
        return done.output.strip().splitlines()[-1]


@pytest.fixture
def operator(database_url: str, tmp_path: Path) -> Iterator[Operator]:
    operator = Operator(database_url, tmp_path)
    yield operator
    operator.database.engine.dispose()


def test_the_first_owner_is_created_and_no_second(operator: Operator) -> None:
    assert operator.says("create-owner", *OLGA, typed=f"{PASSWORD}\n") == "olga is the owner\n"
    again = ["--username", "eve", "--email", "eve@example.org", "--password-stdin"]
    assert operator.is_refused("create-owner", *again, typed=PASSWORD) == "Error: there is an owner already"
    shown = operator.says("user", "show", "OLGA")
    for line in ("role           owner", "level          6", "address        confirmed"):
        assert line in shown


def test_the_password_is_asked_for_twice_and_never_shown(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["create-owner", *OLGA[:-1]]
    refused = operator(*arguments, typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (refused.exit_code, refused.output.splitlines()[-1]) == (
        2,
        "Error: there is no terminal to ask for a password: use --password-stdin",
    )
    monkeypatch.setattr(users, "_has_terminal", lambda: True)
    done = operator(*arguments, typed=f"{PASSWORD}\nsomething else\n{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0
    assert PASSWORD not in done.output
    assert operator("create-owner", *OLGA[:-1], "--password", PASSWORD).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (OLGA, "short", "password: must have at least 8 characters"),
        (["--username", "olga", "--email", "nothing", "--password-stdin"], PASSWORD, "email: must be"),
        (["--username", "o l", "--email", "olga@example.org", "--password-stdin"], PASSWORD, "username: "),
    ],
)
def test_what_no_owner_can_be_is_said(
    operator: Operator, arguments: list[str], typed: str, said: str
) -> None:
    assert said in operator.is_refused("create-owner", *arguments, typed=typed)


def test_roles_and_states_change_under_the_rules_of_all(operator: Operator) -> None:
    operator.says("create-owner", *OLGA, typed=PASSWORD)
    for name in ("ada", "ben"):
        add(operator, name)
    assert operator.says("user", "set-role", "ada", "manager") == "ada is manager, active\n"
    assert operator.says("user", "deactivate", "ada") == "ada is manager, inactive\n"
    assert operator.is_refused("user", "set-role", "ada", "owner").endswith("not confirmed and active")
    assert operator.says("user", "reactivate", "ada") == "ada is manager, active\n"
    assert operator.is_refused("user", "deactivate", "olga") == "Error: the last owner cannot be removed"
    operator.says("user", "set-role", "ben", "owner")
    assert "awaits confirmation by an owner until" in operator.says("user", "set-role", "olga", "user")
    assert operator.is_refused("user", "deactivate", "olga") == "Error: a role change is awaiting"
    assert operator.is_refused("user", "set-role", "nobody", "user") == "Error: user not found"
    assert operator.is_refused("user", "set-role", "ada", "god").startswith("Error: Invalid value")
    with operator.store.transaction() as work:
        ada = work.accounts.find_by_username("ada")
        assert ada
        events = work.events.of(ada.id)
    assert [event.action for event in events] == [
        Action.ACCOUNT_ROLE_CHANGED,
        Action.ACCOUNT_DEACTIVATED,
        Action.ACCOUNT_REACTIVATED,
    ]
    assert {event.actor_id for event in events} == {OPERATOR_ID}


def test_accounts_are_listed_by_name_and_role(operator: Operator) -> None:
    for name in ("ada", "ben"):
        add(operator, name)
    operator.says("user", "set-role", "ben", "admin")
    assert [line.split()[0] for line in operator.says("user", "list").splitlines()] == [
        "username",
        "ada",
        "ben",
        "2",
    ]
    assert "ada" not in operator.says("user", "list", "--role", "admin")
    assert "ben" not in operator.says("user", "list", "--name", "AD")


def test_somebody_is_invited_with_a_role_and_a_mail(operator: Operator) -> None:
    said = operator.says("user", "invite", "mia", "--email", "mia@example.org", "--role", "employee")
    assert said == "mia is invited as employee; the mail to mia@example.org waits to be sent\n"
    with operator.store.transaction() as work:
        [mail] = work.outbox.in_state(MailState.WAITING)
        mia = work.accounts.find_by_username("mia")
        assert mia
        assert {event.actor_id for event in work.events.of(mia.id)} == {OPERATOR_ID}
    assert (mail.kind, mail.to) == (MailKind.INVITATION, "mia@example.org")
    again = operator.is_refused("user", "invite", "mia", "--email", "other@example.org")
    assert again == "Error: username is taken"
    assert "insufficient" in operator.is_refused(
        "user", "invite", "eve", "--email", "eve@example.org", "--role", "owner"
    )


def test_a_link_is_printed_with_which_a_password_is_set_once(operator: Operator) -> None:
    operator.says("create-owner", *OLGA, typed=PASSWORD)
    first, second = (operator.says("user", "reset-password", "OLGA").strip() for _ in range(2))
    with operator.store.transaction() as work:
        assert work.outbox.in_state(MailState.WAITING) == ()
    with opened(settings_of(operator.lower_case)) as attendance:
        with pytest.raises(InvalidResetToken):
            attendance.set_password(token=token_of(first), password="another mountain")
        attendance.set_password(token=token_of(second), password="another mountain")
        attendance.sign_in(username="olga", password="another mountain")
        with pytest.raises(InvalidResetToken):
            attendance.set_password(token=token_of(second), password="yet another mountain")
        olga = attendance.find_user(username="olga")
    with operator.store.transaction() as work:
        sent = [event for event in work.events.of(olga.id) if event.action is Action.ACCOUNT_LINK_SENT]
    assert {event.actor_id for event in sent} == {OPERATOR_ID}


def test_a_link_is_mailed_where_that_is_said(operator: Operator) -> None:
    operator.says("create-owner", *OLGA, typed=PASSWORD)
    assert "olga@example.org" in operator.says("user", "reset-password", "olga", "--mail")
    with operator.store.transaction() as work:
        [mail] = work.outbox.in_state(MailState.WAITING)
    assert (mail.kind, mail.to) == (MailKind.RESET_PASSWORD, "olga@example.org")


@pytest.mark.parametrize("options", [(), ("--mail",)])
def test_who_has_no_address_or_is_inactive_gets_no_link(operator: Operator, options: tuple[str, ...]) -> None:
    add(operator, "ada")
    operator.says("user", "deactivate", "ada")
    with operator.store.transaction() as work:
        work.accounts.add(make.account(username="ben", email=None))
    for name in ("ada", "ben"):
        said = operator.is_refused("user", "reset-password", name, *options)
        assert said == "Error: account is not confirmed and active"
    assert operator.is_refused("user", "reset-password", "nobody", *options) == "Error: user not found"


def test_sessions_are_listed_and_all_ended(operator: Operator) -> None:
    operator.says("create-owner", *OLGA, typed=PASSWORD)
    with opened(settings_of(operator.lower_case)) as attendance:
        first = attendance.sign_in(
            username="olga", password=PASSWORD, address="192.0.2.7", user_agent="a phone", remember=True
        )
        attendance.sign_in(username="olga", password=PASSWORD)
        newest, oldest, count = operator.says("user", "sessions", "olga").splitlines()
        assert oldest.endswith(", remembered  192.0.2.7  a phone")
        assert newest.endswith("Z  somewhere")
        assert count == "2 in all"
        assert attendance.actor_of(first.access_token)
        assert operator.says("user", "sessions", "olga", "--end").endswith("2 ended\n")
        assert operator.says("user", "sessions", "olga") == "0 in all\n"
        with pytest.raises(SessionExpired):
            attendance.actor_of(first.access_token)
    with operator.store.transaction() as work:
        acts = work.events.list(EventCriteria(action=Action.SESSION_ENDED), PageRequest(order=(), limit=9))
    assert [logged.event.actor_id for logged in acts] == [OPERATOR_ID] * 2


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_mail_that_waits_or_was_given_up_is_shown_and_tried_again(operator: Operator) -> None:
    waiting = mail(to="ada@example.org")
    dead = mail(to="ben@example.org", state=MailState.DEAD, error="no such user", attempts=3)
    with operator.store.transaction() as work:
        work.outbox.add(waiting)
        work.outbox.add(dead)
    first, second = operator.says("mail", "list").splitlines()
    assert first.startswith(f"{waiting.id} confirm_email to ada@example.org, 0 tries, next try ")
    assert second == f"{dead.id} confirm_email to ben@example.org, 3 tries, given up: no such user"
    operator.says("mail", "retry", str(dead.id))
    with operator.store.transaction() as work:
        assert work.outbox.get_for_update(dead.id).state is MailState.WAITING
    assert operator.is_refused("mail", "retry", str(waiting.id).replace("0", "1")) == "Error: mail not found"


def test_mail_is_sent_apart_until_told_to_stop(operator: Operator) -> None:
    with operator.store.transaction() as work:
        one = mail(facts={"name": "", "username": "ada", "token": "t", "hours": "48"})
        work.outbox.add(one)
    settings = {"PATH": os.environ["PATH"], **operator.settings}
    process = loaded().start("attendance", "mail", home=operator.home, settings=settings)
    try:
        while "with the link" not in process.err.read_text():
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.terminate()
        output, said = process.communicate()
    line = next(line for line in said.splitlines() if "with the link" in line)
    assert "/api/v1/auth/confirm_email/t" in line
    assert process.returncode == 0
    assert output == "sending mail. Stop it with Ctrl-C.\n"
    assert (operator.home / "mail" / f"{one.id}.eml").exists()
    with operator.store.transaction() as work:
        assert work.outbox.get_for_update(one.id).state is MailState.SENT


def test_where_nothing_is_kept_there_is_nothing_to_operate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTENDANCE_DATABASE_URL", "memory")
    done = CliRunner().invoke(main, ["user", "list"])
    assert done.exit_code == 2
    assert "memory is gone" in done.output


def add(operator: Operator, username: str) -> None:
    with operator.store.transaction() as work:
        work.accounts.add(make.confirmed(username=username))
