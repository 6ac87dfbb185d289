"""What every command does: say in one line what an operator can mend, and open what the settings name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import click

from attendance.application.use_cases import UseCases
from attendance.domain.errors import AttendanceError, Unavailable
from attendance.entrypoints.settings import MEMORY, Settings, SettingsError, from_environment

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
        except AttendanceError as error:
            raise click.ClickException(_said(error)) from error
        except (SettingsError, ValueError) as error:
            raise Wrong(str(error)) from error
        except Exception as error:
            from attendance.adapters.sql.engine.errors import kind_of, reason_of

            if kind_of(error) is None:
                raise
            raise click.ClickException(f"the database: {reason_of(error)}") from error

    return run


def _said(error: AttendanceError) -> str:
    """What is refused; of what a database could not do, why."""
    if not isinstance(error, Unavailable) or error.__cause__ is None:
        return str(error)
    from attendance.adapters.sql.engine.errors import reason_of

    return f"the database is unavailable: {reason_of(error)}"


def require_database(settings: Settings) -> None:
    """Raise SettingsError where the settings name a file that is not there: who only asks makes none."""
    from attendance.adapters.sql.engine.databases import sqlite_file

    if settings.database_url == MEMORY:
        raise SettingsError("ATTENDANCE_DATABASE_URL: memory is gone when this command ends")
    path = sqlite_file(settings.database_url)
    if path is not None and not path.exists():
        raise SettingsError(
            f"{path} is not there: is ATTENDANCE_DATABASE_URL set, and is this the directory it is meant "
            "from? `attendance migrate` makes a new one"
        )


@contextmanager
def stored(*, may_make: bool = False, **instead: Any) -> Iterator[UseCases]:
    """The use cases over the database that the environment names; raise SettingsError where there is none.

    With `may_make` it is made then. `instead`: providers of ports that are to be filled otherwise, by their
    names.
    """
    # only here: `--help` needs nothing of it
    from attendance.entrypoints.container import opened

    settings = from_environment()
    if not may_make or settings.database_url == MEMORY:
        require_database(settings)
    with opened(settings, **instead) as use_cases:
        yield use_cases
