"""Two who make the first owner at once, in processes of their own: there is one."""

from pathlib import Path

import pytest

from attendance.adapters.sql.tables import accounts
from attendance.domain.permissions.roles import Role
from tests.conftest import DATABASES, databases
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.faults.conftest import sabotaged
from tests.faults.processes import all_started
from tests.faults.records import records, rows_of
from tests.service import CHEAP_HASHING

CREATE_OWNERS = ("-m", "tests.faults.owners")


@pytest.fixture(params=DATABASES)
def made(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    return databases(request, request.param)


def check_one_owner(
    made: SqliteDatabases | PostgresDatabases, home: Path, *, rounds: int, sabotage: str
) -> None:
    urls = [made.fresh() for _ in range(rounds)]
    settings = CHEAP_HASHING | sabotaged(sabotage)
    ((status, told, complaint),) = all_started(home, (*CREATE_OWNERS, *urls), settings, number=1)
    assert status == 0, complaint
    for number, url in enumerate(urls):
        owners = [account for account in rows_of(url, accounts) if account.role == Role.OWNER]
        assert len(owners) == 1, f"{len(owners)} owners in round {number}"
        (owner,) = owners
        of_round = told.splitlines()[2 * number : 2 * number + 2]
        assert of_round == [
            f"(0, '{owner.username} is the owner')",
            "(1, 'Error: there is an owner already')",
        ]
        assert [event.action for event in records(url).events] == ["account.invited"]


def test_of_two_first_owners_made_at_once_one_is_refused(
    made: SqliteDatabases | PostgresDatabases, tmp_path: Path
) -> None:
    check_one_owner(made, tmp_path, rounds=10, sabotage="meets_before_it_looks_for_owners")


@pytest.mark.plants
def test_without_the_guard_of_the_owners_two_are_made(
    made: SqliteDatabases | PostgresDatabases, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="2 owners"):
        check_one_owner(made, tmp_path, rounds=1, sabotage="looks_for_owners_unguarded")
