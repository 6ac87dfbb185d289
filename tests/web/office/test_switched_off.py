"""A teacher who is switched off is told from the others wherever lessons and groups name them."""

import pytest

from tests.http.api import Api
from tests.web.club.group_clubs import TODAY, GroupClub
from tests.web.office.pages import form_on, texts
from tests.web.visitors import Visitor, shown

TOMORROW, NEXT_WEEK = "2026-03-03", "2026-03-10"
OFF = "switched off"


@pytest.fixture
def club(memory: Api) -> GroupClub:
    return GroupClub(memory)


def switches_off(head: Visitor, user_id: str) -> None:
    path = f"/app/office/users/{user_id}"
    assert head.sends(f"{path}/active", **form_on(head.opens(path), f"{path}/active")).status_code == 303


def said_with_scripts(visitor: Visitor, path: str) -> str:
    return " ".join(shown(visitor.opens(path), has_scripts=True).texts)


@pytest.mark.slow
def test_before_somebody_is_switched_off_the_page_says_which_lessons_wait_for_them(club: GroupClub) -> None:
    teacher, head = club.people["teacher"].id, club.by("head")
    path = f"/app/office/users/{teacher}"
    assert "lesson to come" not in texts(head.opens(path))
    for day, more in ((TODAY, {"starts": "10:00", "ends": "11:00"}), (TOMORROW, {}), (NEXT_WEEK, {})):
        club.adds_lesson(day, **more)
    page = shown(head.opens(path))
    # that of this morning has begun and is no longer to come
    assert "2 lessons to come name this account as their teacher. The first is on 3 Mar 2026." in page.texts
    days = f"/app/today?teacher={teacher}&day={TOMORROW}"
    assert days in page.links
    assert "17:00 Clay" in said_with_scripts(head, days)
    colleague = shown(head.opens(f"/app/office/users/{club.people['colleague'].id}"))
    assert not any("to come" in text for text in colleague.texts)
    switches_off(head, teacher)
    page = shown(head.opens(path))
    assert "2 lessons to come name this account as their teacher. The first is on 3 Mar 2026." in page.texts
    assert days in page.links


@pytest.mark.slow
def test_who_is_switched_off_is_shown_so_where_lessons_and_groups_name_them(club: GroupClub) -> None:
    teacher, head = club.people["teacher"].id, club.by("head")
    lesson = club.adds_lesson(TODAY, starts="10:00", ends="11:00")
    club.adds_lesson(TOMORROW)
    pages = {
        "/app/groups": f"Teacher {OFF}",
        club.path: f"Teacher {OFF}",
        f"{club.path}/teachers": f"Teacher ({OFF})",
        f"/app/lessons/{lesson}/edit": f"Teacher ({OFF})",
        "/app/overview/not-taken": f"Teacher {OFF}",
        "/app/statistics/employees": f"Teacher {OFF}",
    }
    days = f"/app/today?day={TOMORROW}"

    def found() -> set[str]:
        told = {path: texts(head.opens(path)) for path in pages} | {days: said_with_scripts(head, days)}
        return {path for path, text in told.items() if pages.get(path, f"Teacher {OFF}") in text}

    assert found() == set()
    switches_off(head, teacher)
    assert found() == {*pages, days}
    # and where one asks for the lessons of that teacher alone
    chosen = said_with_scripts(head, f"{days}&teacher={teacher}")
    assert f"Teacher ({OFF})" in chosen
    # whoever is not switched off is not shown so
    assert f"Colleague {OFF}" not in texts(head.opens("/app/statistics/employees"))
