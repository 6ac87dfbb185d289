"""What every command does: say in one line what an operator can mend, and open what the settings name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import click

from attendance.application.use_cases import UseCases
from attendance.domain.errors import AttendanceError, Unavailable
from attendance.entrypoints.settings import MEMORY, SettingsError, from_environment

P = ParamSpec("P")


class Wrong(click.ClickException):
    """Settings or arguments that cannot be."""

    exit_code = 2


def explained(command: Callable[P, None]) -> Callable[P, None]:
    """What an operator can mend is one line on standard error, not a traceback.

    Exit status 2 for what is wrong with settings or arguments, 1 for what is refused.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Unavailable as error:
            raise click.ClickException(f"{error}: is the database reachable?") from error
        except AttendanceError as error:
            raise click.ClickException(str(error)) from error
        except (SettingsError, ValueError) as error:
            raise Wrong(str(error)) from error

    return run


@contextmanager
def stored(**instead: Any) -> Iterator[UseCases]:
    """The use cases over the database that the environment names; raise SettingsError where none is kept.

    `instead`: providers of ports that are to be filled otherwise, by their names.
    """
    # only here: `--help` needs nothing of it
    from attendance.entrypoints.container import opened

    settings = from_environment()
    if settings.database_url == MEMORY:
        raise SettingsError("ATTENDANCE_DATABASE_URL: memory is gone when this command ends")
    with opened(settings, **instead) as use_cases:
        yield use_cases
