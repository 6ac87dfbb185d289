"""Years of marks with their events, as lines for COPY: made one after the other, the same in every pass.

Half of the marks are of lessons, half of labs. Groups and labs have 30 members, two meetings a week and at
most five years: where there are more marks, there are more groups and labs. Everybody is marked every time.
"""

import hashlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache

from attendance.domain.events import Action
from attendance.domain.text import digits, searched_text

MEMBERS = 30
MOST_MEETINGS = 500
"""Of one group or lab: five years of two a week."""
VISITS = 100
"""Of one pass."""
WITHOUT_PASS = 10
"""One client in so many."""
PRICE_NAME = "Pass"
ZONE = "UTC"
MINUTES = 60
STATUSES = ("present",) * 15 + ("late", "absent", "absent", "excused", "present")
# a prime number of them: no place of a group has the same at each meeting
DRAWN = random.Random(2026).choices(STATUSES, k=9973)
MARKED, CHARGED, LAB_MARKED = (
    Action.ATTENDANCE_MARKED.value,
    Action.ATTENDANCE_CHARGED.value,
    Action.LAB_ATTENDANCE_MARKED.value,
)
Copied = tuple[str, Iterator[str]]
"""The columns, and a line for each row."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One lesson of a group, or one day of a lab: `number` among those of its `of`, oldest first."""

    of: int
    number: int
    date: date

    @property
    def ordinal(self) -> int:
        return self.of * MOST_MEETINGS + self.number

    @property
    def at(self) -> datetime:
        return datetime(self.date.year, self.date.month, self.date.day, 17, tzinfo=UTC)

    @property
    def id(self) -> str:
        return _id(1, self.ordinal, self.at)

    def status(self, place: int) -> str:
        return DRAWN[(self.ordinal * MEMBERS + place) % len(DRAWN)]


