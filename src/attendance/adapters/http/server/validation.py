"""What is wrong with JSON that is not of a type: all of it, where a decoder would stop at the first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from typing import Any

import msgspec

from attendance.domain.errors import FieldError

MOST_ERRORS = 100
AT = " - at `$"
NUL = "must not contain U+0000"


def field_errors_of(sent: object, kind: Any, complaint: str) -> list[FieldError]:
    """Every field that is wrong, where a decoder would stop at the first."""
    if not isinstance(sent, dict):
        return [FieldError("body", "must be an object")]
    return [*islice(_faults_in(sent, kind), MOST_ERRORS)] or [field_error_of("body", complaint)]


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
            for name, it in sent:
                yield from errors_let_pass(it, inside + name)
        case list():
            for place, it in enumerate(sent):
                yield from errors_let_pass(it, f"{where}[{place}]")


def _faults_in(sent: dict[str, Any], kind: Any, within: str = "") -> Iterable[FieldError]:
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in sent:
        if name not in known:
            yield FieldError(within + name, "is not a known field")
    for name, field in known.items():
        if name in sent:
            yield from _faults_at(within + name, sent[name], field.type)
        elif field.required:
            yield FieldError(within + name, "is missing")


def _faults_at(where: str, sent: object, kind: Any) -> Iterable[FieldError]:
    try:
        msgspec.convert(sent, kind)
    except msgspec.ValidationError as error:
        # a complaint with a path is about what is inside
        entry = entry_of(kind) if AT in str(error) else None
        entries = enumerate(sent) if entry and isinstance(sent, list) else ()
        field_errors = chain.from_iterable(
            _faults_in_entry(f"{where}[{place}]", it, entry) for place, it in entries
        )
        yield next(field_errors, None) or field_error_of(where, str(error))
        yield from field_errors


def _faults_in_entry(where: str, sent: object, kind: Any) -> Iterable[FieldError]:
    if isinstance(sent, dict):
        return _faults_in(sent, kind, f"{where}.")
    return [FieldError(where, "must be an object")]


@cache
def entry_of(kind: Any) -> type[msgspec.Struct] | None:
    """What a field is a list of, if that has fields of its own."""
    info = msgspec.inspect.type_info(kind)
    for it in info.types if isinstance(info, msgspec.inspect.UnionType) else (info,):
        if isinstance(it, msgspec.inspect.ListType) and isinstance(it.item_type, msgspec.inspect.StructType):
            return it.item_type.cls
    return None


def field_error_of(name: str, complaint: str) -> FieldError:
    """From msgspec's "Expected `str`, got `int` - at `$.x[3]`"."""
    message, _, path = complaint.partition(AT)
    return FieldError(name + path.rstrip("`"), message[:1].lower() + message[1:])
