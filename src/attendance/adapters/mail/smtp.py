"""Mail by SMTP."""

import logging
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from attendance.adapters.mail.rendering import MailRenderer
from attendance.application.ports import Notifier, NotSent
from attendance.domain.accounts.mail import Mail

log = logging.getLogger(__name__)

_LONGEST_REASON = 200
_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
# Some servers ask for a sign-in only at the recipient or the data: a matter of settings, not of the mail.
_ABOUT_SIGNING_IN = frozenset({530, 534, 535, 538})


class Scheme(StrEnum):
    PLAIN = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_PORTS = {Scheme.PLAIN: 25, Scheme.STARTTLS: 587, Scheme.TLS: 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An SMTP server and the credentials for it."""

    scheme: Scheme
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def server_of(url: str) -> Server:
    """The server of a URL such as smtps://user:password@mail.example.org.

    Raises ValueError with a line that does not tell the password.
    """
    if not url.isprintable() or " " in url:
        raise ValueError("the SMTP URL must not contain blanks or control characters")
    parts, port = _split(url)
    if parts.scheme not in _PORTS:
        raise ValueError(f"the SMTP URL must begin with {', '.join(f'{scheme}://' for scheme in _PORTS)}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("the SMTP URL must end after host and port; percent-encode / ? # in a password")
    if not parts.hostname:
        raise ValueError("the SMTP URL must name a host")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("the SMTP URL must have both user and password, or neither")
    scheme = Scheme(parts.scheme)
    return Server(
        scheme=scheme,
        host=parts.hostname,
        port=_PORTS[scheme] if port is None else port,
        user=_decoded("user", parts.username),
        password=_decoded("password", parts.password),
    )


class SmtpNotifier(Notifier):
    """Send each mail to the server of a URL over a connection of its own.

    `smtp+starttls` and `smtps` verify the server's certificate and never send anything in the clear; `smtp`
    does, the password too: it is for a server on the same machine. `timeout` is in seconds for each step.
    """

    def __init__(
        self,
        *,
        url: str,
        renderer: MailRenderer,
        timeout: float = 20,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server_of(url)
        if timeout <= 0:
            raise ValueError("timeout must be more than 0")
        self._renderer = renderer
        self._timeout = timeout
        self._ssl_context = ssl_context or ssl.create_default_context()

    def send(self, mail: Mail) -> None:
        message = self._renderer.render(mail)
        try:
            with self._connection() as connection:
                connection.ehlo_or_helo_if_needed()
                options = []
                if message["Content-Transfer-Encoding"] == "8bit":
                    if connection.has_extn("8bitmime"):
                        options = ["BODY=8BITMIME"]
                    else:
                        message = self._renderer.render(mail, is_7bit=True)
                recipient, content = str(message["To"]), message.as_bytes()
                connection.sendmail(self._renderer.envelope_sender, [recipient], content, options)
        except Exception as error:
            # Without its cause: tracebacks would show what servers quote of the mail.
            reason = _reason(error)[:_LONGEST_REASON]
            log.warning("mail %s was not sent: %s", mail.id, reason)
            raise NotSent(reason, is_final=_is_final(error)) from None

    def require_server(self) -> None:
        """Raise NotSent where the server is away, or does not take the credentials. Sends nothing."""
        try:
            with self._connection() as connection:
                connection.noop()
        except Exception as error:
            raise NotSent(_reason(error)[:_LONGEST_REASON], is_final=False) from None

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        connection = self._connected()
        try:
            connection.local_hostname = _own_name(connection)
            if self._server.scheme is Scheme.STARTTLS:
                connection.starttls(context=self._ssl_context)
            if self._server.user is not None and self._server.password is not None:
                connection.login(self._server.user, self._server.password)
            yield connection
            # The mail is accepted: how the farewell goes is of no importance.
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()
        finally:
            connection.close()

    def _connected(self) -> smtplib.SMTP:
        host, port, me = self._server.host, self._server.port, "localhost"
        if self._server.scheme is Scheme.TLS:
            return smtplib.SMTP_SSL(host, port, me, timeout=self._timeout, context=self._ssl_context)
        return smtplib.SMTP(host, port, me, timeout=self._timeout)


def _split(url: str) -> tuple[SplitResult, int | None]:
    """The parts of the URL, and its port. Without the causes of errors, which quote the password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("the SMTP URL's host cannot be") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(
            "the SMTP URL's port must be a number from 1 to 65535; percent-encode / ? # before it"
        )
    return parts, port


def _decoded(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    decoded = unquote(text)
    if not decoded or not decoded.isascii() or not decoded.isprintable():
        raise ValueError(f"the SMTP URL's {name} must be printable ASCII")
    return decoded


def _own_name(connection: smtplib.SMTP) -> str:
    """This machine's full name, else its address in brackets (RFC 5321, 4.1.4).

    Without a name service, which smtplib would ask and which may hang.
    """
    name = socket.gethostname()
    if connection.sock is None or ("." in name and name.isascii()):
        return name
    address = connection.sock.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _is_final(error: Exception) -> bool:
    """Whether the server refused this recipient or this mail for good."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, _ = _first_refusal(error)
        case smtplib.SMTPDataError():
            code = error.smtp_code
        case _:
            return False
    return 500 <= code <= 599 and code not in _ABOUT_SIGNING_IN


def _reason(error: Exception) -> str:
    """What went wrong, in one line. What a server says after it has seen password or text is left out."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"user and password were not accepted: {_code(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPDataError():
            return f"the mail was not accepted: {_code(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPRecipientsRefused():
            return f"the recipient was not accepted: {_answer(*_first_refusal(error))}"
        case smtplib.SMTPSenderRefused():
            return f"the sender was not accepted: {_answer(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPResponseException():
            return f"the server refused: {_answer(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPNotSupportedError():
            return f"the server does not offer what is asked of it: {_printable(str(error))}"
        case smtplib.SMTPServerDisconnected():
            is_slow = isinstance(error.__context__, TimeoutError)
            return "the server does not answer" if is_slow else "the server closed the connection"
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted: {_printable(error.verify_message)}"
        case TimeoutError():
            return "the server does not answer"
        case socket.gaierror():
            return "the server's name cannot be looked up"
        case OSError(strerror=str(text)):
            return f"the server cannot be reached: {_printable(text)}"
        case _:
            return f"sending failed: {type(error).__name__}"


def _first_refusal(error: smtplib.SMTPRecipientsRefused) -> tuple[int, bytes]:
    code, text = next(iter(error.recipients.values()))
    return code, text


def _code(code: int, text: bytes | str) -> str:
    enhanced = _ENHANCED_CODE.match(_text(text))
    return f"{code} {enhanced[0]}" if enhanced else str(code)


def _answer(code: int, text: bytes | str) -> str:
    return f"{code} {_printable(_text(text))}"


def _text(text: bytes | str) -> str:
    return text.decode("ascii", "replace") if isinstance(text, bytes) else text


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
