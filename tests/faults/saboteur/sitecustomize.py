"""Python runs this first when its directory is in PYTHONPATH: what is named is taken out before all else."""

import os

if names := os.environ.get("ATTENDANCE_TEST_SABOTAGE"):
    from tests.faults import sabotage, sabotage_of_accounts, sabotage_of_campaigns, sabotage_of_the_club

    known = (
        vars(sabotage) | vars(sabotage_of_accounts) | vars(sabotage_of_the_club) | vars(sabotage_of_campaigns)
    )
    for name in names.split(","):
        known[name]()
