"""Valid things to test with: say only what the test is about."""

from attendance.testing.make import *  # noqa: F403
