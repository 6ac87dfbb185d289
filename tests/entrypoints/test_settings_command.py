"""`attendance settings`: what is in force, where it comes from, and no secret."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from attendance.entrypoints.cli import main
from attendance.entrypoints.commands.settings import HIDDEN, masked
from attendance.entrypoints.settings import SECRETS, Settings


def said(environment: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Value and origin by name."""
    done = CliRunner().invoke(main, ["settings"], env=environment, catch_exceptions=False)
    assert done.exit_code == 0
    lines = [line.partition("=") for line in done.output.splitlines()]
    return {name: (rest.rpartition("  # ")[0], rest.rpartition("  # ")[2]) for name, _, rest in lines}


def test_each_setting_is_shown_with_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key that nobody is to see, ever")
    shown = said(
        {
            "ATTENDANCE_PORT": "9000",
            "ATTENDANCE_SECRET_KEY_FILE": str(tmp_path / "key"),
            "ATTENDANCE_LABS": "off",
        }
    )
    assert [*shown] == [f"ATTENDANCE_{name.upper()}" for name in Settings.__struct_fields__]
    assert shown["ATTENDANCE_PORT"] == ("9000", "ATTENDANCE_PORT")
    assert shown["ATTENDANCE_LABS"] == ("off", "ATTENDANCE_LABS")
    assert shown["ATTENDANCE_SECRET_KEY"] == (HIDDEN, "ATTENDANCE_SECRET_KEY_FILE")
    assert shown["ATTENDANCE_HOST"] == ("127.0.0.1", "default")
    assert shown["ATTENDANCE_BASE_URL"] == ("", "default")


def test_wrong_settings_are_said_in_one_line() -> None:
    done = CliRunner().invoke(main, ["settings"], env={"ATTENDANCE_PROT": "1"})
    assert (done.exit_code, done.output) == (2, "Error: ATTENDANCE_PROT is not a setting\n")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("database_url", "memory", "memory"),
        ("database_url", "sqlite:///var/attendance.db", "sqlite:///var/attendance.db"),
        ("database_url", "postgresql://club:s3cret@db/club", "postgresql://club:***@db/club"),
        ("database_url", "postgresql://db/club?password=s3cret", "postgresql://db/club?***"),
        (
            "read_database_url",
            "postgresql://club:s3cret@a,b:5432/club",
            "postgresql://club:***@a,b:5432/club",
        ),
        ("smtp_url", "smtps://club:s3/c@r:et@host:465", "smtps://club:***@host:465"),
        ("smtp_url", "s3cret", HIDDEN),
        ("metrics_token", "memory", HIDDEN),
        ("secret_key", "https://s3cret@x", HIDDEN),
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_of_a_secret_nothing_is_shown_but_where_it_leads(name: str, value: str, shown: str) -> None:
    assert masked(name, value) == shown


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_what_is_no_address_of_a_secret_is_hidden(name: str) -> None:
    assert masked(name, "s3cret") == HIDDEN
