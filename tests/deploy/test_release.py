"""What stands beside the image: the unit of systemd, and the list of what is installed."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy/attendance.service"
LOCK = ROOT / "requirements/run.lock"
PROGRAM = "/opt/attendance/bin/attendance"
WORST_EXPOSURE = 1.5
"""Of 10, by systemd's own figures; 0.2 is what is possible at best without a network."""

pytestmark = [pytest.mark.processes, pytest.mark.deployment]


def analyzed(unit: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is not installed: apt-get install systemd"
    return subprocess.run([program, *words, unit], capture_output=True, text=True, check=False)


def unit_here(home: Path, **changes: str) -> Path:
    """The unit with a program that is there."""
    text = UNIT.read_text()
    assert f"ExecStart={PROGRAM} serve" in text
    text = text.replace(PROGRAM, sys.executable)
    for name, value in changes.items():
        assert re.search(rf"^{name}=", text, re.MULTILINE)
        text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
    (home / UNIT.name).write_text(text)
    return home / UNIT.name


def exposure(unit: Path) -> float:
    said = analyzed(unit, "security", "--offline=yes").stdout
    [figure] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)
    return float(figure)


def test_systemd_knows_everything_that_the_unit_says(tmp_path: Path) -> None:
    verified = analyzed(unit_here(tmp_path), "verify")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_what_the_unit_says_wrongly_is_found(tmp_path: Path) -> None:
    assert "planted" in analyzed(unit_here(tmp_path, ProtectSystem="planted"), "verify").stderr


def test_the_unit_leaves_little_exposed(tmp_path: Path) -> None:
    assert exposure(unit_here(tmp_path)) <= WORST_EXPOSURE
    assert exposure(unit_here(tmp_path, CapabilityBoundingSet="~", PrivateUsers="no")) > WORST_EXPOSURE


def test_the_list_of_what_is_installed_is_the_lock() -> None:
    done = subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = json.loads((ROOT / "var/sbom.cdx.json").read_text())
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == "attendance"
    locked = re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==(\S+)", LOCK.read_text(), re.MULTILINE)
    assert len(locked) > 30
    found = {each["purl"] for each in listed["components"]}
    assert found == {f"pkg:pypi/{name}@{version}" for name, version in locked}


def test_an_audit_fails_where_a_package_cannot_be_looked_up(tmp_path: Path) -> None:
    program = ROOT / ".venv/release/bin/pip-audit"
    nowhere = tmp_path / "nowhere.txt"
    nowhere.write_text("idna==3.10 --hash=sha256:" + "0" * 64 + "\n")
    done = subprocess.run(
        [
            program,
            "--strict",
            "--require-hashes",
            "--disable-pip",
            "--progress-spinner",
            "off",
            "-r",
            nowhere,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin", "HOME": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:9"},
    )
    assert done.returncode != 0
    assert "No known vulnerabilities found" not in done.stdout + done.stderr
