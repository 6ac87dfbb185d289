"""The table of events names every action there is, with the subject it is about."""

import re
from pathlib import Path

from attendance.domain.events import Action

TABLE = Path(__file__).parents[2] / "docs/events.md"


def test_the_one_table_lists_every_action_with_its_subject() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \| ([^|]+) \|", TABLE.read_text(), re.MULTILINE))
    assert rows.keys() == {action.value for action in Action}
    for action, subject in rows.items():
        kind = action.partition(".")[0]
        assert kind == "favorites" or subject.replace(" ", "_") == kind
