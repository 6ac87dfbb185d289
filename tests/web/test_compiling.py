"""Templates as they are compiled here say what jinja2 says with its own code."""

from collections import UserDict
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError
from markupsafe import Markup, escape

from attendance.adapters.web.server.rendering.compiling import QuickEnvironment, escaped


class Kind(StrEnum):
    ODD = "<odd>"


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    kind: Kind = Kind.ODD
    inner: Any = None


class Marked:
    def __html__(self) -> str:
        return "<b>marked</b>"


class Shouted(str):
    """A text of a kind of its own, which is to be escaped as any other."""

    __slots__ = ()


THING = Thing("<Ann & 'Bo'>", inner=Thing('"in"'))
VALUES = {
    "thing": THING,
    "things": [THING, Thing("plain")],
    "table": {"name": "<item>", "items": "an item that is called like a method", 1: "one"},
    "mapping": UserDict(name="<in a mapping>"),
    "known": Markup("<i>known</i>"),
    "marked": Marked(),
    "shouted": Shouted("<x>"),
    "number": 7,
    "yes": True,
    "none": None,
    "id": UUID(int=1),
    "amount": Decimal("1.50"),
    "both": lambda *args, **more: f"{args} {sorted(more.items())} <called>",
}
TEMPLATES = {
    "macros": '{% macro badge(text, kind="plain") %}<b class="{{ kind }}">{{ text }}</b>{% endmacro %}'
    "{% macro around(name) %}<{{ name }}>{{ caller() }}</{{ name }}>{% endmacro %}",
    "layout": "{% block title %}{% endblock %}<main>{% block main %}nothing{% endblock %}</main>",
}

IMPORTING = """
{% import 'macros' as m %}{{ m.badge(thing.name) }}{{ m.badge(kind='<', text=known) }}
{% for each in things %}{% call m.around('p') %}{{ each.name }}{% endcall %}{% endfor %}
"""
EXTENDING = """
{% extends 'layout' %}{% macro of(it) %}{{ it.name }}{% endmacro %}
{% block title %}{{ thing.name }}{% endblock %}
{% block main %}{{ super() }}{% for each in things %}{{ of(each) }}{% endfor %}{% endblock %}
"""


@pytest.mark.parametrize(
    "source",
    [
        "{{ thing.name }} {{ thing.kind }} {{ thing.inner.name }} {{ thing['name'] }}",
        "{{ table.name }} {{ table['name'] }} {{ table[1] }} {{ table.get('none', '<') }} {{ mapping.name }}",
        "{% for name, value in table.items() %}{{ name }}={{ value }} {% endfor %}",
        "{{ known }} {{ marked }} {{ shouted }} {{ number }} {{ yes }} {{ none }} {{ id }} {{ amount }}",
        "{{ both(1, thing.name, last=number) }} {{ 'a&b'.upper() }} {{ thing.name | upper | length }}",
        "{{ thing.name ~ known }} {{ [1, 2] | join('<') }} {{ things | map(attribute='name') | join(', ') }}",
        "{% for each in things if each.name %}{{ loop.index }}{{ each.kind }}{% else %}-{% endfor %}",
        "{% for each in [] %}{% else %}{{ thing.name }}{% endfor %}{% set x = thing.inner %}{{ x.kind }}",
        IMPORTING,
        EXTENDING,
        "{% with other = thing.inner %}{{ other.name }}{% endwith %}{{ thing.missing is defined }}",
        "{{ dict(table, more=1) | length }} {{ thing.missing | default('none') }}",
    ],
)
def test_a_template_says_what_it_says_otherwise(source: str) -> None:
    plain, quick = (_environment(kind) for kind in (Environment, QuickEnvironment))
    assert quick.from_string(source).render(VALUES) == plain.from_string(source).render(VALUES)


@pytest.mark.parametrize(
    "source", ["{{ nothing }}", "{{ thing.missing }}", "{{ table['missing'] }}", "{{ nothing.name }}"]
)
def test_what_is_not_there_is_an_error(source: str) -> None:
    for kind in (Environment, QuickEnvironment):
        with pytest.raises(UndefinedError):
            _environment(kind).from_string(source).render(VALUES)


@pytest.mark.parametrize("source", ["{{ nothing() }}", "{{ thing.missing() }}"])
def test_what_is_not_there_cannot_be_called(source: str) -> None:
    with pytest.raises(UndefinedError):
        _environment(QuickEnvironment).from_string(source).render(VALUES)


def test_values_are_escaped_as_ever() -> None:
    for value in (*VALUES.values(), "<&\"'>", "", 1.5, Kind.ODD):
        assert escaped(value) == escape(value)


def test_a_call_of_what_is_known_is_worked_out_beforehand() -> None:
    environment = _environment(QuickEnvironment)
    assert isinstance(environment, QuickEnvironment)
    asked: list[str] = []

    def gettext(text: str) -> str:
        asked.append(text)
        return f"<{text}>"

    environment.known = {"_": gettext}
    template = environment.from_string("{{ _('one') }}{{ both(_('two')) }}")
    assert asked == ["one", "two"]
    assert template.render(VALUES).startswith("<one>(Markup(&#39;&lt;two&gt;&#39;),)")
    assert asked == ["one", "two"]


def _environment(kind: type[Environment]) -> Environment:
    return kind(
        loader=DictLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
