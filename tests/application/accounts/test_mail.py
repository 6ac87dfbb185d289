"""Mails wait with what makes them necessary, and are sent until they arrive, over every store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from attendance.application.ports import NotSent, Store
from attendance.domain.accounts.accounts import UsernameTaken
from attendance.domain.accounts.mail import LONGEST_LEASE, Mail, MailKind, MailState
from tests.fakes import PASSWORD, ContendedStore, FakeNotifier, World


def registered(world: World, username: str = "ada") -> None:
    world.use_cases.register(username=username, password=PASSWORD, email=f"{username}@example.org")


def in_state(world: World, state: MailState) -> tuple[Mail, ...]:
    return world.use_cases.list_mail(state=state)


def test_a_mail_is_sent_once(store: Store) -> None:
    world = World(store)
    registered(world)
    assert world.use_cases.dispatch_mail()
    assert not world.use_cases.dispatch_mail()
    (mail,) = world.notifier.sent
    assert (mail.kind, mail.to) == (MailKind.CONFIRM_EMAIL, "ada@example.org")
    (kept,) = in_state(world, MailState.SENT)
    assert (kept.id, kept.facts, kept.error) == (mail.id, None, None)


def test_what_is_rolled_back_sends_nothing(store: Store) -> None:
    contended = ContendedStore(store)
    world = World(contended)
    registered(world)
    with pytest.raises(UsernameTaken):
        world.use_cases.register(username="ADA", password=PASSWORD, email="other@example.org")
    contended.times = 2
    registered(world, "bob")
    while world.use_cases.dispatch_mail():
        pass
    assert [mail.to for mail in world.notifier.sent] == ["ada@example.org", "bob@example.org"]


def test_a_server_that_is_down_only_delays(store: Store) -> None:
    world = World(store)
    world.notifier.down = NotSent("the server cannot be reached")
    registered(world)
    pauses = []
    for _ in range(12):
        assert world.use_cases.dispatch_mail()
        (waiting,) = in_state(world, MailState.WAITING)
        assert waiting.error == "the server cannot be reached"
        pauses.append((waiting.due_at - world.clock.now).total_seconds())
        assert not world.use_cases.dispatch_mail()
        world.clock.now = waiting.due_at
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600]
    world.notifier.down = None
    assert world.use_cases.dispatch_mail()
    (mail,) = world.notifier.sent
    assert mail.facts
    assert mail.attempts == 13


def test_what_is_refused_for_good_is_kept_and_shown_and_can_be_tried_again(store: Store) -> None:
    world = World(store)
    world.notifier.down = NotSent("no such user", is_final=True)
    registered(world)
    assert world.use_cases.dispatch_mail()
    world.clock.pass_by(days=1)
    assert not world.use_cases.dispatch_mail()
    (dead,) = in_state(world, MailState.DEAD)
    assert (dead.error, dead.attempts) == ("no such user", 1)
    world.notifier.down = None
    world.use_cases.retry_mail(mail_id=dead.id)
    assert world.use_cases.dispatch_mail()
    assert [mail.id for mail in world.notifier.sent] == [dead.id]
    world.use_cases.retry_mail(mail_id=dead.id)
    assert not world.use_cases.dispatch_mail()


def test_a_mail_is_given_up_after_days_of_trying(store: Store) -> None:
    world = World(store)
    world.notifier.down = NotSent("down")
    registered(world)
    (mail,) = in_state(world, MailState.WAITING)
    with store.transaction() as work:
        work.outbox.save(replace(mail, attempts=498))
    for _ in range(2):
        world.clock.pass_by(minutes=10)
        assert world.use_cases.dispatch_mail()
    assert [mail.attempts for mail in in_state(world, MailState.DEAD)] == [500]
    assert 500 * timedelta(minutes=10) > timedelta(days=3)


def test_who_dies_before_noting_that_it_is_sent_leaves_it_to_be_sent_again(store: Store) -> None:
    class Dying(FakeNotifier):
        def send(self, mail: Mail) -> None:
            super().send(mail)
            raise KeyboardInterrupt

    world = World(store, notifier=Dying())
    registered(world)
    with pytest.raises(KeyboardInterrupt):
        world.use_cases.dispatch_mail()
    alive = World(store, clock=world.clock)
    assert not alive.use_cases.dispatch_mail()
    world.clock.now += LONGEST_LEASE
    assert alive.use_cases.dispatch_mail()
    assert [mail.id for mail in alive.notifier.sent] == [mail.id for mail in world.notifier.sent]
    assert not alive.use_cases.dispatch_mail()


def test_a_mail_that_another_is_sending_is_left_alone(store: Store) -> None:
    class Slow(FakeNotifier):
        def send(self, mail: Mail) -> None:
            assert not other.use_cases.dispatch_mail()
            super().send(mail)

    world = World(store, notifier=Slow())
    other = World(store, clock=world.clock)
    registered(world)
    assert world.use_cases.dispatch_mail()
    assert len(world.notifier.sent) == 1
    assert other.notifier.sent == []


def test_a_try_that_took_longer_than_its_claim_has_nothing_more_to_say(store: Store) -> None:
    """The first dispatcher hangs until another has sent the mail, and then fails: it stays sent."""

    class Hanging(FakeNotifier):
        def send(self, mail: Mail) -> None:
            world.clock.now += LONGEST_LEASE
            assert other.use_cases.dispatch_mail()
            raise NotSent("the server does not answer")

    world = World(store, notifier=Hanging())
    other = World(store, clock=world.clock)
    registered(world)
    assert world.use_cases.dispatch_mail()
    assert len(in_state(world, MailState.SENT)) == len(other.notifier.sent) == 1
    assert in_state(world, MailState.WAITING) == ()
