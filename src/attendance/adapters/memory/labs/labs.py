"""Labs by id, each with its members in the order in which they joined."""

from dataclasses import dataclass
from datetime import date

from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import Page
from attendance.application.ports import Labs
from attendance.application.ports.labs import LabDetails, LabMemberRow, LabRow, LabsPage, OwnLabRow
from attendance.domain.ids import AccountId, LabId
from attendance.domain.labs.labs import AlreadyMember, Lab, Membership
from attendance.domain.text import search_key, sort_key


@dataclass(frozen=True, slots=True)
class MemoryLabs(Labs):
    tables: Tables

    def find(self, lab_id: LabId) -> Lab | None:
        return self.tables.labs.get(lab_id)

    def add(self, lab: Lab) -> None:
        self.tables.labs.add(lab.id, lab)
        self.tables.members.put(lab.id, {})

    def add_member(self, membership: Membership) -> None:
        members = self.tables.members.get(membership.lab_id) or {}
        if membership.user_id in members:
            raise AlreadyMember
        self.tables.members.put(membership.lab_id, members | {membership.user_id: membership})

    def search(self, part: str, page: Page) -> LabsPage:
        found = sorted(
            (sort_key(lab.name), lab.id)
            for lab in self.tables.labs.all()
            if part in search_key(lab.name) or part in search_key(lab.description)
        )
        shown = found[page.offset : page.offset + page.limit]
        return LabsPage(tuple(self._row(lab_id) for _, lab_id in shown), len(found))

    def of(self, account_id: AccountId) -> tuple[OwnLabRow, ...]:
        found = sorted(
            (sort_key(lab.name), lab.id)
            for lab in self.tables.labs.all()
            if lab.owner_id == account_id or account_id in self.tables.members.rows[lab.id]
        )
        labs = (self.tables.labs.rows[lab_id] for _, lab_id in found)
        return tuple(
            OwnLabRow(lab.id, lab.owner_id, lab.name, lab.description, len(self.tables.members.rows[lab.id]))
            for lab in labs
        )

    def details(self, lab_id: LabId, on: date) -> LabDetails | None:
        lab = self.tables.labs.get(lab_id)
        if lab is None:
            return None
        accounts = sorted(
            (self.tables.accounts.rows[user_id] for user_id in self.tables.members.rows[lab_id]),
            key=lambda account: (sort_key(account.username), account.id),
        )
        members = (
            LabMemberRow(who.id, who.username, self.tables.lab_marks.get((lab_id, who.id, on)))
            for who in accounts
        )
        return LabDetails(lab, self.tables.accounts.rows[lab.owner_id].username, tuple(members))

    def _row(self, lab_id: LabId) -> LabRow:
        lab = self.tables.labs.rows[lab_id]
        return LabRow(
            lab.id, lab.owner_id, lab.name, lab.description, tuple(self.tables.members.rows[lab_id])
        )
