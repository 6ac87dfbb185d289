"""The command `attendance`; `python -m attendance` is the same."""

import sys

NO_SERVER = "the command needs packages that are not installed: pip install 'attendance[server]'"


def main() -> None:
    try:
        import click  # noqa: F401
    except ImportError:
        sys.exit(NO_SERVER)
    from attendance.entrypoints.serving.process import loading

    with loading():
        from attendance.entrypoints.cli import main as command

    command()


if __name__ == "__main__":
    main()
