"""Mail servers of every temper, on this machine."""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "club@example.org", "p@ss/w:rd?#"


@dataclass
class Temper:
    """How a server behaves; it keeps what it accepts."""

    to_recipient: str = "250 OK"
    to_data: str = "250 OK"
    hangs_after_ehlo: bool = False
    dies_in_data: bool = False
    dies_at_quit: bool = False
    quotes_the_mail: bool = False
    takes_8bit: bool = True
    accepted: list[Envelope] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    was_secured: list[bool] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802 # aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.names.append(hostname)
        session.host_name = hostname
        if self.hangs_after_ehlo:
            await asyncio.Event().wait()
        return [it for it in responses if self.takes_8bit or "8BITMIME" not in it]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.seen.append(f"MAIL {address}")
        self.options = options
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.seen.append(f"RCPT {address}")
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.seen.append("DATA")
        if self.dies_in_data:
            _hang_up(server)
            return "451 gone already"
        if self.quotes_the_mail:
            content = envelope.content
            assert isinstance(content, bytes)
            (link,) = re.findall(r"^https\S+/auth/\S+", content.decode(), re.MULTILINE)
            return f"554 5.7.1 refused for {link}"
        if self.to_data.startswith("250"):
            self.accepted.append(envelope)
            self.was_secured.append(session.ssl is not None)
        return self.to_data

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.dies_at_quit:
            _hang_up(server)
        return "221 Bye"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.seen.append("AUTH")
        return AuthResult(success=data == LoginPassword(USER.encode(), PASSWORD.encode()), handled=False)


def _hang_up(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


class _OnAFreePort(Controller):
    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def running(temper: Temper, **options: Any) -> Iterator[int]:
    """The port of such a server, for a while."""
    server = _OnAFreePort(temper, hostname="127.0.0.1", port=0, server_hostname="localhost", **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@dataclass(frozen=True)
class Certificate:
    """A certificate for `localhost` by an authority of the tests' own, and what the two sides make of it."""

    authority: trustme.CA
    certificate: trustme.LeafCert

    @property
    def of_server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate.configure_cert(context)
        return context

    @property
    def trusted(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


def new_certificate() -> Certificate:
    authority = trustme.CA()
    return Certificate(authority, authority.issue_cert("localhost"))
