"""Each of our stores is held to the contract that others are held to."""

from attendance.testing import StoreContract


class TestStores(StoreContract):
    """With the fixture `store` of the suite: in memory, on SQLite and on PostgreSQL."""
