"""Mail as files: whole, for nobody else to read, and with the link where it is looked for."""

import logging
import os
import stat
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from attendance.adapters.mail import FileNotifier, MailRenderer
from attendance.application.ports import NotSent
from attendance.domain.accounts.mail import MailKind
from tests.adapters.mail.make import FACTS, mail

renderer = MailRenderer(base_url="https://club.example.org")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "var" / "mail"


@pytest.fixture
def notifier(directory: Path) -> FileNotifier:
    return FileNotifier(directory=directory, renderer=renderer)


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """One under which a file is readable for everybody unless somebody sees to it."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_mail_becomes_a_file_that_a_mail_program_can_read(notifier: FileNotifier, directory: Path) -> None:
    sent = mail()
    notifier.send(sent)
    (path,) = directory.iterdir()
    assert path.name == f"{sent.id}.eml"
    read = message_from_bytes(path.read_bytes(), policy=default)
    assert read["To"] == "anna@example.org"
    text = read.get_body(("plain",))
    assert text is not None
    assert renderer.link(sent) in text.get_content()


@pytest.mark.usefixtures("generous_umask")
def test_nobody_else_can_read_it(notifier: FileNotifier, directory: Path) -> None:
    notifier.send(mail())
    (path,) = directory.iterdir()
    assert (mode_of(directory), mode_of(path)) == (0o700, 0o600)


@pytest.mark.usefixtures("generous_umask")
def test_everybody_could_read_it_if_it_were_an_ordinary_file(tmp_path: Path) -> None:
    """The twin of the one above."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "x.eml").write_text("")
    assert (mode_of(tmp_path / "mail"), mode_of(tmp_path / "mail" / "x.eml")) == (0o777, 0o666)


def test_a_mail_sent_again_replaces_its_file(notifier: FileNotifier, directory: Path) -> None:
    sent = mail()
    notifier.send(sent)
    notifier.send(sent)
    notifier.send(mail())
    assert len(list(directory.iterdir())) == 2


@pytest.mark.parametrize("kind", MailKind)
def test_the_log_names_the_file_and_the_link(
    kind: MailKind, notifier: FileNotifier, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sent = mail(kind)
    notifier.send(sent)
    (line,) = caplog.messages
    assert str(directory / f"{sent.id}.eml") in line
    assert ("token" in FACTS[kind]) == (f"with the link {renderer.link(sent)}" in line)
    assert line.isprintable()


def test_a_token_adds_no_line_to_the_log(notifier: FileNotifier, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    notifier.send(mail(token="x\r\nERROR all is lost"))
    (line,) = caplog.messages
    assert line.isprintable()


def test_what_is_in_the_way_of_the_directory_is_reported(notifier: FileNotifier, directory: Path) -> None:
    directory.parent.mkdir()
    directory.write_text("")
    with pytest.raises(NotSent, match="cannot be written: File exists") as failure:
        notifier.send(mail())
    assert not failure.value.is_final


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_mail_that_could_not_be_written_whole_leaves_nothing(
    broken: str, notifier: FileNotifier, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if broken == "fsync" else Path, broken, fail)
    with pytest.raises(NotSent, match="No space left on device") as failure:
        notifier.send(mail())
    assert not failure.value.is_final
    assert list(directory.iterdir()) == []


def test_a_mail_that_cannot_be_written_out_makes_no_file(notifier: FileNotifier, directory: Path) -> None:
    with pytest.raises(NotSent):
        notifier.send(mail(address="nobody"))
    assert not directory.exists()
