"""What every store must do with groups and lessons."""

from attendance.testing.contract.groups_and_lessons import at_once, events, keeping, lists, scene, times

PARTS = (scene, keeping, lists, times, events, at_once)
