"""Passwords: hashed slowly but never too many at once, and not the ones everybody tries first."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Condition, Semaphore
from typing import Any

import pytest
from argon2.exceptions import HashingError, VerificationError, VerifyMismatchError
from hypothesis import given, settings, strategies as st

from attendance.adapters.processes import cpus
from attendance.adapters.security import passwords as passwords_module
from attendance.adapters.security.passwords import Argon2Hasher, CommonPasswords, common_passwords
from attendance.domain.accounts.passwords import PasswordRules
from attendance.domain.errors import Invalid, Unavailable
from attendance.domain.text import folded

ROOT = Path(__file__).parents[3]
GIVE_UP_SECONDS = 30


def hasher(**others: Any) -> Argon2Hasher:
    chosen: dict[str, Any] = {
        "time_cost": 1,
        "memory_kib": 8,
        "parallelism": 1,
        "at_once": 2,
        "longest_queue": 8,
        "longest_wait": GIVE_UP_SECONDS,
    }
    return Argon2Hasher(**(chosen | others))


def test_the_right_password_is_told_from_a_wrong_one() -> None:
    argon2 = hasher()
    stored = argon2.hash("correct horse")
    assert argon2.verify("correct horse", stored) is True
    assert argon2.verify("correct horsf", stored) is False
    assert argon2.verify("", stored) is False


def test_a_hash_is_argon2id_with_the_given_costs_and_a_salt_of_its_own() -> None:
    argon2 = hasher(time_cost=2, memory_kib=64, parallelism=3)
    assert argon2.hash("x").startswith("$argon2id$v=19$m=64,t=2,p=3$")
    assert argon2.hash("x") != argon2.hash("x")


@pytest.mark.parametrize("password", ["", "\0", "a\0b", "пароль", "🔑" * 256, "x" * 1024])
def test_every_password_that_is_text_can_be_hashed(password: str) -> None:
    argon2 = hasher()
    stored = argon2.hash(password)
    assert argon2.verify(password, stored)
    assert not argon2.verify(password + "\0", stored)


@settings(deadline=None)
@given(st.text(st.characters()) | st.just("\ud800"), st.none() | st.text(st.characters()))
def test_nothing_that_is_verified_makes_it_raise(password: str, stored: str | None) -> None:
    assert hasher().verify(password, stored) is False


def test_a_missing_hash_costs_a_whole_verification_under_todays_parameters() -> None:
    argon2 = hasher(time_cost=2, memory_kib=16)
    costly = Costly(argon2)
    assert argon2.verify("anything", None) is False
    (checked,) = costly.checked
    assert checked.startswith("$argon2id$v=19$m=16,t=2,p=1$")
    assert not argon2.is_outdated(checked), "the same lengths of salt and hash too"
    with pytest.raises(VerifyMismatchError):  # and no decoding error, which would take no time
        costly.real.verify(checked, "anything")


def test_a_missing_hash_is_of_no_password_even_if_it_were() -> None:
    argon2 = hasher()
    argon2._unmatched_hash = argon2.hash("guessed")
    assert argon2.verify("guessed", None) is False


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "plain text",
        "$",
        "$argon2id$",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$!!!!",
        "$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0",
        "$argon2id$v=19$m=x,t=1,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0",
        "$2b$12$abcdefghijklmnopqrstuv",
        "é$argon2id$",
        "\ud800",
        "\0",
        "$" * 100_000,
    ],
    ids=lambda stored: ascii(stored[:40]),
)
def test_a_malformed_hash_is_unmatched_hash_and_is_logged_without_it(
    stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    argon2 = hasher()
    costly = Costly(argon2)
    assert argon2.verify("secret password", stored) is False
    assert argon2.is_outdated(stored)
    assert costly.checked == [stored, argon2._unmatched_hash], "it takes as long as any other"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is None
    assert record.getMessage() == "a stored password hash is malformed; its owner cannot sign in"


def test_a_hash_is_outdated_when_any_parameter_differs() -> None:
    argon2 = hasher(time_cost=1, memory_kib=16, parallelism=1)
    assert not argon2.is_outdated(argon2.hash("x"))
    for other in ({"time_cost": 2}, {"memory_kib": 32}, {"parallelism": 2}):
        assert argon2.is_outdated(hasher(**{"memory_kib": 16, **other}).hash("x"))


def test_a_hash_made_under_other_parameters_still_verifies() -> None:
    assert hasher(time_cost=2, memory_kib=32).verify("x", hasher().hash("x"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_cost": 0},
        {"parallelism": 0},
        {"memory_kib": 7},
        {"memory_kib": 15, "parallelism": 2},
        {"at_once": 0},
        {"longest_queue": -1},
        {"longest_wait": -1},
        {"longest_wait": float("nan")},
        {"longest_wait": float("inf")},
    ],
    ids=str,
)
def test_parameters_that_would_fail_at_the_first_sign_in_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="start at"):
        hasher(**wrong)


def test_by_default_one_caller_per_usable_core_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "usable", lambda: frozenset({3, 5, 7}))
    assert hasher(at_once=None)._running._value == 3


@pytest.mark.parametrize("message", ["Memory allocation error", "Threading failure"])
def test_a_machine_out_of_memory_or_threads_says_nothing_about_the_password(
    message: str, caplog: pytest.LogCaptureFixture
) -> None:
    argon2 = hasher()
    stored = argon2.hash("x")
    Failing(argon2, message)
    for stored_or_not in (stored, None):
        with pytest.raises(Unavailable):
            argon2.verify("x", stored_or_not)
    with pytest.raises(Unavailable):
        argon2.hash("x")
    assert {record.getMessage() for record in caplog.records} == {
        f"a password could not be hashed: {message}"
    }


def test_a_turn_is_given_back_whatever_happens() -> None:
    argon2 = hasher(at_once=1, longest_queue=0, longest_wait=0)
    for _ in range(3):
        with pytest.raises(UnicodeEncodeError):
            argon2.hash("\ud800")
        argon2.verify("x", "malformed")
    assert argon2.verify("x", argon2.hash("x"))


# How many hash at once. Every caller either enters the inner hash and stays there until all have come, or is
# refused at once: so the count needs no sleep and cannot miss anybody.


def most_at_once(argon2: Argon2Hasher, *, callers: int = 8) -> int:
    meeting = Meeting(argon2, callers)

    def call(number: int) -> None:
        try:
            if number % 2:
                argon2.hash("x")
            else:
                argon2.verify("x", None)
        except Unavailable:
            meeting.refused()

    in_threads(call, callers)
    return meeting.most


def test_no_more_than_at_once_hash_at_once() -> None:
    assert most_at_once(hasher(at_once=2, longest_wait=0)) == 2
    assert most_at_once(hasher(at_once=1, longest_wait=0)) == 1


def test_the_count_above_sees_more_when_more_may() -> None:
    assert most_at_once(hasher(at_once=8, longest_wait=0)) == 8


def test_the_count_above_sees_more_when_nothing_holds_them_back() -> None:
    unguarded = hasher(at_once=2, longest_wait=0)
    unguarded._running = Semaphore(1_000)
    assert most_at_once(unguarded) == 8


def test_who_waits_gets_a_turn_when_one_is_free() -> None:
    argon2 = hasher(at_once=2, longest_queue=6)
    pairs = Pairs(argon2)
    in_threads(lambda _: argon2.hash("x"), 8)
    assert pairs.done == 8
    assert pairs.most == 2


@pytest.mark.parametrize("longest_queue", [0, 1, 3])
def test_no_more_than_the_longest_queue_wait(longest_queue: int) -> None:
    assert refusals(hasher(at_once=1, longest_queue=longest_queue), 1 + longest_queue + 2, until=2) == 2


def test_the_refusals_above_stop_when_the_queue_has_no_end() -> None:
    unguarded = hasher(at_once=1, longest_queue=1)
    unguarded._waiting_or_running = Semaphore(1_000)
    assert refusals(unguarded, 4, until=0) == 0


def test_who_waited_too_long_is_told_to_come_again() -> None:
    assert refusals(hasher(at_once=1, longest_queue=5, longest_wait=0.01), 3, until=2) == 2


def refusals(argon2: Argon2Hasher, callers: int, *, until: int) -> int:
    """How many of the callers are refused, when the first to hash goes on until so many were."""
    meeting = Meeting(argon2, until)
    meeting.counts_entering = False

    def call(_: int) -> None:
        try:
            argon2.hash("x")
        except Unavailable:
            meeting.refused()

    in_threads(call, callers)
    return meeting.refusals


def in_threads(call: Any, callers: int) -> None:
    start = Barrier(callers, timeout=GIVE_UP_SECONDS)

    def started(number: int) -> None:
        start.wait()
        call(number)

    with ThreadPoolExecutor(callers) as threads:
        list(threads.map(started, range(callers)))


class Inner:
    """Stands in for argon2-cffi's hasher."""

    def __init__(self, argon2: Argon2Hasher) -> None:
        self.real = argon2._argon2
        argon2._argon2 = self  # type: ignore[assignment]

    def hash(self, password: str) -> str:
        return self.real.hash(password)

    def verify(self, stored: str, password: bytes) -> bool:
        return self.real.verify(stored, password)

    def check_needs_rehash(self, stored: str) -> bool:
        return self.real.check_needs_rehash(stored)


