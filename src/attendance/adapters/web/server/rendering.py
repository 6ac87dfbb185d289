"""Templates, filled in a language."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from attendance.adapters.web.server.languages import words
from attendance.adapters.web.server.static_files import static_path


def rendered(template: str, language: str, values: Mapping[str, Any]) -> str:
    """A template with these values, whatever is in them escaped."""
    return _templates(language).get_template(template).render(values)


@cache
def _templates(language: str) -> Environment:
    templates = Environment(
        loader=PackageLoader("attendance.adapters.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    templates.install_gettext_translations(words(language), newstyle=True)  # type: ignore[attr-defined]
    templates.globals |= {"language": language, "static": static_path}
    return templates
