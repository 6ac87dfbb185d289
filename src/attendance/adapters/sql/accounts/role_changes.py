"""Role changes; the database lets one await for each account."""

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Work
from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.tables import role_changes
from attendance.application.pagination import PageRequest
from attendance.application.ports import Contended, RoleChanges
from attendance.application.ports.accounts import RoleChangeCriteria
from attendance.domain.accounts.role_changes import Kind, RoleChange, RoleChangeNotFound, State, Value
from attendance.domain.ids import RoleChangeId
from attendance.domain.permissions.roles import Role

FIND = sa.select(*role_changes.c)
GET = FIND.where(role_changes.c.id == sa.bindparam("id"))
AWAITING = FIND.where(role_changes.c.stored_state == sa.literal_column("'awaiting'")).order_by(
    role_changes.c.created_at, role_changes.c.id
)
ADD = sa.insert(role_changes).inline()
DECIDED = ("stored_state", "decided_by", "decided_at", "updated_at", "version")
SAVE = (
    sa.update(role_changes)
    .where(
        role_changes.c.id == sa.bindparam("change_id"),
        role_changes.c.version == sa.bindparam("version_before"),
    )
    .values({name: sa.bindparam(name) for name in DECIDED})
)
AT = sa.bindparam("at", type_=role_changes.c.expires_at.type)
AWAITS = role_changes.c.stored_state == sa.literal_column("'awaiting'")
LISTING: Listing[RoleChange] = Listing(
    shown=list(role_changes.c),
    tie=SortColumn(role_changes.c.id, lambda change: change.id),
    keys={"created_at": SortColumn(role_changes.c.created_at, lambda change: change.created_at)},
    conditions={
        "state": sa.case(
            (sa.and_(AWAITS, role_changes.c.expires_at <= AT), sa.literal_column("'expired'")),
            else_=role_changes.c.stored_state,
        )
        == sa.bindparam("state", type_=sa.Text),
    },
)


@dataclass(frozen=True, slots=True)
class SqlRoleChanges(RoleChanges):
    work: Work

    def get(self, role_change_id: RoleChangeId) -> RoleChange:
        row = self.work.run(GET, {"id": role_change_id}).one_or_none()
        if row is None:
            raise RoleChangeNotFound
        return _role_change(row)

    def add(self, role_change: RoleChange) -> None:
        values = {"before": _stored(role_change.before), "after": _stored(role_change.after)}
        self.work.run(ADD, asdict(role_change) | values)

    def save(self, role_change: RoleChange) -> None:
        row = asdict(role_change)
        changed = {name: row[name] for name in DECIDED}
        guard = {"change_id": role_change.id, "version_before": role_change.version - 1}
        if self.work.run(SAVE, changed | guard).rowcount != 1:
            raise Contended

    def awaiting(self) -> tuple[RoleChange, ...]:
        return tuple(map(_role_change, self.work.run(AWAITING, {}).rows))

    def list(
        self, criteria: RoleChangeCriteria, page_request: PageRequest[RoleChange]
    ) -> tuple[RoleChange, ...]:
        return tuple(map(_role_change, LISTING.rows(self.work, _given(criteria), page_request)))

    def count(self, criteria: RoleChangeCriteria) -> int:
        return LISTING.count(self.work, _given(criteria))


def _given(criteria: RoleChangeCriteria) -> dict[str, Any]:
    return {} if criteria.state is None else {"state": criteria.state.value, "at": criteria.at}


def _stored(value: Value) -> str:
    return value.value if isinstance(value, Role) else str(value).lower()


def _role_change(row: Any) -> RoleChange:
    kind = Kind(row.kind)
    before, after = (Role(text) if kind is Kind.ROLE else text == "true" for text in (row.before, row.after))
    told = {"kind": kind, "before": before, "after": after, "stored_state": State(row.stored_state)}
    return RoleChange(**row._asdict() | told)
