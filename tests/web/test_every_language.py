"""Every page in each language: proper HTML, in that language, and nothing left of another."""

import re
from collections.abc import Iterator

import pytest

from attendance.adapters.web.labs import sheets
from attendance.adapters.web.server.languages import LANGUAGES
from attendance.domain.accounts.accounts import Language
from tests.examples import some
from tests.http.api import Api, good
from tests.http.operations import Scene
from tests.web.registry import TABLE, declared, request_of, scene_of, things_of
from tests.web.visitors import Shown, shown, visitor, with_session

READ = [name for name in TABLE if name.startswith("GET") and not TABLE[name].is_done_by_reading]
OUT_OF_DATA = re.compile(
    r"\S+@\S+|attendance|olaf|(?<!\d )\bmember\b|stranger|rival|clerk|newbie|zelda|person\d+|Physics|EUR|UTC"
    r"|Europe/\w+|1 Main Street|python-httpx\S+|\bAnna\b|\bPass\b|\b20\d\d/[0-9a-f]{8}\b"
)
"""What the scene's people are called by, and addresses."""
LIST = re.compile(r"<(select|datalist)\b.*?</\1>", re.DOTALL)
ALIKE = {"Name", "Status", "Start", "Filter", "Person", "Web", "Manager", "Administrator"}
"""Words that are the same in English and German."""
IN_CYRILLIC = {"client_id": "Анна", "group_id": "Понедельник", "location_id": "Зал", "price_id": "Карта"}


def named_in_cyrillic(scene: Scene) -> None:
    """Give what pages show names that are in no alphabet of a text."""
    owner = scene.owner
    paths = {"client_id": "clients", "group_id": "groups", "location_id": "locations", "price_id": "prices"}
    for kind, path in paths.items():
        good(owner.puts(f"/{path}/{getattr(scene, kind)}", name=IN_CYRILLIC[kind]), 200)
    for number, client_id in enumerate((scene.leaving_id, scene.child_id)):
        good(owner.puts(f"/clients/{client_id}", name=f"Яна {number}"), 200)
    good(owner.marks(scene.lab, scene.member, status="late", note="Поезд"), 200)


def texts_of(scene: Scene, name: str, language: Language) -> set[str]:
    """What a page shows its owner, and a stranger where it is for anybody, in words."""
    request = request_of(name, things_of(scene) | {"user_id": scene.owner.id})
    texts: set[str] = set()
    for person in (with_session(scene.api, scene.owner), visitor(scene.api)):
        person.headers["accept-language"] = language
        answered = request.by(person)
        is_page = answered.headers.get("content-type", "").startswith("text/html")
        if is_page and answered.status_code in (200, 403, 404):
            shown(answered, has_scripts=declared()[name].has_scripts)
            # zones and currencies are called by the CLDR, many alike
            page = Shown(
                LIST.sub(lambda found: found[0] if found[0].count("<option") < 40 else "", answered.text)
            )
            assert f'<html lang="{language}">' in answered.text
            spoken = [
                value
                for attributes in re.findall(r"<[a-z][^>]*>", answered.text)
                for value in re.findall(r'\s(?:aria-label|title|placeholder|alt)="([^"]*)"', attributes)
            ]
            texts |= {*page.texts, *spoken}
    return {text for text in texts if re.search(r"[^\W\d]{3}", OUT_OF_DATA.sub("", text))}


def left_of_english(api: Api, name: str) -> Iterator[str]:
    """What a page says in English when it is asked for in another language."""
    scene = scene_of(api)
    named_in_cyrillic(scene)
    english = texts_of(scene, name, Language.EN)
    yield from (
        text
        for text in texts_of(scene, name, Language.DE) & english
        if not re.search("[а-яё]", text, re.IGNORECASE)
        and OUT_OF_DATA.sub("", text).strip(": ") not in {*LANGUAGES.values(), *ALIKE}
    )
    yield from (
        text
        for text in texts_of(scene, name, Language.RU)
        if not re.search("[а-яё]", text, re.IGNORECASE) and text not in LANGUAGES.values()
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", some(READ))
def test_a_page_is_in_its_language_and_no_other(memory: Api, name: str) -> None:
    assert [*left_of_english(memory, name)] == []


@pytest.mark.plants
def test_a_text_that_nobody_translates_is_seen(memory: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = {status: (f"Planted {status}", kind) for status, (_, kind) in sheets.STATUSES.items()}
    monkeypatch.setattr(sheets, "STATUSES", statuses)
    assert "Planted late" in [*left_of_english(memory, "GET /app/labs/{lab_id:str}")]
