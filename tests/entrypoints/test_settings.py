"""Settings come from the environment; a wrong one stops the start with a line that says which."""

import re
from pathlib import Path

import msgspec
import pytest

from attendance.domain.permissions.table import Directory
from attendance.entrypoints.settings import (
    FROM_FILE,
    PREFIX,
    SECRETS,
    Settings,
    SettingsError,
    from_environment,
    settings_of,
)

DOCUMENTED = Path(__file__).parents[2] / "docs" / "settings.md"
EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_without_any_the_defaults_hold() -> None:
    assert from_environment({"PATH": "/bin", "ATTENDANCE_TEST_DATABASE_URL": "x"}) == Settings()


def test_settings_come_from_the_environment() -> None:
    environment = {
        "ATTENDANCE_DATABASE_URL": "memory",
        "ATTENDANCE_PORT": "9000",
        "ATTENDANCE_SESSION_HOURS": "1.5",
        "ATTENDANCE_SESSION_IDLE_HOURS": "1",
        "ATTENDANCE_LABS_DIRECTORY": "signed_in",
    }
    assert from_environment(environment) == Settings(
        database_url="memory",
        port=9000,
        session_hours=1.5,
        session_idle_hours=1,
        labs_directory=Directory.SIGNED_IN,
    )


def test_blanks_at_the_ends_are_none_of_a_setting_but_of_a_secret() -> None:
    environment = {"ATTENDANCE_TIMEZONE": " Europe/Berlin\t", "ATTENDANCE_SECRET_KEY": " a secret "}
    assert from_environment(environment) == Settings(timezone="Europe/Berlin", secret_key=" a secret ")


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    value = "http://from.a.file/" if name == "otlp_endpoint" else "postgresql://from-a/file"
    (tmp_path / "secret").write_text(f"{value}\n")
    # a replica is one of a database
    beside = {} if name == "database_url" else {f"{PREFIX}DATABASE_URL": "postgresql://not/from-a-file"}
    settings = from_environment({f"{PREFIX}{name.upper()}{FROM_FILE}": str(tmp_path / "secret"), **beside})
    assert getattr(settings, name) == value


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ATTENDANCE_PROT": "9000"}, "ATTENDANCE_PROT is not a setting"),
        ({"ATTENDANCE_HOST_FILE": "/x"}, "ATTENDANCE_HOST_FILE is not a setting"),
        ({"ATTENDANCE_PORT": "many"}, "ATTENDANCE_PORT: "),
        ({"ATTENDANCE_PORT": "0"}, "ATTENDANCE_PORT: "),
        ({"ATTENDANCE_PORT": ""}, "ATTENDANCE_PORT: "),
        ({"ATTENDANCE_WORKERS": "1.5"}, "ATTENDANCE_WORKERS: "),
        ({"ATTENDANCE_SESSION_HOURS": "nan"}, "ATTENDANCE_SESSION_HOURS: "),
        ({"ATTENDANCE_SESSION_HOURS": "inf"}, "ATTENDANCE_SESSION_HOURS: "),
        ({"ATTENDANCE_LABS_DIRECTORY": "closed"}, "ATTENDANCE_LABS_DIRECTORY: "),
        (
            {"ATTENDANCE_LOG_LEVEL": "loud"},
            "ATTENDANCE_LOG_LEVEL: must be one of debug, info, warning, error",
        ),
        ({"ATTENDANCE_BASE_URL": "club"}, "ATTENDANCE_BASE_URL: must be an address that begins with http://"),
        ({"ATTENDANCE_BASE_URL": "https://x.example/?y"}, "without ? and #"),
        ({"ATTENDANCE_RESET_LINK": "https://x.example/"}, "with {token} in it"),
        ({"ATTENDANCE_METRICS_TOKEN": ""}, "ATTENDANCE_METRICS_TOKEN: "),
        ({"ATTENDANCE_READ_DATABASE_URL": "sqlite:///x"}, "ATTENDANCE_READ_DATABASE_URL: only"),
        ({"ATTENDANCE_DATABASE_URL": "memory", "ATTENDANCE_WORKERS": "2"}, "one process"),
        ({"ATTENDANCE_SESSION_IDLE_HOURS": "13"}, "session_idle_hours"),
        ({"ATTENDANCE_REMEMBER_IDLE_DAYS": "31"}, "remember_idle_days"),
        ({"ATTENDANCE_SECRET_KEY_FILE": "/nowhere/at/all"}, "ATTENDANCE_SECRET_KEY_FILE: cannot be read"),
        ({"ATTENDANCE_SECRET_KEY_FILE": "/dev/null", "ATTENDANCE_SECRET_KEY": "x"}, "set twice"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        from_environment(environment)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_empty_is_what_it_is_without() -> None:
    """As `attendance settings` prints it."""
    empty = from_environment({"ATTENDANCE_BASE_URL": "", "ATTENDANCE_CONFIRM_LINK": " "})
    assert (empty.base_url, empty.confirm_link) == (None, None)


def test_a_setting_that_does_not_exist_is_refused_for_python_callers_too() -> None:
    with pytest.raises(SettingsError):
        settings_of({"database_url": "memory", "prot": 9000})


def documented() -> dict[str, str]:
    """Name → default, from the one table."""
    rows = re.findall(r"^\| `(ATTENDANCE_\w+)` \|([^|]*)\|", DOCUMENTED.read_text(), re.MULTILINE)
    return {name.removeprefix(PREFIX).lower(): default.strip(" `") for name, default in rows}


def test_the_one_table_lists_every_setting_with_its_default() -> None:
    def shown(value: object) -> str:
        return "" if value in (None, "") else str(value)

    defaults = {field.name: shown(field.default) for field in msgspec.structs.fields(Settings)}
    assert documented() == defaults


def test_every_secret_is_marked_in_the_table() -> None:
    marked = re.findall(r"^\| `ATTENDANCE_(\w+)` \|[^|]*\|.*`_FILE`", DOCUMENTED.read_text(), re.MULTILINE)
    assert {name.lower() for name in marked} == SECRETS


def example() -> dict[str, str]:
    """Variable → value, as whoever takes every # away from a variable would have them."""
    return dict(re.findall(r"^#(ATTENDANCE_\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


def test_the_example_sets_nothing_and_names_every_setting() -> None:
    lines = EXAMPLE.read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
    assert [*example()] == [f"{PREFIX}{name.upper()}" for name in Settings.__struct_fields__]


def test_the_values_of_the_example_are_the_defaults() -> None:
    assert from_environment({name: value for name, value in example().items() if value}) == Settings()


@pytest.mark.parametrize(
    "file", ["Dockerfile", "compose.yaml", "attendance.service", "nginx.conf", "Caddyfile"]
)
def test_what_is_deployed_names_settings_that_there_are(file: str) -> None:
    text = (DOCUMENTED.parents[1] / "deploy" / file).read_text()
    named = {name.removeprefix(PREFIX).lower() for name in re.findall(r"ATTENDANCE_[A-Z_]+[A-Z]", text)}
    from_files = {name.removesuffix(FROM_FILE.lower()) for name in named if name.endswith(FROM_FILE.lower())}
    assert named
    assert from_files <= SECRETS
    others = {name for name in named if not name.endswith(FROM_FILE.lower())}
    assert others - {*Settings.__struct_fields__} == set()
