"""Accounts linked to a client: who may say which, who is told, and what each of them reads."""

from collections.abc import Callable
from functools import partial

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.application.club import clients as clients_module
from attendance.application.ports import Store
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.mail import Mail, MailKind
from attendance.domain.club.clients import MOST_ACCOUNTS
from attendance.domain.errors import AttendanceError, Forbidden, Outdated
from attendance.domain.ids import AccountId, ClientId
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.domain.permissions.roles import Role
from tests import make
from tests.application.accounts.test_role_races import at_once
from tests.application.club.test_club_records import all_events, events
from tests.domain.field_errors import field_errors
from tests.fakes import World

SEEN = (AssertionError, pytest.fail.Exception)


class Family:
    """A child whose mother's account is linked to it, and its father's, which is not yet."""

    def __init__(self, store: Store) -> None:
        self.world = World(store)
        self.use = self.world.use_cases
        self.manager, self.clerk = self.world.having(Role.MANAGER), self.world.having(Role.EMPLOYEE)
        self.mother, self.father = self.world.account(name="Mia"), self.world.account()
        self.child = self.use.add_client(self.manager, name="Anna", user_ids=(self.mother.id,)).id

    def links(self, *accounts: Account, by: Actor | None = None, versions: list[int] | None = None) -> None:
        ids = tuple(account.id for account in accounts)
        self.use.edit_client(by or self.manager, client_id=self.child, user_ids=ids, versions=versions)

    def linked(self) -> tuple[AccountId, ...]:
        return self.use.show_client(self.clerk, client_id=self.child).user_ids

    def reads(self, account: Account) -> bool:
        own = [client.id for client in self.use.own_clients(make.actor(account))]
        try:
            self.use.show_client(make.actor(account), client_id=self.child)
        except Forbidden:
            assert own == []
            return False
        assert own == [self.child]
        return True

    def told(self) -> list[Mail]:
        return self.world.waiting(MailKind.ACCOUNT_LINKED)


@pytest.fixture
def family(store: Store) -> Family:
    return Family(store)


def ids_of(*accounts: Account) -> tuple[AccountId, ...]:
    return tuple(sorted(account.id for account in accounts))


def test_two_parents_of_one_client_both_read_it(family: Family) -> None:
    assert (family.reads(family.mother), family.reads(family.father)) == (True, False)
    family.links(family.father, family.mother)
    assert family.linked() == ids_of(family.mother, family.father)
    assert (family.reads(family.mother), family.reads(family.father)) == (True, True)
    family.links(family.father)
    assert (family.reads(family.mother), family.reads(family.father)) == (False, True)
    family.links()
    assert (family.linked(), family.reads(family.father)) == ((), False)


def test_linking_is_an_edit_of_the_client_with_its_event(family: Family) -> None:
    family.links(family.father, family.mother)
    family.links(family.mother, family.father)
    *_, event = events(family.world, family.child)
    before, after = (
        [str(it) for it in ids_of(*who)] for who in ([family.mother], [family.mother, family.father])
    )
    assert (event.before, event.after) == ({"user_ids": before}, {"user_ids": after})
    assert len(events(family.world, family.child)) == 2, "the same in another order changes nothing"


def test_linking_is_for_managers_and_naming_the_same_for_whoever_edits(family: Family) -> None:
    before = all_events(family.world)
    for accounts in ([], [family.father], [family.mother, family.father]):
        with pytest.raises(Forbidden):
            family.links(*accounts, by=family.clerk)
    with pytest.raises(Forbidden):
        family.use.add_client(family.clerk, name="Bea", user_ids=(family.mother.id,))
    unknown = AccountId(make.new_id())
    with pytest.raises(Forbidden):
        family.use.edit_client(family.clerk, client_id=family.child, user_ids=(unknown,))
    family.links(family.mother, by=family.clerk)
    assert all_events(family.world) == before
    assert family.use.add_client(family.clerk, name="Bea", user_ids=()).user_ids == ()
    for role in (Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER, Role.ADMIN):
        by = family.world.having(role)
        family.links(by=by)
        family.links(family.father, by=by)


def test_what_is_no_account_or_repeated_or_too_much_is_told_by_its_place(family: Family) -> None:
    known, unknown = family.mother.id, AccountId(make.new_id())
    many = tuple(family.world.account().id for _ in range(MOST_ACCOUNTS + 1))
    before = all_events(family.world)
    for ids, places in (
        ((unknown,), ["user_ids[0]"]),
        ((known, unknown, unknown), ["user_ids[2]", "user_ids[1]", "user_ids[2]"]),
        ((known, known), ["user_ids[1]"]),
        (many, ["user_ids"]),
        ((AccountId(family.child),), ["user_ids[0]"]),
    ):
        edit: Callable[[], object] = partial(
            family.use.edit_client, family.manager, client_id=family.child, user_ids=ids
        )
        assert field_errors(edit) == places
        assert (
            field_errors(partial(family.use.add_client, family.manager, name="Bea", user_ids=ids)) == places
        )
    nowhere = ClientId(make.new_id())
    assert field_errors(
        partial(family.use.edit_client, family.manager, client_id=nowhere, user_ids=(unknown,), email="x")
    ) == ["email", "user_ids[0]"]
    assert all_events(family.world) == before
    family.use.edit_client(family.manager, client_id=family.child, user_ids=many[:MOST_ACCOUNTS])
    assert family.linked() == tuple(sorted(many[:MOST_ACCOUNTS]))


