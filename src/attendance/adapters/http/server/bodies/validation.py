"""What is wrong with JSON that is not of a type: all of it, where a decoder would stop at the first."""

import re
from ast import literal_eval
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec

from attendance.adapters.http.server.bodies.meaning import (
    MEANING,
    Body,
    BodyField,
    completed,
    fields_of,
    values_of,
)
from attendance.domain.errors import FieldError, Invalid

MOST_ERRORS = 100
AT = " - at `$"
NUL = "must not contain U+0000"
MATCHING = re.compile(r"Expected `str` matching regex ('.*'|\".*\")", re.DOTALL)
PLAIN_WORDS = {
    "Invalid RFC3339 encoded date": "must be a date that there is, of the form YYYY-MM-DD",
    "Invalid UUID": "must be an id: a UUID",
}
TYPE_NAMES = re.compile(r"`([^`]*)`")
JSON_TYPE = {
    "str": "string", "date": "string", "datetime": "string", "time": "string", "uuid": "string",
    "decimal": "string", "int": "integer", "float": "number", "bool": "boolean",
}  # fmt: skip


_FORMS: dict[str, str] = {}
"""What the patterns of texts are called in words."""


def formed(
    pattern: str,
    form: str,
    *,
    description: str | None = None,
    meaning: Callable[[str], Any] | None = None,
) -> msgspec.Meta:
    """A text that matches a pattern to its end; who sends another is told its `form`, in words."""
    # to Python `$` is also where a newline follows
    whole = rf"^{pattern}$(?!\n)"
    _FORMS[whole] = form
    return msgspec.Meta(pattern=whole, description=description, extra=meaning and {MEANING: meaning})


class Malformed(Invalid):
    """A body with wrong fields, and what the `good` ones mean to the use cases, by name."""

    code = Invalid.code

    def __init__(self, *field_errors: FieldError, good: dict[str, Any] | None = None) -> None:
        super().__init__(*field_errors)
        self.good = good or {}


class Pairs(list[tuple[str, Any]]):
    """An object of JSON with all of its names, the repeated ones too."""


def errors_let_pass(sent: object, where: str = "") -> Iterator[FieldError]:
    """Of two equal names a decoder keeps the last without a word; NUL is to it a character like any other."""
    match sent:
        case str() if "\0" in sent:
            yield FieldError(where or "body", NUL)
        case Pairs():
            times = Counter(name for name, _ in sent)
            inside = f"{where}." if where else ""
            yield from (FieldError(inside + name, "is repeated") for name in times if times[name] > 1)
            for name, value in sent:
                yield from errors_let_pass(value, inside + name)
        case list():
            for place, value in enumerate(sent):
                yield from errors_let_pass(value, f"{where}[{place}]")


def malformed(sent: object, kind: type[Body], complaint: str) -> Malformed:
    """Everything that is wrong with what was sent in place of a `kind`, and what is good of it."""
    if not isinstance(sent, dict):
        return Malformed(FieldError("body", "must be an object"))
    field_errors: list[FieldError] = []
    good = dict(_meanings(sent, kind, field_errors))
    named = {field.encode_name: field.name for field in fields_of(kind)}
    between = kind.errors_between([named[name] for name in sent if name in named])
    return Malformed(*merged(field_errors, between) or [field_error_of("body", complaint)], good=good)


def _meanings(
    sent: dict[str, Any], kind: type[Body], field_errors: list[FieldError]
) -> Iterator[tuple[str, Any]]:
    for field, value in _good(sent, kind, "", field_errors):
        try:
            if field.entry is None or value is None:
                yield field.name, field.meant(value)
            elif field.entry.means is None:
                yield (
                    field.name,
                    tuple(entry if isinstance(entry, dict) else entry.value() for entry in value),
                )
            else:
                entries = [
                    completed(field.entry, entry) if isinstance(entry, dict) else entry for entry in value
                ]
                yield field.name, values_of(field.name, entries)
        except Invalid as invalid:
            field_errors += invalid.field_errors


def _good(
    sent: dict[str, Any], kind: type[Body], within: str, field_errors: list[FieldError]
) -> Iterator[tuple[BodyField, Any]]:
    """The good fields; of a list of entries, a wrong one is a dict of its good fields."""
    known = {field.encode_name: field for field in fields_of(kind)}
    field_errors += [FieldError(within + name, "is not a known field") for name in sent if name not in known]
    for name, field in known.items():
        if name not in sent:
            if field.required:
                field_errors.append(FieldError(within + name, "is missing"))
            continue
        try:
            yield field, msgspec.convert(sent[name], field.kind)
        except msgspec.ValidationError as error:
            entries = sent[name] if field.entry and isinstance(sent[name], list) else []
            found: list[FieldError] = []
            good = [_entry(f"{within}{name}[{n}]", entry, field, found) for n, entry in enumerate(entries)]
            field_errors += found or [field_error_of(within + name, str(error))]
            if found:
                yield field, good


def _entry(where: str, sent: object, field: BodyField, field_errors: list[FieldError]) -> Any:
    kind: Any = field.entry
    try:
        return msgspec.convert(sent, kind)
    except msgspec.ValidationError:
        if not isinstance(sent, dict):
            field_errors.append(FieldError(where, "must be an object"))
            return {}
    good = _good(sent, kind, f"{where}.", field_errors)
    return {inner.name: value if kind.means else inner.meant(value) for inner, value in good}


@cache
def entry_of(kind: Any) -> type[msgspec.Struct] | None:
    """What a field is a list of, if that has fields of its own."""
    info = msgspec.inspect.type_info(kind)
    for it in info.types if isinstance(info, msgspec.inspect.UnionType) else (info,):
        if isinstance(it, msgspec.inspect.ListType) and isinstance(it.item_type, msgspec.inspect.StructType):
            return it.item_type.cls
    return None


def field_error_of(name: str, complaint: str) -> FieldError:
    """From msgspec's "Expected `str`, got `int` - at `$.x[3]`", in the names that JSON has for its types."""
    message, _, path = complaint.partition(AT)
    if pattern := MATCHING.fullmatch(message):
        form = _FORMS.get(literal_eval(pattern[1]))
        message = f"must be {form}" if form else message
    elif message in PLAIN_WORDS:
        message = PLAIN_WORDS[message]
    message = TYPE_NAMES.sub(lambda found: f"`{_json_types(found[1])}`", message)
    return FieldError(name + path.rstrip("`"), message[:1].lower() + message[1:])


def _json_types(names: str) -> str:
    return " | ".join(dict.fromkeys(JSON_TYPE.get(name, name) for name in names.split(" | ")))


def merged(first: list[FieldError], more: list[FieldError]) -> list[FieldError]:
    """Both, without what `more` says of fields of which something is said before."""
    said = {error.field for error in first}
    result = [*first]
    for error in more:
        if error.field not in said:
            said.add(error.field)
            result.append(error)
    return result
