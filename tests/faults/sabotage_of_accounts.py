"""Protections of accounts, sessions and mail taken out of the real service, like those in `sabotage`."""

import os
import time
from contextlib import suppress
from itertools import count
from threading import Barrier, BrokenBarrierError, Lock
from typing import Any

import sqlalchemy as sa

from tests.faults.sabotage import PATIENCE_SECONDS, meet


def begins_no_transactions() -> None:
    """Each statement is one by itself: nobody holds anything, nobody waits for a turn."""
    from attendance.adapters.sql.store import SqlStore

    SqlStore.transaction = SqlStore.autocommit  # type: ignore[method-assign]


def counts_without_holding() -> None:
    """Two workers look at tallies before one of them saves what it has counted."""
    from attendance.application.accounts.rate_limiter import RateLimiter

    def take(self: Any, claims: Any) -> Any:
        meet(2)
        with self.store.autocommit() as work:
            at = self.clock()
            taken = [
                work.rate_limit_windows.get_for_update(key).taken(limit, at=at)
                for key, limit in claims.items()
            ]
            time.sleep(0.01)
            for window in taken:
                work.rate_limit_windows.save(window)
        return at

    RateLimiter.take = take  # type: ignore[method-assign]


def names_its_worker() -> None:
    """No protection taken out: each answer tells which process it is from."""
    from attendance.adapters.http.server.requests import middleware as edge

    request_id = edge._request_id
    edge._request_id = lambda headers: request_id(headers) + b".%d" % os.getpid()


def remembers_sessions() -> None:
    from attendance.application.accounts.sessions import ActorOf

    look = ActorOf.__call__
    remembered: dict[str, Any] = {}

    def call(self: Any, token: str) -> Any:
        if token not in remembered:
            remembered[token] = look(self, token)
        return remembered[token]

    ActorOf.__call__ = call  # type: ignore[method-assign]


def uses_links_unguarded() -> None:
    """Any two of a process that hold an account see the same of it; it keeps whatever comes last."""
    from attendance.adapters.sql.accounts import accounts
    from attendance.adapters.sql.accounts.links import SqlLinks

    begins_no_transactions()
    look = accounts.SqlAccounts.get_for_update
    meetings: dict[Any, Barrier] = {}
    lock = Lock()

    def get_for_update(self: Any, account_id: Any) -> Any:
        found = look(self, account_id)
        with lock:
            meeting = meetings.setdefault(account_id, Barrier(2))
            if meeting.broken:
                meeting = meetings[account_id] = Barrier(2)
        with suppress(BrokenBarrierError):
            meeting.wait(timeout=0.3)
        return found

    accounts.SqlAccounts.get_for_update = get_for_update  # type: ignore[method-assign]
    SqlLinks.use = lambda *_: True  # type: ignore[method-assign]
    saved = [column.name for column in accounts.accounts.c if column.name != "id"]
    by_id = (
        sa.update(accounts.accounts)
        .where(accounts.accounts.c.id == sa.bindparam("entity_id"))
        .values({name: sa.bindparam(name) for name in saved})
    )
    object.__setattr__(accounts.SqlAccounts.mapper, "save", by_id)


def claims_no_mail() -> None:
    """What is due stays due for everybody until it is sent."""
    from attendance.adapters.sql.accounts.outbox import SqlOutbox, _mail
    from attendance.adapters.sql.tables import outbox
    from attendance.application.accounts.mail_delivery import DispatchMail

    waits = outbox.c.state == sa.literal_column("'waiting'")
    due = sa.select(*outbox.c).where(waits, outbox.c.due_at <= sa.bindparam("at")).limit(1)

    claimed, first_two, come = DispatchMail._claimed, Barrier(2), count(1)

    def claim(self: Any, at: Any, until: Any) -> Any:
        row = self.connection.run(due, {"at": at}).one_or_none()
        return row and _mail(row)

    def claim_with_another(self: Any) -> Any:
        """So that two of a process send the same."""
        mail = claimed(self)
        if next(come) <= first_two.parties:
            first_two.wait(timeout=PATIENCE_SECONDS)
        return mail

    SqlOutbox.claim = claim  # type: ignore[method-assign]
    DispatchMail._claimed = claim_with_another  # type: ignore[method-assign]


def notes_mail_before_it_sends() -> None:
    from dataclasses import replace

    from attendance.application.accounts.mail_delivery import DispatchMail
    from attendance.domain.accounts.mail import MailState

    claimed = DispatchMail._claimed

    def claim(self: Any) -> Any:
        mail = claimed(self)
        if mail:
            self._note(replace(mail, state=MailState.SENT, facts=None))
        return mail

    DispatchMail._claimed = claim  # type: ignore[method-assign]


def tries_each_mail_once() -> None:
    from dataclasses import replace

    from attendance.application.accounts.mail_delivery import DispatchMail
    from attendance.domain.accounts.mail import MailState

    def failed(_: Any, mail: Any, failure: Exception) -> Any:
        return replace(mail, state=MailState.SENT, error=str(failure))

    DispatchMail._failed = failed  # type: ignore[method-assign]


def meets_before_it_looks_for_owners() -> None:
    """No protection taken out: both processes come there before one of them goes on."""
    from attendance.application.accounts.first_owner import CreateOwner

    add = CreateOwner._add

    def _add(self: Any, *about: Any) -> Any:
        meet(2)
        return add(self, *about)

    CreateOwner._add = _add  # type: ignore[method-assign]


def looks_for_owners_unguarded() -> None:
    """Both processes find that there is no owner before one of them makes one."""
    from attendance.adapters.sql.accounts import accounts

    begins_no_transactions()

    def guard_owners(self: Any) -> Any:
        owners = self._entities(self.connection.run(accounts.OWNERS, {}).rows)
        meet(2)
        return owners

    accounts.SqlAccounts.guard_owners = guard_owners  # type: ignore[method-assign]
