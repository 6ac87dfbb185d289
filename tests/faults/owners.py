"""Run by itself: `attendance create-owner` for two owners at once, in each of several databases."""

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

from attendance.entrypoints.cli import main
from tests.faults.forks import forked
from tests.faults.scene import PASSWORD

OWNERS = ("ada", "grace")


def create_owner(database_url: str, place: Path, username: str) -> None:
    os.chdir(place)
    os.environ["ATTENDANCE_DATABASE_URL"] = database_url
    sys.stdin = io.StringIO(f"{PASSWORD}\n")
    who = ["--username", username, "--email", f"{username}@example.org"]
    with Path(username).open("w") as told, redirect_stdout(told), redirect_stderr(told):
        main(["create-owner", *who, "--password-stdin"])


if __name__ == "__main__":
    # what every one of them would load for itself
    import attendance.entrypoints.container  # noqa: F401

    for number, url in enumerate(sys.argv[1:]):
        (place := Path(f"round-{number}")).mkdir()
        statuses = forked([partial(create_owner, url, place, username) for username in OWNERS])
        told = [(place / username).read_text().strip() for username in OWNERS]
        sys.stdout.write("".join(f"{line}\n" for line in sorted(zip(statuses, told, strict=True))))
