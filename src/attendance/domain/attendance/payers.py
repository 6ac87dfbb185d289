"""Which pass pays or would pay for a visit, for a sheet to show it: chosen as charging chooses."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from attendance.domain.attendance.charging import terms_key
from attendance.domain.ids import ClientId, GroupId, SubscriptionId


class CoveringPass(NamedTuple):
    """A pass that covers a date, as far as it matters for paying on it. `price_name`: what it is called.

    `visits`, `visits_left` None: any number. `is_week_full`: none is left in the week of the date.
    A flat tuple: a sheet is made with one for each client.
    """

    id: SubscriptionId
    client_id: ClientId
    price_name: str
    visits: int | None
    visits_left: int | None
    group_ids: tuple[GroupId, ...]
    valid_until: date | None
    is_week_full: bool


def payer_of(
    paid_by: SubscriptionId | None, group_id: GroupId, passes: Sequence[CoveringPass]
) -> CoveringPass | None:
    """The pass that has paid for a visit to a group, else the one that would pay; None: there is none.

    `passes`: all of the client's that cover the date, in the order in which they were sold.
    """
    if paid_by is not None:
        for paid in passes:
            if paid.id == paid_by:
                return paid
    candidates = [
        sold
        for sold in passes
        if sold.visits_left != 0
        and not sold.is_week_full
        and (not sold.group_ids or group_id in sold.group_ids)
    ]
    if len(candidates) > 1:
        return min(candidates, key=lambda it: terms_key(it.visits, it.valid_until, it.group_ids))
    return candidates[0] if candidates else None
