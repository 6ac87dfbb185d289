"""Which client an event concerns, so that the log of a client has their marks, contracts and passes."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

INDEX = "ix_events_client_id_position"
KNOWN = sa.text("client_id IS NOT NULL")
UPDATES_REFUSED = (
    "CREATE TRIGGER events_are_final_for_update BEFORE UPDATE ON events BEGIN "
    "SELECT RAISE(ABORT, 'events are never changed or removed'); END"
)
EVENTS = sa.table(
    "events",
    *(sa.column(name) for name in ("client_id", "subject_id", "subject_kind", "action", "before", "after")),
)
RECORDS = {
    kind: sa.table(table, sa.column("id"), sa.column("client_id"))
    for kind, table in {"contract": "contracts", "subscription": "subscriptions"}.items()
}


def upgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    op.add_column("events", sa.Column("client_id", sa.Uuid))
    if is_postgres:
        op.execute("ALTER TABLE events DISABLE TRIGGER events_are_final")
    else:
        op.execute("DROP TRIGGER events_are_final_for_update")
    for kind, records in RECORDS.items():
        _fill(kind, sa.select(records.c.client_id).where(records.c.id == EVENTS.c.subject_id))
    _fill("attendance", _client_of_mark(is_postgres=is_postgres))
    if is_postgres:
        op.execute("ALTER TABLE events ENABLE TRIGGER events_are_final")
    else:
        op.execute(UPDATES_REFUSED)
    op.create_index(INDEX, "events", ["client_id", "position"], postgresql_where=KNOWN, sqlite_where=KNOWN)


def downgrade() -> None:
    op.drop_index(INDEX, "events")
    op.drop_column("events", "client_id")


def _fill(kind: str, client_id: sa.Select[tuple[object]]) -> None:
    of_kind = sa.update(EVENTS).where(EVENTS.c.subject_kind == kind)
    op.execute(of_kind.values(client_id=client_id.scalar_subquery()))


def _client_of_mark(*, is_postgres: bool) -> sa.Select[tuple[object]]:
    """The client of a mark's event: told where it was marked or cleared, and not where it was charged."""
    marked = EVENTS.alias("marked")
    facts = sa.func.coalesce(marked.c.after, marked.c.before)
    client_id: sa.ColumnElement[object]
    if is_postgres:
        client_id = sa.cast(facts.op("->>")("client_id"), sa.Uuid)
    else:
        client_id = sa.func.replace(sa.func.json_extract(facts, "$.client_id"), "-", "")
    return (
        sa.select(client_id)
        .where(
            marked.c.subject_id == EVENTS.c.subject_id,
            marked.c.action.in_(["attendance.marked", "attendance.cleared"]),
        )
        .limit(1)
    )
