"""Handing mails to a server: what arrives, and what becomes of it when the server does not play along."""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import quote

import pytest

from attendance.adapters.mail import MailRenderer, SmtpNotifier
from attendance.adapters.mail.smtp import Scheme, server_of
from attendance.application.ports import NotSent
from attendance.domain.accounts.mail import Mail, MailKind
from tests.adapters.mail.make import FACTS, mail
from tests.adapters.mail.servers import PASSWORD, USER, Certificate, Temper, new_certificate, running
from tests.adapters.mail.test_rendering import HEADERS, INJECTION, headers_of

pytestmark = pytest.mark.processes
renderer = MailRenderer(base_url="https://club.example.org", sender="Club <club@example.org>")
SIGNED_IN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return new_certificate()


def notifier(url: str, **options: Any) -> SmtpNotifier:
    return SmtpNotifier(url=url, renderer=renderer, **{"timeout": 5, **options})


def failure_of(url: str, sent: Mail | None = None, **options: Any) -> NotSent:
    with pytest.raises(NotSent) as failure:
        notifier(url, **options).send(sent or mail())
    reason = str(failure.value)
    assert reason.isprintable()
    assert len(reason) <= 200
    return failure.value


@contextmanager
def plain(temper: Temper, **options: Any) -> Iterator[str]:
    with running(temper, **options) as port:
        yield f"smtp://127.0.0.1:{port}"


def test_a_mail_arrives_as_it_was_written() -> None:
    temper, sent = Temper(), mail()
    with plain(temper) as url:
        notifier(url).send(sent)
    (envelope,) = temper.accepted
    assert (envelope.mail_from, envelope.rcpt_tos) == ("club@example.org", ["anna@example.org"])
    content = envelope.content
    assert isinstance(content, bytes)
    assert headers_of(content) == HEADERS
    assert f"\r\nMessage-ID: <{sent.id}@example.org>\r\n".encode() in content
    assert f"\r\n{renderer.link(sent)}\r\n".encode() in content


@pytest.mark.parametrize("kind", MailKind)
@pytest.mark.attacks
def test_no_fact_reaches_the_headers_or_the_envelope(kind: MailKind) -> None:
    temper = Temper()
    with plain(temper) as url:
        for fact in FACTS[kind]:
            notifier(url).send(mail(kind, **{fact: INJECTION}))
            notifier(url).send(mail(kind, **{fact: "\r\n.\r\nMAIL FROM:<thief@example.com>\r\n"}))
    assert len(temper.accepted) == 2 * len(FACTS[kind])
    for envelope in temper.accepted:
        assert isinstance(envelope.content, bytes)
        assert headers_of(envelope.content) == HEADERS
        assert (envelope.mail_from, envelope.rcpt_tos) == ("club@example.org", ["anna@example.org"])


def test_a_line_of_one_dot_does_not_end_a_mail_early() -> None:
    """The twin: sent without smtplib's care for dots, the same text does end it."""
    temper, text = Temper(), b"Subject: x\r\n\r\none\r\n.\r\nNOOP\r\n"
    with running(temper) as port, smtplib.SMTP("127.0.0.1", port, "localhost", timeout=5) as connection:
        connection.sendmail("a@example.org", ["b@example.org"], text)
        connection.mail("a@example.org")
        connection.rcpt("b@example.org")
        assert connection.docmd("DATA")[0] == 354
        connection.send(text)
        assert connection.getreply()[0] == 250
        assert connection.getreply()[0] == 250
    careful, naive = (envelope.content for envelope in temper.accepted)
    assert isinstance(careful, bytes)
    assert isinstance(naive, bytes)
    assert b"NOOP" in careful
    assert b"NOOP" not in naive


def test_a_mail_to_another_script_is_taken_by_any_server() -> None:
    temper = Temper()
    with plain(temper, enable_SMTPUTF8=False) as url:
        notifier(url).send(mail(address="anna@bücher.example.org", name="Łucja"))
    assert temper.accepted[0].rcpt_tos == ["anna@xn--bcher-kva.example.org"]


def test_a_link_arrives_whole_whatever_the_reader_is_called_and_the_server_takes() -> None:
    sent = mail(name="Zoë Müller")
    link = str(renderer.link(sent))
    for temper, options in ((Temper(), ["BODY=8BITMIME"]), (Temper(takes_8bit=False), [])):
        with plain(temper) as url:
            notifier(url).send(sent)
        content = temper.accepted[0].content
        assert isinstance(content, bytes)
        assert [it for it in temper.options if it.startswith("BODY")] == options
        assert content.isascii() is not temper.takes_8bit
        assert f'<a href="{link}"'.encode() in content
        assert f"\r\n{link}\r\n".encode() in content or not temper.takes_8bit
        text = message_from_bytes(content, policy=default).get_body(("plain",))
        assert text is not None
        assert f"\n{link}\n" in text.get_content().replace("\r\n", "\n")
        assert "Zoë Müller" in text.get_content()


def test_a_mail_in_ascii_says_nothing_of_8_bits() -> None:
    temper = Temper()
    with plain(temper) as url:
        notifier(url).send(mail())
    assert not [it for it in temper.options if it.startswith("BODY")]


