"""A club for every contender: groups of 150 with their passes, lessons of the last days, all marked."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import time, timedelta
from decimal import Decimal
from itertools import chain, product
from typing import Any
from zoneinfo import ZoneInfo

from attendance.adapters.clock import new_id, utc_now
from attendance.adapters.sql import tables
from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.club.clients import SqlClients
from attendance.adapters.sql.club.groups import SqlGroups
from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.adapters.sql.club.locations import SqlLocations
from attendance.adapters.sql.club.prices import SqlPrices
from attendance.adapters.sql.club.subscriptions import SqlSubscriptions
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.sessions import Session
from attendance.domain.attendance.charging import Visit, charge
from attendance.domain.attendance.marks import Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, GroupMembership, Teaching
from attendance.domain.club.lessons import Lesson, made
from attendance.domain.club.locations import Location
from attendance.domain.club.prices import Price
from attendance.domain.club.subscriptions import Freeze, Subscription
from attendance.domain.ids import ClientId, GroupId, LessonId, LocationId, PriceId, SubscriptionId
from attendance.domain.permissions.roles import Role
from benchmarks.filling import store_rows
from benchmarks.load import STATUSES
from benchmarks.seed import LONG_AGO, account, issuer, session, username

GROUPS = 24
MEMBERS = 150
LESSONS = 8
LESSONS_ASIDE = 2
LESSONS_A_DAY = 2
TEACHERS_SESSIONS = 8
ZONE = "Europe/Berlin"
TODAY = utc_now().astimezone(ZoneInfo(ZONE)).date()
LONG_SINCE = TODAY - timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class Club:
    """Everything there is. `tokens` are the teacher's, `refused` those of who shall be refused."""

    accounts: tuple[Account, ...]
    sessions: tuple[Session, ...]
    location: Location
    price: Price
    clients: tuple[Client, ...]
    groups: tuple[Group, ...]
    lessons: tuple[Lesson, ...]
    passes: tuple[Subscription, ...]
    marks: tuple[Mark, ...]
    tokens: tuple[str, ...]
    refused: dict[str, str]

    def lesson_aside(self, number: int, group: int) -> Lesson:
        """One of those that nothing is measured in."""
        return self.lessons[(LESSONS + number) * GROUPS + group]

    def lessons_for(self, number: int, of: int) -> list[Lesson]:
        """A part of the lessons, neighbours of different groups: those who walk along seldom meet."""
        return [it for n, it in enumerate(self.lessons[: LESSONS * GROUPS]) if n // GROUPS % of == number]


def club() -> Club:
    rng = random.Random(2026)
    staff: dict[str, Any] = {"role": Role.EMPLOYEE, "email_confirmed_at": LONG_AGO}
    teacher = account("teacher", email="teacher@example.org", **staff)
    colleague = account("colleague", email="colleague@example.org", **staff)
    member = account("member", email="member@example.org", email_confirmed_at=LONG_AGO)
    location = Location(
        id=LocationId(new_id()),
        name="Hall",
        address="Langer Weg 1",
        timezone=ZONE,
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )
    price = Price(
        id=PriceId(new_id()),
        name="Pass",
        amount=Decimal(80),
        currency="EUR",
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )
    clients = [_client(rng, number) for number in range(GROUPS * MEMBERS)]
    groups = [
        _group(number, location, clients[number * MEMBERS :][:MEMBERS], teacher) for number in range(GROUPS)
    ]
    lessons = [
        _lesson(number, group, location) for number in range(LESSONS + LESSONS_ASIDE) for group in groups
    ]
    group_of = {client.id: groups[number // MEMBERS] for number, client in enumerate(clients)}
    passes = [it for client in clients for it in _passes(rng, client, group_of[client.id], price)]
    own = [session(teacher) for _ in range(TEACHERS_SESSIONS)]
    colleagues, members = session(colleague), session(member)
    tokens = issuer()
    return Club(
        accounts=(teacher, colleague, member),
        sessions=(*own, colleagues, members),
        location=location,
        price=price,
        clients=tuple(clients),
        groups=tuple(groups),
        lessons=tuple(lessons),
        passes=tuple(passes),
        marks=tuple(_marks(lessons, groups, passes, teacher)),
        tokens=tuple(tokens.issue(each) for each in own),
        refused={
            "colleague": tokens.issue(colleagues),
            "member": tokens.issue(members),
            "revoked": tokens.issue(session(teacher)),
        },
    )


def fill(url: str, club: Club) -> None:
    """Store the club in a database that has the current shape."""
    store_rows(
        url,
        {
            tables.accounts: map(SqlAccounts.mapper.row, club.accounts),
            tables.sessions: map(asdict, club.sessions),
            tables.locations: [SqlLocations.mapper.row(club.location)],
            tables.prices: [SqlPrices.mapper.row(club.price)],
            tables.clients: map(SqlClients.mapper.row, club.clients),
            tables.groups: map(SqlGroups.mapper.row, club.groups),
            tables.group_teachers: [
                {"group_id": group.id, **asdict(it)} for group in club.groups for it in group.teachers
            ],
            tables.group_members: [
                {"group_id": group.id, **asdict(it)} for group in club.groups for it in group.members
            ],
            tables.lessons: map(SqlLessons.mapper.row, club.lessons),
            tables.subscriptions: map(SqlSubscriptions.mapper.row, club.passes),
            tables.attendance: _mark_rows(club),
        },
    )


def _client(rng: random.Random, number: int) -> Client:
    return Client(
        id=ClientId(new_id()),
        name=username(rng, number).title(),
        guardian_name=username(rng, number).title(),
        phone=f"+49 30 {number:07}",
        address=f"Langer Weg {number}\n10115 Berlin",
        notes="is fetched by the grandmother on Tuesdays, " * rng.randrange(5),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )


def _group(number: int, location: Location, clients: Sequence[Client], teacher: Account) -> Group:
    return Group(
        id=GroupId(new_id()),
        name=f"Group {number}",
        location_id=location.id,
        teachers=(Teaching(user_id=teacher.id, since=LONG_SINCE),),
        members=tuple(GroupMembership(client_id=client.id, since=LONG_SINCE) for client in clients),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )


def _lesson(number: int, group: Group, location: Location) -> Lesson:
    """Of half of them the group says who teaches, of the others they say it themselves."""
    days_ago, place = divmod(number, LESSONS_A_DAY)
    return made(
        group,
        location,
        TODAY - timedelta(days=1 + days_ago),
        time(10 + place),
        time(10 + place, 50),
        zone=ZoneInfo(ZONE),
        lesson_id=LessonId(new_id()),
        at=LONG_AGO,
        teachers=() if number % 2 else None,
    )


def _passes(rng: random.Random, client: Client, group: Group, price: Price) -> list[Subscription]:
    """One client in ten has none, two have two; some run out, are frozen, or do not charge absences."""

    def sold(**changes: Any) -> Subscription:
        usual: dict[str, Any] = {
            "id": SubscriptionId(new_id()),
            "client_id": client.id,
            "price_id": price.id,
            "price_name": price.name,
            "sold_on": LONG_SINCE,
            "amount": price.amount,
            "currency": price.currency,
            "starts_on": LONG_SINCE,
            "ends_on": TODAY + timedelta(days=30),
            "created_at": LONG_AGO,
            "updated_at": LONG_AGO,
        }
        return Subscription(**usual | changes)

    match rng.randrange(10):
        case 0:
            return []
        case 1 | 2:
            return [sold(visits=4), sold(visits=20, ends_on=None)]
        case 3 | 4:
            return [sold()]
        case 5:
            until = TODAY - timedelta(days=rng.randrange(1, 5))
            return [sold(visits=12, freezes=(Freeze(since=until - timedelta(days=3), until=until),))]
        case 6:
            return [sold(visits=12, charges_absence=False)]
        case _:
            return [sold(visits=12, group_ids=(group.id,))]


def _marks(
    lessons: Sequence[Lesson], groups: Sequence[Group], passes: Sequence[Subscription], by: Account
) -> list[Mark]:
    """Everybody in every lesson, charged by the service's own rules."""
    by_id = {group.id: group for group in groups}
    by_client: dict[ClientId, list[Subscription]] = {}
    for it in passes:
        by_client.setdefault(it.client_id, []).append(it)
    paid: dict[SubscriptionId, int] = {}
    marks = []
    for lesson, (place, member) in chain.from_iterable(
        product([lesson], enumerate(by_id[lesson.group_id].members)) for lesson in lessons
    ):
        client_id, status = member.client_id, Status(STATUSES[place % len(STATUSES)])
        own = [_with_charged(it, paid.get(it.id, 0)) for it in by_client.get(client_id, [])]
        costs = charge(status, Visit(date=lesson.date, group_id=lesson.group_id), own)
        if costs.subscription_id is not None:
            paid[costs.subscription_id] = paid.get(costs.subscription_id, 0) + 1
        marks.append(
            Mark(
                lesson_id=lesson.id,
                client_id=client_id,
                status=status,
                charge=costs,
                marked_by=by.id,
                marked_at=LONG_AGO,
            )
        )
    return marks


def _with_charged(it: Subscription, charged: int) -> Subscription:
    return replace(it, charged=charged) if charged else it


def _mark_rows(club: Club) -> Iterator[dict[str, Any]]:
    lessons = {lesson.id: {"date": lesson.date, "starts": lesson.starts} for lesson in club.lessons}
    for mark in club.marks:
        row = asdict(mark)
        yield row | row.pop("charge") | lessons[mark.lesson_id]
