"""Which usernames and addresses are whose: over every store where it is kept, by rules alone otherwise."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from attendance.adapters.mail import ValidEmailAddresses
from attendance.adapters.memory import MemoryStore
from attendance.application.accounts import accounts as accounts_module
from attendance.application.accounts.read_models import UserDetails
from attendance.application.ports import Store, UnitOfWork
from attendance.domain.accounts import accounts as accounts_domain
from attendance.domain.accounts.accounts import Account, EmailTaken, Language, UsernameTaken, email_key
from attendance.domain.accounts.links import InvalidConfirmationToken, InvalidResetToken
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.usernames import RESERVED
from attendance.domain.errors import Invalid, Unavailable
from attendance.domain.events import Action
from attendance.domain.permissions.roles import Level, Role
from tests import make
from tests.application.accounts.test_granting import Careless, Forced
from tests.application.accounts.test_role_races import at_once
from tests.fakes import PASSWORD, World, replaced

ADDRESS, OTHER = "ada@example.org", "another password"
AN_ID = "01900000-0000-7000-8000-000000000000"
POSING = [*sorted(RESERVED), "Admin", "ＲＯＯＴ", " Me ", AN_ID, AN_ID.upper(), AN_ID.replace("-", "")]


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


@pytest.fixture
def memory() -> World:
    return World(MemoryStore())


def complaint(invalid: Invalid) -> list[tuple[str, str]]:
    return [(error.field, error.message) for error in invalid.field_errors]


# Usernames that pose as somebody


@pytest.mark.parametrize("username", [*POSING, "boss@example.org"])
def test_nobody_new_is_called_what_poses_as_somebody(memory: World, username: str) -> None:
    owner, ada = memory.having(Role.OWNER), memory.having(Role.USER)
    for come_in in (
        partial(memory.use_cases.register, password=PASSWORD),
        partial(memory.use_cases.register, password=PASSWORD, email=ADDRESS),
        partial(memory.use_cases.invite_user, owner, email=ADDRESS),
        partial(memory.use_cases.create_owner, password=PASSWORD, email=ADDRESS),
        partial(memory.use_cases.edit_user, ada, user_id=ada.id),
    ):
        with pytest.raises(Invalid) as refused:
            come_in(username=username)
        ((field, message),) = complaint(refused.value)
        assert field == "username"
        assert message in (
            "is reserved",
            "must not look like an id",
            "must not be an email address, unless it is one's own",
        )


@pytest.mark.parametrize("username", ["admin2", "owners", "meg", "a@", "@a", "a@b@c", "0190", "l·l"])
def test_what_only_begins_like_one_of_those_is_a_name(memory: World, username: str) -> None:
    user_id = memory.use_cases.register(username=username, password=PASSWORD)
    assert memory.now(user_id).username == username


def test_ones_own_address_is_a_name(memory: World) -> None:
    user_id = memory.use_cases.register(username="Ada@Example.org", email=ADDRESS, password=PASSWORD)
    ada = make.actor(memory.now(user_id))
    memory.use_cases.edit_user(ada, user_id=user_id, username="ada")
    memory.use_cases.edit_user(ada, user_id=user_id, username="new@example.org", email="new@example.org")
    with pytest.raises(Invalid):
        memory.use_cases.edit_user(ada, user_id=user_id, username="boss@example.org")


def test_a_pending_address_is_no_name_yet(memory: World) -> None:
    user_id = memory.use_cases.register(username="ada", email=ADDRESS, password=PASSWORD)
    memory.use_cases.confirm_email(token=memory.token_mailed(MailKind.CONFIRM_EMAIL))
    ada, new = make.actor(memory.now(user_id)), "new@example.org"
    edit = partial(memory.use_cases.edit_user, ada, user_id=user_id)
    with pytest.raises(Invalid) as refused:
        edit(username=new, email=new)
    assert complaint(refused.value) == [("username", "must not be an email address, unless it is one's own")]
    edit(email=new)
    with pytest.raises(Invalid):
        edit(username=new)
    memory.use_cases.confirm_email(token=memory.token_mailed(MailKind.CONFIRM_EMAIL, new))
    assert edit(username=new).username == new


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_nobody_is_called_by_an_address_that_is_given_up(memory: World, is_confirmed: bool) -> None:
    user_id = memory.use_cases.register(username="Ada@Example.org", email=ADDRESS, password=PASSWORD)
    if is_confirmed:
        memory.use_cases.confirm_email(token=memory.token_mailed(MailKind.CONFIRM_EMAIL))
    before = memory.now(user_id)
    edit = partial(memory.use_cases.edit_user, make.actor(before), user_id=user_id)
    for changes in ({}, {"username": ADDRESS}, {"name": "Ada", "username": "Ada@Example.org"}):
        with pytest.raises(Invalid) as refused:
            edit(email="new@example.org", **changes)
        assert [error.field for error in refused.value.field_errors] == ["username"]
        assert memory.now(user_id) == before
    assert edit(email="ADA@example.org", name="Ada").username == "Ada@Example.org"
    edited = edit(email="new@example.org", username="ada")
    assert (edited.username, edited.pending_email or edited.email) == ("ada", "new@example.org")
    with pytest.raises(Invalid):
        edit(username=ADDRESS)


@pytest.mark.plants
def test_somebody_is_seen_to_keep_an_address_as_a_name_when_nobody_asks(
    memory: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_module, "given_up_error", lambda *_: None)
    with pytest.raises(pytest.fail.Exception):
        test_nobody_is_called_by_an_address_that_is_given_up(memory, is_confirmed=True)


@pytest.mark.parametrize("username", ["admin", AN_ID, "boss@example.org"])
def test_whoever_has_such_a_name_keeps_it(memory: World, username: str) -> None:
    account = memory.account(username=username, password_hash=f"1:{PASSWORD}")
    token = memory.use_cases.sign_in(username=username, password=PASSWORD).access_token
    actor = memory.use_cases.actor_of(token)
    edited = memory.use_cases.edit_user(actor, user_id=account.id, username=username, name="Anna")
    assert (edited.username, edited.name) == (username, "Anna")


# Addresses


def test_domains_that_are_two_are_two(world: World) -> None:
    for username, email in (("one", "a@straße.example"), ("two", "a@strasse.example")):
        world.use_cases.register(username=username, email=email, password=PASSWORD)
    for email in ("A@STRASSE.example", "a@STRAẞE.example", "a@xn--strae-oqa.example"):
        with pytest.raises(EmailTaken):
            world.use_cases.register(username="three", email=email, password=PASSWORD)
    for username, email in (("one", " A@Straße.example "), ("two", "a@strasse.example")):
        token = world.use_cases.sign_in(email=email, password=PASSWORD).access_token
        signed_in = world.use_cases.actor_of(token)
        assert world.now(signed_in.id).username == username


@pytest.mark.parametrize(
    "email",
    [
        "Ada@Example.ORG",
        "ada@BÜCHER.example",
        "ada@bu\u0308cher.example",
        "ada@xn--bcher-kva.example",
        "ada@ｂücher.example",
        "ada@bücher。example",
        "ada@ΌΣΟΣ.example",
        "ada@όσος.example",
        "ada@straße.example",
        "ada@XN--STRAE-OQA.example",
        "ada@ПОЧТА.рф",
    ],
)
def test_an_address_has_one_key_as_typed_and_as_it_is_kept(email: str) -> None:
    kept = ValidEmailAddresses().accepted(email)
    assert email_key(kept) == email_key(email)
    assert email_key(email_key(email)) == email_key(email)


def test_what_is_no_domain_has_a_key_all_the_same() -> None:
    for junk in ("", "@", "a@", "a@xn--", "a@xn--\ud800", "a@xn--999999999", "a@xn--a-ecp.example", "a@b@C"):
        email_key(junk).encode("utf-8", "surrogatepass")
    assert email_key("a@b@C") == "a@b@c"


def test_a_claim_that_was_never_confirmed_goes_to_who_is_invited(world: World) -> None:
    squatter = world.use_cases.register(username="eve", email=ADDRESS, password=PASSWORD)
    world.use_cases.request_password_reset(email=ADDRESS)
    theirs = world.token_mailed(MailKind.CONFIRM_EMAIL), world.token_mailed(MailKind.RESET_PASSWORD)
    invited = world.use_cases.invite_user(world.having(Role.OWNER), username="ada", email=ADDRESS)
    assert (invited.email, invited.level) == (ADDRESS, Level.UNCONFIRMED)
    assert world.now(squatter).email is None
    with world.store.autocommit() as work:
        assert [event.action for event in work.events.of(squatter)][-1] is Action.ACCOUNT_EMAIL_LAPSED
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=theirs[0])
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=theirs[1], password="another password")
    world.use_cases.set_password(token=world.token_mailed(MailKind.INVITATION), password="another password")
    assert world.now(invited.id).level is Level.USER
    world.use_cases.actor_of(world.use_cases.sign_in(username="eve", password=PASSWORD).access_token)


@pytest.mark.parametrize("is_invited", [True, False])
def test_who_loses_a_claimed_address_loses_it_as_a_name_too(world: World, is_invited: bool) -> None:
    squatter = world.use_cases.register(username="Ada@Example.org", email=ADDRESS, password=PASSWORD)
    if is_invited:
        ada = world.use_cases.invite_user(world.having(Role.OWNER), username=ADDRESS, email=ADDRESS).id
    else:
        world.clock.pass_by(days=30)
        ada = world.use_cases.register(username=ADDRESS, email=ADDRESS, password=OTHER)
    given = f"user-{squatter.hex[-12:]}"
    assert (world.now(squatter).username, world.now(squatter).email) == (given, None)
    assert (world.now(ada).username, world.now(ada).email) == (ADDRESS, ADDRESS)
    with world.store.autocommit() as work:
        told = work.events.of(squatter)[-1]
    assert (told.action, told.before, told.after) == (
        Action.ACCOUNT_EMAIL_LAPSED,
        {"username": "Ada@Example.org", "email": ADDRESS},
        {"username": given, "email": None},
    )
    world.use_cases.actor_of(world.use_cases.sign_in(username=given, password=PASSWORD).access_token)


@pytest.mark.plants
def test_a_stranger_is_seen_to_keep_an_address_as_a_name_when_nobody_takes_it(
    memory: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_domain, "is_address", lambda *_: False)
    with pytest.raises(UsernameTaken):
        test_who_loses_a_claimed_address_loses_it_as_a_name_too(memory, is_invited=True)


def test_nobody_chooses_a_name_that_an_account_is_given(memory: World) -> None:
    for username in ("user-0123456789ab", "USER-0123456789AB"):
        with pytest.raises(Invalid) as refused:
            memory.use_cases.register(username=username, password=PASSWORD)
        assert complaint(refused.value) == [("username", "must not look like an id")]
    memory.use_cases.register(username="user-0123456789a", password=PASSWORD)


def test_an_address_of_another_domain_is_nobodys_own_however_alike(memory: World) -> None:
    with pytest.raises(Invalid):
        memory.use_cases.register(username="a@strasse.example", email="a@straße.example", password=PASSWORD)


def test_an_invitation_takes_no_address_from_who_confirmed_it_or_was_invited(world: World) -> None:
    owner = world.having(Role.OWNER)
    world.use_cases.register(username="eve", email="eve@example.org", password=PASSWORD)
    world.use_cases.confirm_email(token=world.token_mailed(MailKind.CONFIRM_EMAIL))
    world.use_cases.invite_user(owner, username="ada", email=ADDRESS)
    for email in ("eve@example.org", ADDRESS):
        with pytest.raises(EmailTaken):
            world.use_cases.invite_user(owner, username="other", email=email)
    world.clock.pass_by(days=7)
    world.use_cases.invite_user(owner, username="other", email=ADDRESS)


def test_who_confirms_and_who_invites_at_once_have_one_outcome(world: World) -> None:
    owner = world.having(Role.OWNER)
    for number in range(20):
        email = f"somebody{number}@example.org"
        user_id = world.use_cases.register(username=f"eve{number}", email=email, password=PASSWORD)
        token = world.token_mailed(MailKind.CONFIRM_EMAIL, email)
        outcomes = at_once(
            partial(world.use_cases.confirm_email, token=token),
            partial(world.use_cases.invite_user, owner, username=f"ada{number}", email=email),
        )
        is_confirmed = world.now(user_id).email == email
        assert isinstance(outcomes[1], EmailTaken) is is_confirmed
        assert (outcomes[0] is True) is is_confirmed


class Overtaken(Careless):
    """A store in which somebody else acts after an address was looked up, and whose saves do not notice."""

    def __init__(self, inner: Store, meanwhile: Callable[[], object]) -> None:
        super().__init__(inner, threading.Barrier(1))
        self.meanwhile = meanwhile

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self.inner.autocommit() as work:
            yield replaced(work, accounts=ReadBefore(work.accounts, self.meanwhile))


class ReadBefore(Forced):
    def __init__(self, inner: Any, meanwhile: Callable[[], object]) -> None:
        super().__init__(inner, threading.Lock())
        self._meanwhile = meanwhile

    def find_by_email(self, key: str) -> Account | None:
        found: Account | None = self._inner.find_by_email(key)
        acting = threading.Thread(target=self._meanwhile)
        acting.start()
        acting.join(30)
        return found


@pytest.mark.plants
def test_without_guarded_writes_a_confirmed_address_is_taken_away(store: Store) -> None:
    world, confirmed = World(store), []
    owner = world.having(Role.OWNER)
    world.use_cases.register(username="eve", email=ADDRESS, password=PASSWORD)
    token = world.token_mailed(MailKind.CONFIRM_EMAIL, ADDRESS)
    overtaken = Overtaken(store, lambda: confirmed.append(world.use_cases.confirm_email(token=token)))
    invited = World(overtaken).use_cases.invite_user(owner, username="ada", email=ADDRESS)
    assert confirmed[0] is True
    assert isinstance(invited, UserDetails)


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_an_invitation_never_gives_the_top(memory: World, role: Role) -> None:
    for by in (Role.OWNER, Role.ADMIN):
        with pytest.raises(Exception, match="insufficient"):
            memory.use_cases.invite_user(memory.having(by), username="ada", email=ADDRESS, role=role)


# Asking for a new password


def test_what_is_done_before_the_answer_is_the_same_whoever_is_asked_for(world: World) -> None:
    world.account(email=ADDRESS, username="ada")
    world.account(email="gone@example.org", active=False)
    later: list[object] = []

    def deferred(task: object) -> bool:
        later.append(task)
        return True

    request = replace(world.use_cases.request_password_reset, run_in_background=deferred)
    for number, email in enumerate(
        (ADDRESS, "gone@example.org", "nobody@example.org", "no address", "x" * 9999)
    ):
        request(email=email)
        assert len(later) == number + 1
    assert world.waiting() == []
    for task in later:
        task()  # type: ignore[operator]
    (mail,) = world.waiting()
    assert (mail.kind, mail.to) == (MailKind.RESET_PASSWORD, ADDRESS)


def test_where_too_much_waits_nobody_is_told_that_a_mail_will_come(memory: World) -> None:
    request = replace(memory.use_cases.request_password_reset, run_in_background=lambda _: False)
    for email in (ADDRESS, "nobody@example.org"):
        with pytest.raises(Unavailable):
            request(email=email)


# Languages


def test_mails_are_in_the_language_of_their_reader(world: World) -> None:
    account = world.account(email=ADDRESS, language=Language.RU, password_hash=f"1:{PASSWORD}")
    actor = make.actor(account)
    world.use_cases.edit_user(actor, user_id=account.id, email="new@example.org")
    assert [(mail.facts or {})["language"] for mail in world.waiting()] == ["ru", "ru"]
    edited = world.use_cases.edit_user(actor, user_id=account.id, language=Language.DE)
    assert edited.language is Language.DE
    world.use_cases.request_password_reset(email=ADDRESS)
    assert (world.waiting(MailKind.RESET_PASSWORD)[0].facts or {})["language"] == "de"
    assert world.use_cases.edit_user(actor, user_id=account.id, language="").language is None
    world.use_cases.request_password_reset(email=ADDRESS)
    assert "language" not in (world.waiting(MailKind.RESET_PASSWORD)[1].facts or {})
    with world.store.autocommit() as work:
        edits = [event for event in work.events.of(account.id) if event.action is Action.ACCOUNT_EDITED]
    assert [event.after for event in edits[1:]] == [{"language": "de"}, {"language": None}]
