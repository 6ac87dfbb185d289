"""Where requests go to, as far as that says who is believed."""

API = "/api/v1"
FRONT_DOOR = "/"
PAGES = "/app"


def is_of_api(path: str) -> bool:
    return path == API or path.startswith(f"{API}/")


def is_page(path: str) -> bool:
    return path in (FRONT_DOOR, PAGES) or path.startswith(f"{PAGES}/")
