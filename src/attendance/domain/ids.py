"""Identifiers: UUIDs, each kind a type of its own for readers and type checkers."""

from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
SessionId = NewType("SessionId", UUID)
MailId = NewType("MailId", UUID)
RoleChangeId = NewType("RoleChangeId", UUID)
ClientId = NewType("ClientId", UUID)
ContractId = NewType("ContractId", UUID)
PriceId = NewType("PriceId", UUID)
SubscriptionId = NewType("SubscriptionId", UUID)
LocationId = NewType("LocationId", UUID)
GroupId = NewType("GroupId", UUID)
LessonId = NewType("LessonId", UUID)
MarkId = NewType("MarkId", UUID)
LabId = NewType("LabId", UUID)
LabMarkId = NewType("LabMarkId", UUID)
EventId = NewType("EventId", UUID)

OPERATOR_ID = AccountId(UUID("00000000-0000-8000-8000-000000000001"))
"""The operator, at the command line: no account has this id (a UUIDv8; accounts have UUIDv7)."""
