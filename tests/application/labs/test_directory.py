"""The public directory lists who uses labs, over every store, and nobody else."""

import pytest

from attendance.application.ports import Store
from attendance.domain.ids import LabId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from tests import make
from tests.fakes import PASSWORD, World


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def listed(world: World, name: str = "") -> list[str]:
    return [found.username for found in world.use_cases.search_accounts(None, name=name).users]


def having(world: World, username: str) -> Actor:
    return world.having(Role.USER, username=username, in_labs=False)


def test_parents_and_teachers_of_a_club_are_not_listed(world: World) -> None:
    world.use_cases.register(username="lab", password=PASSWORD)
    world.use_cases.register(username="parent", email="parent@example.org", password=PASSWORD)
    world.use_cases.invite_user(world.having(Role.OWNER, in_labs=False), username="t", email="t@example.org")
    assert listed(world) == listed(world, "a") == ["lab"]
    assert world.use_cases.search_accounts(None).total == 1


def test_who_owns_or_joins_a_lab_is_listed_from_then_on(world: World) -> None:
    zoe, abe = having(world, "zoe"), having(world, "abe")
    assert listed(world) == []
    lab_id = world.use_cases.create_lab(zoe, name="Physics")
    assert listed(world) == ["zoe"]
    before = world.now(zoe.id)
    world.use_cases.create_lab(zoe, name="Chemistry")
    assert world.now(zoe.id) == before, "once is enough"
    world.use_cases.join_lab(abe, lab_id=lab_id)
    assert listed(world) == ["abe", "zoe"]
    with pytest.raises(Exception, match="already a member"):
        world.use_cases.join_lab(abe, lab_id=lab_id)
    world.use_cases.edit_user(abe, user_id=abe.id, name="Abe", email="abe2@example.org")
    assert listed(world, "ab") == ["abe"]


def test_a_join_that_is_refused_lists_nobody(world: World) -> None:
    zoe, abe = having(world, "zoe"), having(world, "abe")
    world.use_cases.create_lab(zoe, name="Physics")
    with pytest.raises(Exception, match="lab not found"):
        world.use_cases.join_lab(abe, lab_id=LabId(make.new_id()))
    assert listed(world) == ["zoe"]
