"""Renew the catalogues of translations from the texts in code and templates.

Texts that are new are added without a translation, those that are gone are dropped; then each catalogue is
compiled. `--check` writes nothing and fails where something would be written, or a catalogue is not whole.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).parents[1] / "src/attendance"
CATALOGUES = SOURCE / "adapters/mail/languages"
METHODS = [("**.jinja", "jinja2"), ("**/templates/**", "jinja2"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "untranslated": None, "ngettext": (1, 2)}
OPTIONS = {"**.jinja": {"encoding": "utf-8"}}


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


def texts() -> Catalog:
    """All texts that are translated, with the files that have them."""
    found = Catalog(charset="utf-8")
    for file, _, text, comments, _ in extract_from_dir(SOURCE, METHODS, OPTIONS, KEYWORDS):
        found.add(text, locations=[(file, 0)], auto_comments=comments)
    return found


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
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if not message.id:
            continue
        if not all(strings) or len(strings) != (made.num_plurals if message.pluralizable else 1):
            yield f"not translated: {message.id}"
        elif message.fuzzy:
            yield f"fuzzy: {message.id}"
        else:
            yield from (f"{error}: {message.id}" for error in message.check(made))


def main(arguments: list[str]) -> str | None:
    found, problems = texts(), []
    for path in sorted(CATALOGUES.glob("*.po")):
        made = renewed(path, found)
        problems += [f"{path.name}: {fault}" for fault in faults(made)]
        for target, content in ((path, written(made)), (path.with_suffix(".mo"), compiled(made))):
            if arguments == ["--check"]:
                if not target.exists() or target.read_bytes() != content:
                    problems.append(f"{target.name} is not of today's texts: run tools/catalogues.py")
            else:
                target.write_bytes(content)
    return "\n".join(problems) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
