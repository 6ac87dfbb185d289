"""What the forms of groups and lessons have in common."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from attendance.adapters.web.server.declaration import Visit
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.ids import GroupId, LessonId

GROUPS = "/app/groups"
REWRITE = "rewrite"
"""The box to tick where lists of lessons that were held are to change, too."""

I = TypeVar("I")  # noqa: E741 # a kind of id
Row = Mapping[str, str]


def group_path(group_id: GroupId) -> str:
    return f"{GROUPS}/{group_id}"


def lesson_path(lesson_id: LessonId) -> str:
    """The roll call of a lesson; below it `/edit`."""
    return f"/app/lessons/{lesson_id}"


@contextmanager
def fields_called(name_of: Callable[[str], str]) -> Iterator[None]:
    """Raise Invalid with the names that the fields have in the form."""
    try:
        yield
    except Invalid as invalid:
        raise Invalid(*named(invalid.field_errors, name_of)) from invalid


def named(errors: Iterable[FieldError], name_of: Callable[[str], str]) -> list[FieldError]:
    """The errors with the names that their fields have in the form."""
    return [FieldError(name_of(error.field), error.message) for error in errors]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForm:
    """A form of several alike rows, whose fields are called `<name>-<number of the row>`.

    A row whose first field is empty is none. `wire_names`: how use cases call a field that has another name.
    """

    fields: Sequence[str]
    list_name: str
    wire_names: Mapping[str, str]

    def rows(self, visit: Visit, stored: Sequence[Row], *, empty: Row, more: int) -> list[Row]:
        """What a page shows: what was typed, or what is stored with some empty rows more."""
        sent = self.numbers_sent(visit)
        if not sent:
            return [*stored, *([empty] * more)]
        typed = visit.form.as_shown()
        return [{name: typed[f"{name}-{number}"] for name in self.fields} for number in range(max(sent) + 1)]

    def numbers_sent(self, visit: Visit) -> list[int]:
        """The numbers of the rows that were sent, empty or not."""
        names = (re.fullmatch(rf"{self.fields[0]}-([0-9]{{1,2}})", name) for name in visit.form)
        return sorted(int(name[1]) for name in names if name)

    def filled(self, visit: Visit) -> list[int]:
        """The numbers of the rows with something in them."""
        first = self.fields[0]
        return [number for number in self.numbers_sent(visit) if visit.form[f"{first}-{number}"].strip()]

    def name_of(self, numbers: Sequence[int], before: int = 0) -> Callable[[str], str]:
        """How the field of an entry is called, of a list of which some entries come before these rows."""

        def name(field: str) -> str:
            found = re.fullmatch(rf"{self.list_name}\[([0-9]+)\]\.(\w+)", field)
            place = int(found[1]) - before if found else -1
            if found is None or not 0 <= place < len(numbers):
                return field
            return f"{self.wire_names.get(found[2], found[2])}-{numbers[place]}"

        return name
