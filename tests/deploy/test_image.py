"""The image: its Dockerfile linted, and its steps carried out in a root of their own; then it serves."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.dockerfile import Image, context_of, in_own_mounts, instructions
from tests.service import free_port

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/Dockerfile"
# what the engine does with read_only and tmpfs, and a volume of the user's
READ_ONLY = """\
mkdir -p $ROOT{volume} && mount -t tmpfs none $ROOT{volume} && chown {user}:{user} $ROOT{volume}
mount -t tmpfs none $ROOT/tmp && chmod 1777 $ROOT/tmp
mount -o remount,ro,bind $ROOT/usr/local
mount -o remount,ro $ROOT
"""
SERVES = """\
{serve} > {log} 2>&1 &
service=$!
for attempt in $(seq 300); do
    if {health} 2> /dev/null; then break; fi
    kill -0 $service
    sleep 0.1
done
{health}
{probe}
kill -TERM $service
wait $service
! {health} 2> /dev/null
"""
PROBE = """\
import json, os, pathlib, urllib.request
refused = []
for place in ("/etc", "/opt/attendance", "/usr/local"):
    try:
        (pathlib.Path(place) / "planted").touch()
    except OSError as error:
        refused.append(place)
url = f"http://127.0.0.1:{os.environ['ATTENDANCE_PORT']}/health/ready"
print("PROBED " + json.dumps({
    "uid": os.getuid(),
    "refused": refused,
    "kept": sorted(path.name for path in pathlib.Path("var").iterdir()),
    "ready": json.load(urllib.request.urlopen(url)),
    "version": __import__("importlib.metadata").metadata.version("attendance"),
}))
"""

pytestmark = [pytest.mark.processes, pytest.mark.deployment]


def hadolint(dockerfile: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("hadolint")
    assert program, "hadolint is not on the PATH: run this by make test-deploy"
    return subprocess.run([program, dockerfile], capture_output=True, text=True, check=False)


def test_the_dockerfile_is_as_its_linter_wants_it() -> None:
    linted = hadolint(DOCKERFILE)
    assert linted.returncode == 0, linted.stdout


def test_the_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    planted = DOCKERFILE.read_text().replace("python:3.11-slim-trixie", "python:latest")
    (tmp_path / "Dockerfile").write_text(planted)
    assert "DL3007" in hadolint(tmp_path / "Dockerfile").stdout


def test_an_instruction_that_is_not_carried_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.11\nONBUILD RUN true\n")
    with pytest.raises(ValueError, match="ONBUILD"):
        [*instructions(tmp_path / "Dockerfile")]


def test_the_steps_make_an_image_that_serves_from_a_root_that_is_read_only(tmp_path: Path) -> None:
    assert os.getuid() == 0, "needs root: mounts are made, in a namespace of their own"
    image = Image(tmp_path, context_of(ROOT, tmp_path)).build(DOCKERFILE)
    assert image.user != "0"
    image.environment["ATTENDANCE_PORT"] = str(free_port())
    image.environment["HOME"] = "/nonexistent"
    read_only = READ_ONLY.format(volume=image.volumes[0], user=image.user)
    serves = SERVES.format(
        serve=image.inside([*image.entrypoint, *image.command]),
        health=image.inside(image.health),
        probe=image.inside(["python", "-c", PROBE]),
        log=tmp_path / "service.log",
    )
    done = in_own_mounts(image.script(read_only + serves), tmp_path)
    log = tmp_path / "service.log"
    said = done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    assert done.returncode == 0, said
    [probed] = [line for line in done.stdout.splitlines() if line.startswith("PROBED ")]
    assert '"refused": ["/etc", "/opt/attendance", "/usr/local"]' in probed
    assert f'"uid": {image.user}' in probed
    assert '"ready": {"status": "ok"}' in probed
    assert '"attendance.db"' in probed
    assert '"secret_key"' in probed
