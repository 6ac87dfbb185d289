"""Role changes; the database lets one await for each account."""

from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import role_changes
from attendance.application.ports import RoleChanges
from attendance.application.ports.accounts import ROLE_CHANGES, RoleChangeCriteria
from attendance.domain.accounts.role_changes import Kind, RoleChange, Value
from attendance.domain.permissions.roles import Role

AWAITS = role_changes.c.stored_state == sa.literal_column("'awaiting'")
IS_OVER = role_changes.c.expires_at <= sa.bindparam("at", type_=role_changes.c.expires_at.type)
STATE = sa.case(
    (sa.and_(AWAITS, IS_OVER), sa.literal_column("'expired'")),
    else_=sa.type_coerce(role_changes.c.stored_state, sa.Text),
)


def stored(value: Value) -> str:
    return value.value if isinstance(value, Role) else str(value).lower()


def role_change(*, kind: Kind, before: str, after: str, **fields: Any) -> RoleChange:
    """A role change as it is read: what is changed tells what the texts mean."""
    values = [Role(text) if kind is Kind.ROLE else text == "true" for text in (before, after)]
    return RoleChange(kind=kind, before=values[0], after=values[1], **fields)


class SqlRoleChanges(SqlRepository[RoleChange, RoleChangeCriteria], RoleChanges):
    mapper = TableMapper(
        ROLE_CHANGES,
        role_changes,
        derived={
            "before": lambda change: stored(change.before),
            "after": lambda change: stored(change.after),
        },
        conditions=lambda _: {"state": sa.bindparam("state", type_=sa.Text) == STATE},
        make=role_change,
    )

    def awaiting(self) -> tuple[RoleChange, ...]:
        return self._entities(self.connection.run(AWAITING, {}).rows)


AWAITING = {
    dialect: sa.select(*columns).where(AWAITS).order_by(*role_changes.c["created_at", "id"])
    for dialect, columns in SqlRoleChanges.mapper.columns.items()
}
