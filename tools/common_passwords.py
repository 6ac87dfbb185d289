"""Write the shipped list of common passwords from the frequency list of zxcvbn (MIT).

`--check` writes nothing and fails when the file is not that list.
"""

import sys
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from attendance.domain.text import folded

SHORTEST = 8
TARGET = Path(__file__).parents[1] / "src/attendance/adapters/security/data/common_passwords.txt"


def listed() -> str:
    """One password per line, folded, in code-point order; shorter ones are refused for that already."""
    passwords = {folded(password) for password in FREQUENCY_LISTS["passwords"]}
    return "".join(f"{password}\n" for password in sorted(passwords) if len(password) >= SHORTEST)


def main(arguments: list[str]) -> str | None:
    if arguments == ["--check"]:
        current = TARGET.read_bytes() if TARGET.exists() else b""
        return None if current == listed().encode() else f"{TARGET} differs: run tools/common_passwords.py"
    if arguments:
        return "usage: common_passwords.py [--check]"
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(listed().encode())
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
