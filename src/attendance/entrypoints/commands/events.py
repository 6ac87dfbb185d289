"""The log of events, printed and followed."""

import os
import select
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from attendance.application.pagination import LARGEST_PAGE, NumberedPage
from attendance.application.use_cases import UseCases
from attendance.domain.errors import Unavailable
from attendance.domain.events import Action, Facts, SubjectKind
from attendance.domain.ids import OPERATOR_ID
from attendance.domain.permissions.actor import OPERATOR
from attendance.entrypoints.commands.opening import explained, stored

if TYPE_CHECKING:
    from attendance.application.ports.events import LoggedEvent

POLL_SECONDS = 0.5
MOST_OF_THE_LAST = 100


@click.command()
@click.option("--follow", is_flag=True, help="Go on with what happens from now on, until Ctrl-C.")
@click.option("--since", type=click.IntRange(min=0), help="Only what comes after this position.")
@click.option(
    "--last",
    type=click.IntRange(0, MOST_OF_THE_LAST),
    help="Begin with so many of the events there are, all kinds counted.",
)
@click.option("--kind", type=click.Choice([kind.value for kind in SubjectKind]), help="Only about this kind.")
@click.option("--action", type=click.Choice([action.value for action in Action]), help="Only this action.")
@click.option("--json", "is_json", is_flag=True, help="Each as a line of JSON, as the API has it.")
@explained
def events(
    follow: bool, since: int | None, last: int | None, kind: str | None, action: str | None, is_json: bool
) -> None:
    """Print the log of events, oldest first, each with its position.

    With a position that was printed, --since goes on after it: nothing is left out or printed twice.
    """
    if since is not None and last is not None:
        raise click.BadParameter("is not for --last", param_hint="--since")
    show = _json_line if is_json else _line
    try:
        with stored() as attendance:
            log = Log(
                attendance,
                kind=None if kind is None else SubjectKind(kind),
                action=None if action is None else Action(action),
                position=since or 0 if last is None else _before(attendance, last),
            )
            for logged in log.followed() if follow else log.until_the_end():
                click.echo(show(logged))
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # whoever read has enough; Python writes what is left once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Log:
    """Reads on in the log, from a position."""

    def __init__(
        self, attendance: UseCases, *, kind: SubjectKind | None, action: Action | None, position: int
    ) -> None:
        self._attendance = attendance
        self._kind, self._action, self._position = kind, action, position

    def until_the_end(self) -> "Iterator[LoggedEvent]":
        """What there is."""
        while True:
            begin = self._position
            yield from self._read_on()
            if self._position == begin:
                return

    def followed(self) -> "Iterator[LoggedEvent]":
        """What there is and what comes, until nobody reads any more. While the database is away it waits."""
        is_away = False
        while True:
            try:
                yield from self.until_the_end()
                is_away = False
            except Unavailable as error:
                if not is_away:
                    click.echo(f"{error}: the database is away, waiting for it", err=True)
                is_away = True
            if _is_gone(POLL_SECONDS):
                return

    def _read_on(self) -> "Iterator[LoggedEvent]":
        stretch = self._attendance.follow_events(
            OPERATOR, after=self._position, limit=LARGEST_PAGE, kind=self._kind, action=self._action
        )
        for logged in stretch.events:
            yield logged
            self._position = logged.position
        self._position = stretch.position


def _before(attendance: UseCases, number: int) -> int:
    """The position just before the last so many events."""
    newest_first = [*attendance.list_events(OPERATOR, page=NumberedPage(1, number or 1))]
    if not newest_first:
        return 0
    return int(newest_first[-1].position) - (1 if number else 0)


def _is_gone(seconds: float) -> bool:
    """Wait, but no longer than somebody reads; whether nobody does any more."""
    if not hasattr(select, "poll"):
        time.sleep(seconds)
        return False
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        time.sleep(seconds)
        return False
    reader = select.poll()
    reader.register(descriptor, 0)
    return bool(reader.poll(seconds * 1000))


def _line(logged: "LoggedEvent") -> str:
    """An event as people read it: texts as JSON has them, so that none can pass for a line or a command."""
    event = logged.event
    if event.actor_id is None or event.actor_id == OPERATOR_ID:
        actor = "system" if event.actor_id is None else "operator"
    else:
        actor = logged.actor_username or str(event.actor_id)
    name = f" {_encoded(logged.subject_name)}" if logged.subject_name else ""
    changed = [
        f"{word} {_encoded(facts)}" for word, facts in (("was", event.before), ("is", event.after)) if facts
    ]
    about = f"{event.subject_kind} {event.subject_id}{name}"
    return "  ".join(
        [f"{logged.position:>6}", f"{event.at:%Y-%m-%d %H:%M:%S}Z", actor, event.action, about, *changed]
    )


def _json_line(logged: "LoggedEvent") -> str:
    import msgspec

    from attendance.adapters.http.events import event_view

    return msgspec.json.encode(event_view(logged)).decode()


def _encoded(value: Facts | str) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()
