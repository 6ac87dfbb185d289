"""Write the table of errors and their codes, docs/errors.md, from the errors that there are.

`--check` writes nothing and fails when the file is not that table.
"""

import sys
from itertools import groupby
from pathlib import Path

import attendance.adapters.http.app
import attendance.adapters.web.app  # noqa: F401 # whatever refuses is imported with both
from attendance.adapters.http.server.errors import MEANING_OF, known_errors

TARGET = Path(__file__).parents[1] / "docs/errors.md"

BEGINNING = """\
# Errors

Every error has a code that stays when its text changes: in the header `X-Error-Code` of every answer that
refuses, and under `/api/v1` in the body as well, `{"error": "<text>", "code": "<code>"}`. The bodies of
the labs protocol have the text alone, as its document says. A text may name more than stands here, such as
dates. In Python the code is an attribute of each refusal: `ClientArchived.code`.

This table is made from the code by `python tools/error_codes.py`.
"""


def table() -> str:
    """The whole document."""
    parts = [BEGINNING]
    for status, errors in groupby(known_errors(), lambda error: error.status):
        parts.append(f"\n## {status}: {MEANING_OF[status]}\n\n| code | text | when |\n| --- | --- | --- |\n")
        parts += (f"| `{error.code}` | {error.text} | {error.meaning} |\n" for error in errors)
    return "".join(parts)


def main(arguments: list[str]) -> str | None:
    if arguments == ["--check"]:
        current = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        return None if current == table() else f"{TARGET} differs: run tools/error_codes.py"
    if arguments:
        return "usage: error_codes.py [--check]"
    TARGET.write_text(table(), encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
