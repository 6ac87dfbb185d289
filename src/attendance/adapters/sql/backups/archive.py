"""A backup as one file: a ZIP archive with a copy of the database, and what is said of it."""

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

FORMAT = 1
MANIFEST, COPY = "manifest.json", "database"
BLOCK = 1024 * 1024
LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}\.part(-journal)?")
LEFT_OVER_SECONDS = 24 * 60 * 60


class BackupError(Exception):
    """A backup that cannot be made, or not be restored. Its text is one line for an operator."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a backup.

    `revision`: the newest migration of the database, `attendance` and `server` what ran then. `tables`: how
    many rows the copy has of each table; the copy has no rows of those in `left_out`. `size` in bytes and
    `sha256` of the copy.
    """

    format: int
    made_at: datetime
    attendance: str
    database: str
    server: str
    revision: str
    schema: str | None
    tables: Mapping[str, int]
    left_out: tuple[str, ...]
    size: int
    sha256: str


def checksum(copy: Path) -> str:
    with copy.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_leftovers(directory: Path) -> None:
    """Remove what was not whole when a backup or restore was killed, more than a day ago."""
    for path in directory.glob(".*.part*"):
        if LEFTOVER.fullmatch(path.name) and time.time() - path.stat().st_mtime > LEFT_OVER_SECONDS:
            path.unlink(missing_ok=True)


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A path in the directory of `target` for what is not whole yet; whatever is left there goes."""
    path = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield path
    finally:
        for left in target.parent.glob(f"{path.name}*"):
            left.unlink(missing_ok=True)


def write_archive(target: Path, copy: Path, manifest: Manifest) -> None:
    """Write the file, whole or not at all; only its owner may read it. Raises BackupError where one is."""
    with beside(target) as part:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # what pg_dump writes is compressed already
        how = zipfile.ZIP_STORED if manifest.database == "postgresql" else zipfile.ZIP_DEFLATED
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", how, compresslevel=1) as archive:
                archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
                archive.write(copy, COPY)
            file.flush()
            os.fsync(file.fileno())
        appear(part, target)


def appear(part: Path, target: Path) -> None:
    """Give a file that is whole its name, unless somebody has it, and see to it that a crash keeps that."""
    try:
        os.link(part, target)
    except FileExistsError as error:
        raise BackupError(f"{target} is there already") from error
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def opened_archive(source: Path) -> Iterator[tuple[Manifest, Callable[[Path], None]]]:
    """What is said of a backup, and how its copy is written to a path.

    Raises BackupError for a file that is none, or of a later form; and when the copy is written, if it is not
    as the manifest says.
    """
    with ExitStack() as opened:
        with _read_from(source):
            archive = opened.enter_context(zipfile.ZipFile(source))
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
        if manifest.format != FORMAT:
            raise BackupError(f"{source} has a form {manifest.format} that this attendance does not know")

        def write(copy: Path) -> None:
            copy.touch(mode=0o600, exist_ok=False)
            with _read_from(source), archive.open(COPY) as packed, copy.open("wb") as file:
                _unpack(packed, file)
            if (copy.stat().st_size, checksum(copy)) != (manifest.size, manifest.sha256):
                raise BackupError(f"{source} is damaged: its copy is not the one that was written")

        yield manifest, write


@contextmanager
def _read_from(source: Path) -> Iterator[None]:
    """Whatever a file that is no archive, or a damaged one, makes of the library that reads it."""
    try:
        yield
    except OSError as error:
        # that is how a place is said to be none
        if error.errno != errno.EINVAL:
            raise
        raise BackupError(f"{source} is no backup of attendance, or damaged") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        msgspec.MsgspecError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise BackupError(f"{source} is no backup of attendance, or damaged: {error}") from error


def _unpack(packed: IO[bytes], file: IO[bytes]) -> None:
    shutil.copyfileobj(packed, file, BLOCK)
    file.flush()
    os.fsync(file.fileno())
