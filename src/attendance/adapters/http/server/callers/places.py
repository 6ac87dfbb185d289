"""Where pages are, as far as that says who is believed."""

FRONT_DOOR = "/"
PAGES = "/app"


def is_page(path: str) -> bool:
    return path in (FRONT_DOOR, PAGES) or path.startswith(f"{PAGES}/")
