"""Labs and their members."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, insert_into
from attendance.adapters.sql.engine.searching import PostgresSearch, Search, SqliteSearch
from attendance.adapters.sql.tables import lab_members, labs
from attendance.application.pagination import Page
from attendance.application.ports import Labs
from attendance.application.ports.labs import LabRow, LabsPage
from attendance.domain.ids import AccountId, LabId
from attendance.domain.labs.labs import AlreadyMember, Lab, Membership
from attendance.domain.text import searched_text, sort_key

FIELDS = ("id", "owner_id", "name", "description", "created_at")

FIND = sa.select(*labs.c[*FIELDS]).where(labs.c.id == sa.bindparam("id"))
ADD = sa.insert(labs).inline()
ADD_MEMBER = {
    dialect: insert(lab_members).inline().on_conflict_do_nothing(index_elements=["lab_id", "user_id"])
    for dialect, insert in insert_into.items()
}
_members = (
    sa.select(lab_members.c.user_id)
    .where(lab_members.c.lab_id == labs.c.id)
    .order_by(lab_members.c.position)
    .correlate(labs)
)
SEARCH: dict[str, Search] = {
    "postgresql": PostgresSearch(
        labs,
        searched="search_key",
        sorted_by="name_key",
        columns=[*labs.c[*FIELDS], sa.func.array(_members.scalar_subquery()).label("member_ids")],
    ),
    "sqlite": SqliteSearch(
        labs,
        searched="search_key",
        sorted_by="name_key",
        columns=[
            *labs.c[*FIELDS],
            sa.select(sa.func.group_concat(sa.text("user_id")))
            .select_from(_members.subquery())
            .scalar_subquery()
            .label("member_ids"),
        ],
    ),
}


@dataclass(frozen=True, slots=True)
class SqlLabs(Labs):
    connection: Connection

    def find(self, lab_id: LabId) -> Lab | None:
        row = self.connection.run(FIND, {"id": lab_id}).one_or_none()
        return Lab(**row._asdict()) if row else None

    def add(self, lab: Lab) -> None:
        keys = {"name_key": sort_key(lab.name), "search_key": searched_text(lab.name, lab.description)}
        self.connection.run(ADD, asdict(lab) | keys)

    def add_member(self, membership: Membership) -> None:
        if self.connection.run(ADD_MEMBER, asdict(membership)).rowcount != 1:
            raise AlreadyMember

    def search(self, part: str, page: Page) -> LabsPage:
        rows, total = SEARCH[self.connection.dialect].page(self.connection, part, page)
        return LabsPage(tuple(_lab_row(row) for row in rows), total)


def _lab_row(row: sa.Row[Any]) -> LabRow:
    return LabRow(row.id, row.owner_id, row.name, row.description, _ids(row.member_ids))


def _ids(stored: list[UUID] | str | None) -> tuple[AccountId, ...]:
    if isinstance(stored, str):
        stored = [UUID(hex=text) for text in stored.split(",")]
    return tuple(AccountId(user_id) for user_id in stored or ())
