"""`python -m attendance` is the command `attendance`."""

from attendance.entrypoints.cli import main

main()
