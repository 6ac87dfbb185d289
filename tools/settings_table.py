"""Write what there is to set, as the code says it: the table of docs/settings.md, and .env.example.

`--check` writes nothing and fails when one of the files is another.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import getsource
from itertools import pairwise
from pathlib import Path
from textwrap import dedent, wrap

import msgspec

from attendance.entrypoints.settings import FROM_FILE, PREFIX, SECRETS, Settings

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs/settings.md"
EXAMPLE = ROOT / ".env.example"
HEAD = "| variable | default | what it does |\n| --- | --- | --- |\n"
ROWS = re.compile(re.escape(HEAD) + r"(\|.*\n)*")

EXAMPLE_BEGINNING = """\
# What attendance may be told, each with its default: take away the # where another value is wanted, and the
# comments where the reader of this file knows none. docs/settings.md says the same as a table.
#
# This file is made from the code by `python tools/settings_table.py`.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable, its default as it would be written ("" for none), and what it does."""

    variable: str
    default: str
    description: str


def settings() -> Iterator[Setting]:
    """Every setting, in the order of the code. Raises LookupError for one that nothing is said of."""
    descriptions = dict(_descriptions())
    for each in msgspec.structs.fields(Settings):
        if each.name not in descriptions:
            raise LookupError(f"settings.py says nothing below {each.name}")
        description = descriptions[each.name]
        if each.name in SECRETS:
            description += f" Also as `{FROM_FILE}`."
        default = "" if each.default is None else str(each.default)
        yield Setting(f"{PREFIX}{each.name.upper()}", default, description)


def _descriptions() -> Iterator[tuple[str, str]]:
    """What stands as a text below each field of the class, on one line."""
    (of_class,) = ast.parse(dedent(getsource(Settings))).body
    statements = of_class.body if isinstance(of_class, ast.ClassDef) else []
    for field, below in pairwise(statements):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())


def table() -> str:
    """The rows, below their heads."""
    return HEAD + "".join(
        f"| `{each.variable}` |{f' `{each.default}`' if each.default else ''} | {each.description} |\n"
        for each in settings()
    )


def document(current: str) -> str:
    """The text of docs/settings.md with today's table. Raises LookupError for one that has none."""
    if not ROWS.search(current):
        raise LookupError(f"{TABLE} has no table that begins with {HEAD.splitlines()[0]}")
    return ROWS.sub(lambda _: table(), current, count=1)


def example() -> str:
    """A file of variables, as Docker, Compose and systemd read it, with all of them in comments."""
    parts = [EXAMPLE_BEGINNING]
    for each in settings():
        lines = wrap(each.description.replace("`", ""), 108, break_long_words=False, break_on_hyphens=False)
        parts.append("\n" + "".join(f"# {line}\n" for line in lines) + f"#{each.variable}={each.default}\n")
    return "".join(parts)


def main(arguments: list[str]) -> str | None:
    if arguments not in ([], ["--check"]):
        return "usage: settings_table.py [--check]"
    for path, made in (
        (TABLE, document(_text_of(TABLE))),
        (EXAMPLE, example()),
    ):
        if not arguments:
            path.write_text(made, encoding="utf-8")
        elif made != _text_of(path):
            return f"{path} differs: run tools/settings_table.py"
    return None


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
