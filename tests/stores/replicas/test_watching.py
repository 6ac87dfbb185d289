"""What an operator is told of a replica."""

import pytest

from attendance.entrypoints.asgi import watch
from attendance.entrypoints.commands.doctor import _of_replica
from attendance.entrypoints.container import Container, close
from attendance.entrypoints.settings import Settings
from attendance.entrypoints.watching.diagnosis import Finding, Level
from tests.stores.replicas.conftest import Streaming
from tests.stores.replicas.test_replica_reads import seen, written

KEY = "k" * 32


def test_reads_are_counted_by_who_answers(streaming: Streaming, urls: tuple[str, str]) -> None:
    settings = Settings(database_url=urls[0], read_database_url=urls[1], secret_key=KEY)
    container = Container(settings=settings)
    watched = watch(container)
    store = container.store()
    streaming.pause()
    written(store)
    for _ in range(2):
        seen(store)
    counted = watched.metrics.exposition().decode()
    assert 'attendance_replica_reads_total{outcome="behind"} 2.0' in counted
    assert 'attendance_database_connections_most{database="replica"}' not in counted
    watched.metrics.sample(waiting_requests=0, waiting_hashes=0)
    assert 'attendance_database_connections_most{database="replica"} 12.0' in (
        watched.metrics.exposition().decode()
    )
    close(container)


def found(primary_url: str, url: str) -> list[Finding]:
    return [*_of_replica(primary_url, url)]


def test_the_doctor_tells_how_far_it_is_behind(streaming: Streaming, urls: tuple[str, str]) -> None:
    shape, following = found(*urls)
    assert shape.level is Level.OK
    assert (following.level, following.text.partition(",")[0]) == (Level.OK, "follows the primary")


@pytest.mark.parametrize("which", [0, 1])
def test_the_doctor_tells_of_what_follows_nobody(urls: tuple[str, str], which: int) -> None:
    """The primary as its own replica; and a replica that is taken for the primary."""
    _, following = found(urls[which], urls[0])
    assert following.level is Level.TROUBLE
