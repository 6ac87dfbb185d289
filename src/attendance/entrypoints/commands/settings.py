"""What is in force, and where it comes from."""

import re

import click
import msgspec

from attendance.entrypoints.commands.opening import explained
from attendance.entrypoints.settings import MEMORY, PREFIX, SECRETS, Settings, from_environment, sources

HIDDEN = "(hidden)"
URLS = frozenset({"database_url", "otlp_endpoint", "read_database_url", "smtp_url"})
BEFORE_A_HOST = re.compile(
    r"(?P<scheme>[A-Za-z0-9+.-]+://)(?:(?P<user>[^:/@]*)(?::.*)?@)?(?P<rest>[^@]*)", re.DOTALL
)


@click.command()
@explained
def settings() -> None:
    """Show the settings that are in force.

    Each with the variable that it comes from, secrets hidden. Wrong settings are said in one line instead.
    """
    chosen, origins = from_environment(), sources()
    for name in Settings.__struct_fields__:
        value = msgspec.to_builtins(getattr(chosen, name))
        shown = "" if value is None else masked(name, str(value))
        click.echo(f"{PREFIX}{name.upper()}={shown}  # {origins.get(name, 'default')}")


def masked(name: str, value: str) -> str:
    """A value as it may be shown: of a secret that is an address, all but the password and the query."""
    if name not in SECRETS:
        return value
    if name == "database_url" and value == MEMORY:
        return value
    found = BEFORE_A_HOST.fullmatch(value) if name in URLS else None
    if found is None:
        return HIDDEN
    rest, question_mark, _ = found["rest"].partition("?")
    user = "" if found["user"] is None else f"{found['user']}:***@"
    return f"{found['scheme']}{user}{rest}{'?***' if question_mark else ''}"
