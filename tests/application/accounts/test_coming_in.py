"""Addresses are confirmed by links, passwords set by links, invitations used: over every store."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from attendance.adapters.clock import new_id
from attendance.adapters.memory import MemoryStore
from attendance.application.accounts.email_confirmation import NothingToConfirm
from attendance.application.accounts.first_owner import OwnerExists
from attendance.application.ports import Store
from attendance.domain.accounts.accounts import (
    Account,
    EmailTaken,
    InvalidCredentials,
    NotInvited,
    UsernameTaken,
    UserNotFound,
)
from attendance.domain.accounts.links import InvalidConfirmationToken, InvalidResetToken
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.passwords import WrongPassword
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.errors import (
    AttendanceError,
    Forbidden,
    Invalid,
    Outdated,
    Unauthenticated,
    Unavailable,
)
from attendance.domain.events import Action
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.domain.permissions.roles import Level, Role
from tests import make
from tests.application.accounts.test_role_races import at_once
from tests.fakes import PASSWORD, World

ADDRESS = "ada@example.org"
OTHER = "a better password"


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def registered(world: World, email: str = ADDRESS, username: str = "ada") -> AccountId:
    return world.use_cases.register(username=username, password=PASSWORD, email=email)


def signed_in(world: World, password: str = PASSWORD, username: str = "ada") -> Actor:
    return world.use_cases.actor_of(
        world.use_cases.sign_in(username=username, password=password).access_token
    )


def confirmation(world: World, to: str = ADDRESS) -> str:
    return world.token_mailed(MailKind.CONFIRM_EMAIL, to)


def actions(world: World, account_id: AccountId) -> list[Action]:
    with world.store.autocommit() as work:
        return [event.action for event in work.events.of(account_id)]


def test_a_registration_mails_a_link_that_confirms_the_address(world: World) -> None:
    user_id = registered(world)
    assert signed_in(world).level is Level.UNCONFIRMED
    token = confirmation(world)
    assert world.use_cases.confirm_email.is_good(token=token)
    assert world.now(user_id).email_confirmed_at is None
    assert world.use_cases.confirm_email(token=token)
    assert signed_in(world).level is Level.USER
    assert not world.use_cases.confirm_email(token=token)
    assert not world.use_cases.confirm_email.is_good(token=token)
    assert actions(world, user_id) == [
        Action.ACCOUNT_REGISTERED,
        Action.ACCOUNT_LINK_SENT,
        Action.ACCOUNT_EMAIL_CONFIRMED,
    ]


def test_no_token_is_kept_where_it_could_be_read_later(world: World) -> None:
    user_id = registered(world)
    token = confirmation(world)
    with world.store.autocommit() as work:
        assert token not in repr(work.links.of(user_id))
        assert token not in repr(work.events.of(user_id))
    while world.use_cases.dispatch_mail():
        pass
    assert [mail.facts and mail.facts["token"] for mail in world.notifier.sent] == [token]
    with world.store.autocommit() as work:
        assert work.outbox.get_for_update(world.notifier.sent[0].id).facts is None


@pytest.mark.parametrize("token", ["", "x", "half \ud800", "nul\0", "ä" * 1000])
def test_a_token_nobody_was_given_is_no_good(world: World, token: str) -> None:
    registered(world)
    for use in (world.use_cases.confirm_email, world.use_cases.confirm_email.is_good):
        with pytest.raises(InvalidConfirmationToken):
            use(token=token)
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=token, password=OTHER)


def test_a_link_is_good_for_48_hours_and_confirmed_stays_confirmed(world: World) -> None:
    user_id = registered(world)
    token = confirmation(world)
    world.clock.pass_by(hours=48)
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=token)
    world.use_cases.resend_confirmation(signed_in(world))
    assert world.use_cases.confirm_email(token=confirmation(world))
    world.clock.pass_by(days=1000)
    assert world.now(user_id).level is Level.USER


def test_a_newer_link_voids_the_older(world: World) -> None:
    registered(world)
    older = confirmation(world)
    world.use_cases.resend_confirmation(signed_in(world))
    assert confirmation(world) != older
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=older)
    assert world.use_cases.confirm_email(token=confirmation(world))
    with pytest.raises(NothingToConfirm):
        world.use_cases.resend_confirmation(signed_in(world))


def test_a_link_of_one_purpose_does_nothing_else(world: World) -> None:
    registered(world)
    world.use_cases.request_password_reset(email=ADDRESS)
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=confirmation(world), password=OTHER)
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=world.token_mailed(MailKind.RESET_PASSWORD))


def test_a_deactivated_account_confirms_and_resets_nothing(world: World) -> None:
    user_id = registered(world)
    world.use_cases.request_password_reset(email=ADDRESS)
    with world.store.transaction() as work:
        work.accounts.save(replace(work.accounts.get(user_id), active=False, version=2))
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=confirmation(world))
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=world.token_mailed(MailKind.RESET_PASSWORD), password=OTHER)
    before = world.waiting()
    world.use_cases.request_password_reset(email=ADDRESS)
    assert world.waiting() == before


def test_an_address_is_taken_while_it_may_still_be_confirmed_and_for_good_once_it_is(world: World) -> None:
    first = registered(world)
    with pytest.raises(EmailTaken):
        registered(world, email="ADA@example.org", username="eve")
    world.clock.pass_by(hours=49)
    second = registered(world, username="eve")
    assert world.now(first).email is None
    assert actions(world, first)[-1] is Action.ACCOUNT_EMAIL_LAPSED
    assert world.use_cases.confirm_email(token=confirmation(world))
    assert world.now(second).level is Level.USER
    world.clock.pass_by(days=1000)
    with pytest.raises(EmailTaken):
        registered(world, username="mallory")


def test_the_rest_of_a_refused_registration_is_not_stored(world: World) -> None:
    registered(world)
    before = world.waiting()
    for refused, name, email in (
        (UsernameTaken, "ADA", "new@example.org"),
        (EmailTaken, "new", ADDRESS),
        (Invalid, "new", "no address"),
    ):
        with pytest.raises(refused):
            registered(world, email=email, username=name)
    assert world.use_cases.list_users(OPERATOR).total == 1
    assert world.waiting() == before


def test_every_fault_of_a_registration_is_told_at_once(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        world.use_cases.register(username="ada", password="short", email="none", name="nul\0")
    assert [field_error.field for field_error in refused.value.field_errors] == ["password", "name", "email"]


def test_one_signs_in_by_address_in_any_case_and_by_one_of_both(world: World) -> None:
    user_id = registered(world)
    token = world.use_cases.sign_in(email="ADA@Example.Org", password=PASSWORD).access_token
    assert world.use_cases.actor_of(token).id == user_id
    with pytest.raises(Invalid):
        world.use_cases.sign_in(password=PASSWORD)
    with pytest.raises(Invalid):
        world.use_cases.sign_in(username="ada", email=ADDRESS, password=PASSWORD)
    for email in ("", "nul\0@example.org", "half \ud800@example.org", "x" * 10_000):
        with pytest.raises(InvalidCredentials):
            world.use_cases.sign_in(email=email, password=PASSWORD)


BLANKS = (" ada@example.org", "ada@example.org ", "\tada@example.org\u00a0", "ada@example.org\r\n")
"""As phones and copying leave them."""


@pytest.mark.parametrize("typed", BLANKS, ids=ascii)
def test_white_space_at_the_ends_of_an_address_is_none_of_it(world: World, typed: str) -> None:
    user_id = registered(world, typed)
    assert world.now(user_id).email == ADDRESS
    with pytest.raises(EmailTaken):
        registered(world, ADDRESS, "eve")
    assert world.use_cases.confirm_email(token=confirmation(world))
    actor = world.use_cases.actor_of(world.use_cases.sign_in(email=typed, password=PASSWORD).access_token)
    assert actor.id == user_id
    world.use_cases.request_password_reset(email=typed)
    assert world.token_mailed(MailKind.RESET_PASSWORD, ADDRESS)
    before = world.now(user_id)
    assert world.use_cases.edit_user(actor, user_id=user_id, email=typed).version == before.version
    after = world.use_cases.edit_user(actor, user_id=user_id, email=typed.replace("ada", "new"))
    assert after.pending_email == "new@example.org"
    world.use_cases.resend_confirmation(actor)
    assert world.use_cases.confirm_email(token=confirmation(world, "new@example.org"))
    guest = world.use_cases.invite_user(
        world.having(Role.HEAD_MANAGER),
        username=" guest ",
        email=typed.replace("ada", "guest"),
        name=" Guest\n",
    )
    assert (guest.username, guest.email, guest.name) == ("guest", "guest@example.org", "Guest")


@pytest.mark.parametrize("typed", [" ada", "ada ", "\u3000ada\n"], ids=ascii)
def test_white_space_at_the_ends_of_a_username_is_none_of_it(world: World, typed: str) -> None:
    user_id = registered(world, username=typed)
    assert world.now(user_id).username == "ada"
    with pytest.raises(UsernameTaken):
        registered(world, "eve@example.org", "ada")
    actor = signed_in(world, username=typed)
    assert actor.id == world.use_cases.find_user(username=typed).id == user_id
    before = world.now(user_id)
    after = world.use_cases.edit_user(actor, user_id=user_id, username=typed, name=" ")
    assert after.version == before.version


def test_white_space_at_the_ends_of_a_password_is_its_own(world: World) -> None:
    spaced = f" {PASSWORD} "
    world.use_cases.register(username="ada", password=spaced, email=ADDRESS)
    assert signed_in(world, spaced)
    for other in (PASSWORD, f" {PASSWORD}", f"{PASSWORD} "):
        with pytest.raises(InvalidCredentials):
            signed_in(world, other)


def test_failures_count_for_one_name_however_it_is_spaced(world: World) -> None:
    for n in range(world.limits.failed_sign_ins_per_account.most):
        with pytest.raises(InvalidCredentials):
            signed_in(world, username="nobody" + " " * n)
    with pytest.raises(LimitReached):
        signed_in(world, username=" nobody")


def test_a_changed_address_is_pending_and_the_old_one_is_told(world: World) -> None:
    user_id = registered(world)
    world.use_cases.confirm_email(token=confirmation(world))
    actor = signed_in(world)
    after = world.use_cases.edit_user(actor, user_id=user_id, email="new@example.org")
    assert (after.email, after.pending_email, after.level) == (ADDRESS, "new@example.org", Level.USER)
    (told,) = world.waiting(MailKind.EMAIL_CHANGES)
    assert told.to == ADDRESS
    with pytest.raises(InvalidCredentials):
        world.use_cases.sign_in(email="new@example.org", password=PASSWORD)
    assert world.use_cases.confirm_email(token=confirmation(world, "new@example.org"))
    done = world.now(user_id)
    assert (done.email, done.pending_email) == ("new@example.org", None)
    assert world.use_cases.sign_in(email="new@example.org", password=PASSWORD)
    with pytest.raises(InvalidCredentials):
        world.use_cases.sign_in(email=ADDRESS, password=PASSWORD)


def test_a_pending_address_is_given_up_by_naming_the_present_one(world: World) -> None:
    user_id = registered(world)
    world.use_cases.confirm_email(token=confirmation(world))
    actor = signed_in(world)
    world.use_cases.edit_user(actor, user_id=user_id, email="new@example.org")
    token = confirmation(world, "new@example.org")
    assert world.use_cases.edit_user(actor, user_id=user_id, email="ADA@example.org").pending_email is None
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=token)
    with pytest.raises(Invalid):
        world.use_cases.edit_user(actor, user_id=user_id, email="")


def test_a_pending_address_is_whoevers_confirms_it_first(world: World) -> None:
    user_id = registered(world)
    world.use_cases.confirm_email(token=confirmation(world))
    world.use_cases.edit_user(signed_in(world), user_id=user_id, email="new@example.org")
    mine = confirmation(world, "new@example.org")
    registered(world, email="new@example.org", username="eve")
    theirs = confirmation(world, "new@example.org")
    assert world.use_cases.confirm_email(token=theirs)
    for use in (world.use_cases.confirm_email, world.use_cases.confirm_email.is_good):
        with pytest.raises(EmailTaken):
            use(token=mine)
    assert world.now(user_id).email == ADDRESS


def test_someone_of_the_labs_protocol_gets_an_address_later(world: World) -> None:
    user_id = world.use_cases.register(username="lab", password=PASSWORD)
    actor = signed_in(world, username="lab")
    assert actor.level is Level.UNCONFIRMED
    with pytest.raises(NothingToConfirm):
        world.use_cases.resend_confirmation(actor)
    world.use_cases.edit_user(actor, user_id=user_id, email=ADDRESS)
    assert world.use_cases.confirm_email(token=confirmation(world))
    assert world.now(user_id).level is Level.USER
    assert world.now(user_id).email == ADDRESS


def test_the_same_edit_again_changes_nothing_and_another_version_is_refused(world: World) -> None:
    user_id = registered(world)
    actor = signed_in(world)
    once = world.use_cases.edit_user(actor, user_id=user_id, name="Ada L", versions={1})
    assert world.use_cases.edit_user(actor, user_id=user_id, name="Ada L") == once
    assert actions(world, user_id).count(Action.ACCOUNT_EDITED) == 1
    with pytest.raises(Outdated):
        world.use_cases.edit_user(actor, user_id=user_id, name="x", versions={1})
    assert world.use_cases.edit_user(actor, user_id=user_id, name="", versions={2}).name == ""
    for taken in ("x" * 201, "nul\0"):
        with pytest.raises(Invalid):
            world.use_cases.edit_user(actor, user_id=user_id, name=taken)


def test_an_address_changed_by_somebody_else_waits_for_its_own_link(world: World) -> None:
    target = world.account(email="old@example.org")
    boss = world.having(Role.HEAD_MANAGER)
    world.use_cases.edit_user(boss, user_id=target.id, email="new@example.org")
    assert world.now(target.id).email == "old@example.org"
    assert [mail.to for mail in world.waiting(MailKind.EMAIL_CHANGES)] == ["old@example.org"]


def test_an_invitation_sets_the_password_and_confirms_the_address(world: World) -> None:
    boss = world.having(Role.HEAD_MANAGER)
    account = world.use_cases.invite_user(boss, username="ada", email=ADDRESS, name="Ada", role=Role.MANAGER)
    assert account.level is Level.UNCONFIRMED
    with pytest.raises(InvalidCredentials):
        world.use_cases.sign_in(username="ada", password="")
    token = world.token_mailed(MailKind.INVITATION, ADDRESS)
    world.use_cases.set_password.require_good(token=token)
    world.use_cases.set_password(token=token, password=OTHER)
    assert signed_in(world, OTHER).level is Level.MANAGER
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=token, password=PASSWORD)
    assert signed_in(world, OTHER)


def test_a_lapsed_invitation_is_renewed_by_asking_for_a_reset(world: World) -> None:
    world.use_cases.invite_user(world.having(Role.OWNER), username="ada", email=ADDRESS)
    token = world.token_mailed(MailKind.INVITATION)
    world.clock.pass_by(days=7)
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=token, password=OTHER)
    world.use_cases.request_password_reset(email=ADDRESS)
    world.use_cases.set_password(token=world.token_mailed(MailKind.INVITATION), password=OTHER)
    assert signed_in(world, OTHER).level is Level.USER


def test_a_stranger_who_asks_for_a_guests_reset_takes_nothing_from_the_guest(world: World) -> None:
    world.use_cases.invite_user(world.having(Role.OWNER), username="ada", email=ADDRESS)
    world.use_cases.request_password_reset(email=ADDRESS)
    assert world.waiting(MailKind.RESET_PASSWORD) == []
    world.clock.pass_by(days=6)
    with pytest.raises(EmailTaken):
        registered(world, username="eve")
    world.use_cases.set_password(token=world.token_mailed(MailKind.INVITATION), password=OTHER)


def test_an_invitation_is_sent_again_and_the_older_link_is_void(world: World) -> None:
    boss = world.having(Role.HEAD_MANAGER)
    guest = world.use_cases.invite_user(boss, username="ada", email=ADDRESS)
    old = world.token_mailed(MailKind.INVITATION)
    world.clock.pass_by(days=8)
    invitation = world.use_cases.resend_invitation.open_invitation(boss, user_id=guest.id)
    assert invitation is not None
    assert (invitation.email, invitation.expires_at) == (ADDRESS, None)
    world.use_cases.resend_invitation(boss, user_id=guest.id)
    renewed = world.use_cases.resend_invitation.open_invitation(boss, user_id=guest.id)
    assert renewed is not None
    assert renewed.expires_at == world.clock() + timedelta(days=7)
    new = world.token_mailed(MailKind.INVITATION, ADDRESS)
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=old, password=OTHER)
    world.use_cases.set_password(token=new, password=OTHER)
    assert signed_in(world, OTHER).level is Level.USER
    # whoever has come in is invited no more
    assert world.use_cases.resend_invitation.open_invitation(boss, user_id=guest.id) is None
    for again in (world.use_cases.resend_invitation, world.use_cases.withdraw_invitation):
        with pytest.raises(NotInvited):
            again(boss, user_id=guest.id)
    assert signed_in(world, OTHER)


def test_an_invitation_is_sent_again_a_few_times_a_day(world: World) -> None:
    boss = world.having(Role.OWNER)
    guest = world.use_cases.invite_user(boss, username="ada", email=ADDRESS)
    for _ in range(5):
        world.use_cases.resend_invitation(boss, user_id=guest.id)
    with pytest.raises(LimitReached):
        world.use_cases.resend_invitation(boss, user_id=guest.id)
    world.use_cases.set_password(token=world.token_mailed(MailKind.INVITATION), password=OTHER)


def test_a_withdrawn_invitation_lets_nobody_in_and_leaves_name_and_address_free(world: World) -> None:
    boss = world.having(Role.HEAD_MANAGER)
    guest = world.use_cases.invite_user(boss, username="ada", email=ADDRESS, role=Role.EMPLOYEE)
    token = world.token_mailed(MailKind.INVITATION)
    gone = world.use_cases.withdraw_invitation(boss, user_id=guest.id)
    assert (gone.active, gone.email, gone.role) == (False, None, Role.EMPLOYEE)
    assert gone.username == f"user-{guest.id.hex[-12:]}"
    assert actions(world, guest.id)[-1] is Action.ACCOUNT_INVITATION_WITHDRAWN
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=token, password=OTHER)
    for again in (world.use_cases.resend_invitation, world.use_cases.withdraw_invitation):
        with pytest.raises(NotInvited):
            again(boss, user_id=guest.id)
    other = world.use_cases.invite_user(boss, username="ada", email=ADDRESS)
    world.use_cases.set_password(token=world.token_mailed(MailKind.INVITATION), password=OTHER)
    assert signed_in(world, OTHER).id == other.id


def test_invitations_are_for_those_who_may_give_the_role(world: World) -> None:
    owner, head = world.having(Role.OWNER), world.having(Role.HEAD_MANAGER)
    guest = world.use_cases.invite_user(owner, username="ada", email=ADDRESS, role=Role.HEAD_MANAGER)
    cases = world.use_cases
    for actor in (head, world.having(Role.MANAGER)):
        for refused in (cases.resend_invitation, cases.withdraw_invitation):
            with pytest.raises(Forbidden):
                refused(actor, user_id=guest.id)
    assert cases.resend_invitation.open_invitation(head, user_id=guest.id) is None
    with pytest.raises(Forbidden):
        cases.resend_invitation.open_invitation(world.having(Role.MANAGER), user_id=guest.id)
    for refused in (cases.resend_invitation, cases.withdraw_invitation):
        with pytest.raises(UserNotFound):
            refused(owner, user_id=AccountId(new_id()))
    assert world.now(guest.id).is_invited


def test_who_withdraws_and_who_comes_in_at_once_have_one_outcome(world: World) -> None:
    boss = world.having(Role.OWNER)
    for number in range(4):
        guest = world.use_cases.invite_user(boss, username=f"ada{number}", email=f"ada{number}@example.org")
        token = world.token_mailed(MailKind.INVITATION)
        outcomes = at_once(
            partial(world.use_cases.withdraw_invitation, boss, user_id=guest.id),
            partial(world.use_cases.set_password, token=token, password=OTHER),
        )
        refused = [type(each) for each in outcomes if isinstance(each, AttendanceError)]
        account = world.now(guest.id)
        assert refused == [InvalidResetToken if account.password_hash is None else NotInvited]
        assert account.active is (account.password_hash is not None)


@pytest.mark.plants
def test_whoever_has_come_in_is_seen_to_be_shut_out_when_nobody_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Account, "is_invited", property(lambda _: True))
    with pytest.raises(AssertionError, match="is None"):
        test_an_invitation_is_sent_again_and_the_older_link_is_void(World(MemoryStore()))


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_nobody_is_invited_to_the_top(world: World, role: Role) -> None:
    for actor in (world.having(Role.OWNER), world.having(Role.ADMIN)):
        with pytest.raises(Forbidden):
            world.use_cases.invite_user(actor, username="ada", email=ADDRESS, role=role)
    with pytest.raises(Forbidden):
        world.use_cases.invite_user(
            world.having(Role.HEAD_MANAGER), username="ada", email=ADDRESS, role=Role.HEAD_MANAGER
        )


def test_a_changed_password_ends_the_other_sessions(world: World) -> None:
    user_id = registered(world)
    world.use_cases.confirm_email(token=confirmation(world))
    mine, other = (world.use_cases.sign_in(username="ada", password=PASSWORD).access_token for _ in range(2))
    actor = world.use_cases.actor_of(mine)
    world.use_cases.request_password_reset(email=ADDRESS)
    for wrong in ("wrong password", "", "half \ud800"):
        with pytest.raises(WrongPassword):
            world.use_cases.change_password(actor, current_password=wrong, new_password=OTHER)
    with pytest.raises(Invalid) as refused:
        world.use_cases.change_password(actor, current_password=PASSWORD, new_password="short")
    assert [field_error.field for field_error in refused.value.field_errors] == ["new_password"]
    world.use_cases.change_password(actor, current_password=PASSWORD, new_password=OTHER)
    assert world.use_cases.actor_of(mine).id == user_id
    with pytest.raises(Unauthenticated):
        world.use_cases.actor_of(other)
    with pytest.raises(InvalidCredentials):
        world.use_cases.sign_in(username="ada", password=PASSWORD)
    assert [mail.to for mail in world.waiting(MailKind.PASSWORD_CHANGED)] == [ADDRESS]
    # what was mailed for the old one is void
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=world.token_mailed(MailKind.RESET_PASSWORD), password=PASSWORD)


def test_guessing_the_present_password_counts_as_failed_sign_ins(world: World) -> None:
    registered(world)
    actor = signed_in(world)
    for _ in range(10):
        with pytest.raises(WrongPassword):
            world.use_cases.change_password(actor, current_password="guess", new_password=OTHER)
    with pytest.raises(LimitReached):
        world.use_cases.change_password(actor, current_password=PASSWORD, new_password=OTHER)
    with pytest.raises(LimitReached):
        world.use_cases.sign_in(username="ada", password=PASSWORD)


def test_a_reset_ends_all_sessions_and_tells_the_address(world: World) -> None:
    registered(world)
    tokens = [world.use_cases.sign_in(username="ada", password=PASSWORD).access_token for _ in range(2)]
    world.use_cases.request_password_reset(email="ADA@example.org")
    older = world.token_mailed(MailKind.RESET_PASSWORD)
    world.use_cases.request_password_reset(email=ADDRESS)
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=older, password=OTHER)
    token = world.token_mailed(MailKind.RESET_PASSWORD)
    with pytest.raises(Invalid):
        world.use_cases.set_password(token=token, password="short")
    world.use_cases.set_password(token=token, password=OTHER)
    for session in tokens:
        with pytest.raises(Unauthenticated):
            world.use_cases.actor_of(session)
    assert signed_in(world, OTHER).level is Level.USER
    assert [mail.to for mail in world.waiting(MailKind.PASSWORD_CHANGED)] == [ADDRESS]


def test_a_reset_link_dies_with_the_address_it_was_sent_to(world: World) -> None:
    user_id = registered(world)
    world.use_cases.confirm_email(token=confirmation(world))
    world.use_cases.request_password_reset(email=ADDRESS)
    token = world.token_mailed(MailKind.RESET_PASSWORD)
    world.use_cases.edit_user(signed_in(world), user_id=user_id, email="new@example.org")
    world.use_cases.confirm_email(token=confirmation(world, "new@example.org"))
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=token, password=OTHER)


def test_a_reset_for_nobody_says_nothing_and_sends_nothing(world: World) -> None:
    for email in ("nobody@example.org", "", "nul\0@x", "half \ud800@x", "x" * 1000):
        world.use_cases.request_password_reset(email=email)
    assert world.waiting() == []


def test_a_sign_in_that_is_overtaken_by_a_new_password_starts_no_session(store: Store) -> None:
    """Between proving the old password and the session, somebody resets it: nothing old may live on."""
    world = World(store)
    registered(world)
    real = world.hasher.verify

    def verify(password: str, password_hash: str | None) -> bool:
        world.hasher.verify = real  # type: ignore[method-assign]
        world.use_cases.request_password_reset(email=ADDRESS)
        world.use_cases.set_password(token=world.token_mailed(MailKind.RESET_PASSWORD), password=OTHER)
        return real(password, password_hash)

    world.hasher.verify = verify  # type: ignore[method-assign]
    with pytest.raises(InvalidCredentials):
        world.use_cases.sign_in(username="ada", password=PASSWORD)


def test_signing_out_ends_this_session_or_all(world: World) -> None:
    user_id = registered(world)
    first, second, third = (
        world.use_cases.sign_in(username="ada", password=PASSWORD).access_token for _ in range(3)
    )
    actor = world.use_cases.actor_of(first)
    world.use_cases.sign_out(actor)
    with pytest.raises(Unauthenticated):
        world.use_cases.actor_of(first)
    assert world.use_cases.actor_of(second).id == user_id
    assert actor.session_id
    with world.store.autocommit() as work:
        assert [it.action for it in work.events.of(actor.session_id)] == [
            Action.SESSION_STARTED,
            Action.SESSION_ENDED,
        ]
    world.use_cases.sign_out(world.use_cases.actor_of(second), everywhere=True)
    for token in (second, third):
        with pytest.raises(Unauthenticated):
            world.use_cases.actor_of(token)


def test_the_first_owner_comes_from_the_operator_and_only_the_first(world: World) -> None:
    owner_id = world.use_cases.create_owner(username=" olga ", email="olga@example.org\n", password=PASSWORD)
    assert world.now(owner_id).email == "olga@example.org"
    assert signed_in(world, username="olga").level is Level.OWNER
    with world.store.autocommit() as work:
        (event,) = work.events.of(owner_id)
    assert event.actor_id == OPERATOR_ID
    with pytest.raises(OwnerExists):
        world.use_cases.create_owner(username="eve", email="eve@example.org", password=PASSWORD)
    assert world.use_cases.find_user(username="OLGA").id == owner_id
    for nobody in ("eve", "nul\0", "half \ud800", "", "x" * 1000):
        with pytest.raises(UserNotFound):
            world.use_cases.find_user(username=nobody)


def test_favorites_are_the_users_own(world: World) -> None:
    ada, boss = world.having(Role.USER), world.having(Role.MANAGER)
    house = make.location()
    with world.store.transaction() as work:
        work.locations.add(house)
        for group in (there := [make.group(house) for _ in range(3)]):
            work.groups.add(group)
    groups = tuple(group.id for group in there)
    chosen = world.use_cases.replace_favorites(ada, user_id=ada.id, groups=groups)
    assert (chosen.groups, chosen.lessons, chosen.version) == (groups, (), 1)
    assert world.use_cases.replace_favorites(ada, user_id=ada.id, groups=groups).version == 1
    for unknown in ({"groups": (*groups, make.new_id())}, {"lessons": groups[:1]}):
        with pytest.raises(Invalid):
            world.use_cases.replace_favorites(ada, user_id=ada.id, **unknown)
    assert world.use_cases.show_favorites(boss, user_id=ada.id).version == 1
    with pytest.raises(Forbidden):
        world.use_cases.replace_favorites(boss, user_id=ada.id, groups=())
    with pytest.raises(Forbidden):
        world.use_cases.show_favorites(world.having(Role.EMPLOYEE), user_id=ada.id)
    with pytest.raises(Outdated):
        world.use_cases.replace_favorites(ada, user_id=ada.id, groups=(), versions={2})
    for faulty in (groups * 2, tuple(make.new_id() for _ in range(1001))):
        with pytest.raises(Invalid):
            world.use_cases.replace_favorites(ada, user_id=ada.id, groups=faulty)


def test_what_time_has_ended_is_tidied_up(world: World) -> None:
    registered(world)
    token = world.use_cases.sign_in(username="ada", password=PASSWORD).access_token
    session_id = world.use_cases.actor_of(token).session_id
    assert session_id
    while world.use_cases.dispatch_mail():
        pass
    sent = world.notifier.sent[0].id
    world.clock.pass_by(hours=3)
    world.use_cases.run_maintenance()
    with world.store.autocommit() as work:
        assert work.sessions.find(session_id)
        assert work.outbox.get_for_update(sent)
    world.clock.pass_by(days=8)
    world.use_cases.run_maintenance()
    with world.store.autocommit() as work:
        assert work.sessions.find(session_id) is None
    from attendance.domain.accounts.mail import MailState

    with world.store.autocommit() as work:
        assert work.outbox.in_state(MailState.SENT) == ()
    assert timedelta(days=8) > world.limits.longest


def rehashed_meanwhile(world: World) -> None:
    """From here on hashes are made otherwise, and amid the next check another sign-in renews the hash."""
    world.hasher.generation = 2
    real = world.hasher.verify

    def verify(password: str, password_hash: str | None) -> bool:
        world.hasher.verify = real  # type: ignore[method-assign]
        signed_in(world)
        return real(password, password_hash)

    world.hasher.verify = verify  # type: ignore[method-assign]


def test_a_sign_in_that_is_overtaken_by_a_rehash_succeeds(world: World) -> None:
    user_id = registered(world)
    rehashed_meanwhile(world)
    assert signed_in(world).id == user_id
    assert actions(world, user_id).count(Action.ACCOUNT_REHASHED) == 1


def test_a_change_of_password_that_is_overtaken_by_a_rehash_succeeds(world: World) -> None:
    registered(world)
    actor = signed_in(world)
    rehashed_meanwhile(world)
    world.use_cases.change_password(actor, current_password=PASSWORD, new_password=OTHER)
    assert signed_in(world, OTHER)


def test_a_change_of_password_that_could_not_be_made_does_not_count(world: World) -> None:
    registered(world)
    actor = signed_in(world)
    real = world.hasher.verify

    def full(password: str, password_hash: str | None) -> bool:
        raise Unavailable

    world.hasher.verify = full  # type: ignore[method-assign]
    for _ in range(20):
        with pytest.raises(Unavailable):
            world.use_cases.change_password(actor, current_password=PASSWORD, new_password=OTHER)
    world.hasher.verify = real  # type: ignore[method-assign]
    world.use_cases.change_password(actor, current_password=PASSWORD, new_password=OTHER)


def test_an_address_that_was_never_confirmed_is_corrected_at_once(world: World) -> None:
    user_id = registered(world, email="typo@example.org")
    actor = signed_in(world)
    world.use_cases.request_password_reset(email="typo@example.org")
    planted = world.token_mailed(MailKind.RESET_PASSWORD)
    after = world.use_cases.edit_user(actor, user_id=user_id, email=ADDRESS)
    assert (after.email, after.pending_email, after.level) == (ADDRESS, None, Level.UNCONFIRMED)
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=confirmation(world, "typo@example.org"))
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=planted, password=OTHER)
    registered(world, email="typo@example.org", username="eve")
    with pytest.raises(EmailTaken):
        registered(world, username="mallory")
    assert world.use_cases.confirm_email(token=confirmation(world))
    assert world.now(user_id).level is Level.USER


def test_a_guest_whose_address_is_corrected_is_invited_there(world: World) -> None:
    boss = world.having(Role.HEAD_MANAGER)
    guest = world.use_cases.invite_user(boss, username="ada", email="typo@example.org")
    old = world.token_mailed(MailKind.INVITATION)
    world.use_cases.edit_user(boss, user_id=guest.id, email=ADDRESS)
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=old, password=OTHER)
    world.use_cases.set_password(token=world.token_mailed(MailKind.INVITATION, ADDRESS), password=OTHER)
    assert signed_in(world, OTHER).level is Level.USER


def planted(world: World) -> tuple[AccountId, str]:
    """A confirmed account to whose pending address somebody else has the link."""
    user_id = registered(world)
    world.use_cases.confirm_email(token=confirmation(world))
    world.use_cases.edit_user(signed_in(world), user_id=user_id, email="evil@example.org")
    return user_id, confirmation(world, "evil@example.org")


def test_a_new_password_ends_a_pending_change_of_address(world: World) -> None:
    user_id, plant = planted(world)
    actor = signed_in(world)
    world.use_cases.change_password(actor, current_password=PASSWORD, new_password=OTHER)
    assert world.now(user_id).pending_email is None
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=plant)


def test_a_reset_ends_a_pending_change_of_address(world: World) -> None:
    user_id, plant = planted(world)
    world.use_cases.request_password_reset(email=ADDRESS)
    world.use_cases.set_password(token=world.token_mailed(MailKind.RESET_PASSWORD), password=OTHER)
    assert (world.now(user_id).email, world.now(user_id).pending_email) == (ADDRESS, None)
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=plant)


def test_a_new_role_ends_a_change_of_address_that_somebody_else_began(world: World) -> None:
    """A head manager names an own address for a manager, who then becomes an owner."""
    target, boss = world.account(role=Role.MANAGER), world.having(Role.HEAD_MANAGER)
    world.use_cases.edit_user(boss, user_id=target.id, email="evil@example.org")
    plant = confirmation(world, "evil@example.org")
    world.use_cases.change_role(world.having(Role.OWNER), user_id=target.id, role=Role.OWNER)
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=plant)
    assert world.now(target.id).email == target.email


def test_no_link_outlives_a_deactivation(world: World) -> None:
    user_id, plant = planted(world)
    world.use_cases.request_password_reset(email=ADDRESS)
    reset = world.token_mailed(MailKind.RESET_PASSWORD)
    owner = world.having(Role.OWNER)
    for active in (False, True):
        world.use_cases.change_active(owner, user_id=user_id, active=active)
    with pytest.raises(InvalidConfirmationToken):
        world.use_cases.confirm_email(token=plant)
    with pytest.raises(InvalidResetToken):
        world.use_cases.set_password(token=reset, password=OTHER)
    assert world.now(user_id).pending_email is None


@pytest.mark.plants
def test_without_a_new_password_what_is_planted_sprouts(world: World) -> None:
    """The twin of the tests above: the link is good as long as nothing of this happens."""
    user_id, plant = planted(world)
    assert world.use_cases.confirm_email(token=plant)
    assert world.now(user_id).email == "evil@example.org"
