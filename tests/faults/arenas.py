"""A service that many clients of a club meet in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import databases
from tests.faults.books import Books, books
from tests.faults.clients import Answer, Request, race
from tests.faults.clubs import Club
from tests.faults.conftest import running, service_of
from tests.faults.sabotage_of_the_club import UNHELD
from tests.service import Service


@dataclass(frozen=True, slots=True)
class Arena:
    """A service of two workers over a database of either kind."""

    service: Service
    database_url: str

    @property
    def port(self) -> int:
        return self.service.port

    def race(self, requests: Sequence[Request]) -> list[Answer]:
        return race(self.port, requests)

    def books(self, club: Club) -> Books:
        return books(self.database_url, club)

    def unhold(self, *what: str) -> None:
        """Take these locks out of a service that is sabotaged so."""
        (self.service.home / UNHELD).write_text(" ".join(what))


def arena_of(request: pytest.FixtureRequest, home: Path, *sabotage: str) -> Iterator[Arena]:
    """Over the kind of database that is the fixture's parameter."""
    url = databases(request, request.param).fresh()
    with running(service_of(home, url, *sabotage)) as service:
        yield Arena(service, url)


def check_statuses(answers: Sequence[Answer], *expected: int) -> None:
    unexpected = [answer for answer in answers if answer.status not in expected]
    assert not unexpected, f"{len(unexpected)} unexpected answers: {unexpected[0]}"
