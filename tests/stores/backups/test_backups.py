"""A whole database in a file, and back: nothing is lost, nobody is let in, and what is damaged is refused."""

import os
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import make_url

from attendance.adapters.sql.backups import restoring, taking
from attendance.adapters.sql.backups.archive import (
    COPY,
    FORMAT,
    MANIFEST,
    BackupError,
    Manifest,
    checksum,
    opened_archive,
    write_archive,
)
from attendance.adapters.sql.backups.postgres_tools import PostgresTools
from attendance.adapters.sql.backups.restoring import restore
from attendance.adapters.sql.backups.taking import LEFT_OUT, back_up
from attendance.adapters.sql.backups.verifying import verify
from attendance.adapters.sql.engine.drivers.sqlite import SQLITE_SETTINGS
from attendance.adapters.sql.schema.version import HEAD, UnusableDatabase
from attendance.adapters.sql.tables import metadata
from attendance.domain.accounts.links import InvalidResetToken
from attendance.domain.accounts.sessions import InvalidToken
from attendance.domain.errors import Unauthenticated
from attendance.domain.permissions.actor import OPERATOR
from tests import make
from tests.conftest import databases
from tests.databases import migrated
from tests.stores.backups.clubs import PASSWORD, TOOLS, LetsIn, filled, library, opened, rows

