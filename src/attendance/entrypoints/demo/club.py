"""A believable club and its school year, brought about by the use cases alone."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from math import ceil
from random import Random

from attendance.application.accounts.read_models import UserDetails
from attendance.application.club.groups import GroupDetails
from attendance.application.club.lessons import LessonDetails
from attendance.application.club.prices import PriceDetails
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.mail import MailState
from attendance.domain.attendance.marks import SentMark
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import GroupMembership, Slot, Teaching
from attendance.domain.club.locations import Closure
from attendance.domain.errors import Conflict
from attendance.domain.ids import ClientId, LocationId
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.domain.permissions.roles import Role
from attendance.entrypoints.demo.names import Names

SCHOOL_WEEKS = 38
WEEKS_TO_COME = 2
USUAL_MARKS = 12_000
USUAL_CLIENTS = 150
USUAL_GROUPS = 12
MARKS_OF_A_MEMBER = 76
MEMBERS_OF_A_LARGE_GROUP = 30
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
    """Fills an empty database, each group in one transaction; `marks` counts the marks made so far."""

    use: UseCases
    size: Size
    today: date
    seed: int = 1
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))

    marks: int = field(default=0, init=False)
    members: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 # it is to be the same each time
        self.names = Names(self.random)
        self.habits: dict[ClientId, tuple[int, ...]] = {}
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
        head = self._staff()
        locations = self._locations(head)
        prices = self._prices(head)
        for number in count():
            if not (members := self._next_members(number)):
                return
            with self.use.transaction():
                group = self._group(head, number, members, locations, prices)
            yield group

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
        self.habits.clear()
        clients = [self._client(head, is_of_parent=number == 0 and n < 2) for n in range(members)]
        self.members += members
        teacher = self.teachers[number % len(self.teachers)]
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
        self._sell(head, clients, prices)
        made = self.use.make_lessons(head, group_id=group.id, since=self.first_day, until=self.last_day)
        for lesson in made.lessons:
            self._hold(head, group, lesson)
        return group

    def _staff(self) -> Actor:
        """An owner, somebody who keeps it all, teachers, and a parent: all with the same password."""
        self.use.create_owner(username="demo-owner", email="owner@demo.example", password=self.password)
        head = self._account("demo-head", Role.HEAD_MANAGER)
        self.parent = self._account("demo-parent", Role.USER)
        self._account("demo-manager", Role.MANAGER)
        self.teachers = [self._account(f"demo-teacher-{n}", Role.EMPLOYEE) for n in range(1, 9)]
        return self.use.actor_of(
            self.use.sign_in(username=head.username, password=self.password).access_token
        )

    def _account(self, username: str, role: Role) -> UserDetails:
        name = f"{self.names.given()} {self.names.family()}"
        email = f"{username.removeprefix('demo-')}@demo.example"
        account = self.use.invite_user(OPERATOR, username=username, email=email, name=name, role=role)
        for mail in self.use.list_mail(state=MailState.WAITING):
            if mail.to == email and mail.facts and "token" in mail.facts:
                self.use.set_password(token=mail.facts["token"], password=self.password)
        return account

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
        ]

    def _client(self, head: Actor, *, is_of_parent: bool) -> ClientId:
        family = self.names.family()
        born = self.first_day - timedelta(days=self.random.randrange(6 * 365, 17 * 365))
        client = self.use.add_client(
            head,
            name=f"{self.names.given()} {family}",
            guardian_name=f"{self.names.given()} {family}",
            birthday=born,
            user_ids=(self.parent.id,) if is_of_parent else (),
        )
        self.habits[client.id] = self.random.choices(HABITS, (6, 3, 1))[0]
        self.use.add_contract(head, client_id=client.id, signed_on=self.first_day)
        return client.id

    def _memberships(self, clients: list[ClientId]) -> Iterator[GroupMembership]:
        """Most from the first day on; some come later, some leave."""
        for client_id in clients:
            came = self.first_day + timedelta(weeks=self.random.choice((0, 0, 0, 0, 4, 9)))
            left = self.random.choice((None, None, None, None, None, self.today - timedelta(weeks=6)))
            yield GroupMembership(client_id=client_id, since=came, until=left)

    def _schedule(self, number: int) -> tuple[Slot, ...]:
        """Twice a week in the afternoon."""
        hour = 15 + number % 4
        return tuple(
            Slot(weekday=1 + (number + apart) % 5, starts=time(hour), ends=time(hour + 1, 30))
            for apart in (0, 2)
        )

    def _sell(self, head: Actor, clients: list[ClientId], prices: list[PriceDetails]) -> None:
        """A pass for the year, or shorter ones one after the other with gaps in which visits are not paid."""
        for client_id in clients:
            price = self.random.choice(prices)
            starts_on = self.first_day
            while starts_on <= self.today:
                sold = self.use.sell_subscription(
                    head,
                    client_id=client_id,
                    price_id=price.id,
                    sold_on=starts_on,
                    starts_on=starts_on,
                    discount_percent=self.random.choice((0, 0, 0, 0, 10, 50)),
                )
                if sold.ends_on is None:
                    return
                starts_on = sold.ends_on + timedelta(days=self.random.choice((1, 1, 1, 15)))

    def _hold(self, head: Actor, group: GroupDetails, lesson: LessonDetails) -> None:
        """Mark everybody in one call; a few lessons are cancelled, a few forgotten."""
        if lesson.starts_at > datetime.combine(self.today, time(), tzinfo=UTC):
            return
        fate = self.random.random()
        if fate < 0.02:
            self.use.edit_lesson(
                head, group_id=group.id, lesson_id=lesson.id, cancelled=True, reason="The teacher was ill"
            )
        elif fate < 0.98:
            entries = [*self._entries(group, lesson)]
            if self.size.marks is not None:
                entries = entries[: self.size.marks - self.marks]
            self.marks += len(entries)
            if entries:
                self.use.mark_attendance(head, lesson_id=lesson.id, attendances=entries)

    def _entries(self, group: GroupDetails, lesson: LessonDetails) -> Iterator[SentMark]:
        members = (it.client_id for it in group.members or () if it.covers(lesson.date))
        for client_id in sorted(members):
            status = self.random.choices(WAYS, self.habits[client_id])[0]
            if status is Status.LATE:
                minutes = self.random.randrange(1, 40)
                yield SentMark(client_id=client_id, status=status, minutes_late=minutes)
            elif status is not None:
                yield SentMark(client_id=client_id, status=status)
