"""What was typed comes back from every form, whatever refuses it, and where its page is gone, too."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from xml.etree.ElementTree import Element

import html5lib
import pytest

from attendance.adapters.web.server.declaration import Answer, DeclaredPage
from attendance.adapters.web.server.refusals.unplaced_texts import LABELS
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.club.lessons import LessonNotFound
from attendance.domain.errors import AttendanceError, Conflict, Forbidden, Invalid, Outdated, Unavailable
from attendance.domain.permissions.roles import Role
from tests.examples import some
from tests.http.api import Api, Lasting
from tests.web.registry import TABLE, declared, own_things_of, path_with, scene_of
from tests.web.visitors import Visitor, visitor, with_session

REFUSALS: list[Callable[[], AttendanceError]] = [
    Invalid,
    Forbidden,
    LessonNotFound,
    Conflict,
    Outdated,
    lambda: LimitReached(60),
    Unavailable,
]
TYPED_OF_A_KIND = {"date": "2031-07-09", "time": "13:37", "email": "typed@example.org"}
OF_STRANGERS = ("/app/sign-in", "/app/create-account", "/app/forgot-password", "/app/set-password")
OF_THE_LIST = {"sort", "guest"}
"""Of a roll call: how its list is shown, not what it says."""

Filled = dict[str, str]


def forms_of(html: str, path: str, action: str) -> Iterator[Element]:
    """The forms of a page at a path that are sent to an action."""
    for form in html5lib.parse(html, namespaceHTMLElements=False).iter("form"):
        if form.get("method") == "post" and (form.get("action") or path) == action:
            yield form


def fields_of(form: Element) -> Iterator[tuple[Element, str, str]]:
    """What somebody fills in, by name and kind."""
    for tag in form.iter():
        kind = (tag.get("type") or "text") if tag.tag == "input" else tag.tag
        if tag.get("hidden") is not None:
            kind = "hidden"
        if tag.tag in ("input", "textarea", "select") and (name := tag.get("name")):
            yield tag, name, kind


def held_by(form: Element) -> Filled:
    """What a form holds as it is shown."""
    held: Filled = {}
    for tag, name, kind in fields_of(form):
        match kind:
            case "radio" | "checkbox":
                if tag.get("checked") is not None:
                    held[name] = tag.get("value") or ""
            case "textarea":
                held[name] = (tag.text or "").removeprefix("\n")
            case "select":
                chosen = [each for each in tag.iter("option") if each.get("selected") is not None]
                held[name] = (chosen or [*tag.iter("option")] or [Element("option")])[0].get("value") or ""
            case _:
                held[name] = tag.get("value") or ""
    return held


def typed_into(form: Element) -> Filled:
    """Something in every field that somebody fills in, but in boxes: of choices the last."""
    typed: Filled = {}
    for tag, name, kind in fields_of(form):
        match kind:
            case "hidden" | "checkbox" | "password":
                continue
            case _ if name in OF_THE_LIST:
                continue
            case "radio":
                typed[name] = tag.get("value") or ""
            case "select":
                typed[name] = [*tag.iter("option")][-1].get("value") or ""
            case "textarea":
                typed[name] = f"typed <{name}>\nin two lines"
            case "number":
                typed[name] = "7"
            case _ if tag.get("inputmode") in ("numeric", "decimal"):
                typed[name] = "7"
            case _:
                typed[name] = TYPED_OF_A_KIND.get(kind, f"typed <{name}>")
    return typed


def shown_forms(name: str, api: Api) -> Iterator[tuple[Visitor, str, Element]]:
    """The forms of a page of the table, each as an owner or a stranger sees it who fills it in."""
    scene = scene_of(api)
    owner = api.having(Role.OWNER)
    things, row = own_things_of(scene, owner), TABLE[name]
    path = path_with(name.partition(" ")[2], things, row.ids)
    person = visitor(api) if path.startswith(OF_STRANGERS) else with_session(api, owner)
    places = [path_with(row.at, things, row.ids)] if row.at else [path]
    while places[-1].count("/") > 2:
        places.append(places[-1].rpartition("/")[0])
    for place in places:
        forms = [*forms_of(person.opens(place).text, place, path)]
        if forms:
            yield from ((person, path, form) for form in forms)
            return


@contextmanager
def answering(page: DeclaredPage, **functions: Callable[..., Answer] | None) -> Iterator[None]:
    """A page that does something else."""
    before = {name: getattr(page, name) for name in functions}
    try:
        for name, function in functions.items():
            object.__setattr__(page, name, function)
        yield
    finally:
        for name, function in before.items():
            object.__setattr__(page, name, function)


def lost(form: Element, html: str, path: str) -> Iterator[tuple[str, str]]:
    """What was typed and is not on a page: neither in its field, nor what people write as a text."""
    for name, text in typed_into(form).items():
        is_back = any(held_by(each).get(name) == text for each in forms_of(html, path, path))
        is_said = name.partition(":")[0] in LABELS and escape(text).replace("&#x27;", "&#39;") in html
        if not (is_back or is_said):
            yield name, text


def raising(error: AttendanceError) -> Callable[..., Answer]:
    def refused(*_: object, **__: object) -> Answer:
        raise error

    return refused


def losses(application: Lasting, name: str) -> dict[str, list[str]]:
    """The fields of a page's forms that are lost, by what is refused."""
    page, found = declared()[name], {}
    with application.over() as api:
        for person, path, form in shown_forms(name, api):
            sent = held_by(form) | typed_into(form)
            for make in REFUSALS:
                with answering(page, function=raising(make())):
                    refused = person.sends(path, **sent)
                if missing := [field for field, _ in lost(form, refused.text, path)]:
                    found[f"{type(make()).__name__} {refused.status_code}"] = missing
    return found


def texts_lost_with_the_page(application: Lasting, name: str) -> list[str]:
    """Texts that are lost where the page of the form is gone, too."""
    page, found = declared()[name], []
    with application.over() as api:
        for person, path, form in shown_forms(name, api):
            sent = held_by(form) | typed_into(form)
            gone = raising(LessonNotFound())
            with answering(page, function=gone, form=page.form and gone):
                refused = person.sends(path, **sent)
            assert refused.status_code == 404
            found += [field for field, text in lost(form, refused.text, path) if text.startswith("typed <")]
    return found


FORMS = [name for name in TABLE if name.startswith("POST")]


@pytest.mark.parametrize("name", some(FORMS))
def test_a_form_that_is_refused_keeps_what_was_typed(application: Lasting, name: str) -> None:
    assert losses(application, name) == {}


@pytest.mark.parametrize("name", some(FORMS))
def test_texts_are_told_where_the_page_of_a_form_is_gone(application: Lasting, name: str) -> None:
    assert texts_lost_with_the_page(application, name) == []


@pytest.mark.plants
def test_a_form_that_forgets_is_seen(application: Lasting, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "POST /app/clients/new"
    with answering(declared()[name], form=None):
        assert "birthday" in losses(application, name)["Conflict 409"]
    monkeypatch.setattr("attendance.adapters.web.server.pages.kept_texts", lambda *_: {})
    assert "notes" in texts_lost_with_the_page(application, name)
