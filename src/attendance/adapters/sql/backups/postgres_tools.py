"""The programs that PostgreSQL has for copying its databases."""

import os
import re
import shutil
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from attendance.adapters.sql.backups.archive import BackupError
from attendance.adapters.sql.engine.databases import Database

VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
MOST_LINES = 3
"""Of what a program complains of, in what an operator is told."""


def refuse_pooler(database: Database) -> None:
    """Raise BackupError where the programs would leave their settings in connections that others get."""
    if database.is_behind_pooler:
        raise BackupError(
            "pg_dump and pg_restore cannot go through a pooler: name the server in ATTENDANCE_DATABASE_URL"
        )


@dataclass(frozen=True, slots=True)
class PostgresTools:
    """`pg_dump` and `pg_restore`, from a directory, or where the PATH finds them."""

    directory: Path | None = None

    def version(self) -> int:
        """The version of `pg_dump`, which copies servers of it and of those before. Raises BackupError."""
        said = self._completed(self._found("pg_dump"), "--version")
        if said.returncode or not (found := VERSION.search(said.stdout)):
            raise BackupError(f"pg_dump does not say its version: {(said.stderr or said.stdout).strip()}")
        return int(found[1])

    def dump(self, url: sa.URL, copy: Path, *, snapshot: str, schema: str, without: Collection[str]) -> None:
        """Write a schema as it is in a snapshot, without the rows of some tables. Raises BackupError."""
        self._run(
            "pg_dump",
            url,
            "--format=custom",
            f"--file={copy}",
            f"--snapshot={snapshot}",
            f"--schema={_exactly(schema)}",
            *(f"--exclude-table-data={_exactly(schema)}.{_exactly(table)}" for table in without),
            "--no-owner",
            "--no-privileges",
        )

    def restore(self, url: sa.URL, copy: Path, *, schema: str) -> None:
        """Bring the copy back into a database, all or nothing. Raises BackupError."""
        self._run(
            "pg_restore",
            url,
            f"--schema={schema}",
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            str(copy),
        )

    def _found(self, name: str) -> str:
        program = shutil.which(name, path=self.directory and str(self.directory))
        if program is None:
            place = self.directory or "the PATH"
            raise BackupError(
                f"{name} is not in {place}: install PostgreSQL's client programs, or name their directory in "
                "ATTENDANCE_POSTGRESQL_BIN"
            )
        return program

    def _completed(
        self, program: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 # a program of PostgreSQL, its arguments ours
            [program, *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def _run(self, name: str, url: sa.URL, *arguments: str) -> None:
        program = self._found(name)
        # whoever lists the processes reads their arguments, not what they inherit
        public = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        secret = {} if url.password is None else {"PGPASSWORD": url.password}
        done = self._completed(program, f"--dbname={public}", "--no-password", *arguments, **secret)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            # the first line says what, the next ones which versions
            raise BackupError(f"{name} failed: {'; '.join(line.strip() for line in lines[:MOST_LINES])}")


def _exactly(name: str) -> str:
    """A pattern that stands for this name alone."""
    return '"' + name.replace('"', '""') + '"'
