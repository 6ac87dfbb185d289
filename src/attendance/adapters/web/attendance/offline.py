"""What a phone needs to show pages where there is no net: the worker that keeps them, and what it says."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

from attendance.adapters.http.server.callers.versions import is_known
from attendance.adapters.http.server.compression import VARIES
from attendance.adapters.http.server.wire import Reply, header_values
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Visit
from attendance.adapters.web.server.static_files import sent_often, spare, static_path

room = PageRoom()

BESIDE = ("today.css", "waiting.js", "now.js", "again.js")
"""What the page of today needs beside it, and the one that says that there is no connection."""
KEPT = ("pages.css", "roll_call.css", "icon.svg", "roll_call.js", *BESIDE)
"""The files of a roll call, which the worker fetches before anybody is without net."""
HERE = b"const FILES = [];"


@room.page("GET", "/app/worker.js")
def worker(visit: Visit) -> Answer:
    """The worker, always at this address; another one as soon as any file that it keeps is."""
    script = visit.service.settings.base_path.script(worker_script())
    tag = f'"{sha256(script).hexdigest()[:12]}"'
    headers = [
        (b"content-type", b"text/javascript; charset=utf-8"),
        (b"cache-control", b"no-cache"),
        # it gives the front door, too, which is above it
        (b"service-worker-allowed", visit.service.settings.base_path.text.encode() + b"/"),
        (b"etag", tag.encode()),
        (b"content-security-policy", b"default-src 'none'; connect-src 'self'"),
    ]
    named = header_values(visit.headers, b"if-none-match")
    if named and is_known(tag, named):
        # with its policy, which a browser takes for that of what it has
        return Reply(304, [*headers[1:], VARIES])
    return sent_often(script, headers, visit.headers)


@room.page("GET", "/app/offline", has_scripts=True)
def offline(visit: Visit) -> Answer:
    """What is shown where there is no net and the page is not kept.

    `still=signed-in` in the query: what is shown instead of signing out, which takes a connection.
    """
    return Page("attendance/offline.html", {"is_signing_out": visit.query["still"] == "signed-in"})


@cache
def worker_script() -> bytes:
    """Its file, after that of what it shares with pages, with the names of the files that it keeps."""
    static = files("attendance.adapters.web") / "static"
    shared = spare((static / "store.js").read_bytes(), "js").replace(b"export ", b"")
    own = spare((static / "worker.js").read_bytes(), "js")
    names = ", ".join(f'"{static_path(name)}"' for name in KEPT)
    return shared + own.replace(HERE, f"const FILES = [{names}];".encode())