LEFT_AND_ANOTHER = (".a.zip.0123abcd.part", ".b.zip.0123abcd.part-journal", ".c.part")
MANIFEST_OF_A_COPY = Manifest(
    format=FORMAT,
    made_at=datetime(2026, 11, 20, tzinfo=UTC),
    attendance="0",
    database="sqlite",
    server="3",
    revision=HEAD,
    schema=None,
    tables={},
    left_out=(),
    size=0,
    sha256="",
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """A club in a database, another database that is empty, and where a file is to be."""

    url: str
    empty: str
    file: Path
    lets_in: LetsIn

    def back_up(self, tools: PostgresTools = TOOLS) -> Manifest:
        with opened(self.url) as database:
            return back_up(database, self.file, made_at=NOON, tools=tools)

    def restore(self, url: str | None = None, tools: PostgresTools = TOOLS) -> Manifest:
        with opened(url or self.empty) as database:
            return restore(database, self.file, tools=tools)

    def has_tables(self) -> bool:
        path = make_url(self.empty).database
        if self.empty.startswith("sqlite") and not Path(str(path)).exists():
            return False
        with opened(self.empty) as database, database.engine.connect() as connection:
            return bool(sa.inspect(connection).get_table_names())


@pytest.fixture(scope="module")
def clubs(request: pytest.FixtureRequest) -> Callable[[str], tuple[str, LetsIn]]:
    """The club of a kind of database, which all tests here share: its URL, and what lets somebody in."""

    @cache
    def of(kind: str) -> tuple[str, LetsIn]:
        url = databases(request, kind).fresh()
        return url, filled(url)

    return of


def scene_in(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    url, lets_in = request.getfixturevalue("clubs")(kind)
    return Scene(
        url=url, empty=databases(request, kind).empty(), file=tmp_path / "backup.zip", lets_in=lets_in
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return scene_in(request.param, request, tmp_path)


def test_what_is_backed_up_comes_back_and_nobody_is_signed_in(scene: Scene) -> None:
    before = rows(scene.url)
    assert all(before[table] for table in ("attendance", "lab_marks", "subscriptions", "events"))
    manifest = scene.back_up()
    assert manifest.tables == {name: len(before.get(name, [])) for name in metadata.tables}
    assert (manifest.revision, manifest.made_at) == (HEAD, NOON)
    assert scene.restore() == manifest
    assert rows(scene.empty) == before
    with opened(scene.empty) as database:
        assert verify(database).findings == ()
    with library(scene.empty) as attendance:
        with pytest.raises(Unauthenticated):
            attendance.actor_of(scene.lets_in.session)
        with pytest.raises(InvalidToken):
            attendance.reader_of_calendars(scene.lets_in.calendar)
        with pytest.raises(InvalidResetToken):
            attendance.set_password(token=scene.lets_in.invitation, password=PASSWORD)
        assert attendance.dispatch_mail() == 0
        assert attendance.sign_in(username="demo-owner", password=PASSWORD).access_token
        assert attendance.add_client(OPERATOR, name="Tom").version == 1


@pytest.mark.plants
def test_with_everything_in_it_a_backup_would_let_them_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "LEFT_OUT", ())
    scene.back_up()
    scene.restore()
    with library(scene.empty) as attendance:
        assert attendance.actor_of(scene.lets_in.session)
        assert attendance.reader_of_calendars(scene.lets_in.calendar)
        attendance.set_password(token=scene.lets_in.invitation, password=PASSWORD)


def test_whatever_lets_somebody_in_is_left_out() -> None:
    """By the columns that hold what is secret or was sent: a new table with one is thought of."""
    telling = {"digest", "facts", "body", "answer"}
    letting_in = {
        name
        for name, table in metadata.tables.items()
        if telling & {*table.columns.keys()} or "session" in name or "token" in name
    }
    assert letting_in <= {*LEFT_OUT}
    assert {*LEFT_OUT} <= {*metadata.tables}


def test_nothing_of_what_is_left_out_stays_in_the_file(scene: Scene, tmp_path: Path) -> None:
    scene.back_up()
    with zipfile.ZipFile(scene.file) as archive:
        copy = archive.read(COPY)
    if scene.url.startswith("postgresql"):
        assert copy.startswith(b"PGDMP")
        with opened(scene.url) as database, database.engine.connect() as connection:
            sessions = connection.scalars(sa.select(metadata.tables["sessions"].c.id)).all()
        assert sessions
        return
    with closing(sqlite3.connect(make_url(scene.url).database or "")) as source:
        digests = [digest for (digest,) in source.execute("SELECT digest FROM links")]
    assert digests
    for digest in digests:
        assert (digest if isinstance(digest, bytes) else digest.encode()) not in copy


def test_only_its_owner_reads_the_file_and_nothing_is_left_beside_it(scene: Scene) -> None:
    scene.back_up()
    assert scene.file.stat().st_mode & 0o777 == 0o600
    assert [*scene.file.parent.iterdir()] == [scene.file]
    scene.restore()
    assert [*scene.file.parent.iterdir()] == [scene.file]


def test_a_file_that_is_there_is_not_written_over(scene: Scene) -> None:
    scene.file.write_text("precious")
    with pytest.raises(BackupError, match="is there already"):
        scene.back_up()
    assert scene.file.read_text() == "precious"


def test_a_directory_that_is_not_there_is_one_line(scene: Scene) -> None:
    nowhere = replace(scene, file=scene.file.parent / "nowhere" / "backup.zip")
    for act in (nowhere.back_up, nowhere.restore):
        with pytest.raises(BackupError, match="No such file or directory"):
            act()


def test_nothing_is_restored_over_what_is_there(scene: Scene, request: pytest.FixtureRequest) -> None:
    scene.back_up()
    before = rows(scene.url)
    with pytest.raises(BackupError, match=r"not empty|in use"):
        scene.restore(scene.url)
    assert rows(scene.url) == before
    migrated(scene.empty)
    with pytest.raises(BackupError, match=r"not empty|in use"):
        scene.restore()


def changed(file: Path, **changes: Any) -> None:
    """The same copy with another manifest."""
    with zipfile.ZipFile(file) as archive:
        manifest, copy = msgspec.json.decode(archive.read(MANIFEST)), archive.read(COPY)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(MANIFEST, msgspec.json.encode(manifest | changes))
        archive.writestr(COPY, copy)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sha256": "0" * 64}, "is damaged"),
        ({"size": 1}, "is damaged"),
        ({"format": 2}, "does not know"),
        ({"revision": "9999"}, r"is newer \(9999\) than this attendance"),
        ({"database": "oracle"}, "this is a backup of oracle"),
        ({"made_at": "yesterday"}, "is no backup"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_changed(
    scene: Scene, changes: dict[str, Any], why: str
) -> None:
    scene.back_up()
    changed(scene.file, **changes)
    with pytest.raises(BackupError, match=why):
        scene.restore()
    assert not scene.has_tables()


def test_a_copy_with_other_rows_than_counted_is_refused(scene: Scene) -> None:
    manifest = scene.back_up()
    changed(scene.file, tables={**manifest.tables, "attendance": 1})
    with pytest.raises(BackupError, match="rows of attendance where 1 were counted"):
        scene.restore()


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
@pytest.mark.attacks
def test_a_file_that_lost_its_end_or_some_bytes_is_refused(scene: Scene, part: float) -> None:
    scene.back_up()
    whole = scene.file.read_bytes()
    place = int(len(whole) * part)
    for damaged in (whole[:place], whole[:place] + bytes(64) + whole[place + 64 :], b"", b"no backup"):
        scene.file.write_bytes(damaged)
        with pytest.raises(BackupError, match="damaged"):
            scene.restore()
        assert not scene.has_tables()


def test_a_database_that_is_not_up_to_date_is_migrated_first(scene: Scene) -> None:
    with opened(scene.empty) as database:
        with pytest.raises(UnusableDatabase, match="attendance migrate"):
            back_up(database, scene.file, made_at=NOON, tools=TOOLS)
        with pytest.raises(UnusableDatabase, match="attendance migrate"):
            verify(database)


def test_another_byte_anywhere_is_refused_or_of_no_meaning(tmp_path: Path) -> None:
    copy, target, back = tmp_path / "copy", tmp_path / "backup.zip", tmp_path / "back"
    copy.write_bytes(b"what is kept" * 20)
    size, sha256 = copy.stat().st_size, checksum(copy)
    write_archive(target, copy, msgspec.structs.replace(MANIFEST_OF_A_COPY, size=size, sha256=sha256))
    whole = target.read_bytes()
    refused = 0
    for place in range(len(whole)):
        target.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            with opened_archive(target) as (_, write):
                write(back)
            assert back.read_bytes() == copy.read_bytes()
        except BackupError:
            refused += 1
        back.unlink(missing_ok=True)
    assert refused > len(whole) / 2


def test_a_damaged_database_is_told_of_and_not_backed_up(sqlite_scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    shutil.copy(str(make_url(sqlite_scene.url).database), path)
    whole = path.read_bytes()
    page = 4096
    for number in range(len(whole) // page // 2, len(whole) // page, 7):
        whole = whole[: number * page] + bytes([0xA5]) * 400 + whole[number * page + 400 :]
    path.write_bytes(whole)
    with opened(f"sqlite:///{path}") as database:
        found = verify(database).findings
        assert found
        with pytest.raises(BackupError, match=r"cannot be copied|is damaged"):
            back_up(database, sqlite_scene.file, made_at=NOON, tools=TOOLS)
    assert not list(sqlite_scene.file.parent.glob("*backup*"))


def test_a_file_that_is_no_database_is_not_restored_over(sqlite_scene: Scene, tmp_path: Path) -> None:
    sqlite_scene.back_up()
    path = tmp_path / "text.db"
    path.write_text("somebody else's" * 100)
    with pytest.raises(BackupError, match="cannot be read"):
        sqlite_scene.restore(f"sqlite:///{path}")
    assert path.read_text().startswith("somebody else's")


def test_what_a_killed_backup_left_goes_a_day_later(sqlite_scene: Scene) -> None:
    old, new, other = (sqlite_scene.file.with_name(name) for name in LEFT_AND_ANOTHER)
    for path in (old, new, other):
        path.write_text("of a child")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    sqlite_scene.back_up()
    assert [path.exists() for path in (old, new, other)] == [False, True, True]


def test_without_the_programs_of_postgresql_it_says_what_to_install(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    why = r"pg_dump is not in .*: install .*ATTENDANCE_POSTGRESQL_BIN"
    url = databases(request, "postgresql").fresh()
    with opened(url) as database, pytest.raises(BackupError, match=why):
        back_up(database, tmp_path / "x.zip", made_at=NOON, tools=PostgresTools(tmp_path))
    assert [*tmp_path.iterdir()] == []


# While others write


class Meanwhile(PostgresTools):
    """Somebody adds a client after the rows are counted, and before they are dumped."""

    url: str = ""
    is_in_snapshot: bool = True

    def dump(self, url: sa.URL, copy: Path, *, snapshot: str, **rest: Any) -> None:
        with library(self.url) as attendance:
            attendance.add_client(OPERATOR, name="Meanwhile")
        super().dump(url, copy, snapshot=snapshot, **rest)


def added_meanwhile(url: str, tools: type[PostgresTools] = Meanwhile) -> PostgresTools:
    made = type("Tools", (tools,), {"url": url, "__slots__": ()})
    return made(TOOLS.directory)


@pytest.fixture
def postgres_scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return scene_in("postgresql", request, tmp_path)


def test_what_is_dumped_is_what_was_counted_whatever_is_written_meanwhile(postgres_scene: Scene) -> None:
    manifest = postgres_scene.back_up(added_meanwhile(postgres_scene.url))
    assert postgres_scene.restore() == manifest
    assert len(rows(postgres_scene.url)["clients"]) == manifest.tables["clients"] + 1


class WithoutSnapshot(Meanwhile):
    def _run(self, name: str, url: sa.URL, *arguments: str) -> None:
        kept = [argument for argument in arguments if not argument.startswith("--snapshot")]
        super()._run(name, url, *kept)


@pytest.mark.plants
def test_without_the_snapshot_more_is_dumped_than_was_counted(postgres_scene: Scene) -> None:
    postgres_scene.back_up(added_meanwhile(postgres_scene.url, WithoutSnapshot))
    with pytest.raises(BackupError, match="rows of clients where"):
        postgres_scene.restore()


@pytest.fixture
def sqlite_scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return scene_in("sqlite", request, tmp_path)


def newest_are_brought_back(scene: Scene) -> bool:
    """Whether clients are there that somebody added who has the database open still."""
    family = f"Newest{uuid4().hex}"  # the club is that of other tests, too
    with library(scene.url) as attendance:
        for number in range(40):
            attendance.add_client(OPERATOR, name=f"{number} {family}")
        scene.back_up()
        scene.restore()
    with library(scene.empty) as attendance:
        return attendance.list_clients(OPERATOR, q=family).total == 40


def test_what_stands_in_the_log_beside_the_file_is_in_the_backup(sqlite_scene: Scene) -> None:
    assert newest_are_brought_back(sqlite_scene)


@pytest.mark.plants
def test_a_plain_copy_of_the_file_lacks_what_stands_in_the_log(
    sqlite_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Copied:
        def __init__(self, source: Any) -> None:
            self.source = source

    def plain(database: Any, copy: Path, tools: PostgresTools) -> dict[str, Any]:
        shutil.copy(str(database.engine.url.database), copy)
        with closing(sqlite3.connect(copy)) as taken:
            tables = taking.counted_sqlite(taken, sorted(metadata.tables))
        return {"server": sqlite3.sqlite_version, "revision": HEAD, "schema": None, "tables": tables}

    monkeypatch.setattr(taking, "_copy_sqlite", plain)
    # the log may be due to be brought into the file after the very last of them
    monkeypatch.setitem(SQLITE_SETTINGS, "wal_autocheckpoint", 0)
    assert not newest_are_brought_back(sqlite_scene)


@pytest.mark.attacks
def test_a_backup_amid_writing_is_whole(scene: Scene) -> None:
    """Four write marks all the while; whatever moment it is, the books of the copy are in order."""
    stop, failures = threading.Event(), []

    def writes(number: int) -> None:
        with library(scene.url) as attendance:
            lessons = [*attendance.list_all_lessons(OPERATOR, page=None)][number::4]
            while not stop.is_set():
                for lesson in lessons:
                    try:
                        sheet = attendance.show_sheet(OPERATOR, lesson_id=lesson.id)
                        marks = [
                            {"client_id": entry.client_id, "status": make.Status.PRESENT, "note": str(number)}
                            for entry in sheet.attendances
                        ]
                        attendance.mark_attendance(OPERATOR, lesson_id=lesson.id, attendances=marks)
                    except Exception as error:
                        failures.append(error)
                    if stop.is_set():
                        break

    threads = [threading.Thread(target=writes, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        manifest = scene.back_up()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert scene.restore() == manifest
    with opened(scene.empty) as database:
        assert verify(database).findings == ()


def test_a_restore_that_fails_halfway_leaves_the_place_empty(
    sqlite_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_scene.back_up()

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restoring, "appear", fails)
    with pytest.raises(BackupError, match="No space left on device"):
        sqlite_scene.restore()
    assert not sqlite_scene.has_tables()
