"""Templates, filled in a language."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.languages import words
from attendance.adapters.web.server.static_files import static_path
from attendance.domain.accounts.accounts import Language


def rendered(template: str, language: Language, values: Mapping[str, Any]) -> str:
    """A template with these values, whatever is in them escaped."""
    return _templates(language).get_template(template).render(values)


@cache
def _templates(language: Language) -> "_Templates":
    return _Templates(language)


class _Templates(Environment):
    """The templates in one language: what is the same in each page is worked out when they are compiled."""

    def __init__(self, language: Language) -> None:
        super().__init__(
            loader=PackageLoader("attendance.adapters.web"),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        catalogue = words(language)

        def gettext(text: str, **values: Any) -> Markup:
            """The text in the language; values in it are escaped."""
            return Markup(catalogue.gettext(text)) % values  # noqa: S704 # a text of ours

        def ngettext(one: str, many: str, num: int) -> Markup:
            """The text with the form that a number takes in the language."""
            return Markup(catalogue.ngettext(one, many, num)) % {"num": num}  # noqa: S704 # a text of ours

        self._known: dict[str, Callable[[str], str]] = {"_": gettext, "static": static_path}
        self.globals |= {**self._known, "ngettext": ngettext, "language": language.value}
        self.filters |= formats(language)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        known: nodes.Template = _Known(self._known).visit(template)
        return known


class _Known(NodeTransformer):
    """Puts what a call comes to in its place, where it is known beforehand."""

    def __init__(self, known: Mapping[str, Callable[[str], str]]) -> None:
        self._known = known

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802 # the visitor's name for it
        self.generic_visit(call)
        match call:
            case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=str(text))], kwargs=[]) if (
                name in self._known
            ):
                return nodes.MarkSafe(nodes.Const(self._known[name](text)), lineno=call.lineno)
        return call
