"""Argon2id hashes of passwords with bounded concurrency, and the list of common passwords."""

import logging
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import TIMEOUT_MAX, BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import error_to_str

from attendance.adapters.processes import cpus, forking
from attendance.application.ports import Hasher
from attendance.domain.errors import Unavailable
from attendance.domain.text import folded

log = logging.getLogger(__name__)

# argon2.h: ARGON2_MEMORY_ALLOCATION_ERROR, ARGON2_THREAD_FAIL. The machine's fault, not the hash's.
_EXHAUSTED = frozenset(error_to_str(code) for code in (-22, -33))


class Argon2Hasher(Hasher):
    """Argon2id. At most `at_once` callers hash at a time (default: one per core), `longest_queue` more wait.

    A further caller, or one that waited `longest_wait` seconds, gets Unavailable. Verifying a stored hash
    made under other parameters takes as long as those say, until its owner signs in and it is replaced.
    """

    def __init__(
        self,
        *,
        time_cost: int,
        memory_kib: int,
        parallelism: int,
        longest_queue: int,
        longest_wait: float,
        at_once: int | None = None,
    ) -> None:
        concurrency = len(cpus.usable()) if at_once is None else at_once
        if min(time_cost, parallelism, concurrency) < 1 or memory_kib < 8 * parallelism:
            raise ValueError("time_cost, parallelism and at_once start at 1, memory_kib at 8 for each lane")
        if longest_queue < 0 or not 0 <= longest_wait <= TIMEOUT_MAX:
            raise ValueError("longest_queue and longest_wait start at 0")
        self._argon2 = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)
        self._unmatched_hash = _hash_of_no_password(self._argon2)
        self._concurrency, self._longest_queue, self._longest_wait = concurrency, longest_queue, longest_wait
        self._free_slots()
        forking.care_for(self)

    def _free_slots(self) -> None:
        self._waiting_or_running = BoundedSemaphore(self._concurrency + self._longest_queue)
        self._running = BoundedSemaphore(self._concurrency)

    def before_fork(self) -> None: ...

    def after_fork(self, *, is_child: bool) -> None:
        """A child has no thread but the one that forked: nobody there hashes or waits."""
        if is_child:
            self._free_slots()

    def hash(self, password: str) -> str:
        with self._slot():
            try:
                return self._argon2.hash(password)
            except HashingError as error:
                raise _out_of_resources(error) from error

    def verify(self, password: str, password_hash: str | None) -> bool:
        # No hash can be of a password that is not proper text, but finding out takes as long as for others.
        secret = password.encode("utf-8", "surrogatepass")
        with self._slot():
            if password_hash is None:
                self._matches(secret, self._unmatched_hash)
                return False
            try:
                return self._matches(secret, password_hash)
            except (InvalidHashError, VerificationError, UnicodeEncodeError):
                # Without its traceback: the error may hold the hash.
                log.error("a stored password hash is malformed; its owner cannot sign in")
                self._matches(secret, self._unmatched_hash)
                return False

    def is_outdated(self, password_hash: str) -> bool:
        try:
            return self._argon2.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True

    def _matches(self, secret: bytes, password_hash: str) -> bool:
        try:
            return self._argon2.verify(password_hash, secret)
        except VerifyMismatchError:
            return False
        except VerificationError as error:
            if str(error) in _EXHAUSTED:
                raise _out_of_resources(error) from error
            raise

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._waiting_or_running.acquire(blocking=False):
            raise Unavailable
        try:
            if not self._running.acquire(timeout=self._longest_wait):
                raise Unavailable
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._waiting_or_running.release()


class CommonPasswords:
    """Whether a password is among the most common ones, in any case and width.

    The shipped list is read when it is first asked, a list of one's own at once: raises ValueError for one
    that cannot be read.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._own = None if path is None else common_passwords(path)

    def __call__(self, password: str) -> bool:
        return folded(password) in (_shipped() if self._own is None else self._own)


def common_passwords(path: Path | None) -> frozenset[str]:
    """The folded passwords of a file with one per line in UTF-8, or of the shipped one."""
    if path is None:
        return _shipped()
    try:
        return _read(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"the list of common passwords cannot be read: {path}: {error}") from error


@cache
def _shipped() -> frozenset[str]:
    return _read(files("attendance.adapters.security") / "data" / "common_passwords.txt")


def _read(source: Traversable) -> frozenset[str]:
    with source.open(encoding="utf-8-sig") as lines:
        return frozenset(folded(line.rstrip("\n")) for line in lines) - {""}


def _hash_of_no_password(argon2: PasswordHasher) -> str:
    """A hash under these parameters that no password has: chosen at random, so made in no time."""
    salt, digest = (
        b64encode(os.urandom(length)).decode().rstrip("=") for length in (argon2.salt_len, argon2.hash_len)
    )
    costs = f"m={argon2.memory_cost},t={argon2.time_cost},p={argon2.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${digest}"


def _out_of_resources(error: Exception) -> Unavailable:
    log.error("a password could not be hashed: %s", error)
    return Unavailable()
