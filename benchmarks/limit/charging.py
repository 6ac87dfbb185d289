"""Who pays for a visit, of passes that cover it, in the order in which they would."""

from typing import Any, TypeAlias

Charge: TypeAlias = tuple[str | None, bool]
"""The pass that paid, whether nobody did."""

NOTHING: Charge = (None, False)
UNPAID: Charge = (None, True)


class NoCandidate(Exception):
    """The pass that was named cannot pay."""


def charge(
    status: str,
    passes: list[list[Any]],
    *,
    trial: bool,
    before: Charge,
    payer_charges_absence: bool | None,
    named: str | None,
    anew: bool,
) -> Charge:
    """Each pass is its id, visits left (None: any) and whether it charges absences."""
    if anew and before[0] is not None:
        passes = [
            [one, left + (one == before[0]) if left is not None else None, of] for one, left, of in passes
        ]
        before, payer_charges_absence = NOTHING, None
    if trial or status == "excused":
        return NOTHING
    is_kept = named is None or named == before[0]
    if payer_charges_absence is not None and is_kept:
        payer, charges_absence = before[0], payer_charges_absence
    else:
        candidates = [it for it in passes if it[1] != 0 and named in (None, it[0])]
        if named and not candidates:
            raise NoCandidate
        payer, _, charges_absence = candidates[0] if candidates else (None, 0, True)
    if status == "absent":
        if not charges_absence:
            return NOTHING
        if payer is None and not all(of for _, _, of in passes):
            return NOTHING
    if before != NOTHING and is_kept:
        return before
    return UNPAID if payer is None else (payer, False)
