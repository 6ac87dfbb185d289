"""Versions of marks, and absences that a client or parent announced."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("attendance", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    op.add_column("attendance", sa.Column("announced", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """What was announced stays as an absence that somebody has marked."""
    op.drop_column("attendance", "announced")
    op.drop_column("attendance", "version")
