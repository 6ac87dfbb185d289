"""Calendars to subscribe to: which lessons they show, and the tokens by which a program reads them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, LessonId

DAYS_BEFORE = 90
DAYS_AHEAD = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarToken:
    """What a token in a calendar's address stands for: its account, which has one. Its digest is kept."""

    account_id: AccountId
    digest: str
    created_at: datetime

    def made(self, before: "CalendarToken | None", change_context: ChangeContext) -> Event:
        """The event of a new token, in place of the one before. The token itself is never told."""
        return change_context.event(
            Action.CALENDAR_TOKEN_MADE,
            self.account_id,
            before=before._facts() if before else None,
            after=self._facts(),
        )

    def revoked(self, change_context: ChangeContext) -> Event:
        return change_context.event(Action.CALENDAR_TOKEN_REVOKED, self.account_id, before=self._facts())

    def _facts(self) -> dict[str, str]:
        return {"created_at": self.created_at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A lesson as a calendar shows it: of who attends it says nothing.

    The instants are in UTC, `timezone` (IANA) is where they are local. Another `version` for every change.
    """

    lesson_id: LessonId
    group_name: str
    topic: str
    location_name: str
    address: str
    timezone: str
    starts_at: datetime
    ends_at: datetime
    cancelled: bool
    reason: str
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Lessons by their beginning, under a name."""

    name: str
    entries: tuple[CalendarEntry, ...] = ()


def shown_days(today: date) -> tuple[date, date]:
    """From when until when a calendar shows lessons, by their local dates, both ends included."""
    return today - timedelta(days=DAYS_BEFORE), today + timedelta(days=DAYS_AHEAD)
