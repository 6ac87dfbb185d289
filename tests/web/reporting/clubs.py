"""A club with something to look after, in the store of an application."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from uuid import UUID

from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import GroupMembership, Teaching
from attendance.domain.ids import AccountId
from tests import make
from tests.application.reporting.test_statistics import DAY, JANUARY_1, TODAY, Club
from tests.http.api import Api

__all__ = ["DAY", "JANUARY_1", "TODAY", "Club", "club_of", "days_back", "held", "taught_by", "untaken"]

P, L, A, E = Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED


def club_of(api: Api) -> Club:
    """Chess with Anna, Bea and Carl, and judo, in the store that the application answers from."""
    return Club(api.store)


def days_back(count: int) -> Iterator[date]:
    """The days before today, the last one first."""
    return (TODAY - n * DAY for n in range(1, count + 1))


def held(club: Club) -> None:
    """Four lessons of chess: Anna always came, Bea was late once, Carl stayed away, all of them unpaid."""
    for n, day in enumerate(days_back(4)):
        marks = (club.anna, P), (club.bea, L if n == 0 else P), (club.carl, A)
        club.lesson(club.chess, day, *marks)


def untaken(club: Club, count: int) -> None:
    """Lessons of judo that have begun and that nobody has taken."""
    for day in days_back(count):
        club.lesson(club.judo, day)


def taught_by(club: Club, user_id: str) -> None:
    """Let somebody teach chess, from January on."""
    club.edits(club.chess, teachers=(Teaching(user_id=AccountId(UUID(user_id)), since=JANUARY_1),))


def with_members(club: Club, names: list[str]) -> None:
    """More members of chess, none of whom came to its last four lessons."""
    clients = [club.adds("clients", make.client(name=name)) for name in names]
    members = tuple(GroupMembership(client_id=it.id, since=JANUARY_1) for it in clients)
    chess = club.edits(club.chess, capacity=None, members=(*club.chess.members, *members))
    for n in range(4):
        at = {"starts": time(18), "ends": time(19), "capacity": None}
        club.lesson(chess, TODAY - timedelta(days=n + 1), *((client, A) for client in clients), **at)
