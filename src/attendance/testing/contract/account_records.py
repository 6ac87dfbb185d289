"""What every store must do with links, role changes, favorites, tallies and mails."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from attendance.application.ports import Contended, Store
from attendance.application.ports.accounts import Backlog
from attendance.domain.accounts.accounts import Account, EmailTaken, UsernameTaken, UserNotFound, email_key
from attendance.domain.accounts.kept_answers import KeptAnswer
from attendance.domain.accounts.links import Link, Purpose
from attendance.domain.accounts.mail import Mail, MailKind, MailNotFound, MailState
from attendance.domain.accounts.rate_limits import RateLimitWindow
from attendance.domain.accounts.role_changes import (
    Kind,
    RoleChange,
    RoleChangeAwaits,
    RoleChangeNotFound,
    State,
)
from attendance.domain.club.favorites import Favorites
from attendance.domain.ids import AccountId, MailId, RoleChangeId, SessionId
from attendance.domain.permissions.roles import Role
from attendance.testing import make

LATER = make.NOON + timedelta(hours=1)


def added(store: Store, **changes: Any) -> Account:
    account = make.confirmed(**changes)
    with store.transaction() as work:
        work.accounts.add(account)
    return account


def link(of: Account, **changes: Any) -> Link:
    usual: dict[str, Any] = {
        "account_id": of.id,
        "purpose": Purpose.CONFIRM_EMAIL,
        "digest": make.new_id().hex,
        "email": "Ada@example.org",
        "expires_at": LATER,
    }
    return Link(**usual | changes)


def role_change(of: Account, **changes: Any) -> RoleChange:
    usual: dict[str, Any] = {
        "id": RoleChangeId(make.new_id()),
        "user_id": of.id,
        "requested_by": of.id,
        "kind": Kind.ROLE,
        "before": Role.OWNER,
        "after": Role.USER,
        "expires_at": LATER,
        "created_at": make.NOON,
        "updated_at": make.NOON,
    }
    return RoleChange(**usual | changes)


def mail(**changes: Any) -> Mail:
    usual: dict[str, Any] = {
        "id": MailId(make.new_id()),
        "kind": MailKind.CONFIRM_EMAIL,
        "to": "ada@example.org",
        "facts": {"name": "Ada", "token": "secret ä"},
        "created_at": make.NOON,
        "due_at": make.NOON,
    }
    return Mail(**usual | changes)


def kept_answer(of: Account, **changes: Any) -> KeptAnswer:
    usual: dict[str, Any] = {
        "account_id": of.id,
        "key": "key",
        "fingerprint": "of a request",
        "content": bytes(range(256)),
        "created_at": make.NOON,
    }
    return KeptAnswer(**usual | changes)


def test_an_account_comes_back_whole_and_is_found_by_its_address(store: Store) -> None:
    account = added(
        store,
        email="Ada@Example.org",
        pending_email="new@example.org",
        name="Ada Löwe",
        role=Role.OWNER,
        active=True,
        password_hash=None,
    )
    with store.autocommit() as work:
        assert work.accounts.get(account.id) == account
        assert work.accounts.get_for_update(account.id) == account
        assert work.accounts.find_by_email(email_key("ADA@example.ORG")) == account
        assert work.accounts.find_by_email("new@example.org") is None
        for unknown in (work.accounts.get, work.accounts.get_for_update):
            with pytest.raises(UserNotFound):
                unknown(AccountId(make.new_id()))


def test_an_address_is_taken_in_any_case_by_new_and_by_changed_accounts(store: Store) -> None:
    ada = added(store, email="ada@example.org")
    bob = added(store, email="bob@example.org")
    with pytest.raises(EmailTaken), store.transaction() as work:
        work.accounts.add(make.account(email="ADA@example.org"))
    with pytest.raises(EmailTaken), store.transaction() as work:
        work.accounts.save(replace(bob, email="Ada@Example.org", version=2))
    with pytest.raises(UsernameTaken), store.transaction() as work:
        work.accounts.save(replace(bob, username=ada.username.upper(), version=2))
    with store.autocommit() as work:
        assert work.accounts.get(bob.id) == bob


def test_a_renamed_account_is_found_by_its_new_names_alone(store: Store) -> None:
    before = added(store, username="before", email="before@example.org")
    after = replace(before, username="after", email="after@example.org", name="Änne", version=2)
    with store.transaction() as work:
        work.accounts.save(after)
    with store.autocommit() as work:
        assert work.accounts.find_by_username("after") == after
        assert work.accounts.find_by_username("before") is None
        assert work.accounts.find_by_email("before@example.org") is None
    added(store, username="before", email="before@example.org")
    with store.read() as work:
        from attendance.application.pagination import Page

        assert [row.username for row in work.accounts.search("fte", Page()).users] == ["after"]
        assert [row.username for row in work.accounts.search("efor", Page()).users] == ["before"]


def test_the_guard_tells_the_active_owners(store: Store) -> None:
    owners = sorted((added(store, role=Role.OWNER) for _ in range(3)), key=lambda it: it.id)
    added(store, role=Role.OWNER, active=False)
    added(store, role=Role.ADMIN)
    with store.transaction() as work:
        assert work.accounts.guard_owners() == tuple(owners)


def test_sessions_end_one_by_one_or_all_but_one(store: Store) -> None:
    ada, bob = added(store), added(store)
    sessions = [make.session(ada, started_at=make.NOON + timedelta(minutes=n)) for n in range(4)]
    other = make.session(bob)
    with store.transaction() as work:
        for session in [*sessions, other]:
            work.sessions.add(session)
    with store.transaction() as work:
        assert work.sessions.end(sessions[0].id)
        assert not work.sessions.end(sessions[0].id)
        assert not work.sessions.end(SessionId(make.new_id()))
        assert work.sessions.end_all(ada.id, but=sessions[2].id) == (sessions[1].id, sessions[3].id)
    with store.autocommit() as work:
        assert work.sessions.find(sessions[1].id) is None
        assert work.sessions.find(sessions[2].id)
        assert work.sessions.find(other.id)
    with store.transaction() as work:
        assert work.sessions.end_all(ada.id) == (sessions[2].id,)
        assert work.sessions.find(other.id)


def test_a_link_takes_the_place_of_the_one_before_of_its_purpose(store: Store) -> None:
    ada = added(store)
    first, second = link(ada), link(ada, expires_at=LATER + timedelta(hours=1))
    reset = link(ada, purpose=Purpose.SET_PASSWORD)
    with store.transaction() as work:
        for one in (first, reset, second):
            work.links.put(one)
    with store.autocommit() as work:
        assert work.links.find(first.digest) is None
        assert work.links.find(second.digest) == second
        assert work.links.of(ada.id) == (second, reset)
        assert work.links.of(AccountId(make.new_id())) == ()


def test_a_link_is_used_once_and_not_when_it_was_replaced_or_voided(store: Store) -> None:
    ada = added(store)
    first, second = link(ada), link(ada)
    with store.transaction() as work:
        work.links.put(first)
        assert work.links.use(first.used(at=LATER))
        assert work.links.find(first.digest) == first.used(at=LATER)
        assert not work.links.use(first.used(at=LATER))
        work.links.put(second)
        assert not work.links.use(first.used(at=LATER))
        work.links.void(first)
        assert work.links.find(second.digest) == second
        work.links.void(second)
        assert not work.links.use(second.used(at=LATER))
        assert work.links.of(ada.id) == ()


def test_one_role_change_awaits_for_an_account_at_a_time(store: Store) -> None:
    ada, bob = added(store, role=Role.OWNER), added(store, role=Role.OWNER)
    first, other = role_change(ada), role_change(bob, kind=Kind.ACTIVE, before=True, after=False)
    with store.transaction() as work:
        work.role_changes.add(first)
        work.role_changes.add(other)
    with pytest.raises(RoleChangeAwaits), store.transaction() as work:
        work.role_changes.add(role_change(ada, kind=Kind.ACTIVE, before=True, after=False))
    decided = replace(
        first, stored_state=State.APPLIED, decided_by=bob.id, decided_at=LATER, updated_at=LATER, version=2
    )
    with store.transaction() as work:
        assert work.role_changes.awaiting() == (first, other)
        work.role_changes.save(decided)
        assert work.role_changes.awaiting() == (other,)
        assert work.role_changes.get(first.id) == decided
        work.role_changes.add(role_change(ada))
        with pytest.raises(RoleChangeNotFound):
            work.role_changes.get(RoleChangeId(make.new_id()))
    with pytest.raises(Contended), store.transaction() as work:
        work.role_changes.save(decided)


def test_favorites_keep_their_order_and_are_saved_over_the_version_before_alone(store: Store) -> None:
    ada = added(store)
    ids = tuple(make.new_id() for _ in range(3))
    chosen = Favorites(account_id=ada.id, groups=ids[::-1], lessons=ids[:1], version=1)
    with store.transaction() as work:
        assert work.favorites.of(ada.id) == Favorites(account_id=ada.id)
        work.favorites.save(chosen)
        assert work.favorites.of(ada.id) == chosen
        work.favorites.save(replace(chosen, groups=(), version=2))
    for version in (2, 4):
        with pytest.raises(Contended), store.transaction() as work:
            work.favorites.save(replace(chosen, version=version))


def test_a_tally_is_empty_until_it_is_saved_and_goes_when_its_time_is_over(store: Store) -> None:
    window = RateLimitWindow("key", (make.NOON, make.NOON + timedelta(microseconds=1), LATER))
    with store.transaction() as work:
        assert work.rate_limit_windows.find("key") == RateLimitWindow("key")
        assert work.rate_limit_windows.get_for_update("key") == RateLimitWindow("key")
        work.rate_limit_windows.save(window)
        assert work.rate_limit_windows.find("key") == work.rate_limit_windows.get_for_update("key") == window
    with store.transaction() as work:
        assert work.rate_limit_windows.purge(LATER, most=10) == 0
        assert work.rate_limit_windows.find("key") == window
        assert work.rate_limit_windows.purge(LATER + timedelta(microseconds=1), most=10) == 1
        assert work.rate_limit_windows.find("key") == RateLimitWindow("key")


def test_what_is_held_and_rolled_back_was_not_counted(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as work:
        work.rate_limit_windows.save(
            replace(work.rate_limit_windows.get_for_update("key"), times=(make.NOON,))
        )
        raise ZeroDivisionError
    with store.autocommit() as work:
        assert work.rate_limit_windows.find("key") == RateLimitWindow("key")


def test_the_mail_that_is_due_longest_is_claimed_for_a_while(store: Store) -> None:
    first, second = mail(), mail(due_at=make.NOON + timedelta(minutes=1))
    later = mail(due_at=LATER)
    with store.transaction() as work:
        for one in (later, second, first):
            work.outbox.add(one)
        assert not work.outbox.is_due(make.NOON - timedelta(microseconds=1))
    now, until = make.NOON + timedelta(minutes=2), make.NOON + timedelta(minutes=7)
    with store.transaction() as work:
        assert work.outbox.is_due(now)
        assert work.outbox.claim(now, until) == replace(first, attempts=1, due_at=until)
        assert work.outbox.claim(now, until) == replace(second, attempts=1, due_at=until)
        assert work.outbox.claim(now, until) is None
        assert not work.outbox.is_due(now)
    with store.transaction() as work:
        again = work.outbox.claim(until, until + timedelta(minutes=5))
        assert again
        assert (again.id, again.attempts) == (first.id, 2)


def test_a_mail_becomes_what_is_said_of_it(store: Store) -> None:
    sent, dead = mail(), mail(created_at=LATER)
    with store.transaction() as work:
        for one in (sent, dead):
            work.outbox.add(one)
        gone = replace(sent, state=MailState.SENT, facts=None, attempts=1)
        refused = replace(dead, state=MailState.DEAD, error="no such user", attempts=3)
        for one in (gone, refused):
            work.outbox.save(one)
        assert work.outbox.get_for_update(sent.id) == gone
        assert work.outbox.in_state(MailState.SENT) == (gone,)
        assert work.outbox.in_state(MailState.DEAD) == (refused,)
        assert work.outbox.in_state(MailState.WAITING) == ()
        assert work.outbox.backlog() == Backlog(waiting=0, oldest=None, given_up=1)
        for created_at in (LATER + timedelta(hours=1), LATER):
            work.outbox.add(mail(created_at=created_at, due_at=LATER + timedelta(days=9)))
        assert work.outbox.backlog() == Backlog(waiting=2, oldest=LATER, given_up=1)
        assert not work.outbox.is_due(LATER)
        with pytest.raises(MailNotFound):
            work.outbox.get_for_update(MailId(make.new_id()))
        assert work.outbox.purge(LATER + timedelta(days=1), most=10) == 1
        assert work.outbox.in_state(MailState.SENT) == ()
        assert work.outbox.in_state(MailState.DEAD) == (refused,)


def test_an_account_has_one_answer_under_a_key(store: Store) -> None:
    ada, bob = added(store), added(store)
    first, too_large = kept_answer(ada), kept_answer(ada, key="KEY", content=None)
    others = kept_answer(bob, fingerprint="of another")
    with store.transaction() as work:
        for answer in (first, too_large, others):
            assert work.kept_answers.claim(answer.account_id, answer.key)
            assert work.kept_answers.find(answer.account_id, answer.key) is None
            work.kept_answers.add(answer)
            assert work.kept_answers.find(answer.account_id, answer.key) == answer
    with pytest.raises(Contended), store.transaction() as work:
        work.kept_answers.add(replace(first, fingerprint="of another", created_at=LATER))
    with store.transaction() as work:
        assert work.kept_answers.claim(ada.id, "key")
        assert work.kept_answers.find(ada.id, "key") == first
        work.kept_answers.remove(first)
        work.kept_answers.remove(first)
        assert work.kept_answers.find(ada.id, "key") is None
        work.kept_answers.add(replace(first, created_at=LATER))
    with store.autocommit() as work:
        assert work.kept_answers.find(ada.id, "key") == replace(first, created_at=LATER)
        assert work.kept_answers.find(ada.id, "KEY") == too_large
        assert work.kept_answers.find(bob.id, "key") == others
        assert work.kept_answers.find(bob.id, "KEY") is None


def test_an_answer_of_a_unit_that_was_rolled_back_is_not_kept(store: Store) -> None:
    ada = added(store)
    with pytest.raises(ZeroDivisionError), store.transaction() as work:
        work.kept_answers.add(kept_answer(ada))
        raise ZeroDivisionError
    with store.transaction() as work:
        assert work.kept_answers.claim(ada.id, "key")
        assert work.kept_answers.find(ada.id, "key") is None


def test_old_answers_go_some_at_a_time(store: Store) -> None:
    ada = added(store)
    with store.transaction() as work:
        for n in range(5):
            work.kept_answers.add(kept_answer(ada, key=str(n), created_at=make.NOON + timedelta(seconds=n)))
    with store.transaction() as work:
        before = make.NOON + timedelta(seconds=3)
        assert [work.kept_answers.purge(before, most=2) for _ in range(3)] == [2, 1, 0]
        left = [n for n in range(5) if work.kept_answers.find(ada.id, str(n))]
        assert left == [3, 4]
