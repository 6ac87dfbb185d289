"""A club for trying out."""

from datetime import UTC, datetime

import click

from attendance.entrypoints.commands.opening import explained, stored
from attendance.entrypoints.demo.club import Demo, Size

EARLIEST, LATEST = 1970, 9000


@click.command()
@click.option(
    "--scale", type=click.IntRange(min=1, max=10_000_000), help="About how many marks there shall be."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same club.")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day up to which lessons are marked; the present one if not given.",
)
@explained
def demo(scale: int | None, seed: int, today: datetime | None) -> None:
    """Fill an empty database with a club that was never there, and its school year."""
    if today is not None and not EARLIEST <= today.year <= LATEST:
        raise click.BadParameter(f"must be in the years {EARLIEST} to {LATEST}", param_hint="--today")
    with stored() as attendance:
        club = Demo(
            use=attendance, size=Size.for_marks(scale), seed=seed, today=(today or datetime.now(UTC)).date()
        )
        with click.progressbar(club.fill(), length=club.steps, label="groups") as groups:
            for _ in groups:
                pass
    click.echo(
        "Sign in as demo-owner, demo-head, demo-manager, demo-teacher-1 to demo-teacher-8 or demo-parent, "
        f"with the password {club.password}"
    )
