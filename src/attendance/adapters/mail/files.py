"""Mail without a mail server: each mail becomes a file."""

import logging
import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from attendance.adapters.mail.rendering import MailRenderer
from attendance.application.ports import Notifier, NotSent
from attendance.domain.accounts.mail import Mail

log = logging.getLogger(__name__)


class FileNotifier(Notifier):
    """Write each mail to `<directory>/<id>.eml`, readable for its owner only, and its link to the log."""

    def __init__(self, *, directory: Path, renderer: MailRenderer) -> None:
        self._directory = directory
        self._renderer = renderer

    def send(self, mail: Mail) -> None:
        message = self._renderer.render(mail).as_bytes()
        path = self._directory / f"{mail.id}.eml"
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(path, message)
        except OSError as error:
            raise NotSent(
                f"the mail's file cannot be written: {error.strerror or type(error).__name__}"
            ) from error
        link = self._renderer.link(mail)
        log.info("no mail server is set: wrote %s%s", path, f", with the link {link}" if link else "")


def _write_whole(path: Path, content: bytes) -> None:
    """Write the whole file or none; mkstemp makes it unreadable for others."""
    number, unfinished = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(number)
        Path(unfinished).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(unfinished).unlink()
        raise
