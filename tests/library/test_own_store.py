"""A store that is not ours is held to the contract, is used like ours, and is found out when it is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from attendance import OPERATOR, Adapters, NotFound, open_attendance
from attendance.testing import StoreContract
from tests.library.own_store import DiaryStore

ROOT = Path(__file__).parents[2]


class TestDiaryStore(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return DiaryStore()


def test_it_is_used_like_ours() -> None:
    store = DiaryStore()
    with open_attendance(adapters=Adapters(store=store)) as attendance:
        client = attendance.add_client(OPERATOR, name="Tom")
        with pytest.raises(NotFound):
            attendance.edit_client(OPERATOR, client_id=OPERATOR.id, name="Tim")  # type: ignore[arg-type]
        with attendance.transaction():
            assert attendance.show_client(OPERATOR, client_id=client.id).name == "Tom"
    assert store.diary == ["committed", "rolled back: ClientNotFound"]


@pytest.mark.plants
@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        ("ForgetsRollback", "TestAccounts::test_a_block_that_raises_leaves_nothing_behind"),
        ("IgnoresVersions", "TestClubRecords::test_a_version_is_saved_over_the_one_before_alone"),
        ("TurnsTiesAround", "TestClubRecords::test_a_list_is_sorted_as_its_fields_are_with_nothing_last"),
        ("TurnsLessonsAround", "TestGroupsAndLessons::test_lessons_and_groups_are_sorted_as_it_is_asked_for"),
        ("TurnsPassesAround", "TestAttendance::test_what_a_pass_has_paid_for_is_counted_however_it_is_read"),
        ("SellsNothing", "TestStatistics::test_passes_are_told_with_their_clients[0]"),
        ("KnowsNobody", "TestStatistics::test_groups_places_and_who_may_teach_are_told_by_name"),
        (
            "EndsAnywhere",
            "TestUnitsOfWork::test_an_ambient_transaction_that_is_left_in_another_context_is_rolled_back",
        ),
        ("HasNoAmbient", "TestUnitsOfWork::test_an_ambient_transaction_commits_all_or_nothing"),
    ],
)
def test_a_wrong_store_fails_the_contract(wrong: str, caught_by: str) -> None:
    subject, _, test = caught_by.partition("::")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            f"tests/library/wrong_stores.py::Test{wrong}::{subject}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"FAILED tests/library/wrong_stores.py::Test{wrong}::{caught_by}" in done.stdout
    # and the contract says what it compared
    assert "\nE  " in done.stdout
    assert test in done.stdout
