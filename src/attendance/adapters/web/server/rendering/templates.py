"""Templates, filled in a language."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from markupsafe import Markup

from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.languages import words
from attendance.adapters.web.server.rendering.compiling import QuickEnvironment, escaped, marked
from attendance.adapters.web.server.static_files import static_path
from attendance.domain.accounts.accounts import Language


def rendered(template: str, language: Language, values: Mapping[str, Any]) -> str:
    """A template with these values, whatever is in them escaped."""
    return _templates(language).get_template(template).render(values)


@cache
def _templates(language: Language) -> "_Templates":
    return _Templates(language)


class _Templates(QuickEnvironment):
    """The templates in one language: what is the same in each page is worked out when they are compiled."""

    def __init__(self, language: Language) -> None:
        super().__init__(
            loader=PackageLoader("attendance.adapters.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        catalogue, number = words(language), formats(language)["number"]

        @lru_cache(maxsize=4096)
        def said(text: str) -> Markup:
            return Markup(catalogue.gettext(text) % {})  # noqa: S704 # a text of ours

        def gettext(text: str, **values: Any) -> Markup:
            """The text in the language; values in it are escaped."""
            if not values:
                return said(text)
            shown = {name: escaped(value) for name, value in values.items()}
            return marked(catalogue.gettext(text) % shown)

        # typed: True is 1, and is written otherwise
        @lru_cache(maxsize=4096, typed=True)
        def ngettext(one: str, many: str, num: int) -> Markup:
            """The text with the form that a number takes in the language."""
            return Markup(catalogue.ngettext(one, many, num)) % {"num": number(num)}  # noqa: S704 # a text of ours

        self.known = {"_": gettext, "static": static_path}
        self.globals |= {**self.known, "ngettext": ngettext, "language": language.value}
        self.filters |= formats(language)