class Costly(Inner):
    """Notes what was verified."""

    def __init__(self, argon2: Argon2Hasher) -> None:
        super().__init__(argon2)
        self.checked: list[str] = []

    def verify(self, stored: str, password: bytes) -> bool:
        self.checked.append(stored)
        return super().verify(stored, password)


class Failing(Inner):
    def __init__(self, argon2: Argon2Hasher, message: str) -> None:
        super().__init__(argon2)
        self.message = message

    def hash(self, password: str) -> str:
        raise HashingError(self.message)

    def verify(self, stored: str, password: bytes) -> bool:
        raise VerificationError(self.message)


class Meeting(Inner):
    """Whoever hashes stays until so many have entered or been refused."""

    def __init__(self, argon2: Argon2Hasher, awaited: int) -> None:
        super().__init__(argon2)
        self.awaited = awaited
        self.counts_entering = True
        self.changed = Condition()
        self.inside = self.most = self.entered = self.refusals = 0

    def refused(self) -> None:
        with self.changed:
            self.refusals += 1
            self.changed.notify_all()

    def hash(self, password: str) -> str:
        self.meet()
        return super().hash(password)

    def verify(self, stored: str, password: bytes) -> bool:
        self.meet()
        return super().verify(stored, password)

    def meet(self) -> None:
        with self.changed:
            self.entered += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.changed.notify_all()
            everybody_came = self.changed.wait_for(self.is_complete, GIVE_UP_SECONDS)
            self.inside -= 1
        assert everybody_came

    def is_complete(self) -> bool:
        return self.refusals + self.counts_entering * self.entered >= self.awaited