def test_the_client_says_its_name_or_address() -> None:
    temper = Temper()
    with plain(temper) as url:
        notifier(url).send(mail())
    (name,) = temper.names
    assert name == socket.gethostname() or name == "[127.0.0.1]"
    assert "." in name


@pytest.mark.parametrize(
    ("temper", "is_final", "reason"),
    [
        (Temper(to_recipient="550 5.1.1 nobody\there"), True, "recipient was not accepted: 550 5.1.1 nobody"),
        (Temper(to_recipient="450 4.2.0 greylisted"), False, "recipient was not accepted: 450 4.2.0 grey"),
        (Temper(to_recipient="421 4.3.2 going down"), False, "recipient was not accepted: 421 4.3.2"),
        (Temper(to_recipient="530 5.7.0 sign in"), False, "recipient was not accepted: 530 5.7.0"),
        (Temper(to_recipient=f"550 {'x' * 400}"), True, "recipient was not accepted: 550 xxx"),
        (Temper(to_data="554 no"), True, "^the mail was not accepted: 554$"),
        (Temper(to_data="451 4.3.0 later"), False, "^the mail was not accepted: 451 4.3.0$"),
        (Temper(dies_in_data=True), False, "^the server closed the connection$"),
    ],
)
def test_a_refusal_is_final_when_the_server_says_so_of_recipient_or_mail(
    temper: Temper, *, is_final: bool, reason: str
) -> None:
    with plain(temper) as url:
        failure = failure_of(url)
    assert failure.is_final is is_final
    assert re.search(reason, str(failure))
    assert temper.accepted == []


def test_a_server_that_hangs_is_given_up() -> None:
    temper = Temper(hangs_after_ehlo=True)
    with plain(temper) as url:
        failure = failure_of(url, timeout=0.2)
    assert not failure.is_final
    assert str(failure) == "the server does not answer"
    assert temper.names


