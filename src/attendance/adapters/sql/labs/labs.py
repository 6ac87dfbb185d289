"""Labs and their members."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, insert_into
from attendance.adapters.sql.engine.searching import PostgresSearch, Search, SqliteSearch
from attendance.adapters.sql.labs.marks import MARK, mark_of
from attendance.adapters.sql.tables import accounts, lab_marks, lab_members, labs
from attendance.application.pagination import Page
from attendance.application.ports import Labs
from attendance.application.ports.labs import LabDetails, LabMemberRow, LabRow, LabsPage, OwnLabRow
from attendance.domain.ids import AccountId, LabId
from attendance.domain.labs.labs import AlreadyMember, Lab, Membership
from attendance.domain.text import searched_text, sort_key

KEYS: Mapping[str, Callable[[Any], str]] = {
    "name_key": lambda lab: sort_key(lab.name),
    "search_key": lambda lab: searched_text(lab.name, lab.description),
}
"""What is stored of a lab's texts to sort and to search by."""
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
_how_many = (
    sa.select(sa.func.count()).where(lab_members.c.lab_id == labs.c.id).correlate(labs).scalar_subquery()
)
_joined = sa.select(lab_members.c.lab_id).where(lab_members.c.user_id == sa.bindparam("account_id"))
OF = (
    sa.select(labs.c.id, labs.c.owner_id, labs.c.name, labs.c.description, _how_many.label("members"))
    .where(sa.or_(labs.c.owner_id == sa.bindparam("account_id"), labs.c.id.in_(_joined)))
    .order_by(labs.c.name_key, labs.c.id)
)
_owners = accounts.alias("owners")
DETAILS = (
    sa.select(
        *labs.c[*FIELDS],
        _owners.c.username.label("owner_username"),
        accounts.c.id.label("user_id"),
        accounts.c.username,
        *MARK,
    )
    .select_from(
        labs.join(_owners, _owners.c.id == labs.c.owner_id)
        .outerjoin(lab_members, lab_members.c.lab_id == labs.c.id)
        .outerjoin(accounts, accounts.c.id == lab_members.c.user_id)
        .outerjoin(
            lab_marks,
            sa.and_(
                lab_marks.c.lab_id == labs.c.id,
                lab_marks.c.user_id == lab_members.c.user_id,
                lab_marks.c.date == sa.bindparam("date", type_=sa.Date),
            ),
        )
    )
    .where(labs.c.id == sa.bindparam("id"))
    .order_by(accounts.c.username_sort_key, accounts.c.id)
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
        self.connection.run(ADD, asdict(lab) | {column: key(lab) for column, key in KEYS.items()})

    def add_member(self, membership: Membership) -> None:
        if self.connection.run(ADD_MEMBER, asdict(membership)).rowcount != 1:
            raise AlreadyMember

    def search(self, part: str, page: Page) -> LabsPage:
        rows, total = SEARCH[self.connection.dialect].page(self.connection, part, page)
        return LabsPage(tuple(_lab_row(row) for row in rows), total)

    def of(self, account_id: AccountId) -> tuple[OwnLabRow, ...]:
        rows = self.connection.run(OF, {"account_id": account_id}).rows
        return tuple(OwnLabRow(*row) for row in rows)

    def details(self, lab_id: LabId, on: date) -> LabDetails | None:
        rows = self.connection.run(DETAILS, {"id": lab_id, "date": on}).rows
        if not rows:
            return None
        first = rows[0]._asdict()
        members = (
            LabMemberRow(row.user_id, row.username, mark_of(row, lab_id, row.user_id, on))
            for row in rows
            if row.user_id is not None
        )
        lab = Lab(**{name: first[name] for name in FIELDS})
        return LabDetails(lab, first["owner_username"], tuple(members))


def _lab_row(row: sa.Row[Any]) -> LabRow:
    return LabRow(row.id, row.owner_id, row.name, row.description, _ids(row.member_ids))


def _ids(stored: list[UUID] | str | None) -> tuple[AccountId, ...]:
    if isinstance(stored, str):
        stored = [UUID(hex=text) for text in stored.split(",")]
    return tuple(AccountId(user_id) for user_id in stored or ())
