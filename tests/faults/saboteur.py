"""Takes protections out of a process that has begun and done nothing yet."""

from collections.abc import Iterable

from tests.campaigns import sabotage as leaks
from tests.faults import sabotage, sabotage_of_accounts, sabotage_of_campaigns, sabotage_of_the_club

KNOWN = (
    vars(sabotage)
    | vars(sabotage_of_accounts)
    | vars(sabotage_of_the_club)
    | vars(sabotage_of_campaigns)
    | vars(leaks)
)


def take_out(names: Iterable[str]) -> None:
    """Those that a function of a module of sabotage is named for."""
    for name in names:
        KNOWN[name]()
