"""The session as browsers keep it: a cookie, believed where a page of this service asks, and nowhere else."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from litestar.types import HTTPScope

from attendance.adapters.http.server.callers.places import is_page
from attendance.adapters.http.server.wire import header_value, header_values, is_in_api

SAFE = frozenset({"GET", "HEAD"})
ASKED_BY_A_PAGE = "attendance"
"""What `X-Requested-With` says where a page asks: a page of elsewhere cannot send that header."""


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie of a service that browsers know by `public_url`; over https no other host can set it."""

    public_url: str = ""

    @property
    def name(self) -> str:
        return "__Host-attendance" if self._is_secure else "attendance"

    def holding(self, token: str, *, until: datetime | None = None) -> tuple[bytes, bytes]:
        """The header that sets it: until an instant, or until the browser is closed."""
        lasting = "" if until is None else f"; Expires={format_datetime(until.astimezone(UTC), usegmt=True)}"
        return self._header(f"{token}{lasting}")

    def forgotten(self) -> tuple[bytes, bytes]:
        """The header that removes it."""
        return self._header("; Max-Age=0")

    def believed(self, scope: HTTPScope) -> str | None:
        """The token in the cookie of a request that may bear one.

        A page is read by whoever opens it, from wherever they come. What changes something, and all of the
        API, is believed only where a page of this service asks; other paths know no cookie. None where there
        is no cookie, or several of its name.
        """
        path, method = scope["path"], scope["method"]
        if is_page(path):
            is_believed = method in SAFE or self.is_asked_by_a_page(scope)
        else:
            is_believed = is_in_api(path) and self.is_asked_by_a_page(scope)
        return self._token(scope) if is_believed else None

    def is_asked_by_a_page(self, scope: HTTPScope) -> bool:
        """Whether a page of this very origin sends the request, by what a browser says of it.

        `Sec-Fetch-Site` says so; where a browser sends none, as over plain http, `Origin` does, or for what
        only reads, where there is no `Origin` either, a header that pages of elsewhere cannot send.
        """
        headers = scope["headers"]
        sites = header_values(headers, b"sec-fetch-site")
        if sites:
            return sites == ["same-origin"]
        origins = header_values(headers, b"origin")
        if origins:
            return len(origins) == 1 and origins[0] in self._own_origins(header_value(headers, b"host"))
        asked_by = header_values(headers, b"x-requested-with")
        return scope["method"] in SAFE and asked_by == [ASKED_BY_A_PAGE]

    @property
    def _is_secure(self) -> bool:
        return self.public_url.startswith("https://")

    def _own_origins(self, host: str) -> set[str]:
        """Those of the public address and of the one that the browser was sent to."""
        public = urlsplit(self.public_url)
        scheme = public.scheme or "http"
        return {f"{scheme}://{each}" for each in (public.netloc, host) if each}

    def _header(self, value: str) -> tuple[bytes, bytes]:
        secure = "; Secure" if self._is_secure else ""
        return b"set-cookie", f"{self.name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}".encode("latin-1")

    def _token(self, scope: HTTPScope) -> str | None:
        cookies = ";".join(header_values(scope["headers"], b"cookie")).split(";")
        pairs = [cookie.strip().partition("=") for cookie in cookies]
        values = [value for name, _, value in pairs if name == self.name]
        return values[0] or None if len(values) == 1 else None
