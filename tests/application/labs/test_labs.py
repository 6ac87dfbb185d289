"""What somebody is told of a lab: its owner all, members each other's names, anybody else neither."""

from dataclasses import replace
from datetime import date

import pytest

from attendance.domain.attendance.status import Status
from attendance.domain.errors import Forbidden
from attendance.domain.ids import LabId
from attendance.domain.labs.labs import LabNotFound
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level
from tests import make
from tests.application.labs.test_lab_attendance import DAY, LabWorld, lab

__all__ = ["lab"]


def shown(lab: LabWorld, actor: Actor, on: date | None = None) -> list[tuple[str, Status | None]] | None:
    """The members that somebody sees, each with the status of their mark."""
    view = lab.use_cases.show_lab(actor, lab_id=lab.lab_id, date=on)
    assert (view.is_owner, view.size) == (actor == lab.owner, 1)
    if view.members is None:
        return None
    return [(row.username, row.mark.entry.status if row.mark else None) for row in view.members]


def test_a_lab_is_told_to_each_as_far_as_it_is_theirs(lab: LabWorld) -> None:
    lab.mark(Status.LATE)
    name = lab.use_cases.show_user(lab.member, user_id=lab.member.id).username
    assert shown(lab, lab.owner, DAY) == [(name, Status.LATE)]
    assert shown(lab, lab.owner, date(2026, 3, 3)) == [(name, None)]
    assert shown(lab, lab.member, DAY) == [(name, None)]
    assert shown(lab, lab.stranger, DAY) is None


def test_without_a_date_it_is_todays(lab: LabWorld) -> None:
    view = lab.use_cases.show_lab(lab.owner, lab_id=lab.lab_id)
    assert view.date == lab.world.clock.now.date()
    with pytest.raises(LabNotFound):
        lab.use_cases.show_lab(lab.owner, lab_id=LabId(make.new_id()))


def test_own_labs_are_those_owned_and_joined(lab: LabWorld) -> None:
    for actor in (lab.owner, lab.member):
        [row] = lab.use_cases.own_labs(actor)
        assert (row.id, row.owner_id, row.members) == (lab.lab_id, lab.owner.id, 1)
    assert lab.use_cases.own_labs(lab.stranger) == ()


def test_nobody_without_an_account_is_told_of_labs(lab: LabWorld) -> None:
    nobody = replace(lab.stranger, level=Level.ANYBODY)
    with pytest.raises(Forbidden):
        lab.use_cases.own_labs(nobody)
    with pytest.raises(Forbidden):
        lab.use_cases.show_lab(nobody, lab_id=lab.lab_id)
