"""Renew the catalogues of translations, of mails and of pages, from the texts in their code and templates.

Texts that are new are added without a translation, those that are gone are dropped; then each catalogue is
compiled. `--check` writes nothing and fails where something would be written, or a catalogue is not whole.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ADAPTERS = Path(__file__).parents[1] / "src/attendance/adapters"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


class Whole(Catalog):
    """A catalogue whose header says no more than what reads it needs, so that it is the same each time."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The texts of one adapter: where they stand, what marks them there, and where their catalogues are kept.

    `keywords` are the functions that texts are given to: those of this adapter, which elsewhere may be
    functions of other meanings.
    """

    room: Path
    kept: Path
    methods: list[tuple[str, str]]
    keywords: Mapping[str, tuple[int, ...] | None]
    options: dict[str, dict[str, Any]] = field(default_factory=dict)

    def found(self) -> Catalog:
        """All texts that are translated, with the files that have them."""
        catalog = Catalog(charset="utf-8")
        for file, _, text, comments, _ in extract_from_dir(
            self.room, self.methods, self.options, self.keywords
        ):
            place = f"adapters/{self.room.name}/{file}"
            catalog.add(text, locations=[(place, 0)], auto_comments=comments)
        return catalog


MAILS = Texts(
    room=ADAPTERS / "mail",
    kept=ADAPTERS / "mail/languages",
    methods=[("templates/**", "jinja2"), ("**.py", "python")],
    keywords={"_": None, "gettext": None, "untranslated": None, "ngettext": (1, 2)},
    options={"templates/**": {"encoding": "utf-8"}},
)
PAGES = Texts(
    room=ADAPTERS / "web",
    kept=ADAPTERS / "web/locales",
    methods=[("**.html", "jinja2"), ("**.py", "python")],
    keywords={"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "NN_": (1, 2)},
    options={"**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}},
)


def catalogue(path: Path) -> Catalog:
    """A catalogue as it is kept."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def renewed(path: Path, found: Catalog) -> Catalog:
    """A catalogue with the texts there are now, in their order, each translated as before."""
    kept = catalogue(path)
    made = Whole(locale=path.stem, charset="utf-8", fuzzy=False, header_comment="# Texts of attendance")
    for message in found:
        if message.id:
            before = kept.get(message.id)
            made.add(
                message.id,
                before.string if before else None,
                locations=message.locations,
                flags=before.flags if before else (),
            )
    return made


def written(made: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, made, width=100, sort_by_file=True, include_lineno=False, omit_header=False)
    return file.getvalue()


def compiled(made: Catalog) -> bytes:
    file = BytesIO()
    write_mo(file, made)
    return file.getvalue()


def faults(made: Catalog) -> Iterator[str]:
    """What keeps a catalogue from being whole: texts without a translation, doubtful or broken ones."""
    for message in made:
        strings = _each(message.string)
        if not message.id:
            continue
        if not all(strings) or len(strings) != (made.num_plurals if message.pluralizable else 1):
            yield f"not translated: {message.id}"
        elif message.fuzzy:
            yield f"fuzzy: {message.id}"
        elif _has_other_placeholders(message):
            yield f"other placeholders: {message.id}"
        else:
            yield from (f"{error}: {message.id}" for error in message.check(made))


def _has_other_placeholders(message: Message) -> bool:
    wanted = {*PLACEHOLDER.findall(_each(message.id)[-1])}
    return any({*PLACEHOLDER.findall(string)} != wanted for string in _each(message.string))


def _each(text: Any) -> tuple[str, ...]:
    """A text, or its forms for one and for many."""
    return tuple(text) if isinstance(text, (tuple, list)) else (text,)


def renew(texts: Texts, *, only_check: bool) -> Iterator[str]:
    """Renew the catalogues of these texts, or see whether that would change one; what is wrong with each."""
    found = texts.found()
    for path in sorted(texts.kept.glob("*.po")):
        made, name = renewed(path, found), f"{texts.room.name} {path.name}"
        yield from (f"{name}: {fault}" for fault in faults(made))
        for target, content in ((path, written(made)), (path.with_suffix(".mo"), compiled(made))):
            if not only_check:
                target.write_bytes(content)
            elif not target.exists() or target.read_bytes() != content:
                yield f"{texts.room.name} {target.name} is not of today's texts: run tools/catalogues.py"


def main(arguments: list[str]) -> str | None:
    if arguments not in ([], ["--check"]):
        return "usage: catalogues.py [--check]"
    problems = [problem for texts in (MAILS, PAGES) for problem in renew(texts, only_check=bool(arguments))]
    return "\n".join(problems) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
