"""A parent's pages in a real browser: for whoever sees badly, by keyboard, and as readers have them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.service import Service
from tests.web.clicks import has_session, is_signed_in
from tests.web.conftest import LONGEST_WAIT, Driven, running
from tests.web.looks import DESK, PHONE, found_on

pytestmark = pytest.mark.processes


@pytest.fixture
def russian_page(driven: Driven, demo_service: Service) -> Iterator[Page]:
    """A browser of somebody who reads Russian, at the club of the demo."""
    with running(driven.loop):
        context = driven.browser.new_context(base_url=demo_service.url, locale="ru-RU")
        context.set_default_timeout(LONGEST_WAIT)
        yield context.new_page()
        context.close()


def at_a_child(page: Page, service: Service) -> str:
    """Open the page of the first child of a parent, which has lessons to come; return its path."""
    has_session(page, service, "demo-parent")
    page.goto("/app/children")
    page.get_by_role("main").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page.url


@pytest.mark.thorough
def test_nothing_is_in_a_parents_way(demo_page: Page, demo_service: Service) -> None:
    found = {}
    path = at_a_child(demo_page, demo_service)
    demo_page.locator("summary").first.click()
    expect(demo_page.get_by_role("button", name="Report the absence")).to_be_visible()
    found["a child"] = found_on(demo_page)
    demo_page.goto("/app/children")
    found["children"] = found_on(demo_page)
    demo_page.goto(f"{path}/calendar")
    found["a calendar"] = found_on(demo_page)
    demo_page.goto(f"{path}/calendar")
    demo_page.get_by_role("button", name="Make a link").click()
    expect(demo_page.locator("#address")).to_have_value(re.compile("token="))
    found["a link"] = found_on(demo_page)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_nothing_is_in_the_way_of_somebody_without_a_child(page: Page, service: Service) -> None:
    is_signed_in(page, service)
    page.goto("/app/children")
    expect(page.get_by_text("confirm your email address first")).to_be_visible()
    assert found_on(page) == {}


def test_a_parent_reports_an_absence_by_keyboard_and_takes_it_back(
    demo_page: Page, demo_service: Service
) -> None:
    at_a_child(demo_page, demo_service)
    # that of a lesson of which nothing is reported yet
    place = demo_page.locator(".lessons > li").evaluate_all(
        "lessons => lessons.findIndex(each => each.querySelector('summary'))"
    )
    lesson = demo_page.locator(".lessons > li").nth(place)
    reporting = lesson.locator("summary")
    reporting.focus()
    demo_page.keyboard.press("Enter")
    demo_page.keyboard.press("Tab")
    expect(lesson.get_by_label("Note for the teacher, optional")).to_be_focused()
    demo_page.keyboard.type("fever")
    demo_page.keyboard.press("Tab")
    demo_page.keyboard.press("Enter")
    told = demo_page.get_by_role("status")
    expect(told).to_have_text("The absence is reported. The teacher sees it.")
    # a screen reader speaks it, as that is where one is now
    expect(told).to_be_focused()
    expect(lesson).to_contain_text("Absence reported")
    lesson.get_by_role("button", name="Take back").click()
    expect(demo_page.get_by_role("status")).to_have_text("The absence is taken back.")
    expect(lesson.locator("summary")).to_be_visible()


def test_the_address_of_a_calendar_is_copied_by_a_button(demo_page: Page, demo_service: Service) -> None:
    demo_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    demo_page.goto(f"{at_a_child(demo_page, demo_service)}/calendar")
    demo_page.get_by_role("button", name="Make a link").click()
    copy = demo_page.get_by_role("button", name=re.compile(r"^Copy \(Lessons of")).first
    copy.press("Enter")
    expect(demo_page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    expect(copy).to_be_focused()
    copied = demo_page.evaluate("navigator.clipboard.readText()")
    expect(demo_page.locator("#address")).to_have_value(copied)


def test_where_nothing_can_be_copied_no_button_says_so(demo_page: Page, demo_service: Service) -> None:
    demo_page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    demo_page.goto(f"{at_a_child(demo_page, demo_service)}/calendar")
    demo_page.get_by_role("button", name="Make a link").click()
    expect(demo_page.locator("#address")).to_have_value(re.compile("token="))
    expect(demo_page.get_by_role("button", name=re.compile("^Copy"))).to_have_count(0)


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_address_of_a_calendar_is_seen_whole(
    demo_page: Page, demo_service: Service, size: dict[str, int]
) -> None:
    demo_page.set_viewport_size(size)  # type: ignore[arg-type]
    demo_page.goto(f"{at_a_child(demo_page, demo_service)}/calendar")
    demo_page.get_by_role("button", name="Make a link").click()
    expect(demo_page.locator(".notice")).to_be_focused()
    hidden = demo_page.locator("textarea").evaluate_all(
        "addresses => addresses.map(each => each.scrollHeight - each.clientHeight)"
    )
    assert len(hidden) == 2
    assert max(hidden) <= 0


def test_a_screen_reader_tells_a_parent_the_page_in_russian(
    russian_page: Page, demo_service: Service
) -> None:
    at_a_child(russian_page, demo_service)
    main = russian_page.get_by_role("main")
    expect(main).to_match_aria_snapshot(
        r"""
        - heading [level=1]
        - navigation "Мои дети":
          - link
          - link
        - heading "Абонементы" [level=2]
        - list:
          - listitem:
            - paragraph:
              - strong: /осталось \d+|посещения без ограничений/
              - text: /, (до .+ \d+|без срока)/
            - paragraph: /Действует|Заморожен|Начнётся|Израсходован|Истёк/
        - heading "Ближайшие занятия" [level=2]
        - list:
          - listitem:
            - heading /^[а-я]+, \d+ [а-я]+ \d+, \d+:\d+$/ [level=3]
        - heading "Посещаемость" [level=2]
        - navigation "Месяцы":
          - link /^[а-я]+ \d+ г\.$/
        - region /^[а-я]+ \d+ г\.$/:
          - table /^[а-я]+ \d+ г\.$/:
            - rowgroup:
              - row "пн вт ср чт пт сб вс":
                - columnheader "пн"
                - columnheader "вт"
                - columnheader "ср"
                - columnheader "чт"
                - columnheader "пт"
                - columnheader "сб"
                - columnheader "вс"
        - region "В цифрах":
          - table "В цифрах":
            - rowgroup:
              - row:
                - columnheader
                - columnheader "Последние 12 месяцев"
            - rowgroup:
              - row /^присутствие \d+ \d+$/
              - row /^опоздание \d+ \d+$/
              - row /^неявка \d+ \d+$/
              - row /^уважительная причина \d+ \d+$/
              - row /^Посещено, без уважительных/
        - heading "Календарь" [level=2]
        - paragraph:
          - link "Занятия в вашем календаре"
        """
    )
    days = main.locator(".month").get_by_role("cell")
    told = " ".join(days.all_inner_texts())
    russian_page.get_by_role("navigation", name="Месяцы").get_by_role("link").first.click()
    before = " ".join(days.all_inner_texts())
    assert re.search(r"\d+:\d+ \S.*: (присутствие|опоздание|неявка|уважительная причина)", told + before)
    main.get_by_role("link", name="Занятия в вашем календаре").click()
    expect(main).to_match_aria_snapshot(
        """
        - heading /^Календарь/ [level=1]
        - paragraph
        - paragraph: /^Новая ссылка отключает все прежние/
        - paragraph:
          - button "Создать ссылку"
          - link /^Назад/
        - heading "Отключить ссылки" [level=2]
        - paragraph
        - form "Отключить ссылки":
          - paragraph:
            - button "Отключить все мои ссылки"
        """
    )


def test_a_screen_reader_tells_of_children_to_choose_from_in_russian(
    russian_page: Page, demo_service: Service
) -> None:
    has_session(russian_page, demo_service, "demo-parent")
    russian_page.goto("/app/children")
    expect(russian_page.get_by_role("main")).to_match_aria_snapshot(
        """
        - heading "Мои дети" [level=1]
        - list:
          - listitem:
            - heading [level=2]:
              - link
            - paragraph: /^Следующее занятие:/
          - listitem:
            - heading [level=2]:
              - link
            - paragraph: /^Следующее занятие:/
        """
    )
