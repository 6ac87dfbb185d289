"""Where pages are, as far as that says who is believed."""

FRONT_DOOR = "/"
PAGES = "/app"
"""Where the paths of pages begin."""


def is_in_pages(path: str) -> bool:
    """Whether a path is one of the pages', of a page that there is or not."""
    return path == PAGES or path.startswith(f"{PAGES}/")


def is_page(path: str) -> bool:
    return path == FRONT_DOOR or is_in_pages(path)
