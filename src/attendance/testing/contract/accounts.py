"""What every store must do with accounts, sessions and what is kept of sign-ins, whatever it is made of."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from attendance.application.pagination import Page
from attendance.application.ports import Contended, SignedIn, Store, UnitOfWork
from attendance.application.ports.accounts import AccountRow
from attendance.domain.accounts.accounts import Account, Language, UsernameTaken
from attendance.domain.accounts.links import Link, Purpose
from attendance.domain.accounts.rate_limits import RateLimitWindow
from attendance.domain.accounts.sessions import Session, SessionLifetimes
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, EventId, SessionId
from attendance.domain.permissions.roles import Level
from attendance.domain.text import folded, search_key, sort_key
from attendance.testing import make

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIFETIMES = SessionLifetimes()
TODAY = make.NOON.date()


def test_an_account_comes_back_as_it_went_in(store: Store) -> None:
    account = make.account(username="Ада")
    with store.transaction() as work:
        work.accounts.add(account)
    with store.autocommit() as work:
        assert work.accounts.find_by_username(folded("АДА")) == account


def test_an_unknown_username_is_none(store: Store) -> None:
    with store.autocommit() as work:
        assert work.accounts.find_by_username("nobody") is None


def test_usernames_are_found_by_ids(store: Store) -> None:
    ada, bob = make.account(username="Ada"), make.account(username="bob")
    with store.transaction() as work:
        work.accounts.add(ada)
        work.accounts.add(bob)
    with store.autocommit() as work:
        unknown = AccountId(make.new_id())
        assert work.accounts.usernames([bob.id, unknown, ada.id]) == {ada.id: "Ada", bob.id: "bob"}
        assert work.accounts.usernames([]) == {}


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
        assert work.accounts.find_by_username(folded(account.username)) == second


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
        assert work.accounts.find_by_username(folded(other.username)) is None
        assert work.accounts.find_by_username(folded(account.username)) == account


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
    in_order = sorted(accounts, key=lambda account: sort_key(account.username))
    rows = tuple(AccountRow(account.id, account.username) for account in in_order)
    assert (everything.users, everything.total) == (rows, 6)
    assert (page.users, page.total) == (rows[1:3], 6)
    assert (beyond.users, beyond.total) == ((), 6)


def test_a_session_comes_back_with_the_state_of_its_account(store: Store) -> None:
    account = make.account(language=Language.RU, email="ann@example.org")
    gone = make.account(active=False, email="ben@example.org", email_confirmed_at=make.NOON)
    session, ended = make.session(account), make.session(gone)
    with store.transaction() as work:
        for one in (account, gone):
            work.accounts.add(one)
        work.sessions.add(session)
        work.sessions.add(ended)
    with store.autocommit() as work:
        assert work.sessions.find(session.id) == SignedIn(
            session=session,
            account_active=True,
            level=Level.UNCONFIRMED,
            language=Language.RU,
            awaits_confirmation=True,
        )
        assert work.sessions.find(ended.id) == SignedIn(
            session=ended,
            account_active=False,
            level=Level.USER,
            language=None,
            awaits_confirmation=False,
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


@pytest.fixture
def ada(store: Store) -> Account:
    account = make.confirmed()
    with store.transaction() as work:
        work.accounts.add(account)
    return account


def remembered(of: Account, **changes: object) -> Session:
    return make.session(of, remembered=True, expires_at=make.NOON + 30 * DAY, **changes)


def test_a_session_comes_back_with_where_it_was_started(store: Store, ada: Account) -> None:
    session = remembered(ada, address="2001:db8::/64", user_agent="Fennec/1.0 (Android)")
    with store.transaction() as work:
        work.sessions.add(session)
    with store.autocommit() as work:
        found = work.sessions.find(session.id)
        assert found
        assert found.session == session
        assert work.sessions.of(ada.id) == (session,)


def test_an_accounts_sessions_are_told_newest_first(store: Store, ada: Account) -> None:
    bob = make.confirmed()
    at_once = sorted((make.session(ada), make.session(ada)), key=lambda session: session.id)
    later, expired = (
        make.session(ada, started_at=make.NOON + HOUR),
        make.session(ada, started_at=make.NOON - DAY, expires_at=make.NOON),
    )
    with store.transaction() as work:
        work.accounts.add(bob)
        for session in (expired, *at_once, later, make.session(bob)):
            work.sessions.add(session)
    with store.autocommit() as work:
        assert work.sessions.of(ada.id) == (later, *at_once[::-1], expired)
        assert work.sessions.of(AccountId(make.new_id())) == ()


def test_a_session_that_was_ended_is_not_touched_back_to_life(store: Store, ada: Account) -> None:
    session = make.session(ada)
    with store.transaction() as work:
        work.sessions.add(session)
    with store.transaction() as work:
        assert work.sessions.end(session.id)
    with store.autocommit() as work:
        work.sessions.touch(session.id, make.NOON + HOUR)
        assert work.sessions.find(session.id) is None
        assert work.sessions.of(ada.id) == ()


def test_sessions_that_are_over_are_purged_by_their_kind(store: Store, ada: Account) -> None:
    now = make.NOON + 20 * DAY
    live = [
        make.session(ada, expires_at=now + HOUR, last_seen_at=now - 3 * HOUR + timedelta(microseconds=1)),
        remembered(ada, last_seen_at=now - 14 * DAY + timedelta(microseconds=1)),
    ]
    over = [
        make.session(ada, expires_at=now, last_seen_at=now),
        make.session(ada, expires_at=now + HOUR, last_seen_at=now - 3 * HOUR),
        remembered(ada, last_seen_at=now - 14 * DAY),
    ]
    assert [session.is_live(at=now, lifetimes=LIFETIMES) for session in (*live, *over)] == [True] * 2 + [
        False
    ] * 3
    with store.transaction() as work:
        for session in (*over, *live):
            work.sessions.add(session)
    with store.transaction() as work:
        assert work.sessions.purge(now, LIFETIMES, most=2) == 2
    with store.transaction() as work:
        assert work.sessions.purge(now, LIFETIMES, most=2) == 1
        assert {session.id for session in work.sessions.of(ada.id)} == {session.id for session in live}
        assert work.sessions.purge(now, LIFETIMES, most=2) == 0


def test_links_that_have_expired_are_purged_used_or_not(store: Store, ada: Account) -> None:
    def link(purpose: Purpose, of: Account = ada, **changes: object) -> Link:
        digest = f"{purpose}{of.id}"
        about = {"account_id": of.id, "purpose": purpose, "digest": digest, "email": "ada@example.org"}
        return Link(**{**about, "expires_at": make.NOON, **changes})  # type: ignore[arg-type]

    bob = make.confirmed()
    over = [link(Purpose.CONFIRM_EMAIL, used_at=make.NOON - HOUR), link(Purpose.SET_PASSWORD)]
    good = [
        link(Purpose.CONFIRM_EMAIL, bob, used_at=make.NOON - HOUR, expires_at=make.NOON + HOUR),
        link(Purpose.SET_PASSWORD, bob, expires_at=make.NOON + HOUR),
    ]
    with store.transaction() as work:
        work.accounts.add(bob)
        for one in (*over, *good):
            work.links.put(one)
    with store.transaction() as work:
        assert work.links.purge(make.NOON, most=1) == 1
        assert work.links.purge(make.NOON, most=10) == 1
        assert work.links.of(ada.id) == ()
        assert work.links.of(bob.id) == tuple(good)


def test_no_more_counts_are_purged_at_once_than_asked_for(store: Store) -> None:
    with store.transaction() as work:
        for key in "abc":
            work.rate_limit_windows.get_for_update(key)
            work.rate_limit_windows.save(RateLimitWindow(key, (make.NOON,)))
    with store.transaction() as work:
        assert [work.rate_limit_windows.purge(make.NOON + HOUR, most=2) for _ in range(3)] == [2, 1, 0]


def test_an_address_is_known_since_the_last_sign_in_from_there(store: Store, ada: Account) -> None:
    def known(work: UnitOfWork, key: str) -> list[bool]:
        return [work.sign_in_addresses.has(key, since=TODAY + n * DAY) for n in (-1, 0, 1)]

    with store.transaction() as work:
        assert known(work, "home") == [False, False, False]
        work.sign_in_addresses.put(ada.id, "home", TODAY - DAY)
        work.sign_in_addresses.put(ada.id, "home", TODAY)
        work.sign_in_addresses.put(ada.id, "home", TODAY - DAY)
        assert known(work, "home") == [True, True, False]
        assert known(work, "school") == [False, False, False]


def test_addresses_that_are_known_no_longer_are_purged(store: Store, ada: Account) -> None:
    last: dict[str, date] = {"home": TODAY - DAY, "school": TODAY, "station": TODAY - 2 * DAY}
    with store.transaction() as work:
        for key, on in last.items():
            work.sign_in_addresses.put(ada.id, key, on)
    with store.transaction() as work:
        assert [work.sign_in_addresses.purge(TODAY, most=1) for _ in range(3)] == [1, 1, 0]
        ever = [key for key in last if work.sign_in_addresses.has(key, since=date.min)]
        assert ever == ["school"]


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
