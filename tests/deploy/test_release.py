"""What stands beside the image: the units of systemd, and the list of what is installed."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ["attendance.service", "attendance-backup.service"]
TIMER = ROOT / "deploy/attendance-backup.timer"
LOCK = ROOT / "requirements/run.lock"
PROGRAM = "/opt/attendance/bin/attendance"
WORST_EXPOSURE = 1.5
"""Of 10, by systemd's own figures; 0.2 is what is possible at best without a network."""

pytestmark = [pytest.mark.processes, pytest.mark.deployment]


def analyzed(unit: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is not installed: apt-get install systemd"
    return subprocess.run([program, *words, unit], capture_output=True, text=True, check=False)


def unit_here(home: Path, name: str, **changes: str) -> Path:
    """A unit with a program that is there, and the timer beside it."""
    text = (ROOT / "deploy" / name).read_text()
    assert re.search(rf"^ExecStart=.*{PROGRAM} (serve|backup) ?", text, re.MULTILINE)
    text = text.replace(PROGRAM, sys.executable)
    for key, value in changes.items():
        assert re.search(rf"^{key}=", text, re.MULTILINE)
        text = re.sub(rf"^{key}=.*$", f"{key}={value}", text, flags=re.MULTILINE)
    (home / name).write_text(text)
    shutil.copy(TIMER, home)
    return home / name


def exposure(unit: Path) -> float:
    said = analyzed(unit, "security", "--offline=yes").stdout
    [figure] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)
    return float(figure)


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_knows_everything_that_the_unit_says(tmp_path: Path, unit: str) -> None:
    verified = analyzed(unit_here(tmp_path, unit), "verify")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_what_the_unit_says_wrongly_is_found(tmp_path: Path, unit: str) -> None:
    assert "planted" in analyzed(unit_here(tmp_path, unit, ProtectSystem="planted"), "verify").stderr


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_leaves_little_exposed(tmp_path: Path, unit: str) -> None:
    assert exposure(unit_here(tmp_path, unit)) <= WORST_EXPOSURE
    assert exposure(unit_here(tmp_path, unit, CapabilityBoundingSet="~", PrivateUsers="no")) > WORST_EXPOSURE


def test_systemd_knows_when_a_backup_is_due(tmp_path: Path) -> None:
    timer = unit_here(tmp_path, "attendance-backup.service").with_name(TIMER.name)
    verified = analyzed(timer, "verify")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    timer.write_text(timer.read_text().replace("03:30", "25:30"))
    assert "25:30" in analyzed(timer, "verify").stderr


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
