"""What a browser says it is, in words."""

import re

_BROWSERS = {
    "Edge": r"Edg(e|A|iOS)?/",
    "Opera": r"OPR/",
    "Samsung Internet": r"SamsungBrowser/",
    "Firefox": r"(Firefox|FxiOS)/",
    "Chrome": r"(Chrome|CriOS)/",
    "Safari": r"Safari/",
}
_SYSTEMS = {
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Android": r"Android",
    "Windows": r"Windows",
    "ChromeOS": r"CrOS",
    "macOS": r"Mac OS X",
    "Linux": r"Linux",
}
"""Of both the first that is found counts: browsers say the names of others after their own."""


def device_of(user_agent: str) -> str:
    """The names of the browser and its system, `Firefox, Linux`; what it said where neither is known."""
    found = (
        next((name for name, said in known.items() if re.search(said, user_agent)), "")
        for known in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(filter(None, found)) or user_agent
