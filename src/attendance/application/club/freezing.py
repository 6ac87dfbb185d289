"""Freezing all passes, or those of a location's members, while nothing takes place; ending a freeze."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.editing import edit
from attendance.application.forms.field_errors import errors_of
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedCommand, DatedQuery
from attendance.application.ports import UnitOfWork
from attendance.application.ports.club import LOCATIONS
from attendance.domain.club.renewals import both_until, later_passes
from attendance.domain.club.schedules import require_range
from attendance.domain.club.subscriptions import Freeze, Subscription, VisitsOutside
from attendance.domain.errors import Conflict, FieldError, Invalid, raise_if_errors
from attendance.domain.events import ChangeContext, Event
from attendance.domain.ids import ClientId, LocationId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission

BATCH = 100
"""So many clients are locked at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedSubscription:
    """A pass that was not frozen: `dates` are those of its visits in the way, in order, each once.

    None of them where it has another freeze on some of the days, or could not take another one.
    """

    subscription_id: SubscriptionId
    client_id: ClientId
    dates: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterPass:
    """A pass that begins after another one for the same groups, and does not move with its end.

    `both_until`: the last day on which both run; None: the other is over when this one begins.
    """

    id: SubscriptionId
    price_name: str
    starts_on: date
    both_until: date | None

    @classmethod
    def of(
        cls, current: Subscription, passes: Collection[Subscription], today: date
    ) -> tuple["LaterPass", ...]:
        """Those of a client's passes that begin after one of them, by first day."""
        return tuple(
            cls(
                id=it.id,
                price_name=it.price_name,
                starts_on=it.starts_on,
                both_until=both_until(current, it),
            )
            for it in later_passes(current, passes, today=today)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlappingSubscription:
    """A pass that is not over when one that was sold to come after it begins."""

    subscription_id: SubscriptionId
    client_id: ClientId
    later: tuple[LaterPass, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenSubscriptions:
    """How many passes were frozen, and which were not, by client's id, then by their own.

    `overlapping`: those that are frozen on some of the days now, or were before, and run beside later passes
    of the same client for the same groups, which stay where they are; in the same order.
    """

    frozen: int
    skipped: tuple[SkippedSubscription, ...]
    overlapping: tuple[OverlappingSubscription, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What became of the passes of some clients, `last` of whom has the greatest id."""

    last: ClientId
    frozen: int
    skipped: tuple[SkippedSubscription, ...]
    overlapping: tuple[OverlappingSubscription, ...]


class FreezeSubscriptions(DatedCommand):
    """Freeze every pass that runs on some day from `since` to `until`, both included, at most 366 days.

    `location_id`: only passes of clients who are, on some day of the range, members of a group there. A pass
    is frozen for the whole range or, where it has paid for a visit in it or has another freeze on some of its
    days, not at all; so the same range again freezes nothing twice. Used up ones are frozen, too.

    The passes of a hundred clients at a time are one transaction, so that nobody who marks them waits for all
    of them. Where it ends early what was frozen stays so, and the same call again freezes the rest.
    `preview`: nothing is frozen; return what would be.

    Raises Invalid, Forbidden, LocationNotFound.
    """

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        since, until = fields.get("since"), fields.get("until")
        return errors_of(lambda: require_range(since, until)) if since and until else []

    def __call__(
        self,
        actor: Actor,
        *,
        since: date,
        until: date,
        location_id: LocationId | None = None,
        preview: bool = False,
    ) -> FrozenSubscriptions:
        raise_if_errors(*self.errors_in({"since": since, "until": until}))
        require_level(actor, Permission.FREEZE_SUBSCRIPTIONS)
        if location_id is not None:
            self._require_location(location_id)
        freeze, after = Freeze(since=since, until=until), None
        batches: list[Batch] = []
        while batch := self._freeze_some(actor, freeze, location_id, after, preview):
            batches.append(batch)
            after = batch.last
        skipped = [skipped for batch in batches for skipped in batch.skipped]
        skipped.sort(key=lambda it: (it.client_id, it.subscription_id))
        overlapping = [overlapping for batch in batches for overlapping in batch.overlapping]
        overlapping.sort(key=lambda it: (it.client_id, it.subscription_id))
        return FrozenSubscriptions(
            frozen=sum(batch.frozen for batch in batches),
            skipped=tuple(skipped),
            overlapping=tuple(overlapping),
        )

    @retried
    def _require_location(self, location_id: LocationId) -> None:
        """Raise LocationNotFound where there is none."""
        self._stored(LOCATIONS, location_id)

    @retried
    def _freeze_some(
        self,
        actor: Actor,
        freeze: Freeze,
        location_id: LocationId | None,
        after: ClientId | None,
        preview: bool,
    ) -> Batch | None:
        """Freeze the passes of the next clients after one, by id, or only try; None: there is nobody."""
        context, since, until = self._change_context(actor), freeze.since, freeze.until
        with self.store.transaction() as work:
            client_ids = work.subscriptions.clients_between(
                since, until, location_id=location_id, after=after, limit=BATCH
            )
            if not client_ids:
                return None
            # nobody charges, sells or edits their passes until these are frozen
            work.clients.lock_existing(client_ids)
            known = work.subscriptions.of_clients(client_ids, since, until=date.max)
            passes = [it for it in known if it.runs_between(since, until)]
            charged_on = work.subscriptions.days_charged_between([it.id for it in passes], since, until)
            skipped: list[SkippedSubscription] = []
            now = {it.id: it for it in known}
            for subscription in passes:
                charged = charged_on.get(subscription.id, frozenset())
                in_the_way = _freeze(work, subscription, freeze, charged, context, preview)
                if isinstance(in_the_way, Subscription):
                    now[subscription.id] = in_the_way
                else:
                    skipped.append(
                        SkippedSubscription(
                            subscription_id=subscription.id,
                            client_id=subscription.client_id,
                            dates=in_the_way,
                        )
                    )
        return Batch(
            last=client_ids[-1],
            frozen=len(passes) - len(skipped),
            skipped=tuple(skipped),
            overlapping=tuple(_overlapping(now.values(), freeze, self.today())),
        )


def _overlapping(
    passes: Collection[Subscription], freeze: Freeze, today: date
) -> Iterator[OverlappingSubscription]:
    """Those that are frozen on some day of a freeze, and run beside later ones."""
    by_client: dict[ClientId, list[Subscription]] = {}
    for it in passes:
        by_client.setdefault(it.client_id, []).append(it)
    for it in passes:
        if any(each.overlaps(freeze.since, freeze.until) for each in it.freezes):
            later = LaterPass.of(it, by_client[it.client_id], today)
            if both := tuple(each for each in later if each.both_until):
                yield OverlappingSubscription(subscription_id=it.id, client_id=it.client_id, later=both)


def _freeze(
    work: UnitOfWork,
    subscription: Subscription,
    freeze: Freeze,
    charged_on: Collection[date],
    context: ChangeContext,
    preview: bool,
) -> Subscription | tuple[date, ...]:
    """Freeze a pass and store it; or the dates of visits in the way, of none where it is something else.

    `preview`: nothing is stored.
    """
    try:
        freezes = (*subscription.freezes, freeze)
        after, event = subscription.edited({"freezes": freezes}, context, charged_on=charged_on)
    except VisitsOutside as refusal:
        return refusal.days
    except (Conflict, Invalid):
        # another freeze is there, or there are as many as there may be
        return ()
    if event and not preview:
        work.subscriptions.save(after)
        work.events.add(event)
    return after


class UnfreezeSubscription(DatedCommand):
    """Let a pass run again from a day of its freeze on, and return it.

    `since` is the first day of the freeze, which is over the day before `runs_again_on`, or gone on its first
    day. `versions`: refuse unless the stored version is one of these; None: any. Raises Forbidden,
    SubscriptionNotFound, Outdated, OutsideFreeze for a day on which that freeze does not suspend it,
    FreezeAfterEnd where the pass, which a freeze makes longer, would then end before a later one begins, and
    VisitsOutside where it would no longer cover a visit it has paid for.
    """

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        subscription_id: SubscriptionId,
        since: date,
        runs_again_on: date,
        versions: Collection[int] | None = None,
    ) -> SubscriptionDetails:
        require_level(actor, Permission.EDIT_SUBSCRIPTION)
        with self.store.transaction() as work:
            # whatever charges one of the client's passes locks the client, too
            work.clients.get_for_update(work.subscriptions.get(subscription_id).client_id)

            def edited(before: Subscription) -> tuple[Subscription, Event | None]:
                freezes = before.freezes_with_end(since, runs_again_on=runs_again_on)
                charged_on = work.subscriptions.days_charged(subscription_id)
                return before.edited({"freezes": freezes}, self._change_context(actor), charged_on=charged_on)

            subscription = edit(work, work.subscriptions, subscription_id, versions, edited)
        return SubscriptionDetails.of(subscription, self.today())


class LaterPassesOfClient(DatedQuery):
    """Return, by the ids of a client's passes, those that begin after each; a pass without any is not in it.

    For employees, and for parents of their own clients. Raises Forbidden, ClientNotFound.
    """

    @retried
    def __call__(
        self, actor: Actor, *, client_id: ClientId
    ) -> Mapping[SubscriptionId, tuple[LaterPass, ...]]:
        today = self.today()
        readable_client(self.store, actor, client_id)
        with self.store.read() as work:
            passes = work.subscriptions.of_clients([client_id], today, until=date.max)
        found = {it.id: LaterPass.of(it, passes, today) for it in passes}
        return {pass_id: later for pass_id, later in found.items() if later}
