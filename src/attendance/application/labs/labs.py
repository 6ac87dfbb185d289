"""Creating, finding and joining labs."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attendance.application.forms.field_errors import NOBODY, record_errors
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, DatedQuery, Query
from attendance.application.labs.read_models import LabView
from attendance.application.pagination import LARGEST_PAGE, Page
from attendance.application.ports import UnitOfWork
from attendance.application.ports.labs import LabsPage, OwnLabRow
from attendance.domain.errors import FieldError, Unauthenticated
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId, LabId
from attendance.domain.labs.labs import AlreadyMember, Lab, LabNotFound, Membership
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_browse, owns, require, require_level
from attendance.domain.permissions.table import Directory, Permission
from attendance.domain.text import searchable


class CreateLab(Command):
    """Add a lab, which the actor owns, and return its id.

    Raises Invalid, Forbidden, and UserNotFound for the operator, who has no account.
    """

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return record_errors(Lab, fields, owner_id=NOBODY, name="x", description="")

    @retried
    def __call__(self, actor: Actor, *, name: str, description: str = "") -> LabId:
        lab = Lab(
            id=LabId(self.new_id()),
            owner_id=actor.id,
            name=name,
            description=description,
            created_at=self.clock(),
        )
        require_level(actor, Permission.CREATE_LAB)
        with self.store.transaction() as work:
            enter_labs(work, actor.id, at=lab.created_at)
            work.labs.add(lab)
            work.events.add(lab.created(ChangeContext(actor.id, lab.created_at, self.new_id)))
        return lab.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLabs(Query):
    """Return labs whose name or description contains `q`, whatever its case and accents, by name, ties by id.

    An empty `q` matches all. At most `limit` of them (1 to 1000) after the first `offset`; `total` counts all
    matches. Raises Invalid, and Unauthenticated where the directory is closed to strangers (a setting).
    """

    directory: Directory

    @retried
    def __call__(
        self, actor: Actor | None, *, q: str = "", limit: int = LARGEST_PAGE, offset: int = 0
    ) -> LabsPage:
        require(may_browse(actor, self.directory), Unauthenticated)
        part, page = searchable("q", q), Page(limit, offset)
        with self.store.read() as work:
            return work.labs.search(part, page)


class OwnLabs(Query):
    """Return the labs that the actor owns or has joined, by name, ties by id. Raises Forbidden."""

    @retried
    def __call__(self, actor: Actor) -> tuple[OwnLabRow, ...]:
        require_level(actor, Permission.JOIN_LAB)
        with self.store.read() as work:
            return work.labs.of(actor.id)


class ShowLab(DatedQuery):
    """Return a lab as of a date, None for today: for its owner with everybody's mark of that date.

    Members see who the others are, and nobody's marks; anybody else sees neither. Raises Forbidden,
    LabNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, lab_id: LabId, date: dt.date | None = None) -> LabView:
        require_level(actor, Permission.JOIN_LAB)
        on = date or self.today()
        # with the marks comes who may see them
        with self.store.autocommit() as work:
            found = work.labs.details(lab_id, on)
        if found is None:
            raise LabNotFound
        return LabView.of(found, actor.id, is_owner=owns(actor, found.lab.owner_id), date=on)


class JoinLab(Command):
    """Make the actor a member of a lab, and return the membership.

    Raises Forbidden, LabNotFound, AlreadyMember, also for the lab's owner, and UserNotFound for the
    operator, who has no account.
    """

    @retried
    def __call__(self, actor: Actor, *, lab_id: LabId) -> Membership:
        require_level(actor, Permission.JOIN_LAB)
        with self.store.transaction() as work:
            lab = work.labs.find(lab_id)
            if lab is None:
                raise LabNotFound
            if owns(actor, lab.owner_id):
                raise AlreadyMember
            membership = Membership(lab_id=lab_id, user_id=actor.id, joined_at=self.clock())
            enter_labs(work, actor.id, at=membership.joined_at)
            work.labs.add_member(membership)
            work.events.add(membership.joined(ChangeContext(actor.id, membership.joined_at, self.new_id)))
        return membership


def enter_labs(work: UnitOfWork, account_id: AccountId, *, at: dt.datetime) -> None:
    """Have an account listed in the public directory from now on."""
    if not work.accounts.get(account_id).in_labs:
        work.accounts.save(work.accounts.get_for_update(account_id).entered_labs(at=at))
