"""Anything at all sent to a running service, as everybody: it answers as is described, and nothing breaks.

`make fuzz`. Each row of the table is what one role sent to one database.
"""

import re
from pathlib import Path

import pytest

from attendance.domain.permissions.roles import Level
from tests.campaigns.conftest import times
from tests.campaigns.fuzzing import Findings, fuzz_operations, fuzz_pages
from tests.campaigns.people import LEVELS, fuzzed
from tests.campaigns.stages import check_log, check_verified
from tests.campaigns.tables import add_row
from tests.conftest import DATABASES, databases
from tests.databases import SqliteDatabases
from tests.http.api import CLUB

pytestmark = pytest.mark.fuzz

EXAMPLES = 2
ROUNDS = 5


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name.lower())
@pytest.mark.parametrize("database", DATABASES)
def test_nothing_breaks_whatever_somebody_sends(
    request: pytest.FixtureRequest, database: str, level: Level, tmp_path: Path
) -> None:
    with fuzzed(tmp_path, databases(request, database).fresh()) as club:
        operations, pages = Findings(level, club.secrets), Findings(level, club.secrets)
        fuzz_operations(club, club.somebody(level), operations, examples=times(EXAMPLES))
        fuzz_pages(club, level, pages, rounds=times(ROUNDS))
        for what, found in (("operations", operations), ("pages", pages)):
            statuses = [f"{status}: {number}" for status, number in sorted(found.statuses.items())]
            row = {
                "role": level.name.lower(),
                "database": database,
                "what": what,
                "cases": found.cases,
                "statuses": ", ".join(statuses),
                "faults": len(found.faults),
            }
            add_row(request, "fuzz", row)
        assert operations.faults == pages.faults == {}
        check_log(club.service.log)
        assert club.service.log.count("Started worker") == 1, "a worker died"
        check_verified(tmp_path, club.database_url)


BROKEN = f"GET {CLUB}/locations/{{location_id}}"
TELLING = f"GET {CLUB}/clients"


def test_what_is_planted_is_found(sqlite_databases: SqliteDatabases, tmp_path: Path) -> None:
    with fuzzed(tmp_path, sqlite_databases.fresh(), "breaks_and_tells") as club:
        found = Findings(Level.USER, club.secrets)
        paths = "|".join(re.escape(label.removeprefix("GET ")) for label in (BROKEN, TELLING))
        fuzz_operations(club, club.somebody(Level.USER), found, examples=2, only=f"^({paths})$")
        assert {f"500 {BROKEN}", f"not_a_server_error {BROKEN}"} <= found.faults.keys()
        assert [fault for fault in found.faults if fault.startswith("shows secret") and TELLING in fault]
        with pytest.raises(AssertionError, match="ArithmeticError"):
            check_log(club.service.log)