class Pairs(Inner):
    """Whoever hashes waits for a second one."""

    def __init__(self, argon2: Argon2Hasher) -> None:
        super().__init__(argon2)
        self.pair = Barrier(2, timeout=GIVE_UP_SECONDS)
        self.changed = Condition()
        self.inside = self.most = self.done = 0

    def hash(self, password: str) -> str:
        with self.changed:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.pair.wait()
        with self.changed:
            self.inside -= 1
            self.done += 1
        return super().hash(password)


# Common passwords.


@pytest.mark.parametrize(
    "password", ["password1", "PASSWORD1", "Password1", "ｐａｓｓｗｏｒｄ1", "12345678", "１２３４５６７８"]
)
def test_a_common_password_is_known_in_any_case_and_width(password: str) -> None:
    assert CommonPasswords()(password)


@pytest.mark.parametrize(
    "password", ["", "correct horse battery", "password1 ", " password1", "\ud800", "\0", "x" * 2**20]
)
def test_other_passwords_are_not_common(password: str) -> None:
    assert not CommonPasswords()(password)


def test_a_common_password_is_refused_by_the_rules_of_the_domain() -> None:
    rules = PasswordRules(shortest=8, is_common=CommonPasswords())
    with pytest.raises(Invalid, match="common"):
        rules.accepted("Princess1")
    assert rules.accepted("a fine password") == "a fine password"


