"""Roles, and the levels that follow from them."""

from enum import IntEnum, StrEnum


class Level(IntEnum):
    """How much an actor may do, from 0: not signed in. Derived at each request, never stored."""

    ANYBODY = 0
    UNCONFIRMED = 1
    USER = 2
    EMPLOYEE = 3
    MANAGER = 4
    HEAD_MANAGER = 5
    OWNER = 6
    ADMIN = 7


class Role(StrEnum):
    """The role of an account. Its level is the role's once its email address is confirmed, 1 until then."""

    USER = "user"
    EMPLOYEE = "employee"
    MANAGER = "manager"
    HEAD_MANAGER = "head_manager"
    OWNER = "owner"
    ADMIN = "admin"

    @property
    def level(self) -> Level:
        return Level[self.name]
