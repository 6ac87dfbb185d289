"""A club for trying out."""

from datetime import datetime

import click
from dependency_injector import providers

from attendance.application.ports import Notifier, NotSent
from attendance.domain.accounts.mail import Mail
from attendance.entrypoints.commands.opening import explained, stored
from attendance.entrypoints.commands.serving import serve
from attendance.entrypoints.demo.club import Demo, Size
from attendance.entrypoints.demo.people import ADDRESSES, WHO_IS_WHO
from attendance.entrypoints.settings import from_environment

EARLIEST = 1970


class NoMail(Notifier):
    """What is for people of the demo is done with; what was waiting for others waits on."""

    def send(self, mail: Mail) -> None:
        if not mail.to.endswith(ADDRESSES):
            raise NotSent("the demo sends no mail")


@click.command()
@click.option(
    "--scale", type=click.IntRange(min=1, max=10_000_000), help="About how many marks there shall be."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same club.")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day up to which lessons are marked; the present one, up to this minute, if not given.",
)
@click.option("--serve", "is_served", is_flag=True, help="Answer HTTP at once, as `attendance serve` does.")
@click.pass_context
@explained
def demo(
    context: click.Context, scale: int | None, seed: int, today: datetime | None, is_served: bool
) -> None:
    """Fill an empty database with a club that was never there, and its school year.

    Nobody is signed in by it, and no mail goes out. It says whom to sign in as.
    """
    settings = from_environment()
    now = datetime.now(settings.zone())
    if today is not None and not today.year >= EARLIEST:
        raise click.BadParameter(f"must be in {EARLIEST} or later", param_hint="--today")
    if today is not None and today.date() > now.date():
        raise click.BadParameter("must not be after the present day", param_hint="--today")
    with stored(may_make=True, notifier=providers.Object(NoMail())) as attendance:
        club = Demo(
            use=attendance,
            size=Size.for_marks(scale),
            seed=seed,
            today=(today or now).date(),
            now=None if today else now,
        )
        with click.progressbar(club.fill(), length=club.steps, label="groups") as groups:
            for _ in groups:
                pass
        while attendance.dispatch_mail():
            pass
    where = settings.public_url if is_served else f"{settings.public_url} once `attendance serve` runs"
    click.echo(_welcome(where, club.password))
    if is_served:
        context.invoke(serve)


def _welcome(where: str, password: str) -> str:
    """Where to look, and whom to sign in as."""
    longest = max(map(len, WHO_IS_WHO))
    people = "\n".join(f"  {username:{longest}}  {sees}" for username, sees in WHO_IS_WHO.items())
    return f"""
Open {where}, and sign in as

{people}

The password of all of them: {password}
"""
