"""The path under which a proxy shows the service, where that is not the root: of `base_url`, as `/club`.

The proxy takes it away, so nothing in the service knows it but what is sent: whatever leads back here is
written in one way everywhere, as a path from the root, and gets the base path in front when it is sent.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_LEADS = re.compile(r"""( (?:href|src|action|formaction)=")/(?!/)""")
_NAMES_A_PATH = re.compile(r"""(["'`])/(?=(?:app|api|static|schema)\b)""")
_IN_A_PATTERN = re.compile(r"""(["'(^])\\/(?=(?:app|api|static|schema)\\/)""")
"""As regular expressions of scripts have it: `/^\\/app\\/lessons/`."""


@dataclass(frozen=True, slots=True)
class BasePath:
    """What stands in front of every path that is sent: "" at the root, otherwise without a slash at its end.

    `of` quotes it, so that it may stand in a header, in an attribute and in a text of a script.
    """

    text: str = ""

    @classmethod
    def of(cls, url: str) -> "BasePath":
        return cls(quote(urlsplit(url).path.rstrip("/"), safe="/%"))

    def __bool__(self) -> bool:
        return self.text != ""

    def inside(self, path: str) -> str:
        """A path as the service knows it, of one that a browser may have told with the base path."""
        return path.removeprefix(self.text) if path.startswith(f"{self.text}/") else path

    def location(self, value: bytes) -> bytes:
        """The value of a Location; one that is a whole address stays."""
        if not self or not value.startswith(b"/") or value.startswith(b"//"):
            return value
        return self.text.encode() + value

    def html(self, html: str) -> str:
        """A page whose links, forms and files lead here.

        What somebody typed holds no quotation mark as it is, so nothing of it is taken for an attribute.
        """
        return _LEADS.sub(rf"\g<1>{self.text}/", html) if self else html

    def script(self, script: bytes) -> bytes:
        """A script or manifest whose texts and patterns with paths of pages, API or files lead here."""
        if not self:
            return script
        below = _NAMES_A_PATH.sub(rf"\g<1>{self.text}/", script.decode())
        as_pattern = f"{self.text}/".replace("/", r"\/")
        return _IN_A_PATTERN.sub(lambda found: found[1] + as_pattern, below).encode()


ROOT = BasePath()
