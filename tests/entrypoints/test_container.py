"""Every combination of settings wires up into something that works."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from dependency_injector import providers

from attendance import Status, UseCases, open_attendance
from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.application.use_cases import USE_CASES
from attendance.domain.errors import Unavailable
from attendance.entrypoints.container import Container, close
from attendance.entrypoints.secrets import signing_keys
from attendance.entrypoints.settings import Settings, SettingsError
from tests.databases import PostgresDatabases
from tests.fakes import PASSWORD

KEY = "k" * 32


@pytest.fixture
def container(store_url: str) -> Iterator[Container]:
    container = Container(settings=Settings(database_url=store_url, secret_key=KEY))
    yield container
    close(container)


def test_every_provider_can_be_built_in_every_storage(container: Container, store_url: str) -> None:
    container.check_dependencies()
    for name, provider in container.providers.items():
        if name in ("primary", "read_database") and store_url == "memory":
            continue
        assert provider() is not None, name
    assert isinstance(container.use_cases(), UseCases)
    assert isinstance(container.store(), MemoryStore if store_url == "memory" else SqlStore)


def test_every_use_case_has_its_ports_filled(container: Container) -> None:
    use_cases = container.use_cases()
    for name in USE_CASES:
        use_case = getattr(use_cases, name)
        for port in use_case.__dataclass_fields__:
            assert not isinstance(getattr(use_case, port), providers.Provider), (name, port)
            assert getattr(use_case, port) is not None, (name, port)


def test_a_replica_serves_lists_alone(postgres: PostgresDatabases) -> None:
    url = postgres.fresh()
    container = Container(settings=Settings(database_url=url, read_database_url=url, secret_key=KEY))
    store = container.store()
    assert store.primary is container.primary()
    assert store.replica.database is container.read_database()
    assert store.replica.database is not store.primary
    close(container)


def test_without_a_replica_the_primary_serves_lists(container: Container, store_url: str) -> None:
    if store_url != "memory":
        assert container.store().replica is container.store().primary


def test_python_callers_get_all_of_it(store_url: str) -> None:
    from datetime import date

    with open_attendance(store_url, secret_key=KEY, argon2_memory_kib=8) as attendance:
        ada = attendance.register(username="ada", password=PASSWORD)
        attendance.register(username="boris", password=PASSWORD)
        owner = attendance.actor_of(attendance.sign_in(username="ada", password=PASSWORD).access_token)
        member = attendance.actor_of(attendance.sign_in(username="boris", password=PASSWORD).access_token)
        assert owner.id == ada
        lab_id = attendance.create_lab(owner, name="Biology")
        attendance.join_lab(member, lab_id=lab_id)
        mark = attendance.mark_lab_attendance(
            owner, lab_id=lab_id, user_id=member.id, date=date(2026, 3, 2), status=Status.LATE
        )
        sheet = attendance.lab_attendance_by_date(owner, lab_id=lab_id, date=mark.date)
        assert [row.username for row in sheet.attendances] == ["boris"]


def test_what_one_opening_stored_another_finds(empty_database_url: str) -> None:
    """The first opening brings an empty database to its shape."""
    cheap = {"secret_key": KEY, "argon2_memory_kib": 8}
    with open_attendance(empty_database_url, **cheap) as attendance:
        attendance.register(username="ada", password=PASSWORD)
        token = attendance.sign_in(username="ada", password=PASSWORD).access_token
    with open_attendance(empty_database_url, **cheap) as attendance:
        actor = attendance.actor_of(token)
        assert attendance.search_accounts(actor).total == 1


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("mysql://x/y", {}),
        ("sqlite://", {}),
        ("nonsense", {}),
        ("memory", {"secret_key": "short"}),
        ("memory", {"no_such_setting": 1}),
        ("memory", {"password_min_length": 0}),
        ("memory", {"common_passwords": "/nowhere/at/all"}),
    ],
)
def test_what_cannot_be_opened_is_a_value_error(url: str, settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."), open_attendance(url, **{"secret_key": KEY, **settings}):
        pass


def test_a_database_that_is_away_is_unavailable() -> None:
    with (
        pytest.raises(Unavailable),
        open_attendance("postgresql://nobody@127.0.0.1:1/none", secret_key=KEY),
    ):
        pass


def test_the_first_start_makes_a_key_for_its_owners_eyes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    (first,) = signing_keys(settings)
    assert signing_keys(settings) == (first,)
    assert len(first) >= 32
    assert stat.S_IMODE(Path("var/secret_key").stat().st_mode) == 0o600
    assert [path.name for path in Path("var").iterdir()] == ["secret_key"]


def test_a_key_that_cannot_be_kept_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("var").write_text("a file where the directory should be")
    with pytest.raises(SettingsError):
        signing_keys(Settings())


def test_several_keys_are_separated_by_commas() -> None:
    assert signing_keys(Settings(secret_key=f"{KEY},{'o' * 32}")) == (KEY.encode(), b"o" * 32)


def test_memory_signs_with_a_key_of_its_own() -> None:
    assert signing_keys(Settings(database_url="memory")) != signing_keys(Settings(database_url="memory"))
