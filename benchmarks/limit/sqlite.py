"""Reads on the event loop itself; where something changes, one transaction of two writes, on one thread.

A commit waits for the disk. On the loop it would keep it from reading the next request meanwhile, and the
service, which does not wait there, would come out ahead of its own limit.
"""

import datetime as dt
import sqlite3
from asyncio import get_running_loop
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from uuid_utils import uuid7

from benchmarks.limit.sheets import sent_entries
from benchmarks.limit.sqlite_sheets import mark_sheet, stored
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

SETTINGS = """
PRAGMA journal_mode = wal;
PRAGMA synchronous = full;
PRAGMA foreign_keys = on;
PRAGMA busy_timeout = 10000;
"""
CALLER = """
SELECT s.account_id, s.last_seen_at
FROM sessions s JOIN accounts a ON a.id = s.account_id
WHERE s.id = ?1 AND a.active AND s.expires_at > ?2 AND s.last_seen_at > ?3
"""
PLACE = f"""
SELECT c.account_id, c.last_seen_at, l.owner_id, a.id, m.user_id, k.id, k.status, k.note, k.version
FROM ({CALLER}) c
LEFT JOIN labs l ON l.id = ?4
LEFT JOIN accounts a ON a.id = ?5
LEFT JOIN lab_members m ON m.lab_id = l.id AND m.user_id = ?5
LEFT JOIN lab_marks k ON k.lab_id = l.id AND k.user_id = ?5 AND k.date = ?6
"""
MARK = """
INSERT INTO lab_marks (id, lab_id, user_id, date, status, note, marked_by, marked_at, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (lab_id, user_id, date) DO UPDATE
SET status = excluded.status, note = excluded.note, marked_by = excluded.marked_by,
    marked_at = excluded.marked_at, version = excluded.version
WHERE lab_marks.version = excluded.version - 1
"""
LOG = """
INSERT INTO events (id, at, actor_id, action, subject_kind, subject_id, before, after)
VALUES (?, ?, ?, 'lab_attendance.marked', 'lab_attendance', ?, ?, ?)
"""
SHEET = f"""
SELECT c.account_id, c.last_seen_at, l.owner_id, a.id, a.username, k.status, k.note
FROM ({CALLER}) c
LEFT JOIN labs l ON l.id = ?4
LEFT JOIN lab_marks k ON k.lab_id = l.id AND k.date = ?5 AND l.owner_id = c.account_id
LEFT JOIN accounts a ON a.id = k.user_id
ORDER BY a.username_sort_key, a.id
"""
TOUCH = "UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2"

encode = msgspec.json.Encoder().encode


class Sqlite(Backend):
    def __init__(self, path: str) -> None:
        self._path = path

    async def open(self) -> None:
        self._writer = ThreadPoolExecutor(1)
        self._reading, self._writing = (
            sqlite3.connect(self._path, isolation_level=None, check_same_thread=False) for _ in range(2)
        )
        for connection in (self._reading, self._writing):
            connection.executescript(SETTINGS)
        self._run = self._reading.execute

    async def close(self) -> None:
        self._writer.shutdown()
        self._reading.close()
        self._writing.close()

    async def mark(self, session_id: UUID, lab_id: UUID, user_id: UUID, body: MarkBody) -> str:
        while True:
            now = dt.datetime.now(dt.UTC)
            date = body.date.isoformat()
            place = (lab_id.hex, user_id.hex, date)
            row = self._run(PLACE, (session_id.hex, stored(now), stored(now - IDLE), *place)).fetchone()
            caller, last_seen_at, owner, account, member, mark_id, status, note, version = row or (None,) * 9
            if refusal := refusal_of_marking(caller, owner, account, member):
                raise refusal
            self._touch(session_id, last_seen_at, now)
            if (status, note) == (body.status, body.note):
                return str(UUID(mark_id))
            before = mark_id and _facts(lab_id, user_id, date, status, note)
            after = _facts(lab_id, user_id, date, body.status, body.note)
            mark_id = mark_id or uuid7().hex
            at = stored(now)
            mark = (mark_id, *place, body.status, body.note, caller, at, (version or 0) + 1)
            event = (uuid7().hex, at, caller, mark_id, before, after)
            if await get_running_loop().run_in_executor(self._writer, self._change, mark, event):
                return str(UUID(mark_id))

    def _change(self, mark: tuple[Any, ...], event: tuple[Any, ...]) -> bool:
        """Both rows or none; none where another process was faster."""
        run = self._writing.execute
        run("BEGIN IMMEDIATE")
        try:
            changed = run(MARK, mark).rowcount == 1
            if changed:
                run(LOG, event)
            run("COMMIT")
        except BaseException:
            run("ROLLBACK")
            raise
        return changed

    async def mark_sheet(self, session_id: UUID, lesson_id: UUID, body: bytes) -> bytes:
        entries = sent_entries(body)
        work = partial(mark_sheet, self._writing, session_id, lesson_id, entries)
        return await get_running_loop().run_in_executor(self._writer, work)

    async def sheet(self, session_id: UUID, lab_id: UUID, date: dt.date) -> list[SheetRow]:
        now = dt.datetime.now(dt.UTC)
        asked = (session_id.hex, stored(now), stored(now - IDLE), lab_id.hex, date.isoformat())
        rows = self._run(SHEET, asked).fetchall()
        if not rows:
            raise UNAUTHENTICATED
        caller, last_seen_at, owner, user_id, *_ = rows[0]
        if owner is None:
            raise NO_LAB
        if owner != caller:
            raise NOT_VIEWED
        self._touch(session_id, last_seen_at, now)
        return [SheetRow(str(UUID(row[3])), *row[4:]) for row in rows] if user_id else []

    def _touch(self, session_id: UUID, last_seen_at: str, now: dt.datetime) -> None:
        if stored(now - TOUCH_AFTER) >= last_seen_at:
            self._run(TOUCH, (session_id.hex, stored(now)))


def _facts(lab_id: UUID, user_id: UUID, date: str, status: str, note: str) -> str:
    facts = {"lab_id": str(lab_id), "user_id": str(user_id), "date": date, "status": status, "note": note}
    return encode(facts).decode()
