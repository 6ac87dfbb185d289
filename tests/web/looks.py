"""How a page looks: on a phone and at a desk, light, dark, with few colours, with large letters."""

from typing import Any

from playwright.sync_api import Page

from tests.web.browsers import UNPACKED

AXE = UNPACKED / "node_modules/axe-core/axe.min.js"
PHONE = {"width": 320, "height": 640}
LARGER_PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
LOOKS: list[tuple[dict[str, int], dict[str, Any]]] = [
    (PHONE, {"color_scheme": "light"}),
    (DESK, {"color_scheme": "dark"}),
    (DESK, {"color_scheme": "light", "forced_colors": "active"}),
]


def found_by_axe(page: Page) -> list[str]:
    """What the checks of accessibility find on a page as it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    run = "axe.run(document, {resultTypes: ['violations'], preload: false}).then(found => found.violations)"
    found: Any = page.evaluate(run)
    return [
        f"{violation['id']}: {node['html']} {node.get('failureSummary', '')}"
        for violation in found
        for node in violation["nodes"]
    ]


def found_by_looking(page: Page) -> list[str]:
    """What is too small to be tapped, or wider than the page."""
    tapped = "a, button, select, label:has(input), :not(label) > input:not([type=hidden])"
    small = page.locator(tapped).evaluate_all(
        """elements => elements
            .filter(each => each.checkVisibility() && !each.closest(".skip"))
            .filter(each => {
                const {width, height} = each.getBoundingClientRect();
                return height < 44 || width < 24;
            })
            .map(each => each.outerHTML)"""
    )
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*small, *(["the page is wider than it is shown", *_sticking_out(page)] if wide else [])]


def _sticking_out(page: Page) -> list[str]:
    """What may be why: what ends to the right of the page, but for what is moved inside of something."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .filter(each => !each.closest(".table, nav.pages"))
            .slice(-3)
            .map(each => each.outerHTML.slice(0, 200))"""
    )
    return found


def _falling_apart(page: Page) -> list[str]:
    """Texts in so narrow a place that their lines are of one or two letters each."""
    found: list[str] = page.evaluate(
        """() => {
            const found = [];
            const isCutOff = each =>
                each && (getComputedStyle(each).clipPath !== "none" || isCutOff(each.parentElement));
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) {
                const text = texts.currentNode;
                const letters = text.data.trim().replace(/\\s+/g, " ").length;
                const around = text.parentElement;
                if (letters < 4 || !around.checkVisibility() || isCutOff(around)) continue;
                const range = document.createRange();
                range.selectNodeContents(text);
                const lines = new Set([...range.getClientRects()].map(({top}) => Math.round(top))).size;
                if (letters < 3 * lines) found.push(`${lines} lines: ${text.data.trim()}`);
            }
            return found;
        }"""
    )
    return found


def found_on(page: Page) -> dict[str, list[str]]:
    """The same in each look, and on phones with letters of twice the size."""
    found = {}
    for size, media in LOOKS:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(**{"forced_colors": "none", **media})  # type: ignore[arg-type]
        found[f"{size['width']} {media}"] = found_by_axe(page)
        if size == PHONE:
            found[f"{size['width']} {media}"] += found_by_looking(page)
    return {look: faults for look, faults in {**found, **found_in_large_letters(page)}.items() if faults}


def found_in_large_letters(page: Page) -> dict[str, list[str]]:
    """What is in the way on phones with letters of twice the size, which they keep."""
    found = {}
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for size in (LARGER_PHONE, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        found[f"{size['width']} large letters"] = [*found_by_looking(page), *_falling_apart(page)]
    return found
