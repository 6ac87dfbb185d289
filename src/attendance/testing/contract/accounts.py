"""What every store must do with accounts and sessions, whatever it is made of."""

from dataclasses import replace
from datetime import timedelta

import pytest

from attendance.application.pagination import Page
from attendance.application.ports import Contended, SignedIn, Store
from attendance.application.ports.accounts import AccountRow
from attendance.domain.accounts.accounts import UsernameTaken
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import EventId, SessionId
from attendance.domain.permissions.roles import Level
from attendance.domain.text import folded, search_key
from attendance.testing import make


def test_an_account_comes_back_as_it_went_in(store: Store) -> None:
    account = make.account(username="Ада")
    with store.transaction() as work:
        work.accounts.add(account)
    with store.autocommit() as work:
        assert work.accounts.find_by_username(folded("АДА")) == account


def test_an_unknown_username_is_none(store: Store) -> None:
    with store.autocommit() as work:
        assert work.accounts.find_by_username("nobody") is None


@pytest.mark.parametrize("spelling", ["ada", "ADA", "ａｄａ"])
def test_a_username_is_taken_in_every_spelling(store: Store, spelling: str) -> None:
    with store.transaction() as work:
        work.accounts.add(make.account(username="Ada"))
    with pytest.raises(UsernameTaken), store.transaction() as work:
        work.accounts.add(make.account(username=spelling))
    with store.read() as work:
        assert work.accounts.search("", Page()).total == 1


def test_an_account_is_saved_over_the_version_before_alone(store: Store) -> None:
    account = make.account()
    tomorrow = ChangeContext(account.id, make.NOON + timedelta(days=1), make.new_id)
    second, _ = account.rehashed("$new$", tomorrow)
    with store.transaction() as work:
        work.accounts.add(account)
        work.accounts.save(second)
    with pytest.raises(Contended), store.transaction() as work:
        work.accounts.save(second)
    with pytest.raises(Contended), store.transaction() as work:
        work.accounts.save(replace(account, version=4))
    with store.autocommit() as work:
        assert work.accounts.find_by_username(account.username_key) == second


def test_a_block_that_raises_leaves_nothing_behind(store: Store) -> None:
    account, other = make.account(), make.account()
    with store.transaction() as work:
        work.accounts.add(account)
    with pytest.raises(ZeroDivisionError), store.transaction() as work:
        work.accounts.add(other)
        work.sessions.add(make.session(account))
        work.accounts.save(replace(account, password_hash="$other$", version=2))
        raise ZeroDivisionError
    with store.autocommit() as work:
        assert work.accounts.find_by_username(other.username_key) is None
        assert work.accounts.find_by_username(account.username_key) == account


def test_accounts_are_found_by_any_part_of_their_name(store: Store) -> None:
    with store.transaction() as work:
        for name in ("Bernard", "ада", "Große", "ﬁona", "100%", "a_b", "naïve", '"quoted"', "back\\slash"):
            work.accounts.add(make.account(username=name))

    def found(part: str) -> list[str]:
        with store.read() as work:
            return [row.username for row in work.accounts.search(search_key(part), Page()).users]

    assert found("ERNA") == ["Bernard"]
    assert found("e") == ['"quoted"', "Bernard", "Große", "naïve"]
    assert found("ДА") == ["ада"]
    assert found("ROSSE") == ["Große"]
    assert found("fi") == ["ﬁona"]
    assert found("%") == ["100%"]
    assert found("_") == ["a_b"]
    assert found("00%") == ["100%"]
    assert found('"quo') == ['"quoted"']
    assert found("k\\s") == ["back\\slash"]
    assert found("aïve") == ["naïve"]
    assert found("naive") == ["naïve"]
    assert found("* OR *") == []


def test_accounts_are_sorted_by_their_key_and_deactivated_ones_are_not_listed(store: Store) -> None:
    accounts = [make.account(username=name) for name in ("b", "Z", "a", "Ё", "ё2", "ß")]
    gone = make.account(username="gone", active=False)
    with store.transaction() as work:
        for account in [*accounts, gone]:
            work.accounts.add(account)
    with store.read() as work:
        everything = work.accounts.search("", Page())
        page = work.accounts.search("", Page(limit=2, offset=1))
        beyond = work.accounts.search("", Page(limit=2, offset=1000))
    in_order = sorted(accounts, key=lambda account: account.username_sort_key)
    rows = tuple(AccountRow(account.id, account.username) for account in in_order)
    assert (everything.users, everything.total) == (rows, 6)
    assert (page.users, page.total) == (rows[1:3], 6)
    assert (beyond.users, beyond.total) == ((), 6)


def test_a_session_comes_back_with_the_state_of_its_account(store: Store) -> None:
    account, gone = make.account(), make.account(active=False)
    session, ended = make.session(account), make.session(gone)
    with store.transaction() as work:
        for one in (account, gone):
            work.accounts.add(one)
        work.sessions.add(session)
        work.sessions.add(ended)
    with store.autocommit() as work:
        assert work.sessions.find(session.id) == SignedIn(
            session=session, account_active=True, level=Level.UNCONFIRMED
        )
        assert work.sessions.find(ended.id) == SignedIn(
            session=ended, account_active=False, level=Level.UNCONFIRMED
        )
        assert work.sessions.find(SessionId(make.new_id())) is None


def test_a_session_is_touched_forwards_only(store: Store) -> None:
    account = make.account()
    session = make.session(account)
    later = make.NOON + timedelta(minutes=5)
    with store.transaction() as work:
        work.accounts.add(account)
        work.sessions.add(session)
    with store.autocommit() as work:
        work.sessions.touch(session.id, later)
        work.sessions.touch(session.id, make.NOON)
        found = work.sessions.find(session.id)
        work.sessions.touch(SessionId(make.new_id()), later)
    assert found
    assert found.session == replace(session, last_seen_at=later)


def test_events_come_back_oldest_first_and_per_subject(store: Store) -> None:
    account = make.account()
    subject = make.new_id()
    events = [
        Event(
            id=EventId(make.new_id()),
            at=make.NOON + timedelta(seconds=n, microseconds=n),
            actor_id=account.id if n else None,
            action=Action.LAB_ATTENDANCE_MARKED,
            subject_id=subject,
            before={"note": "ä\n", "n": n, "gone": None, "done": True} if n else None,
            after={"note": "x"} if n < 2 else None,
        )
        for n in range(3)
    ]
    with store.transaction() as work:
        for event in events:
            work.events.add(event)
        work.events.add(replace(events[0], id=EventId(make.new_id()), subject_id=make.new_id()))
    with store.autocommit() as work:
        assert work.events.of(subject) == tuple(events)