# Mail


def test_who_was_linked_before_is_told_of_each_account_that_is_new(family: Family) -> None:
    family.links(family.mother, family.father)
    (told,) = family.told()
    by = family.world.now(family.manager.id).username
    assert told.to == family.mother.email
    assert told.facts == {
        "name": "Mia",
        "username": family.mother.username,
        "about": family.father.username,
        "by": by,
        "client": "Anna",
    }
    uncle, aunt = family.world.account(), family.world.account()
    # who goes in the same moment is told, too
    family.links(family.father, uncle, aunt)
    new = {(mail.to, (mail.facts or {})["about"]) for mail in family.told()[1:]}
    assert new == {(to.email, new.username) for to in (family.mother, family.father) for new in (uncle, aunt)}
    family.links(by=OPERATOR)
    family.links(family.mother, by=OPERATOR)
    assert len(family.told()) == 5, "nobody was linked, so nobody is told"


def test_no_mail_goes_to_an_address_that_is_not_confirmed_or_to_who_is_deactivated(family: Family) -> None:
    unconfirmed = family.world.account(email_confirmed_at=None)
    without = family.world.account(email=None)
    gone = family.world.account()
    family.links(unconfirmed, without, gone)
    family.use.change_active(family.world.having(Role.OWNER), user_id=gone.id, active=False)
    before = family.told()
    family.links(unconfirmed, without, gone, family.father)
    assert family.told() == before


def test_nobody_is_told_of_what_did_not_happen(family: Family) -> None:
    with pytest.raises(Outdated):
        family.links(family.mother, family.father, versions=[9])
    with pytest.raises(Forbidden):
        family.links(family.mother, family.father, by=family.clerk)
    family.links(family.mother)
    family.use.edit_client(family.clerk, client_id=family.child, phone="112")
    family.links()
    assert family.told() == []


@pytest.mark.plants
@pytest.mark.parametrize(
    ("guard", "instead", "test"),
    [
        ("may_link_accounts", True, test_linking_is_for_managers_and_naming_the_same_for_whoever_edits),
        ("unknown_errors", [], test_what_is_no_account_or_repeated_or_too_much_is_told_by_its_place),
        ("_tell_of_linked_accounts", None, test_who_was_linked_before_is_told_of_each_account_that_is_new),
    ],
)
def test_a_guard_taken_out_is_seen(
    guard: str, instead: object, test: Callable[[Family], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients_module, guard, lambda *_: instead)
    with pytest.raises((*SEEN, ValueError, AttendanceError)):
        test(Family(MemoryStore()))


# At once


def test_an_account_that_is_linked_and_deactivated_at_once_reads_nothing_by_its_token(
    family: Family,
) -> None:
    """Deactivation ends its token for good, linking outlasts it."""
    owner = family.world.having(Role.OWNER)
    for _ in range(5):
        father = family.world.account()
        token = family.use.make_calendar_token(make.actor(father), user_id=father.id).token
        outcomes = at_once(
            partial(family.links, family.mother, father),
            partial(family.use.change_active, owner, user_id=father.id, active=False),
        )
        assert not [it for it in outcomes if isinstance(it, Exception)]
        assert family.linked() == ids_of(family.mother, father)
        with pytest.raises(Exception, match="authentication required"):
            family.use.reader_of_calendars(token)
        family.use.change_active(owner, user_id=father.id, active=True)
        with pytest.raises(Exception, match="authentication required"):
            family.use.reader_of_calendars(token)
        assert family.reads(family.world.now(father.id))


def test_of_two_who_link_at_once_each_accounts_told_are_those_linked_before(family: Family) -> None:
    """None is lost without a mail: whoever comes second sees the first, or writes over it and tells it."""
    for _ in range(5):
        family.links(family.mother)
        before, (one, other) = len(family.told()), (family.world.account(), family.world.account())
        outcomes = at_once(
            partial(family.links, family.mother, one), partial(family.links, family.mother, other)
        )
        assert not [it for it in outcomes if isinstance(it, Exception)]
        (last,) = {*family.linked()} - {family.mother.id}
        late, early = (one, other) if last == one.id else (other, one)
        told = [(mail.to, (mail.facts or {})["about"]) for mail in family.told()[before:]]
        assert sorted(told) == sorted(
            [
                (family.mother.email, early.username),
                (family.mother.email, late.username),
                (early.email, late.username),
            ]
        )
