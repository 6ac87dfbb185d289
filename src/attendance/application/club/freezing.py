"""Freezing all passes, or those of a location's members, while nothing takes place."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from attendance.application.forms.field_errors import errors_of
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command
from attendance.application.ports import UnitOfWork
from attendance.application.ports.club import LOCATIONS
from attendance.domain.club.schedules import require_range
from attendance.domain.club.subscriptions import Freeze, Subscription, VisitsOutside
from attendance.domain.errors import Conflict, FieldError, Invalid
from attendance.domain.events import ChangeContext
from attendance.domain.ids import ClientId, LocationId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission
from attendance.domain.text import raise_if_errors

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
class FrozenSubscriptions:
    """How many passes were frozen, and which were not, by client's id, then by their own."""

    frozen: int
    skipped: tuple[SkippedSubscription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What became of the passes of some clients, `last` of whom has the greatest id."""

    last: ClientId
    frozen: int
    skipped: tuple[SkippedSubscription, ...]


class FreezeSubscriptions(Command):
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
        return FrozenSubscriptions(frozen=sum(batch.frozen for batch in batches), skipped=tuple(skipped))

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
            passes = [
                it
                for it in work.subscriptions.of_clients(client_ids, since, until=until)
                if it.runs_between(since, until)
            ]
            charged_on = work.subscriptions.days_charged_between([it.id for it in passes], since, until)
            skipped: list[SkippedSubscription] = []
            for subscription in passes:
                charged = charged_on.get(subscription.id, frozenset())
                in_the_way = _freeze(work, subscription, freeze, charged, context, preview)
                if in_the_way is not None:
                    skipped.append(
                        SkippedSubscription(
                            subscription_id=subscription.id,
                            client_id=subscription.client_id,
                            dates=in_the_way,
                        )
                    )
        return Batch(last=client_ids[-1], frozen=len(passes) - len(skipped), skipped=tuple(skipped))


def _freeze(
    work: UnitOfWork,
    subscription: Subscription,
    freeze: Freeze,
    charged_on: Collection[date],
    context: ChangeContext,
    preview: bool,
) -> tuple[date, ...] | None:
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
    return None
