"""Run by itself: print the key a first start makes, or the one there is."""

import sys

from attendance.entrypoints.secrets import signing_keys
from attendance.entrypoints.settings import from_environment

if __name__ == "__main__":
    sys.stdout.write(signing_keys(from_environment())[0].decode())
