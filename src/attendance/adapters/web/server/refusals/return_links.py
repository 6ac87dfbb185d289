"""Where one goes on from a page that says that something is refused: to what the refused page belongs to."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote

from attendance.adapters.http.server.operations.declaration import Runs
from attendance.adapters.web.server.declaration import Answer, DeclaredPage, Redirect, Visit
from attendance.adapters.web.server.navigation import ENTRIES, Entry
from attendance.adapters.web.server.redirects import START

_WITH_IDS = frozenset({409, 412, 413, 415, 400, 429, 503})
"""Statuses of what is there and may be seen: the page of the same thing can be gone back to."""


class ReturnLinks:
    """The pages that can be opened, by the parts of their paths."""

    def __init__(self, pages: Iterable[DeclaredPage]) -> None:
        self._known = [
            tuple(page.path.split("/"))
            for page in pages
            if page.method == "GET" and page.path.startswith("/app/") and "{path:path}" not in page.path
        ]

    def of(self, path: str, *, method: str, status: int, entries: Collection[Entry]) -> str | None:
        """The nearest page above a path, or for a form the one at it; None where there is none but the start.

        Of what is not there or not to be seen it is the list, if whoever asks has that among their `entries`.
        """
        for nearer in _above(path, begins_with_itself=method == "POST"):
            template = self._template(tuple(nearer.split("/")))
            has_ids = template is not None and any(part.startswith("{") for part in template)
            if template and (not has_ids or status in _WITH_IDS) and _is_open(nearer, entries):
                return nearer
        return None

    def to_forms(self, pages: Collection[DeclaredPage]) -> list[DeclaredPage]:
        """What opens addresses that forms are only sent to: one that was refused stays in the browser."""
        opened = {page.path for page in pages if page.method == "GET"}
        return [
            replace(page, method="GET", function=self._to_form, runs=Runs.ON_A_THREAD, form=None)
            for page in pages
            if page.path not in opened
        ]

    def _to_form(self, visit: Visit, **_: str) -> Answer:
        # whether it may be seen is asked there
        return Redirect(quote(self.of(visit.path, method="GET", status=400, entries=ENTRIES) or START))

    def is_page(self, path: str) -> bool:
        """Whether a page is at a path."""
        return self._template(tuple(path.split("/"))) is not None

    def _template(self, parts: tuple[str, ...]) -> tuple[str, ...] | None:
        """The path of the page that answers; one that is named is before one with an id."""
        fitting = [
            template
            for template in self._known
            if len(template) == len(parts)
            and all(
                named.startswith("{") or named == part for named, part in zip(template, parts, strict=True)
            )
        ]
        return min(fitting, key=lambda template: sum(part.startswith("{") for part in template), default=None)


def _above(path: str, *, begins_with_itself: bool) -> Iterator[str]:
    if begins_with_itself:
        yield path
    while (path := path.rpartition("/")[0]).count("/") > 1:
        yield path


def _is_open(path: str, entries: Collection[Entry]) -> bool:
    """Whether nothing that navigation keeps from somebody has the path."""
    closed = {entry.path for entry in ENTRIES} - {entry.path for entry in entries}
    return not any(path == other or path.startswith(f"{other}/") for other in closed)
