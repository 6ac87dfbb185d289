"""Schedules that meet every so many weeks, and lessons that end at midnight."""

from collections.abc import Callable
from datetime import time
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"

GROUPS = sa.table(
    "groups",
    sa.column("id", sa.Uuid),
    sa.column("schedule", sa.JSON().with_variant(JSONB(), "postgresql")),
)
LESSONS = sa.table("lessons", sa.column("ends", sa.Time))
LAST_MINUTE = time(23, 59)

Slot = dict[str, Any]


def upgrade() -> None:
    _rewrite(lambda schedule: [{"every": 1, "since": None, **slot} for slot in schedule])


def downgrade() -> None:
    """What meets every so many weeks meets each week then, and what ends at midnight a minute before."""
    _rewrite(_weekly)
    op.execute(sa.update(LESSONS).where(LESSONS.c.ends == time.min).values(ends=LAST_MINUTE))


def _weekly(schedule: list[Slot]) -> list[Slot]:
    """The slots as they were before; of two that begin at the same time, in different weeks, the first."""
    slots: dict[tuple[int, str], Slot] = {}
    for slot in schedule:
        ends = LAST_MINUTE if time.fromisoformat(slot["ends"]) == time.min else slot["ends"]
        place = slot["weekday"], slot["starts"]
        slots.setdefault(place, {"weekday": place[0], "starts": place[1], "ends": str(ends)})
    return [*slots.values()]


def _rewrite(rewritten: Callable[[list[Slot]], list[Slot]]) -> None:
    connection = op.get_bind()
    for group in connection.execute(sa.select(GROUPS)).all():
        if group.schedule:
            update = sa.update(GROUPS).where(GROUPS.c.id == group.id)
            connection.execute(update.values(schedule=rewritten(group.schedule)))
