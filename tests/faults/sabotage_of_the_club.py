"""Protections of the club taken out of the real service, like those in `sabotage`."""

import os
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

UNHELD = "unheld"


def holds_not_what_is_named() -> None:
    """A file `unheld` names the tables whose rows are only read where they should be held.

    Or `versions`: a group is saved whatever its version. Or `transactions`: there are none, and marks are
    written one by one; with SQLite, which holds all or nothing, any other name means so too.
    """
    from attendance.adapters.sql.attendance.sheets import SqlAttendance
    from attendance.adapters.sql.club.groups import SqlGroups
    from attendance.adapters.sql.club.lessons import SqlLessons
    from attendance.adapters.sql.engine.repository import SqlRepository
    from attendance.adapters.sql.store import SqlStore

    begin, taught = SqlStore.transaction, SqlLessons.with_teachers
    save, save_group = SqlAttendance.save, SqlGroups.save
    get_for_update, get_all_for_update, lock_existing = (
        SqlRepository.get_for_update,
        SqlRepository.get_all_for_update,
        SqlRepository.lock_existing,
    )

    def unheld() -> list[str]:
        named = Path(UNHELD)
        return named.read_text().split() if named.exists() else []

    def begin_unheld(self: Any) -> Any:
        is_sqlite = self.primary.engine.dialect.name == "sqlite"
        return self.autocommit() if "transactions" in unheld() or (is_sqlite and unheld()) else begin(self)

    def hold_unheld(self: Any, entity_id: Any) -> Any:
        return self.get(entity_id) if self.mapper.table.name in unheld() else get_for_update(self, entity_id)

    def hold_all_unheld(self: Any, entity_ids: Any) -> Any:
        if self.mapper.table.name not in unheld():
            return get_all_for_update(self, entity_ids)
        return tuple(found for found in map(self.find, entity_ids) if found)

    def hold_known_unheld(self: Any, entity_ids: Any) -> Any:
        is_held = self.mapper.table.name not in unheld()
        return lock_existing(self, entity_ids) if is_held else self.existing_ids(entity_ids)

    def taught_unheld(self: Any, lesson_id: Any, *, for_update: bool) -> Any:
        return taught(self, lesson_id, for_update=for_update and "lessons" not in unheld())

    def save_unheld(self: Any, changes: Any) -> None:
        for some in [[it] for it in changes] if "transactions" in unheld() else [changes]:
            save(self, some)

    def save_group_unheld(self: Any, group: Any) -> None:
        if "versions" in unheld():
            group = replace(group, version=self.get(group.id).version + 1)
        save_group(self, group)

    SqlStore.transaction = begin_unheld  # type: ignore[method-assign]
    SqlRepository.get_for_update = hold_unheld  # type: ignore[method-assign]
    SqlRepository.get_all_for_update = hold_all_unheld  # type: ignore[method-assign]
    SqlRepository.lock_existing = hold_known_unheld  # type: ignore[method-assign]
    SqlLessons.with_teachers = taught_unheld  # type: ignore[method-assign]
    SqlAttendance.save = save_unheld  # type: ignore[method-assign]
    SqlGroups.save = save_group_unheld  # type: ignore[method-assign]


def finds_no_kept_answers() -> None:
    """And keeps none: the unique key would refuse the second."""
    from attendance.adapters.sql.accounts.kept_answers import SqlKeptAnswers

    SqlKeptAnswers.find = lambda *_: None  # type: ignore[method-assign]
    SqlKeptAnswers.add = lambda *_: None  # type: ignore[method-assign]


def stops_between_effect_and_answer() -> None:
    """No protection taken out: whoever has come so far leaves a file, and waits while another one says so.

    `stops-keeping`: what was asked for is done, and its answer not yet kept. `stops-answering`: all of it is
    stored, and nothing answered.
    """
    from attendance.application.forms.answering_once import AnswerOnce

    keep, answer = AnswerOnce._keep, AnswerOnce.__call__

    def stop(where: str) -> None:
        while Path(f"stops-{where}").exists():
            Path(f"stopped-{where}-{os.getpid()}").touch()
            time.sleep(0.01)

    def keep_at_last(self: Any, *about: Any) -> None:
        stop("keeping")
        keep(self, *about)

    def answer_at_last(self: Any, *about: Any) -> Any:
        answered = answer(self, *about)
        stop("answering")
        return answered

    AnswerOnce._keep = keep_at_last  # type: ignore[method-assign]
    AnswerOnce.__call__ = answer_at_last  # type: ignore[method-assign]


def keeps_answers_in_a_transaction_of_their_own() -> None:
    from attendance.adapters.sql.store import SqlStore

    SqlStore.ambient = lambda _: nullcontext()  # type: ignore[method-assign, misc]
