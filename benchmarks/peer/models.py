"""The service's tables, mapped."""

import datetime as dt
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID, uuid5

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
    role: Mapped[str]
    email_confirmed_at: Mapped[dt.datetime | None]
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


class Lesson(Base):
    __tablename__ = "lessons"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    group_id: Mapped[UUID]
    timezone: Mapped[str]
    date: Mapped[dt.date]
    starts: Mapped[dt.time]
    ends: Mapped[dt.time]
    starts_at: Mapped[dt.datetime]
    teachers: Mapped[list[str]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
    cancelled: Mapped[bool]


class GroupTeacher(Base):
    __tablename__ = "group_teachers"

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[dt.date] = mapped_column(primary_key=True)
    until: Mapped[dt.date | None]


class GroupMember(Base):
    __tablename__ = "group_members"

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    since: Mapped[dt.date] = mapped_column(primary_key=True)
    until: Mapped[dt.date | None]


class Client(Base):
    __tablename__ = "clients"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str]
    name_key: Mapped[str]


class Subscription(Base):
    __tablename__ = "subscriptions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    sold_on: Mapped[dt.date]
    visits: Mapped[int | None]
    group_ids: Mapped[list[str]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
    charges_absence: Mapped[bool]
    starts_on: Mapped[dt.date]
    freezes: Mapped[list[dict[str, str]]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
    cancelled_on: Mapped[dt.date | None]
    valid_until: Mapped[dt.date | None]
    created_at: Mapped[dt.datetime]


class Attendance(Base):
    __tablename__ = "attendance"

    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id"), primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    date: Mapped[dt.date]
    starts: Mapped[dt.time]
    status: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    minutes_late: Mapped[int | None]
    trial: Mapped[bool] = mapped_column(default=False)
    subscription_id: Mapped[UUID | None]
    unpaid: Mapped[bool] = mapped_column(default=False)
    marked_by: Mapped[UUID]
    marked_at: Mapped[dt.datetime]

    @property
    def event_id(self) -> UUID:
        return uuid5(self.lesson_id, self.client_id.hex)

    def facts(self) -> dict[str, Any]:
        return {
            "lesson_id": str(self.lesson_id),
            "client_id": str(self.client_id),
            "status": self.status,
            "note": self.note,
            "minutes_late": self.minutes_late,
            "trial": self.trial,
        }

    def charge(self) -> dict[str, Any]:
        return {
            "subscription_id": str(self.subscription_id) if self.subscription_id else None,
            "unpaid": self.unpaid,
        }
