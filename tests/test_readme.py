"""The README's first minute, literally: its commands, in a shell, against the real service."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import serving

README = Path(__file__).parents[1] / "README.md"
MARK = "=== answer ends ==="


def first_minute() -> list[tuple[str, str]]:
    """The commands of the console block, each with the answer shown for it."""
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL)
    steps = [step.partition("\n") for block in blocks for step in block.split("$ ")[1:] if step]
    # `$(…)` and `$1` have no space behind the dollar, so only prompts were split at
    return [(command, answer.strip()) for command, _, answer in steps]


def as_pattern(shown: str) -> str:
    return re.escape(shown).replace("…", "[0-9a-f-]{36}")


@pytest.mark.parametrize(
    "kept_database",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.thorough)],
    indirect=True,
)
def test_the_first_minute_of_the_readme_is_true(tmp_path: Path, database_url: str) -> None:
    steps = first_minute()
    assert len(steps) > 10
    with serving(tmp_path, database_url) as service:
        script = "\n".join(f"{command}\necho; echo '{MARK}'" for command, _ in steps)
        script = script.replace("http://127.0.0.1:8000", service.url)
        done = subprocess.run(
            ["bash", "-euc", script.replace(".venv/bin/", f"{Path(sys.executable).parent}/")],
            cwd=tmp_path,
            env=os.environ | service.settings,
            capture_output=True,
            text=True,
            check=False,
        )
    answers = [answer.strip() for answer in done.stdout.split(MARK)]
    assert done.returncode == 0, done.stderr
    for (command, shown), answer in zip(steps, answers, strict=False):
        assert re.fullmatch(as_pattern(shown), answer), f"{command}\nshown: {shown}\nanswered: {answer}"
