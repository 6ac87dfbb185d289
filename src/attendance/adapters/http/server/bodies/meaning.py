"""What the fields of a body mean to the use cases: what is left out stays, null clears."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, TypeAlias, TypeVar, get_args, get_origin, get_type_hints
from uuid import uuid4

import msgspec
from msgspec import UNSET, UnsetType

from attendance.domain.errors import FieldError, Invalid, raise_if_errors

T = TypeVar("T")
B = TypeVar("B", bound="Body")

Sent: TypeAlias = T | UnsetType
"""A field that may be left out."""

Clearable: TypeAlias = T | UnsetType | None
"""A field that may be left out, or null: then it is cleared."""

MEANING, CLEARED = "meaning", "cleared"
"""Keys of `msgspec.Meta.extra`: what a value stands for (a function), and what null stands for."""


def meaning(of: Callable[[Any], Any]) -> msgspec.Meta:
    """What values of a field stand for; `of` may raise Invalid, with "" as the field."""
    return msgspec.Meta(extra={MEANING: of})


def cleared(to: Any) -> msgspec.Meta:
    """What null stands for in a field."""
    return msgspec.Meta(extra={CLEARED: to})


class Fields(dict[str, Any], Generic[B]):
    """What the fields that were sent of a body mean, by name: a handler's parameter."""


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A JSON object that is sent: a body, or an entry of a list in one.

    `means`, of an entry: the domain's value that it stands for. `shown`: the fields of an example, where not
    all of them go together.
    """

    means: ClassVar[Callable[..., Any] | None] = None
    shown: ClassVar[tuple[str, ...]] = ()

    def meant(self) -> tuple[dict[str, Any], list[FieldError]]:
        """The fields that were sent, by name, as the use cases have them; and what is wrong with others.

        A text that is null is empty, a list that is null has no entries.
        """
        fields: dict[str, Any] = {}
        field_errors: list[FieldError] = []
        sent: list[str] = []
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            if value is UNSET:
                continue
            sent.append(field.name)
            try:
                fields[field.name] = field.meant(value)
            except Invalid as invalid:
                field_errors += invalid.field_errors
        return fields, [*field_errors, *self.errors_between(sent)]

    @classmethod
    def errors_between(cls, sent: Collection[str]) -> list[FieldError]:
        """What is wrong with the fields that were sent being sent together."""
        return []

    def value(self) -> Any:
        """What an entry stands for. Raises Invalid."""
        fields, field_errors = self.meant()
        raise_if_errors(*field_errors)
        return fields if self.means is None else type(self).means(**fields)  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class BodyField:
    """A field of a body: its name in Python and in JSON, its type, and what its values mean."""

    name: str
    encode_name: str
    kind: Any
    required: bool
    entry: type[Body] | None
    meaning: Callable[[Any], Any] | None
    cleared: Any

    def meant(self, value: Any) -> Any:
        """What a value of the field's type stands for. Raises Invalid."""
        if value is None:
            return self.cleared
        if self.entry is not None:
            return values_of(self.name, value)
        if self.meaning is None:
            return value
        try:
            return self.meaning(value)
        except Invalid as invalid:
            errors = (FieldError(self.encode_name + it.field, it.message) for it in invalid.field_errors)
            raise Invalid(*errors) from invalid


def values_of(field: str, entries: Iterable[Body | None]) -> tuple[Any, ...]:
    """What each entry stands for; None is none.

    Raises Invalid with the errors of all, at `field[3].until` for an entry's `until` or `field.until`.
    """
    values: list[Any] = []
    field_errors: list[FieldError] = []
    for place, entry in enumerate(entries):
        try:
            if entry is not None:
                values.append(entry.value())
        except Invalid as invalid:
            field_errors += [
                FieldError(f"{field}[{place}].{error.field.removeprefix(f'{field}.')}", error.message)
                for error in invalid.field_errors
            ]
    raise_if_errors(*field_errors)
    return tuple(values)


@cache
def fields_of(kind: type[msgspec.Struct]) -> tuple[BodyField, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        _field(field, hints[field.name]) for field in msgspec.structs.fields(kind) if field.name in hints
    )


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> BodyField:
    plain, extra = plain_type(hint)
    meaning, cleared, entry = extra.get(MEANING), extra.get(CLEARED), None
    if get_origin(plain) is list:
        (item,) = get_args(plain)
        item_plain, item_extra = plain_type(item)
        cleared = extra.get(CLEARED, ())
        if isinstance(item_plain, type) and issubclass(item_plain, Body):
            entry = item_plain
        else:
            meaning = _each(item_extra.get(MEANING))
    elif plain is str and meaning is None:
        cleared = ""
    return BodyField(
        name=field.name,
        encode_name=field.encode_name,
        kind=field.type,
        required=field.required,
        entry=entry,
        meaning=meaning,
        cleared=cleared,
    )


def _each(meaning: Callable[[Any], Any] | None) -> Callable[[list[Any]], tuple[Any, ...]]:
    """What the values of a list mean; what is wrong with each is told by its place."""
    if meaning is None:
        return tuple

    def meant(values: list[Any]) -> tuple[Any, ...]:
        meanings: list[Any] = []
        field_errors: list[FieldError] = []
        for place, value in enumerate(values):
            try:
                meanings.append(meaning(value))
            except Invalid as invalid:
                field_errors += (
                    FieldError(f"[{place}]{it.field}", it.message) for it in invalid.field_errors
                )
        raise_if_errors(*field_errors)
        return tuple(meanings)

    return meant


def plain_type(hint: Any) -> tuple[Any, dict[str, Any]]:
    """A type that may be absent or null, without that; and what is said beside it."""
    extra: dict[str, Any] = {}
    while True:
        if get_origin(hint) is Annotated:
            for meta in hint.__metadata__:
                extra |= getattr(meta, "extra", None) or {}
            hint = hint.__origin__
            continue
        kinds = [kind for kind in get_args(hint) if kind not in (type(None), UnsetType)]
        if get_origin(hint) is list or len(kinds) != 1:
            return hint, extra
        (hint,) = kinds


def completed(kind: type[Body], good: dict[str, Any]) -> Body | None:
    """An entry with some wrong fields, as far as rules can be tried on it; None where they cannot.

    Ids become some that nothing has, and a missing date the other one: that breaks no rule.
    """
    dates = [value for value in good.values() if isinstance(value, date)]
    filled = dict(good)
    for field in fields_of(kind):
        plain, extra = plain_type(field.kind)
        if extra.get(MEANING) and plain is str and field.name.endswith("_id"):
            filled[field.name] = str(uuid4())
        elif field.required and field.name not in good:
            if plain is not date:
                return None
            filled[field.name] = dates[0] if dates else date(2000, 1, 1)
    return kind(**filled)
