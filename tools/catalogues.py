"""Bring the catalogues of the pages up to date with the texts in their code and templates.

What is new is added, to be translated by hand, and what is gone is dropped. `--check` writes nothing and
fails with a line for each entry that is missing, not translated, fuzzy or wrong.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.checkers import checkers
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).parents[1] / "src/attendance/adapters/web"
LANGUAGES = ("de", "ru")
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")]
OPTIONS = {"**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "NN_": (1, 2)}
HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"

"""
"""Of a catalogue: without dates, which would change with each run."""
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def extracted() -> Catalog:
    """The texts that pages show, sorted, without the places they are from: those change all the time."""
    catalog = Catalog(fuzzy=False)
    found = extract_from_dir(WEB, METHODS, OPTIONS, keywords=KEYWORDS)
    for _, _, text, _, _ in sorted(found, key=lambda each: str(each[2])):
        catalog.add(text)
    return catalog


def kept(language: str) -> Path:
    return WEB / "locales" / language / "LC_MESSAGES/pages.po"


def read(language: str) -> Catalog:
    if not kept(language).exists():
        return Catalog(locale=language, fuzzy=False)
    with kept(language).open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> None:
    """Write a language's catalogue: exactly the texts that pages show, each with the translation it has."""
    before, after = read(language), Catalog(locale=language, fuzzy=False)
    for message in extracted():
        if message.id:
            known = before.get(message.id)
            after.add(message.id, known.string if known and not known.fuzzy else "")
    path = kept(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, after, width=100, sort_output=True, omit_header=True)
    path.write_text(HEADER.format(language=language, plurals=after.plural_forms) + path.read_text())


def faults(language: str, texts: Catalog, catalog: Catalog) -> Iterator[str]:
    """What is wrong with a language's catalogue."""
    wanted = {message.id for message in texts if message.id}
    for text in sorted(wanted - {message.id for message in catalog}, key=str):
        yield f"{language}: {text!r} is missing"
    for message in catalog:
        if not message.id:
            continue
        if message.id not in wanted:
            yield f"{language}: {message.id!r} is shown nowhere"
        yield from (f"{language}: {message.id!r} {fault}" for fault in faults_of(message, catalog))


def faults_of(message: Message, catalog: Catalog) -> Iterator[str]:
    """What is wrong with one entry."""
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    if isinstance(message.id, tuple) and len(strings) != catalog.num_plurals:
        yield f"has {len(strings)} forms, not {catalog.num_plurals}"
    if not all(strings):
        yield "is not translated"
        return
    if message.fuzzy:
        yield "is fuzzy"
    source = message.id[1] if isinstance(message.id, tuple) else message.id
    if any({*PLACEHOLDER.findall(each)} != {*PLACEHOLDER.findall(source)} for each in strings):
        yield "has other placeholders"
    for check in checkers:
        try:
            check(catalog, message)
        except ValueError as error:
            yield str(error)


def main(arguments: list[str]) -> str | None:
    if arguments == ["--check"]:
        texts = extracted()
        found = [fault for language in LANGUAGES for fault in faults(language, texts, read(language))]
        return "\n".join(found) or None
    if arguments:
        return "usage: catalogues.py [--check]"
    for language in LANGUAGES:
        update(language)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
