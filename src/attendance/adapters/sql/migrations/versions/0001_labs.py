"""Accounts, sessions, labs, attendance in labs, and the log of events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

FACTS = sa.JSON().with_variant(JSONB(), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

ON_POSTGRES = """
CREATE FUNCTION attendance_grams(searched text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    AS $$
        SELECT coalesce(array_agg(DISTINCT substr(searched, start, length)), '{}')
        FROM generate_series(1, 3) AS length, generate_series(1, char_length(searched) - length + 1) AS start
    $$;
CREATE INDEX ix_accounts_grams ON accounts USING gin (attendance_grams(username_key)) WITH (fastupdate = off);
CREATE INDEX ix_labs_grams ON labs USING gin (attendance_grams(search_key)) WITH (fastupdate = off);
CREATE FUNCTION attendance_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'events are never changed or removed'; END $$;
CREATE TRIGGER events_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION attendance_refuse_change();
"""

OFF_POSTGRES = """
DROP TRIGGER events_are_final ON events;
DROP FUNCTION attendance_refuse_change();
DROP INDEX ix_labs_grams;
DROP INDEX ix_accounts_grams;
DROP FUNCTION attendance_grams(text);
"""

ON_SQLITE = [
    "CREATE VIRTUAL TABLE accounts_search USING fts5 "
    "(username_key, id UNINDEXED, tokenize = 'trigram case_sensitive 1')",
    "CREATE TRIGGER accounts_searched_when_added AFTER INSERT ON accounts BEGIN "
    "INSERT INTO accounts_search (username_key, id) VALUES (new.username_key, new.id); END",
    "CREATE VIRTUAL TABLE labs_search USING fts5 "
    "(search_key, id UNINDEXED, tokenize = 'trigram case_sensitive 1')",
    "CREATE TRIGGER labs_searched_when_added AFTER INSERT ON labs BEGIN "
    "INSERT INTO labs_search (search_key, id) VALUES (new.search_key, new.id); END",
    *(
        f"CREATE TRIGGER events_are_final_for_{verb.lower()} BEFORE {verb} ON events BEGIN "
        "SELECT RAISE(ABORT, 'events are never changed or removed'); END"
        for verb in ("UPDATE", "DELETE")
    ),
]

OFF_SQLITE = ["DROP TABLE labs_search", "DROP TABLE accounts_search"]


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("username_key", _key(), nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("username_key", name="uq_accounts_username_key"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sessions_account_id"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_table(
        "labs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", _key(), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("search_key", _key(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_labs"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_labs_owner_id"),
    )
    op.create_index("ix_labs_name_key_id", "labs", ["name_key", "id"])
    op.create_table(
        "lab_members",
        sa.Column("position", SEQUENCE, sa.Identity(), nullable=False),
        sa.Column("lab_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_lab_members"),
        sa.UniqueConstraint("lab_id", "user_id", name="uq_lab_members_lab_id_user_id"),
        sa.ForeignKeyConstraint(["lab_id"], ["labs.id"], name="fk_lab_members_lab_id"),
        sa.ForeignKeyConstraint(["user_id"], ["accounts.id"], name="fk_lab_members_user_id"),
    )
    op.create_table(
        "lab_marks",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("lab_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("marked_by", sa.Uuid, nullable=False),
        sa.Column("marked_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lab_marks"),
        sa.UniqueConstraint("lab_id", "user_id", "date", name="uq_lab_marks_lab_id_user_id_date"),
        sa.ForeignKeyConstraint(
            ["lab_id", "user_id"],
            ["lab_members.lab_id", "lab_members.user_id"],
            name="fk_lab_marks_lab_id_user_id",
        ),
        sa.ForeignKeyConstraint(["marked_by"], ["accounts.id"], name="fk_lab_marks_marked_by"),
        sa.CheckConstraint(
            "status IN ('present', 'absent', 'late', 'excused')", name=op.f("ck_lab_marks_status")
        ),
    )
    op.create_index("ix_lab_marks_lab_id_date", "lab_marks", ["lab_id", "date"])
    op.create_table(
        "events",
        sa.Column("position", SEQUENCE, sa.Identity(), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("before", FACTS),
        sa.Column("after", FACTS),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
    )
    op.create_index("ix_events_subject_id_position", "events", ["subject_id", "position"])
    for statement in [ON_POSTGRES] if _is_postgres() else ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    for statement in [OFF_POSTGRES] if _is_postgres() else OFF_SQLITE:
        op.execute(statement)
    for table in ("events", "lab_marks", "lab_members", "labs", "sessions", "accounts"):
        op.drop_table(table)


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _key() -> sa.Text:
    return sa.Text(collation="C") if _is_postgres() else sa.Text()
