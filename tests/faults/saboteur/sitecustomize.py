"""Python runs this first when its directory is in PYTHONPATH: what is named is taken out before all else."""

import os

if names := os.environ.get("ATTENDANCE_TEST_SABOTAGE"):
    from tests.faults import sabotage

    for name in names.split(","):
        getattr(sabotage, name)()
