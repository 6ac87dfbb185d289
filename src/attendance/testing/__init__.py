"""What helps to test with `attendance`: fakes for `attendance.Adapters`, and the contract of a store.

    >>> from attendance import OPERATOR, Adapters, open_attendance
    >>> from attendance.testing import FastHasher, FrozenClock, RecordingNotifier
    >>> clock = FrozenClock()
    >>> with open_attendance(adapters=Adapters(clock=clock, hasher=FastHasher())) as attendance:
    ...     tom = attendance.add_client(OPERATOR, name="Tom")
    >>> tom.created_at == clock.now
    True

A store of one's own is held to the contract by a class of one's own test suite, run by pytest
(`attendance[testing]`):

    class TestMyStore(attendance.testing.StoreContract):
        @pytest.fixture
        def store(self):
            return MyStore()
"""

import sys
from typing import TYPE_CHECKING, Any

from attendance.testing.fakes import FastHasher, FrozenClock, RecordingNotifier

if TYPE_CHECKING:
    from attendance.testing.contract import StoreContract

__all__ = ["FastHasher", "FrozenClock", "RecordingNotifier", "StoreContract"]

CONTRACT = "attendance.testing.contract"


def __getattr__(name: str) -> Any:
    if name == "StoreContract":
        # only here: it alone needs pytest
        try:
            import pytest
        except ImportError as error:
            raise ImportError("StoreContract needs pytest: pip install 'attendance[testing]'") from error

        if CONTRACT not in sys.modules:
            # so that what fails says what it compared
            pytest.register_assert_rewrite(CONTRACT)
        from attendance.testing.contract import StoreContract

        return StoreContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
