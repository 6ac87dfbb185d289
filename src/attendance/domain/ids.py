"""Identifiers: UUIDs to the machine, distinct types to the reader and the type checker."""

from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
SessionId = NewType("SessionId", UUID)
LabId = NewType("LabId", UUID)
LabMarkId = NewType("LabMarkId", UUID)
EventId = NewType("EventId", UUID)
