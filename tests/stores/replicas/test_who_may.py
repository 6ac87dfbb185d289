"""Sessions, and who may do what, are not even read from a replica that is taken to be fresh."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest

from attendance.adapters.sql import SqlStore
from attendance.application.ports import Kind, UnitOfWork
from attendance.domain.accounts.sessions import SessionExpired
from attendance.domain.club.groups import Teaching
from attendance.domain.errors import Forbidden
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from tests import make
from tests.fakes import World
from tests.stores.replicas.conftest import Given

DAY = date(2026, 3, 2)


@dataclass
class Club:
    """People who may do something, until it is taken from them."""

    world: World

    def __post_init__(self) -> None:
        self.use = self.world.use_cases
        self.clerk = self.world.account(role=Role.MANAGER)
        self.parent = self.world.account(role=Role.USER)
        self.teacher = self.world.account(role=Role.EMPLOYEE)
        self.session = make.session(self.clerk, started_at=self.world.clock.now)
        self.client = make.client(user_ids=(self.parent.id,))
        location = make.location()
        self.group = make.group(location, teachers=(Teaching(user_id=self.teacher.id, since=DAY),))
        self.lesson = make.lesson(self.group, teachers=(self.teacher.id,))
        with self.world.store.transaction() as work:
            work.sessions.add(self.session)
            work.clients.add(self.client)
            work.locations.add(location)
            work.groups.add(self.group)
            work.lessons.add(self.lesson)

    def clerks_actor(self) -> Actor:
        return self.use.actor_of(self.world.tokens.issue(self.session))

    def changes(self, change: Callable[[UnitOfWork], object]) -> None:
        with self.world.store.transaction() as work:
            change(work)


def session_ends(club: Club) -> Callable[[], None]:
    club.clerks_actor()
    club.changes(lambda work: work.sessions.end(club.session.id))

    def refused() -> None:
        with pytest.raises(SessionExpired):
            club.clerks_actor()

    return refused


def account_is_deactivated(club: Club) -> Callable[[], None]:
    club.clerks_actor()
    club.changes(lambda work: work.accounts.save(replace(club.clerk, active=False, version=2)))

    def refused() -> None:
        with pytest.raises(SessionExpired):
            club.clerks_actor()

    return refused


def role_is_lowered(club: Club) -> Callable[[], None]:
    assert club.use.list_clients(club.clerks_actor()).total == 1
    club.changes(lambda work: work.accounts.save(replace(club.clerk, role=Role.USER, version=2)))

    def refused() -> None:
        with pytest.raises(Forbidden):
            club.use.list_clients(club.clerks_actor())

    return refused


def parent_is_unlinked(club: Club) -> Callable[[], None]:
    parent = make.actor(club.parent)
    assert len(club.use.own_clients(parent)) == 1
    club.changes(lambda work: work.clients.save(replace(club.client, user_ids=(), version=2)))

    def refused() -> None:
        assert club.use.own_clients(parent) == ()
        with pytest.raises(Forbidden):
            club.use.visits_of_client(parent, client_id=club.client.id)

    return refused


def group_is_taught_by_another(ask: Callable[[Club, Actor], object]) -> Callable[[Club], Callable[[], None]]:
    def changed(club: Club) -> Callable[[], None]:
        teacher = make.actor(club.teacher)
        ask(club, teacher)

        def taken(work: UnitOfWork) -> None:
            work.lessons.save(replace(club.lesson, teachers=(), version=2))
            work.groups.save(replace(club.group, teachers=(), version=2))

        club.changes(taken)

        def refused() -> None:
            with pytest.raises(Forbidden):
                ask(club, teacher)

        return refused

    return changed


TAKEN: dict[str, Callable[[Club], Callable[[], None]]] = {
    "a session ends": session_ends,
    "an account is deactivated": account_is_deactivated,
    "a role is lowered": role_is_lowered,
    "a parent is unlinked": parent_is_unlinked,
    "marks of a group that another teaches": group_is_taught_by_another(
        lambda club, teacher: club.use.list_marks(teacher, since=DAY, group_id=club.group.id)
    ),
    "figures of a group that another teaches": group_is_taught_by_another(
        lambda club, teacher: club.use.show_statistics_of(
            teacher, kind=Kind.GROUP, of_id=club.group.id, since=DAY
        )
    ),
    "the calendar of a group that another teaches": group_is_taught_by_another(
        lambda club, teacher: club.use.show_group_calendar(teacher, group_id=club.group.id)
    ),
}


def taken_unseen(given: Given, what: str) -> Callable[[], None]:
    """Take something away of which nothing is replayed; return what asserts that it is refused."""
    club = Club(World(given.store))
    given.streaming.pause()
    return TAKEN[what](club)


@pytest.mark.parametrize("what", TAKEN)
def test_what_is_taken_from_somebody_is_refused_at_once(what: str, ungated: Given) -> None:
    taken_unseen(ungated, what)()


class AllFromReplica(SqlStore):
    """Breaks the protection: whatever is looked up is read from the replica, too."""

    begin_autocommit = SqlStore.begin_read


@pytest.mark.plants
@pytest.mark.parametrize("what", TAKEN)
def test_where_it_were_read_from_a_replica_it_would_not_be(what: str, ungated: Given) -> None:
    ungated.store = AllFromReplica(primary=ungated.primary, replica=ungated.replica)
    assert_refused = taken_unseen(ungated, what)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        assert_refused()