@pytest.mark.parametrize("scheme", Scheme)
def test_no_step_takes_longer_than_the_timeout(
    scheme: Scheme, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts = []

    def note(self: smtplib.SMTP, *_: object) -> None:
        assert self.sock is not None
        timeouts.append(self.sock.gettimeout())

    monkeypatch.setattr(smtplib.SMTP, "sendmail", note)
    name = "ssl_context" if scheme is Scheme.TLS else "tls_context"
    with running(Temper(), **{name: certificate.of_server}) as port:
        notifier(f"{scheme}://localhost:{port}", timeout=4.5, ssl_context=certificate.trusted).send(mail())
    assert timeouts == [4.5]


def test_a_server_that_never_greets_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in Scheme:
            failure = failure_of(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
            assert not failure.is_final
            assert str(failure) == "the server does not answer"


def test_a_server_that_is_not_there_is_tried_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    failure = failure_of(f"smtp://127.0.0.1:{port}")
    assert not failure.is_final
    assert str(failure) == "the server cannot be reached: Connection refused"


def test_a_mail_that_was_accepted_is_sent_whatever_comes_after() -> None:
    temper = Temper(dies_at_quit=True)
    with plain(temper) as url:
        notifier(url).send(mail())
    assert len(temper.accepted) == 1


def test_what_a_server_quotes_of_the_mail_is_not_repeated() -> None:
    with plain(Temper(quotes_the_mail=True)) as url:
        failure = failure_of(url)
    assert str(failure) == "the mail was not accepted: 554 5.7.1"
    assert failure.__cause__ is None
    assert failure.__suppress_context__
    assert failure.is_final


def test_the_server_does_quote_it() -> None:
    """The twin of the one above: smtplib's own error holds the link."""
    sent = mail()
    with (
        running(Temper(quotes_the_mail=True)) as port,
        smtplib.SMTP("127.0.0.1", port, "localhost", timeout=5) as connection,
        pytest.raises(smtplib.SMTPDataError, match="a-token_in-43-letters"),
    ):
        connection.sendmail("a@example.org", [sent.to], renderer.render(sent).as_bytes())


def test_a_mail_that_cannot_be_written_reaches_no_server() -> None:
    temper = Temper()
    with plain(temper) as url:
        assert failure_of(url, mail(address="nobody")).is_final
    assert temper.names == []


@pytest.mark.parametrize("error", [RuntimeError("a secret"), UnicodeError("a secret"), KeyError("a secret")])
def test_no_other_exception_escapes(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(smtplib.SMTP, "sendmail", fail)
    with plain(Temper()) as url:
        failure = failure_of(url)
    assert str(failure) == f"sending failed: {type(error).__name__}"
    assert not failure.is_final


def test_starttls_secures_the_mail_and_the_password(certificate: Certificate) -> None:
    temper = Temper()
    secured = {"tls_context": certificate.of_server, "require_starttls": True}
    with running(temper, **secured, auth_required=True, authenticator=temper.authenticate) as port:
        notifier(f"smtp+starttls://{SIGNED_IN}localhost:{port}", ssl_context=certificate.trusted).send(mail())
    assert temper.was_secured == [True]
    assert temper.seen[0] == "AUTH"


def test_smtps_secures_everything(certificate: Certificate) -> None:
    temper = Temper()
    with running(temper, ssl_context=certificate.of_server) as port:
        notifier(f"smtps://localhost:{port}", ssl_context=certificate.trusted).send(mail())
    assert len(temper.accepted) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate: Certificate, host: str) -> None:
    """For 127.0.0.1 it is known but made out to another name."""
    known = certificate.trusted if host == "127.0.0.1" else None
    starttls, smtps = Temper(), Temper()
    with (
        running(starttls, tls_context=certificate.of_server) as one,
        running(smtps, ssl_context=certificate.of_server) as other,
    ):
        for url in (f"smtp+starttls://{host}:{one}", f"smtps://{host}:{other}"):
            failure = failure_of(url, ssl_context=known)
            assert str(failure).startswith("the server's certificate is not trusted: ")
            assert not failure.is_final
    assert starttls.seen == smtps.seen == []


def test_starttls_that_is_not_offered_is_never_done_without() -> None:
    """The twin is in the last lines: asked to, the same server takes the mail in the clear."""
    temper = Temper()
    with running(temper, auth_require_tls=False, authenticator=temper.authenticate) as port:
        failure = failure_of(f"smtp+starttls://{SIGNED_IN}localhost:{port}")
        assert not failure.is_final
        assert str(failure).startswith("the server does not offer what is asked of it: STARTTLS")
        assert temper.seen == []
        notifier(f"smtp://{SIGNED_IN}localhost:{port}").send(mail())
    assert temper.seen[0] == "AUTH"
    assert temper.was_secured == [False]


def test_a_server_that_speaks_no_tls_gets_no_mail(certificate: Certificate) -> None:
    temper = Temper()
    with running(temper) as port:
        failure = failure_of(f"smtps://localhost:{port}", ssl_context=certificate.trusted)
    assert not failure.is_final
    assert temper.seen == []


@pytest.mark.parametrize("wrong", ["club%40example.org:wrong-secret", "somebody:wrong-secret"])
def test_a_wrong_password_is_no_fault_of_the_mail(wrong: str) -> None:
    temper = Temper()
    with running(temper, auth_require_tls=False, authenticator=temper.authenticate) as port:
        failure = failure_of(f"smtp://{wrong}@127.0.0.1:{port}")
    assert not failure.is_final
    assert str(failure) == "user and password were not accepted: 535 5.7.8"
    assert set(temper.seen) == {"AUTH"}


def test_a_server_without_sign_in_gets_no_mail_when_there_is_a_password() -> None:
    temper = Temper()
    with running(temper) as port:
        failure = failure_of(f"smtp://{SIGNED_IN}127.0.0.1:{port}")
    assert not failure.is_final
    assert str(failure).startswith("the server does not offer what is asked of it: ")
    assert temper.seen == []


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port"),
    [
        ("smtp://mail.example.org", "smtp", "mail.example.org", 25),
        ("smtp+starttls://mail.example.org/", "smtp+starttls", "mail.example.org", 587),
        ("smtps://mail.example.org", "smtps", "mail.example.org", 465),
        ("SMTPS://mail.example.org:2525", "smtps", "mail.example.org", 2525),
        ("smtp://[::1]:2525", "smtp", "::1", 2525),
    ],
)
def test_a_url_names_a_server(url: str, scheme: str, host: str, port: int) -> None:
    server = server_of(url)
    assert (server.scheme, server.host, server.port) == (scheme, host, port)
    assert (server.user, server.password) == (None, None)


def test_user_and_password_are_decoded_and_not_shown() -> None:
    server = server_of(f"smtps://{SIGNED_IN}mail.example.org")
    assert (server.user, server.password) == (USER, PASSWORD)
    assert PASSWORD not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp:",
        "smtp://",
        "smtp://:25",
        "smtp://mail.example.org/path",
        "smtp://mail.example.org?tls=no",
        "smtp://mail.example.org#top",
        "smtp://mail.example.org:0",
        "smtp://mail.example.org:70000",
        "smtp://mail.example.org:smtp",
        "smtp://[::1",
        "smtp://user:hunter2@mail℀example.org",
        "smtp://mail.example.org\r\n",
        "smtp://user@mail.example.org",
        "smtp://:hunter2@mail.example.org",
        "smtp://user:@mail.example.org",
        "smtp://user:hunter2/x@mail.example.org",
        "smtp://user:hunter2?x@mail.example.org",
        "smtp://user:hunter2%00@mail.example.org",
        "smtp://user:hunter2%C3%A9@mail.example.org",
        "smtp://us er:hunter2@mail.example.org",
    ],
)
def test_a_wrong_url_is_refused_at_once_and_its_password_not_told(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL") as refused:
        notifier(url)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_time_limit_is_needed() -> None:
    with pytest.raises(ValueError, match="timeout"):
        notifier("smtp://localhost", timeout=0)


def test_certificates_are_verified_unless_something_else_is_given() -> None:
    context = SmtpNotifier(url="smtps://localhost", renderer=renderer)._ssl_context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
