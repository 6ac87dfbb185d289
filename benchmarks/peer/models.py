"""The service's tables, mapped."""

import datetime as dt
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7


class Status(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    LATE = "late"
    EXCUSED = "excused"


class UtcDateTime(TypeDecorator[dt.datetime]):
    """SQLite forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: dt.datetime | None, _: Any) -> dt.datetime | None:
        return value.replace(tzinfo=dt.UTC) if value and value.tzinfo is None else value


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {
        dt.datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
    }


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    active: Mapped[bool]
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]


class Session(Base):
    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    started_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]

    account: Mapped[Account] = relationship()


class Lab(Base):
    __tablename__ = "labs"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    name_key: Mapped[str]
    description: Mapped[str]
    search_key: Mapped[str]
    created_at: Mapped[dt.datetime]


class LabMember(Base):
    __tablename__ = "lab_members"

    position: Mapped[int] = mapped_column(primary_key=True)
    lab_id: Mapped[UUID] = mapped_column(ForeignKey("labs.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    joined_at: Mapped[dt.datetime]


class LabMark(Base):
    __tablename__ = "lab_marks"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    lab_id: Mapped[UUID] = mapped_column(ForeignKey("labs.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    date: Mapped[dt.date]
    status: Mapped[str]
    note: Mapped[str]
    marked_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    marked_at: Mapped[dt.datetime]
    version: Mapped[int] = mapped_column()

    user: Mapped[Account] = relationship(foreign_keys=user_id)

    __mapper_args__: ClassVar = {"version_id_col": version}

    def facts(self) -> dict[str, Any]:
        return {
            "lab_id": str(self.lab_id),
            "user_id": str(self.user_id),
            "date": self.date.isoformat(),
            "status": self.status,
            "note": self.note,
        }


class Event(Base):
    __tablename__ = "events"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[dt.datetime] = mapped_column(default=now)
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
