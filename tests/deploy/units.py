"""What deploy/ has for systemd, in a directory of its own and without systemd."""

import sys
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"
PROGRAM = "/opt/attendance/bin/attendance"
SCRIPT = "/usr/local/sbin/attendance"
KEPT = "/var/lib/attendance"
CONFIGURED = "/etc/attendance"

SYSTEMD_RUN = f"""\
#!{sys.executable}
# hands over an environment, secrets and a directory, as systemd-run does; no user, no walls
import os, pathlib, shutil, sys, tempfile
words, properties = sys.argv[1:], []
while words[0].startswith("-"):
    word = words.pop(0)
    if word == "-p":
        properties.append(words.pop(0).split("=", 1))
environment = {{"PATH": "/usr/bin:/bin"}}
for name, value in properties:
    if name == "EnvironmentFile":
        file = pathlib.Path(value.removeprefix("-"))
        lines = file.read_text().splitlines() if file.exists() or value[0] != "-" else []
        environment.update(line.split("=", 1) for line in lines if line and line[0] != "#")
secrets = [value.split(":", 1) for name, value in properties if name == "LoadCredential"]
if secrets:
    environment["CREDENTIALS_DIRECTORY"] = tempfile.mkdtemp()
    for name, file in secrets:
        shutil.copy(file, os.path.join(environment["CREDENTIALS_DIRECTORY"], name))
os.chdir(dict(properties)["WorkingDirectory"])
words = [word.replace("$$", "$") for word in words]
os.execve(words[0], words, environment)
"""


class Installed:
    """A machine where the steps for systemd were carried out: what is kept, configured and called."""

    def __init__(self, home: Path) -> None:
        self.home, self.kept, self.configured = home, home / "kept", home / "etc"
        self.commands = home / "commands"
        for directory in (self.kept / "var", self.configured / "secrets", self.commands):
            directory.mkdir(parents=True)
        self.settings = self.configured / "attendance.env"
        self.command("attendance", self.here((DEPLOY / "attendance.sh").read_text()))
        self.command("systemd-run", SYSTEMD_RUN)
        self.command("systemctl", "#!/bin/sh\n")

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.commands}:/usr/bin:/bin"}

    def command(self, name: str, text: str) -> Path:
        file = self.commands / name
        file.write_text(text)
        file.chmod(0o755)
        return file

    def here(self, text: str) -> str:
        """A text with the places of this machine in place of those that it names."""
        for place, instead in (
            (PROGRAM, Path(sys.executable).parent / "attendance"),
            (SCRIPT, self.commands / "attendance"),
            (KEPT, self.kept),
            (CONFIGURED, self.configured),
        ):
            text = text.replace(place, str(instead))
        return text
