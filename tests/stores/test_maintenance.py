"""Maintenance removes what time has ended in batches, between which others write."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from attendance.application import maintenance
from attendance.application.ports import Store, UnitOfWork
from tests import make
from tests.http.api import Api, lasting

BATCH, ENDED = 3, 10


class Among:
    """A store in which somebody else writes whenever a transaction of maintenance has ended."""

    def __init__(self, store: Store) -> None:
        self._store, self.left, self.written = store, list[int](), 0

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self._store.transaction() as work:
            yield work
        # refused by every store inside a transaction of this thread
        with self._store.transaction() as work:
            work.clients.add(make.client(name=f"Client {self.written}"))
        self.written += 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    with lasting() as application, application.over(store) as api:
        yield api


def written_amid_maintenance(api: Api) -> int:
    """How often somebody else came to write while so many sessions were removed."""
    person = api.having()
    account, now = api.account(person), api.clock.now
    with api.store.transaction() as work:
        for _ in range(ENDED):
            work.sessions.add(
                make.session(
                    account, started_at=now, expires_at=now + make.LIFETIME.absolute, last_seen_at=now
                )
            )
    api.clock.pass_by(days=2)
    among = Among(api.store)
    run: Any = replace(api.container.use_cases().run_maintenance, store=among)
    before = among.written
    run()
    with api.store.autocommit() as work:
        assert work.sessions.of(account.id) == ()
    return among.written - before


def check_others_had_turns(written: int) -> None:
    idle = 6
    assert written >= idle + ENDED // BATCH, f"others wrote {written} times"


def test_others_write_between_the_batches_of_maintenance(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "BATCH", BATCH)
    check_others_had_turns(written_amid_maintenance(api))


@pytest.mark.plants
def test_without_batches_others_would_wait_for_all_of_it(api: Api) -> None:
    with pytest.raises(AssertionError, match="others wrote"):
        check_others_had_turns(written_amid_maintenance(api))
