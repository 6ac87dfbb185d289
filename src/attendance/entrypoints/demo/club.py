"""A believable club and its school year, brought about by the use cases alone."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from math import ceil
from random import Random

from attendance.application.club.groups import GroupDetails
from attendance.application.club.lessons import LessonDetails
from attendance.application.club.prices import PriceDetails
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.absences import LessonBegun
from attendance.domain.attendance.marks import SentMark
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import GroupMembership, Slot, Teaching
from attendance.domain.club.locations import Closure
from attendance.domain.club.subscriptions import Freeze
from attendance.domain.errors import Conflict
from attendance.domain.ids import ClientId, LocationId, SubscriptionId
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.entrypoints.demo.names import Names
from attendance.entrypoints.demo.people import Staffing
from attendance.entrypoints.demo.present import (
    FROZEN_AFTER,
    FROZEN_BEFORE,
    GROUPS,
    PASS_ENDS_IN,
    UNPAID_SINCE,
    Fate,
    Persona,
    Present,
)

SCHOOL_WEEKS = 38
WEEKS_TO_COME = 2
USUAL_MARKS = 12_000
USUAL_CLIENTS = 150
USUAL_GROUPS = 12
MARKS_OF_A_MEMBER = 76
MEMBERS_OF_A_LARGE_GROUP = 30
END_OF_DAY = time(17)
"""Until when lessons are marked on a day that is not the present one."""
YEAR_OF_A_PASS = timedelta(days=334)
CLOSED_IN = timedelta(days=6)
WAYS = (Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED, None)
HABITS = ((88, 5, 3, 3, 1), (70, 10, 12, 6, 2), (45, 10, 35, 8, 2))


class NotEmpty(Conflict):
    """A club that is real is not mixed with one that is not."""

    text = "there is a club in this database already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many there are of what in a school year.

    With `marks`, so many are made: `groups` is an estimate then, and as many clients are added as it takes.
    """

    groups: int
    clients: int
    members: int
    marks: int | None = None

    @classmethod
    def for_marks(cls, marks: int | None) -> "Size":
        """The usual club without a number; a larger one has large groups, a smaller one fewer."""
        if marks is None:
            return cls(groups=USUAL_GROUPS, clients=USUAL_CLIENTS, members=USUAL_CLIENTS // USUAL_GROUPS)
        members = MEMBERS_OF_A_LARGE_GROUP if marks > USUAL_MARKS else USUAL_CLIENTS // USUAL_GROUPS
        groups = max(1, round(marks / (MARKS_OF_A_MEMBER * members)))
        return cls(groups=groups, clients=groups * members, members=members, marks=marks)


@dataclass(kw_only=True)
class Demo:
    """Fills an empty database, each group in one transaction; `marks` counts the marks made so far.

    Lessons are marked up to `now`, in the organisation's zone, an instant of `today`; None: five o'clock UTC
    on that day, or the present if that is earlier. Nobody is signed in. Mails about accounts are left
    waiting.
    """

    use: UseCases
    size: Size
    today: date
    now: datetime | None = None
    seed: int = 1
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))

    marks: int = field(default=0, init=False)
    members: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 # it is to be the same each time
        self.names = Names(self.random)
        self.habits: dict[ClientId, tuple[int, ...]] = {}
        self.personas: dict[ClientId, Persona] = {}
        self.passes: dict[ClientId, SubscriptionId] = {}
        end_of_day = datetime.combine(self.today, END_OF_DAY, tzinfo=UTC)
        self.present = Present(self.now or min(end_of_day, datetime.now(UTC)))
        self.first_day = self.today - timedelta(weeks=SCHOOL_WEEKS, days=self.today.weekday())
        self.last_day = self.today + timedelta(weeks=WEEKS_TO_COME)

    @property
    def steps(self) -> int:
        """About how many groups there are to fill."""
        return self.size.groups

    def fill(self) -> Iterator[GroupDetails]:
        """Make everything, group by group. Raises NotEmpty."""
        if self.use.list_clients(OPERATOR, page=1).total or self.use.list_groups(OPERATOR, page=1).total:
            raise NotEmpty
        owned_since = self.present.now - timedelta(weeks=SCHOOL_WEEKS)
        staffing = Staffing(use=self.use, names=self.names, password=self.password, owned_since=owned_since)
        self.people = staffing()
        head = self.people.head
        locations = self._locations(head)
        prices = self._prices(head)
        for number in count():
            if not (members := self._next_members(number)):
                break
            with self.use.transaction():
                group = self._group(head, number, members, locations, prices)
            yield group
        self._close_soon(head, locations[-1])

    def _next_members(self, number: int) -> int:
        """How many members the next group has; 0: there is none."""
        if self.size.marks is None:
            share = self.size.clients // self.size.groups
            is_last = number == self.size.groups - 1
            return self.size.clients - share * number if is_last else share * (number < self.size.groups)
        of_a_member = self.marks / self.members if self.marks else MARKS_OF_A_MEMBER
        return min(self.size.members, ceil((self.size.marks - self.marks) / of_a_member))

    def _group(
        self,
        head: Actor,
        number: int,
        members: int,
        locations: list[LocationId],
        prices: list[PriceDetails],
    ) -> GroupDetails:
        """A group with its clients, their passes, and its lessons, marked up to today."""
        for of_group in (self.habits, self.personas, self.passes):
            of_group.clear()
        clients = [self._client(head, number, place) for place in range(members)]
        self.members += members
        teachers = self.people.teachers
        teacher = teachers[max(0, number + 1 - GROUPS) % len(teachers)]
        group = self.use.add_group(
            head,
            name=self.names.group(number),
            location_id=locations[number % len(locations)],
            capacity=len(clients) + 3,
            active_from=self.first_day,
            teachers=(Teaching(user_id=teacher.id, since=self.first_day),),
            members=tuple(self._memberships(clients)),
            schedule=self._schedule(number),
        )
        self._sell(head, clients, prices, lessons_a_week=len(group.schedule))
        made = self.use.make_lessons(head, group_id=group.id, since=self.first_day, until=self.last_day)
        fates = self._fates(number)
        for lesson in made.lessons:
            self._hold(head, group, lesson, fates)
        self._happen_lately(head, made.lessons)
        return group

    def _locations(self, head: Actor) -> list[LocationId]:
        places = [
            self.use.add_location(head, name=f"House {n + 1}", address=self.names.address(n), capacity=40)
            for n in range(2)
        ]
        holidays = self.first_day + timedelta(weeks=15)
        closure = Closure(since=holidays, until=holidays + timedelta(days=13), reason="Holidays")
        for place in places:
            self.use.edit_location(head, location_id=place.id, closures=(closure,))
        return [place.id for place in places]

    def _prices(self, head: Actor) -> list[PriceDetails]:
        add = self.use.add_price
        return [
            add(head, name="School year", amount=Decimal(480), currency="EUR", valid_months=11),
            add(head, name="24 visits", amount=Decimal(216), currency="EUR", visits=24, valid_months=6),
            add(
                head,
                name="12 visits, absences free",
                amount=Decimal(120),
                currency="EUR",
                visits=12,
                valid_days=120,
                charges_absence=False,
            ),
            add(head, name="A month", amount=Decimal(52), currency="EUR", valid_days=30),
        ]

    def _client(self, head: Actor, number: int, place: int) -> ClientId:
        """A client of a group; the first two of the first are the parent's."""
        is_of_parent = number == 0 and place < 2
        persona = self.present.persona(number, place)
        family = self.people.family if is_of_parent else self.names.family()
        guardian = self.people.parent.name if is_of_parent else f"{self.names.given()} {family}"
        born = self.first_day - timedelta(days=self.random.randrange(6 * 365, 17 * 365))
        client = self.use.add_client(
            head,
            name=f"{self.names.given()} {family}",
            guardian_name=guardian,
            phone=f"+44 1632 960{self.random.randrange(1000):03}",
            notes=self.present.note(number, place),
            birthday=self.present.birthday(self.random.randrange(7, 16))
            if persona is Persona.BIRTHDAY
            else born,
            user_ids=(self.people.parent.id,) if is_of_parent else (),
        )
        self.habits[client.id] = self.random.choices(HABITS, (14, 4, 1))[0]
        if persona:
            self.personas[client.id] = persona
        self.use.add_contract(head, client_id=client.id, signed_on=self.first_day)
        return client.id

    def _memberships(self, clients: list[ClientId]) -> Iterator[GroupMembership]:
        """Most from the first day on; some come later, some leave."""
        for client_id in clients:
            if persona := self.personas.get(client_id):
                is_new = persona is Persona.NEW
                yield GroupMembership(client_id=client_id, since=self.today if is_new else self.first_day)
                continue
            came = self.first_day + timedelta(weeks=self.random.choice((0, 0, 0, 0, 4, 9)))
            left = self.random.choice((None, None, None, None, None, self.today - timedelta(weeks=6)))
            yield GroupMembership(client_id=client_id, since=came, until=left)

    def _schedule(self, number: int) -> tuple[Slot, ...]:
        """Twice a week in the afternoon; the first groups also when the demo is looked at."""
        if number < GROUPS:
            return self.present.schedule(number)
        hour = 15 + number % 4
        return tuple(
            Slot(weekday=1 + (number + apart) % 5, starts=time(hour), ends=time(hour + 1, 30))
            for apart in (0, 2)
        )

    def _sell(
        self, head: Actor, clients: list[ClientId], prices: list[PriceDetails], *, lessons_a_week: int
    ) -> None:
        """A pass for the year, or shorter ones one after the other with gaps in which visits are not paid."""
        year, month = prices[0], prices[-1]
        for client_id in clients:
            price, starts_on = self.random.choice(prices), self.first_day
            match self.personas.get(client_id):
                case Persona.PASS_ENDS:
                    length = timedelta(days=month.valid_days or 0)
                    passes = (self.today + PASS_ENDS_IN - self.first_day) // length + 1
                    price, starts_on = month, self.today + PASS_ENDS_IN + timedelta(days=1) - passes * length
                case Persona.UNPAID:
                    price, starts_on = year, self.today - UNPAID_SINCE - YEAR_OF_A_PASS
                case Persona.NEW:
                    starts_on = self.today
                case Persona.STAYS_AWAY:
                    price = prices[1]
                case Persona.FROZEN | Persona.SAYS_SO:
                    price = year
            while starts_on <= self.today:
                sold = self.use.sell_subscription(
                    head,
                    client_id=client_id,
                    price_id=price.id,
                    sold_on=starts_on,
                    starts_on=starts_on,
                    discount_percent=self.random.choice((0, 0, 0, 0, 10, 50)),
                )
                self.passes[client_id] = sold.id
                if sold.ends_on is None or self.personas.get(client_id) is Persona.UNPAID:
                    break
                starts_on = self._renewal(sold, lessons_a_week, at_once=client_id in self.personas)

    def _renewal(self, sold: SubscriptionDetails, lessons_a_week: int, *, at_once: bool) -> date:
        """The day the next pass begins: when this one is about used up, or some time after it."""
        length = (sold.ends_on or self.last_day) - sold.starts_on + timedelta(days=1)
        if sold.visits:
            length = min(length, timedelta(weeks=sold.visits // lessons_a_week))
        gap = 0 if at_once else self.random.choice((0, 0, 0, 14))
        return sold.starts_on + length + timedelta(days=gap)

    def _fates(self, number: int) -> dict[tuple[date, time], Fate | None]:
        """What becomes of a group's lessons of today, and of yesterday's that nobody took."""
        if number >= GROUPS:
            return {}
        of_yesterday = {
            (self.present.yesterday, slot.starts): Fate.UNTAKEN for slot in self._schedule(number)
        }
        return {**of_yesterday, **self.present.fates(number)}

    def _hold(
        self,
        head: Actor,
        group: GroupDetails,
        lesson: LessonDetails,
        fates: dict[tuple[date, time], Fate | None],
    ) -> None:
        """Mark everybody in one call; a few lessons are cancelled, a few forgotten."""
        if lesson.starts_at > self.present.now:
            return
        fate = (
            fates.get((lesson.date, lesson.starts))
            or self.random.choices((Fate.CANCELLED, None, Fate.UNTAKEN), (2, 96, 2))[0]
        )
        if fate is Fate.CANCELLED:
            self.use.edit_lesson(
                head, group_id=group.id, lesson_id=lesson.id, cancelled=True, reason="The teacher was ill"
            )
        elif fate is not Fate.UNTAKEN:
            entries = [*self._entries(group, lesson, unmarked=Status.PRESENT if fate is Fate.DONE else None)]
            if fate is Fate.PARTLY:
                entries = entries[: len(entries) // 2]
            if self.size.marks is not None:
                entries = entries[: self.size.marks - self.marks]
            self.marks += len(entries)
            if entries:
                self.use.mark_attendance(head, lesson_id=lesson.id, attendances=entries)

    def _entries(
        self, group: GroupDetails, lesson: LessonDetails, *, unmarked: Status | None
    ) -> Iterator[SentMark]:
        """How each member is marked, by the order in which they were added; `unmarked`: who would not be."""
        members = (it.client_id for it in group.members or () if it.covers(lesson.date))
        for client_id in sorted(members):
            status = self._status(client_id, lesson) or unmarked
            if status is Status.LATE:
                minutes = self.random.randrange(1, 40)
                yield SentMark(client_id=client_id, status=status, minutes_late=minutes)
            elif status is not None:
                yield SentMark(client_id=client_id, status=status)

    def _status(self, client_id: ClientId, lesson: LessonDetails) -> Status | None:
        """As is the client's habit, or as its persona has it lately."""
        status = self.random.choices(WAYS, self.habits[client_id])[0]
        match self.personas.get(client_id):
            case Persona.STAYS_AWAY if lesson.date > self.today - timedelta(weeks=3):
                return Status.ABSENT
            case Persona.FROZEN if lesson.date >= self.today - FROZEN_BEFORE:
                return Status.EXCUSED
            case Persona.UNPAID if lesson.date > self.today - timedelta(weeks=2):
                return Status.PRESENT
            case Persona.NEW:
                return None
        return status

    def _happen_lately(self, head: Actor, lessons: Iterable[LessonDetails]) -> None:
        """Freeze a pass these days, and announce an absence from the next lesson."""
        for client_id, persona in self.personas.items():
            if persona is Persona.FROZEN:
                freeze = Freeze(since=self.today - FROZEN_BEFORE, until=self.today + FROZEN_AFTER)
                self.use.edit_subscription(head, subscription_id=self.passes[client_id], freezes=(freeze,))
            elif persona is Persona.SAYS_SO and (self.size.marks is None or self.marks < self.size.marks):
                self._announce(client_id, lessons)

    def _announce(self, client_id: ClientId, lessons: Iterable[LessonDetails]) -> None:
        parent = self.use.act_as(self.people.parent.id)
        coming = (lesson for lesson in lessons if lesson.starts_at > self.present.now)
        try:
            self.use.announce_absence(
                parent, lesson_id=next(coming).id, client_id=client_id, note="At the dentist"
            )
        except LessonBegun:
            # the present day of the demo is over
            return
        self.marks += 1

    def _close_soon(self, head: Actor, location_id: LocationId) -> None:
        """Announce that a place is closed for two days."""
        since = self.today + CLOSED_IN
        closure = Closure(since=since, until=since + timedelta(days=1), reason="New floor")
        held = self.use.show_location(head, location_id=location_id).closures
        self.use.edit_location(head, location_id=location_id, closures=(*held, closure))
