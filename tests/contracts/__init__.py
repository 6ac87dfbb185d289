import pytest

pytest.register_assert_rewrite("attendance.testing.contract")