@dataclass(frozen=True)
class History:
    """So many marks, up to a day: ids follow from numbers, so that nothing has to be remembered."""

    marks: int
    owner: str
    location: str
    price: str
    until: date

    @property
    def of_each_kind(self) -> int:
        return self.marks // 2

    @cached_property
    def groups(self) -> int:
        """And as many labs."""
        return math.ceil(self.of_each_kind / (MEMBERS * MOST_MEETINGS))

    @cached_property
    def meetings_each(self) -> int:
        return max(1, round(self.of_each_kind / (MEMBERS * self.groups)))

    @property
    def stored(self) -> int:
        """Marks that there are, of both kinds: whole meetings."""
        return 2 * self.groups * self.meetings_each * MEMBERS

    @cached_property
    def since(self) -> date:
        weeks = math.ceil(self.meetings_each / 2)
        return self.until - timedelta(days=self.until.weekday() + 7 * weeks)

    def meeting(self, of: int, number: int) -> Meeting:
        return Meeting(of, number, self.since + timedelta(days=number // 2 * 7 + number % 2 * 2))

    def meetings(self) -> Iterator[Meeting]:
        """As they took place: week by week, of each group."""
        for number in range(self.meetings_each):
            for of in range(self.groups):
                yield self.meeting(of, number)

    def group(self, number: int) -> str:
        return _id(2, number, self.begun)

    def client(self, group: int, place: int) -> str:
        return self._clients[group * MEMBERS + place]

    @cached_property
    def _clients(self) -> list[str]:
        return [_id(3, n, self.begun) for n in range(self.groups * MEMBERS)]

    def lab(self, number: int) -> str:
        return _id(4, number, self.begun)

    def account(self, lab: int, place: int) -> str:
        return self._accounts[lab * MEMBERS + place]

    @cached_property
    def _accounts(self) -> list[str]:
        return [_id(5, n, self.begun) for n in range(self.groups * MEMBERS)]

    def payer(self, meeting: Meeting, place: int) -> str | None:
        """The pass that is charged, if somebody has one."""
        if place % WITHOUT_PASS == 0:
            return None
        return self.pass_id(meeting.of, place, meeting.number // VISITS)

    @cached_property
    def begun(self) -> datetime:
        return datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)

    def pass_id(self, group: int, place: int, number: int) -> str:
        return _id(6, (group * MEMBERS + place) * MOST_MEETINGS + number, self.begun)

    def tables(self) -> Iterator[tuple[str, Copied]]:
        """All rows beside the owner, the location and the price, by table."""
        yield "clients", _clients(self)
        yield "groups", _groups(self)
        yield "group_members", _group_members(self)
        yield "lessons", _lessons(self)
        yield "subscriptions", _passes(self)
        yield "attendance", _marks(self)
        yield "accounts", _accounts(self)
        yield "labs", _labs(self)
        yield "lab_members", _lab_members(self)
        yield "lab_marks", _lab_marks(self)
        yield "events", _events(self)


def _id(kind: int, number: int, at: datetime) -> str:
    """A UUIDv7 of an instant, with what it is and its number where others have chance."""
    return _beginning(kind, at) + f"{number:012x}"


@lru_cache(maxsize=1000)
def _beginning(kind: int, at: datetime) -> str:
    stamp = f"{int(at.timestamp() * 1000):012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7{kind:03x}-8000-"


def _clients(of: History) -> Copied:
    columns = (
        "id, name, name_key, guardian_name, searched_text, birthday, phone, email, address, notes, active, "
        "created_at, updated_at, version"
    )
    at = of.begun
    return columns, (
        f"{of.client(group, place)}\tClient {n}\tclient {n}\tGuardian {n}\t"
        f"{searched_text(f'Client {n}', f'Guardian {n}', '', digits(f'+49 30 {n:07}'))}\t2015-05-05\t"
        f"+49 30 {n:07}\t\tLanger Weg {n}\t\tt\t{at}\t{at}\t1"
        for group in range(of.groups)
        for place in range(MEMBERS)
        for n in [group * MEMBERS + place]
    )


def _groups(of: History) -> Copied:
    at = of.begun
    return "id, name, name_key, location_id, schedule, created_at, updated_at, version", (
        f"{of.group(n)}\tGroup {n}\tgroup {n}\t{of.location}\t[]\t{at}\t{at}\t1" for n in range(of.groups)
    )


def _group_members(of: History) -> Copied:
    return "group_id, client_id, since", (
        f"{of.group(group)}\t{of.client(group, place)}\t{of.since}"
        for group in range(of.groups)
        for place in range(MEMBERS)
    )


def _lessons(of: History) -> Copied:
    columns = (
        "id, group_id, location_id, timezone, date, starts, ends, starts_at, ends_at, teachers, topic, "
        "cancelled, reason, closed, created_at, updated_at, version"
    )
    at = of.begun
    return columns, (
        f"{it.id}\t{of.group(it.of)}\t{of.location}\t{ZONE}\t{it.date}\t17:00\t18:00\t{it.at}\t"
        f"{it.at + timedelta(minutes=MINUTES)}\t[]\t\tf\t\tf\t{at}\t{at}\t1"
        for it in of.meetings()
    )


def _passes(of: History) -> Copied:
    columns = (
        "id, client_id, price_id, price_name, sold_on, amount, currency, discount_percent, visits, "
        "group_ids, charges_absence, starts_on, ends_on, freezes, valid_until, amount_due, created_at, "
        "updated_at, version"
    )

    def lines() -> Iterator[str]:
        for number in range(math.ceil(of.meetings_each / VISITS)):
            first, last = (of.meeting(0, number * VISITS + n).date for n in (0, VISITS - 1))
            for group in range(of.groups):
                for place in range(MEMBERS):
                    if place % WITHOUT_PASS:
                        yield (
                            f"{of.pass_id(group, place, number)}\t{of.client(group, place)}\t{of.price}\t"
                            f"{PRICE_NAME}\t{first}\t8000000\tEUR\t0\t{VISITS}\t[]\tt\t{first}\t{last}\t[]\t{last}\t8000000\t"
                            f"{of.begun}\t{of.begun}\t1"
                        )

    return columns, lines()


def _marks(of: History) -> Copied:
    columns = (
        "lesson_id, client_id, date, starts, status, note, trial, subscription_id, unpaid, marked_by, "
        "marked_at"
    )

    def lines() -> Iterator[str]:
        for it in of.meetings():
            head, tail = f"{it.id}\t", f"\t{it.date}\t17:00\t"
            end = f"\t{of.owner}\t{it.at}"
            for place in range(MEMBERS):
                status, payer = it.status(place), of.payer(it, place)
                charge = r"\N" + "\tf" if status == "excused" else f"{payer}\tf" if payer else r"\N" + "\tt"
                yield f"{head}{of.client(it.of, place)}{tail}{status}\t\tf\t{charge}{end}"

    return columns, lines()


def _accounts(of: History) -> Copied:
    at = of.begun
    columns = (
        "id, username, username_key, username_sort_key, active, created_at, updated_at, version, name, "
        "name_key, role, in_labs"
    )
    return columns, (
        f"{of.account(lab, place)}\tuser{n}\tuser{n}\tuser{n}\x1fuser{n}\tt\t{at}\t{at}\t1\t\t\tuser\tt"
        for lab in range(of.groups)
        for place in range(MEMBERS)
        for n in [lab * MEMBERS + place]
    )


def _labs(of: History) -> Copied:
    return "id, owner_id, name, name_key, description, search_key, created_at", (
        f"{of.lab(n)}\t{of.owner}\tLab {n}\tlab {n}\t\tlab {n}\x1f\t{of.begun}" for n in range(of.groups)
    )


def _lab_members(of: History) -> Copied:
    return "lab_id, user_id, joined_at", (
        f"{of.lab(lab)}\t{of.account(lab, place)}\t{of.begun}"
        for lab in range(of.groups)
        for place in range(MEMBERS)
    )


def _lab_marks(of: History) -> Copied:
    def lines() -> Iterator[str]:
        for it in of.meetings():
            mark, lab, first = _beginning(7, it.at), of.lab(it.of), it.ordinal * MEMBERS
            end = f"\t\t{of.owner}\t{it.at}\t1"
            for place in range(MEMBERS):
                who = of.account(it.of, place)
                yield f"{mark}{first + place:012x}\t{lab}\t{who}\t{it.date}\t{it.status(place)}{end}"

    return "id, lab_id, user_id, date, status, note, marked_by, marked_at, version", lines()


def _events(of: History) -> Copied:
    """One for each mark, and one where it charged somebody or nobody could be charged."""
    columns = "id, at, actor_id, action, subject_kind, subject_id, before, after, client_id"

    def lines() -> Iterator[str]:
        for it in of.meetings():
            lesson, lab, first = it.id, of.lab(it.of), it.ordinal * MEMBERS
            namespace, said = bytes.fromhex(lesson.replace("-", "")), f"\t{it.at}\t{of.owner}\t"
            marked, charged, lab_marked, mark = (_beginning(kind, it.at) for kind in (8, 9, 10, 7))
            for place in range(MEMBERS):
                client, status, number = of.client(it.of, place), it.status(place), f"{first + place:012x}"
                subject = _mark_id(namespace, client)
                yield (
                    f"{marked}{number}{said}{MARKED}\tattendance\t{subject}\t\\N\t"
                    f'{{"lesson_id": "{lesson}", "client_id": "{client}", "status": "{status}", "note": "", '
                    f'"minutes_late": null, "trial": false, "announced": false, "version": 1}}\t{client}'
                )
                if status != "excused":
                    payer = of.payer(it, place)
                    charge = f'"{payer}", "unpaid": false' if payer else 'null, "unpaid": true'
                    charge = f'{{"subscription_id": {charge}, "version": 1}}'
                    yield (
                        f"{charged}{number}{said}{CHARGED}\tattendance\t{subject}\t"
                        f'{{"subscription_id": null, "unpaid": false}}\t{charge}\t{client}'
                    )
                yield (
                    f"{lab_marked}{number}{said}{LAB_MARKED}\tlab_attendance\t{mark}{number}\t\\N\t"
                    f'{{"lab_id": "{lab}", "user_id": "{of.account(it.of, place)}", "date": "{it.date}", '
                    f'"status": "{status}", "note": ""}}\t\\N'
                )

    return columns, lines()


def _mark_id(lesson: bytes, client: str) -> str:
    """What the domain's `mark_id` says, in a tenth of the time."""
    digest = bytearray(hashlib.sha1(lesson + client.replace("-", "").encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
