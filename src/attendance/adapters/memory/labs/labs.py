"""Labs by id, each with its members in the order in which they joined."""

from dataclasses import dataclass

from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import Page
from attendance.application.ports import Labs
from attendance.application.ports.labs import LabRow, LabsPage
from attendance.domain.ids import LabId
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

    def _row(self, lab_id: LabId) -> LabRow:
        lab = self.tables.labs.rows[lab_id]
        return LabRow(
            lab.id, lab.owner_id, lab.name, lab.description, tuple(self.tables.members.rows[lab_id])
        )
