"""One statement a request: who asks, whether they may, the mark and its event."""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, AsyncRawCursor
from uuid_utils import uuid7

from benchmarks.limit.postgres_sheets import mark_sheet
from benchmarks.limit.work import (
    IDLE,
    NO_LAB,
    NOT_VIEWED,
    TOUCH_AFTER,
    UNAUTHENTICATED,
    Backend,
    MarkBody,
    SheetRow,
    refusal_of_marking,
)

CONNECTIONS = 12

CALLER = """
caller AS (
    SELECT s.account_id, s.last_seen_at
    FROM sessions s JOIN accounts a ON a.id = s.account_id
    WHERE s.id = $1 AND a.active AND s.expires_at > $2 AND s.last_seen_at > $3
)
"""
FACTS = """
jsonb_build_object('lab_id', lab_id, 'user_id', user_id, 'date', $6::date, 'status', {status}, 'note', {note})
"""
MARK = f"""
WITH {CALLER}, place AS (
    SELECT l.id AS lab_id, l.owner_id, a.id AS account_id, m.user_id,
           k.id AS mark_id, k.status, k.note, coalesce(k.version, 0) AS version
    FROM labs l
    LEFT JOIN accounts a ON a.id = $5
    LEFT JOIN lab_members m ON m.lab_id = l.id AND m.user_id = $5
    LEFT JOIN lab_marks k ON k.lab_id = l.id AND k.user_id = $5 AND k.date = $6
    WHERE l.id = $4
), changed AS (
    SELECT place.* FROM place JOIN caller ON caller.account_id = place.owner_id
    WHERE place.user_id IS NOT NULL AND (place.status, place.note) IS DISTINCT FROM ($7::text, $8::text)
), marked AS (
    INSERT INTO lab_marks (id, lab_id, user_id, date, status, note, marked_by, marked_at, version)
    SELECT coalesce(mark_id, $9), lab_id, user_id, $6, $7, $8, owner_id, $2, version + 1 FROM changed
    ON CONFLICT (lab_id, user_id, date) DO UPDATE
    SET status = excluded.status, note = excluded.note, marked_by = excluded.marked_by,
        marked_at = excluded.marked_at, version = excluded.version
    WHERE lab_marks.version = excluded.version - 1
    RETURNING id
), logged AS (
    INSERT INTO events (id, at, actor_id, action, subject_kind, subject_id, before, after)
    SELECT $10, $2, owner_id, 'lab_attendance.marked', 'lab_attendance', marked.id,
           CASE WHEN mark_id IS NOT NULL THEN {FACTS.format(status="status", note="note")} END,
           {FACTS.format(status="$7::text", note="$8::text")}
    FROM changed, marked
)
SELECT (SELECT account_id FROM caller), (SELECT last_seen_at FROM caller),
       owner_id, account_id, user_id, coalesce((SELECT id FROM marked), mark_id)::text,
       EXISTS (SELECT FROM changed) AND NOT EXISTS (SELECT FROM marked)
FROM (SELECT) AS always LEFT JOIN place ON true
"""
SHEET = f"""
WITH {CALLER}
SELECT caller.account_id, caller.last_seen_at, l.owner_id, a.id::text, a.username, k.status, k.note
FROM caller
LEFT JOIN labs l ON l.id = $4
LEFT JOIN lab_marks k ON k.lab_id = l.id AND k.date = $5 AND l.owner_id = caller.account_id
LEFT JOIN accounts a ON a.id = k.user_id
ORDER BY a.username_sort_key, a.id
"""
TOUCH = "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2"


class Postgres(Backend):
    def __init__(self, url: str) -> None:
        self._url = url
        self._all: list[AsyncConnection[Any]] = []
        self._idle: asyncio.LifoQueue[AsyncRawCursor[Any]] = asyncio.LifoQueue()

    async def open(self) -> None:
        for _ in range(CONNECTIONS):
            connection = await AsyncConnection.connect(self._url, autocommit=True)
            self._all.append(connection)
            self._idle.put_nowait(AsyncRawCursor(connection))

    async def close(self) -> None:
        for connection in self._all:
            await connection.close()

    async def mark(self, session_id: UUID, lab_id: UUID, user_id: UUID, body: MarkBody) -> str:
        while True:
            now = dt.datetime.now(dt.UTC)
            wanted = (lab_id, user_id, body.date, body.status, body.note, _new_id(), _new_id())
            rows = await self._rows(MARK, session_id, now, now - IDLE, *wanted)
            caller, last_seen_at, owner, account, member, mark_id, contended = rows[0]
            if refusal := refusal_of_marking(caller, owner, account, member):
                raise refusal
            if not contended:
                await self._touch(session_id, last_seen_at, now)
                return str(mark_id)

    async def mark_sheet(self, session_id: UUID, lesson_id: UUID, body: bytes) -> bytes:
        cursor = await self._idle.get()
        try:
            return await mark_sheet(cursor, session_id, lesson_id, body)
        finally:
            self._idle.put_nowait(cursor)

    async def sheet(self, session_id: UUID, lab_id: UUID, date: dt.date) -> list[SheetRow]:
        now = dt.datetime.now(dt.UTC)
        rows = await self._rows(SHEET, session_id, now, now - IDLE, lab_id, date)
        if not rows:
            raise UNAUTHENTICATED
        caller, last_seen_at, owner, user_id, *_ = rows[0]
        if owner is None:
            raise NO_LAB
        if owner != caller:
            raise NOT_VIEWED
        await self._touch(session_id, last_seen_at, now)
        return [SheetRow(*row[3:]) for row in rows] if user_id else []

    async def _touch(self, session_id: UUID, last_seen_at: dt.datetime, now: dt.datetime) -> None:
        if now >= last_seen_at + TOUCH_AFTER:
            await self._rows(TOUCH, session_id, now)

    async def _rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        cursor = await self._idle.get()
        try:
            await cursor.execute(statement, parameters, prepare=True)
            return await cursor.fetchall() if cursor.description else []
        finally:
            self._idle.put_nowait(cursor)


def _new_id() -> UUID:
    return UUID(int=uuid7().int)