def test_the_shipped_list_is_sorted_folded_and_holds_nothing_too_short() -> None:
    text = (ROOT / "src/attendance/adapters/security/data/common_passwords.txt").read_bytes().decode()
    lines = text.split("\n")
    assert lines.pop() == ""
    assert lines == sorted(set(lines))
    assert lines == [folded(line) for line in lines]
    assert min(map(len, lines)) == 8
    assert common_passwords(None) == frozenset(lines)
    assert len(lines) > 10_000


def test_the_shipped_list_is_read_when_first_asked_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords_module._shipped.cache_clear()
    first, second = CommonPasswords(), CommonPasswords()
    assert passwords_module._shipped.cache_info().currsize == 0
    assert first("password1")
    monkeypatch.setattr(passwords_module, "_read", lambda _: pytest.fail("read again"))
    assert second("password1")


def test_a_list_of_ones_own_replaces_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_bytes("\ufeffKlub2024\r\n\r\nПароль123\nwith space \n  \nlast".encode())
    is_common = CommonPasswords(own)
    assert all(map(is_common, ["klub2024", "KLUB2024", "пароль123", "with space ", "LAST", "  "]))
    assert not any(map(is_common, ["password1", "", "with space", "klub"]))


def test_an_empty_list_of_ones_own_forbids_nothing(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.touch()
    assert not CommonPasswords(own)("password1")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"fine\n\xc3\n"])
def test_a_list_that_cannot_be_read_is_named_at_once(tmp_path: Path, content: bytes | None) -> None:
    own = tmp_path / "own.txt"
    if content is not None:
        own.write_bytes(content)
    with pytest.raises(ValueError, match=r"list of common passwords cannot be read: .*own\.txt"):
        CommonPasswords(own)


def test_a_directory_and_an_impossible_path_are_no_lists(tmp_path: Path) -> None:
    for path in (tmp_path, Path("a\0b")):
        with pytest.raises(ValueError, match="cannot be read"):
            CommonPasswords(path)


@pytest.mark.processes
@pytest.mark.thorough
def test_the_shipped_list_is_what_the_tool_writes(tmp_path: Path) -> None:
    def tool(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
        script = root / "tools/common_passwords.py"
        return subprocess.run(
            [sys.executable, str(script), *arguments], capture_output=True, text=True, check=False
        )

    assert tool("--check").returncode == 0
    copy = tmp_path / "tools/common_passwords.py"
    copy.parent.mkdir()
    copy.write_bytes((ROOT / "tools/common_passwords.py").read_bytes())
    (tmp_path / "src/attendance/adapters/security").mkdir(parents=True)
    assert "differs" in tool("--check", root=tmp_path).stderr
    assert tool(root=tmp_path).returncode == 0
    assert tool("--check", root=tmp_path).returncode == 0
    written = tmp_path / "src/attendance/adapters/security/data/common_passwords.txt"
    assert (
        written.read_bytes()
        == (ROOT / "src/attendance/adapters/security/data/common_passwords.txt").read_bytes()
    )
    written.write_bytes(written.read_bytes() + b"zzzzzzzz\n")
    assert tool("--check", root=tmp_path).returncode == 1
    assert "usage" in tool("--chekc").stderr
