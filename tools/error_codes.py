"""Write the table of errors and their codes, docs/errors.md, and the module of them all, attendance.errors.

`--check` writes nothing and fails when one of the two is not what it would be.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import attendance.adapters.http.app
import attendance.adapters.web.app  # noqa: F401 # whatever refuses is imported with both
from attendance.adapters.http.server.errors import MEANING_OF, known_errors, refusals_of
from attendance.domain.errors import AttendanceError

ROOT = Path(__file__).parents[1]

LINE_LENGTH = 110
BEGINNING = """\
# Errors

Every error has a code that stays when its text changes: in the header `X-Error-Code` of every answer that
refuses, and under `/api/v1` in the body as well, `{"error": "<text>", "code": "<code>"}`. The bodies of
the labs protocol have the text alone, as its document says. A text may name more than stands here, such as
dates. In Python all that a use case refuses with are in `attendance.errors`, each with its code:
`ClientArchived.code`.

This table is made from the code by `python tools/error_codes.py`.
"""


def table() -> str:
    """The whole document."""
    parts = [BEGINNING]
    for status, errors in groupby(known_errors(), lambda error: error.status):
        parts.append(f"\n## {status}: {MEANING_OF[status]}\n\n| code | text | when |\n| --- | --- | --- |\n")
        parts += (f"| `{error.code}` | {error.text} | {error.meaning} |\n" for error in errors)
    return "".join(parts)


MODULE = '''"""Every refusal of a use case by its name; docs/errors.md says what each means.

Made from the code by `python tools/error_codes.py`.
"""

'''


def module() -> str:
    """The whole module."""
    kinds = {AttendanceError, *refusals_of(AttendanceError)}
    # what adapters refuse with is met over HTTP alone
    of_use_cases = [it for it in kinds if not it.__module__.startswith("attendance.adapters.")]
    in_order = sorted(of_use_cases, key=lambda it: (it.__module__, it.__name__.lower()))
    by_module = groupby(in_order, attrgetter("__module__"))
    return MODULE + "".join(_import(place, [*found]) for place, found in by_module)


def _import(place: str, kinds: list[type]) -> str:
    names = [f"{kind.__name__} as {kind.__name__}" for kind in kinds]
    line = f"from {place} import {', '.join(names)}\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    return f"from {place} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"


def written() -> Iterator[tuple[Path, str]]:
    """Each file, and what it has to hold."""
    yield ROOT / "docs/errors.md", table()
    yield ROOT / "src/attendance/errors.py", module()


def main(arguments: list[str]) -> str | None:
    if arguments not in ([], ["--check"]):
        return "usage: error_codes.py [--check]"
    for target, content in written():
        if not arguments:
            target.write_text(content, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != content:
            return f"{target} differs: run tools/error_codes.py"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
