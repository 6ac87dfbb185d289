"""Any sequence of what a club does is charged as a plain model says, and what must always hold, holds."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from attendance.application.attendance.read_models import SheetDetails
from attendance.application.ports import UnitOfWork
from attendance.domain.attendance.marks import SentMark, mark_id
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import GroupMembership, Slot, Teaching
from attendance.domain.club.lessons import SlotTaken
from attendance.domain.club.renewals import CurrentHasNoEnd, Start
from attendance.domain.club.subscriptions import (
    Freeze,
    FreezeAfterEnd,
    FreezeBeforeStart,
    FreezesOverlap,
    VisitsOutside,
)
from attendance.domain.dates import week_of
from attendance.domain.errors import Conflict, Forbidden, Invalid
from attendance.domain.events import Event
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.permissions.roles import Role
from tests.conftest import STORES
from tests.fakes import World
from tests.machines import OverStore, hunt, over, profile

FIRST = date(2026, 1, 5)
TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)
CLIENTS, LESSONS, PASSES = st.integers(0, 2), st.integers(0, 9), st.integers(0, 30)
DAYS = st.integers(0, 55).map(lambda n: FIRST + n * DAY)
STATUSES = st.sampled_from([*Status, Status.PRESENT, Status.PRESENT])
CAME = (Status.PRESENT, Status.LATE)


class Club(OverStore):
    """The model: passes, marks and lessons as plain dicts; who pays is looked for by trying every pass."""

    @initialize()
    def transaction(self) -> None:
        self.world = World(self.make_store())
        self.world.clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        self.use = self.world.use_cases
        self.head = self.world.having(Role.HEAD_MANAGER)
        self.teacher, self.stranger = self.world.having(Role.EMPLOYEE), self.world.having(Role.EMPLOYEE)
        self.parent = self.world.having(Role.USER)
        house = self.use.add_location(self.head, name="House", address="Mill Street 1")
        self.clients = [self.use.add_client(self.head, name=name).id for name in ("Ada", "Bea", "Cem")]
        self.use.edit_client(self.head, client_id=self.clients[0], user_ids=(self.parent.id,))
        self.groups = [
            self.use.add_group(
                self.head,
                name=name,
                location_id=house.id,
                teachers=(Teaching(user_id=self.teacher.id, since=FIRST),),
                members=tuple(GroupMembership(client_id=it, since=FIRST) for it in self.clients),
                schedule=(Slot(weekday=1, starts=time(10), ends=time(11)),),
            ).id
            for name in ("Clay", "Choir")
        ]
        self.lessons: list[dict[str, Any]] = []
        for group in self.groups:
            made = self.use.make_lessons(self.head, group_id=group, since=FIRST, until=FIRST + 28 * DAY)
            assert len(made.lessons) == 5
            self.lessons += [
                {"id": it.id, "group": group, "date": it.date, "cancelled": False} for it in made.lessons
            ]
        self.prices = [
            self.price(visits=2),
            self.price(visits=3, charges_absence=False),
            self.price(valid_days=20, group_ids=(self.groups[0],)),
            self.price(visits=1, valid_months=1, group_ids=tuple(self.groups)),
            self.price(valid_days=10, charges_absence=False),
            self.price(valid_months=2, visits_per_week=1),
            self.price(visits=4, visits_per_week=2, valid_days=40, charges_absence=False),
        ]
        self.passes: list[dict[str, Any]] = []
        self.marks: dict[tuple[LessonId, ClientId], dict[str, Any]] = {}
        for who, criteria in ((0, 0), (0, 4), (1, 2), (1, 3), (1, 0), (2, 5), (2, 6)):
            self.sell(who, criteria, FIRST, settle=False)

    def price(self, **fields: Any) -> dict[str, Any]:
        price = self.use.add_price(self.head, name="A", amount=Decimal(30), currency="EUR", **fields)
        usual = {"visits": None, "visits_per_week": None, "group_ids": (), "charges_absence": True}
        return {"id": price.id, **usual, **fields}

    # the model

    def covers(self, it: dict[str, Any], day: date) -> bool:
        """Day by day: it buys as many days that are not frozen as it was sold for."""
        if day < it["starts"] or (it["cancelled"] and day > it["cancelled"]) or self.is_frozen(it, day):
            return False
        if it["ends"] is None:
            return True
        bought = (it["ends"] - it["starts"]).days + 1
        used = sum(
            not self.is_frozen(it, it["starts"] + n * DAY) for n in range((day - it["starts"]).days + 1)
        )
        return used <= bought

    def is_frozen(self, it: dict[str, Any], day: date) -> bool:
        return any(since <= day <= until for since, until in it["freezes"])

    def last_day(self, it: dict[str, Any]) -> date:
        if it["ends"] is None:
            return date.max
        day, left = it["starts"], (it["ends"] - it["starts"]).days + 1
        while left := left - (not self.is_frozen(it, day)):
            day += DAY
        return day  # type: ignore[no-any-return]

    def charged(self, it: dict[str, Any]) -> int:
        return sum(mark["payer"] == it["id"] for mark in self.marks.values())

    def charged_in_week(self, it: dict[str, Any], day: date) -> int:
        week = day.isocalendar()[:2]
        dates = {lesson["id"]: lesson["date"] for lesson in self.lessons}
        return sum(
            mark["payer"] == it["id"] and dates[of].isocalendar()[:2] == week
            for (of, _), mark in self.marks.items()
        )

    def payers(self, client: ClientId, lesson: dict[str, Any]) -> list[dict[str, Any]]:
        """All that cover a visit, those with a visit left first, in the order in which they pay."""
        covering = [
            it
            for it in self.passes
            if it["client"] == client
            and self.covers(it, lesson["date"])
            and (not it["groups"] or lesson["group"] in it["groups"])
        ]
        order: Callable[[dict[str, Any]], Any] = lambda it: (  # noqa: E731
            it["visits"] is not None,
            self.last_day(it),
            len(it["groups"]) or 99,
            it["number"],
        )
        return sorted(covering, key=order)

    def has_left(self, it: dict[str, Any], day: date) -> bool:
        is_week_open = it["per_week"] is None or self.charged_in_week(it, day) < it["per_week"]
        return is_week_open and (it["visits"] is None or self.charged(it) < it["visits"])

    def decided(self, mark: dict[str, Any], client: ClientId, lesson: dict[str, Any]) -> dict[str, Any]:
        """What a mark costs that has cost nothing until now."""
        covering = self.payers(client, lesson)
        first = next((it for it in covering if self.has_left(it, lesson["date"])), None)
        if not self.may_cost(mark, lesson):
            return {"payer": None, "unpaid": False}
        if mark["status"] is Status.ABSENT:
            free = first is not None and not first["charges_absence"]
            free |= first is None and any(not it["charges_absence"] for it in covering)
            if free:
                return {"payer": None, "unpaid": False}
        return {"payer": first and first["id"], "unpaid": first is None}

    def may_cost(self, mark: dict[str, Any], lesson: dict[str, Any]) -> bool:
        return not lesson["cancelled"] and not mark["trial"] and mark["status"] is not Status.EXCUSED

    def corrected(self, mark: dict[str, Any], before: dict[str, Any], client: ClientId, lesson: Any) -> Any:
        """What a mark costs that has cost something, or nothing, until now."""
        if before["payer"] is None and not before["unpaid"]:
            return self.decided(mark, client, lesson)
        if not self.may_cost(mark, lesson):
            return {"payer": None, "unpaid": False}
        if mark["status"] is Status.ABSENT:
            if before["payer"]:
                payer = next(it for it in self.passes if it["id"] == before["payer"])
                if not payer["charges_absence"]:
                    return {"payer": None, "unpaid": False}
            elif self.decided(mark, client, lesson) == {"payer": None, "unpaid": False}:
                return {"payer": None, "unpaid": False}
        return {"payer": before["payer"], "unpaid": before["unpaid"]}

    # what is done

    @rule(
        n=LESSONS,
        entries=st.dictionaries(CLIENTS, st.tuples(STATUSES, st.booleans()), min_size=1, max_size=3),
        says_trial=st.booleans(),
    )
    def mark(self, n: int, entries: dict[int, tuple[Status, bool]], says_trial: bool) -> None:
        lesson = self.lessons[n]
        sent: list[SentMark] = []
        for who, (status, trial) in entries.items():
            entry = SentMark(client_id=self.clients[who], status=status)
            if says_trial:
                entry["trial"] = trial and who == 0
            sent.append(entry)
        if lesson["cancelled"]:
            with pytest.raises(Conflict):
                self.use.mark_attendance(self.head, lesson_id=lesson["id"], attendances=sent)
            return
        for entry in sent:
            key = (lesson["id"], entry["client_id"])
            before = self.marks.get(key, {"trial": False, "payer": None, "unpaid": False})
            mark = {"status": entry["status"], "trial": entry.get("trial", before["trial"])}
            if {**before, **mark} != before:
                self.marks[key] = mark | self.corrected(mark, before, key[1], lesson)
        sheet = self.use.mark_attendance(self.head, lesson_id=lesson["id"], attendances=sent)
        events = self.events(lesson)
        again = self.use.mark_attendance(self.head, lesson_id=lesson["id"], attendances=sent)
        assert (again, self.events(lesson)) == (sheet, events), "twice is once"
        self.check(sheet)

    @rule(criteria=PASSES, status=st.sampled_from(CAME))
    def mark_again(self, criteria: int, status: Status) -> None:
        if self.marks:
            lesson_id, client = [*self.marks][criteria % len(self.marks)]
            n = [it["id"] for it in self.lessons].index(lesson_id)
            self.mark(n, {self.clients.index(client): (status, False)}, says_trial=False)

    @rule(n=LESSONS, who=CLIENTS)
    def clear(self, n: int, who: int) -> None:
        lesson, client = self.lessons[n], self.clients[who]
        if not lesson["cancelled"]:
            sent = SentMark(client_id=client, status=None)
            self.marks.pop((lesson["id"], client), None)
            self.check(self.use.mark_attendance(self.head, lesson_id=lesson["id"], attendances=[sent]))

    @rule(n=LESSONS, who=CLIENTS, status=STATUSES)
    def mark_and_clear(self, n: int, who: int, status: Status) -> None:
        lesson, client = self.lessons[n], self.clients[who]
        if lesson["cancelled"] or (lesson["id"], client) in self.marks:
            return
        before = self.all_there_is()
        for said in (status, None):
            sent = [SentMark(client_id=client, status=said)]
            self.use.mark_attendance(self.head, lesson_id=lesson["id"], attendances=sent)
        assert self.all_there_is() == before

    @rule(n=LESSONS, who=CLIENTS, criteria=PASSES)
    def name_a_pass(self, n: int, who: int, criteria: int) -> None:
        lesson, client = self.lessons[n], self.clients[who]
        own = [it for it in self.passes if it["client"] == client]
        mark = self.marks.get((lesson["id"], client))
        if not own or mark is None or mark["status"] not in CAME or lesson["cancelled"]:
            return
        named = own[criteria % len(own)]
        pays = named in self.payers(client, lesson) and self.has_left(named, lesson["date"])
        sent = SentMark(client_id=client, status=mark["status"], subscription_id=named["id"])
        if pays or mark["payer"] == named["id"] or mark["trial"]:
            if not mark["trial"]:
                mark |= {"payer": named["id"], "unpaid": False}
            self.check(self.use.mark_attendance(self.head, lesson_id=lesson["id"], attendances=[sent]))
        else:
            with pytest.raises(Invalid) as refused:
                self.use.mark_attendance(self.head, lesson_id=lesson["id"], attendances=[sent])
            assert [it.field for it in refused.value.field_errors] == ["attendances[0].subscription_id"]

    @rule(n=LESSONS, cancelled=st.booleans())
    def cancel_or_restore(self, n: int, cancelled: bool) -> None:
        lesson = self.lessons[n]
        reason = {"reason": "The teacher was ill"} if cancelled else {}
        self.use.edit_lesson(
            self.head,
            group_id=lesson["group"],
            lesson_id=lesson["id"],
            cancelled=cancelled,
            **reason,  # type: ignore[typeddict-item]
        )
        if lesson["cancelled"] != cancelled:
            lesson["cancelled"] = cancelled
            for (of, client), mark in sorted(self.marks.items()):
                if of == lesson["id"]:
                    mark |= self.decided(mark, client, lesson)
        self.check(self.use.show_sheet(self.head, lesson_id=lesson["id"]))

    @rule(n=LESSONS, to=DAYS)
    def move(self, n: int, to: date) -> None:
        lesson = self.lessons[n]
        slots = {(it["group"], it["date"]) for it in self.lessons if it is not lesson}
        move = lambda: self.use.edit_lesson(  # noqa: E731
            self.head, group_id=lesson["group"], lesson_id=lesson["id"], date=to
        )
        if (lesson["group"], to) in slots:
            with pytest.raises(SlotTaken):
                move()
            return
        move()
        is_moved, lesson["date"] = lesson["date"] != to, to
        for (of, client), mark in sorted(self.marks.items()):
            if of == lesson["id"] and is_moved and (mark["payer"] or mark["unpaid"]):
                payer = next((it for it in self.passes if it["id"] == mark["payer"]), None)
                mark |= {"payer": None, "unpaid": False}
                if payer in self.payers(client, lesson) and self.has_left(payer, to):  # type: ignore[arg-type]
                    mark["payer"] = payer and payer["id"]
                else:
                    mark |= self.decided(mark, client, lesson)
        self.check(self.use.show_sheet(self.head, lesson_id=lesson["id"]))

    @rule(who=CLIENTS, criteria=st.integers(0, 6), starts=DAYS, settle=st.booleans())
    def buy(self, who: int, criteria: int, starts: date, settle: bool) -> None:
        if len(self.passes) < 15:
            self.sell(who, criteria, starts, settle)

    @rule(who=CLIENTS, criteria=st.integers(0, 6), settle=st.booleans())
    def renew(self, who: int, criteria: int, settle: bool) -> None:
        """It begins after all passes of the same scope that can still pay."""
        if len(self.passes) >= 15:
            return
        current = [
            self.end_of(it)
            for it in self.passes
            if it["client"] == self.clients[who]
            and {*it["groups"]} == {*self.prices[criteria]["group_ids"]}
            and self.end_of(it) >= max(TODAY, it["starts"])
            and (it["visits"] is None or self.charged(it) < it["visits"])
        ]
        if date.max in current:
            with pytest.raises(CurrentHasNoEnd):
                self.sell(who, criteria, Start.AFTER_CURRENT, settle)
            return
        self.sell(who, criteria, Start.AFTER_CURRENT, settle)
        assert self.passes[-1]["starts"] == max([TODAY - DAY, *current]) + DAY

    def end_of(self, it: dict[str, Any]) -> date:
        return min(self.last_day(it), it["cancelled"] or date.max)

    @rule(since=DAYS, days=st.integers(1, 8))
    def freeze_all(self, since: date, days: int) -> None:
        until = since + (days - 1) * DAY
        paid = {
            it["id"]: {
                lesson["date"]
                for lesson in self.lessons
                for client in self.clients
                if since <= lesson["date"] <= until
                and self.marks.get((lesson["id"], client), {"payer": None})["payer"] == it["id"]
            }
            for it in self.passes
        }
        frozen, skipped = [], {}
        for it in self.passes:
            if it["starts"] > until or self.end_of(it) < max(since, it["starts"]):
                continue
            if any(one <= until and other >= since for one, other in it["freezes"]):
                skipped[it["id"]] = ()
            elif paid[it["id"]]:
                skipped[it["id"]] = tuple(sorted(paid[it["id"]]))
            else:
                frozen.append(it)
        for it in frozen:
            it["freezes"] = sorted([*it["freezes"], (since, until)])
        told = self.use.freeze_subscriptions(self.head, since=since, until=until)
        assert told.frozen == len(frozen)
        assert {it.subscription_id: it.dates for it in told.skipped} == skipped
        for it in frozen:
            self.check_pass(it)

    def sell(self, who: int, criteria: int, starts: date | Start, settle: bool) -> None:
        price, client = self.prices[criteria], self.clients[who]
        sold = self.use.sell_subscription(
            self.head,
            client_id=client,
            price_id=price["id"],
            sold_on=FIRST,
            starts_on=starts,
            settle_unpaid=settle,
        )
        it = {
            "id": sold.id,
            "number": len(self.passes),
            "client": client,
            "visits": price["visits"],
            "per_week": price["visits_per_week"],
            "groups": price["group_ids"],
            "charges_absence": price["charges_absence"],
            "starts": sold.starts_on,
            "ends": sold.ends_on,
            "freezes": [],
            "cancelled": None,
        }
        self.passes.append(it)
        unpaid = [
            (lesson, self.marks[lesson["id"], client])
            for lesson in sorted(self.lessons, key=lambda it: (it["date"], it["id"]))
            if self.marks.get((lesson["id"], client), {"unpaid": False})["unpaid"]
        ]
        for lesson, mark in unpaid:
            if settle and it in self.payers(client, lesson) and self.has_left(it, lesson["date"]):
                is_free = mark["status"] is Status.ABSENT and not it["charges_absence"]
                mark |= {"payer": None if is_free else it["id"], "unpaid": False}
        self.check_pass(it)

    @rule(criteria=PASSES, since=DAYS, days=st.integers(1, 8))
    def freeze(self, criteria: int, since: date, days: int) -> None:
        self.edit_pass(criteria, lambda it: it["freezes"].append((since, since + (days - 1) * DAY)))

    @rule(criteria=PASSES)
    def thaw(self, criteria: int) -> None:
        self.edit_pass(criteria, lambda it: it["freezes"].clear())

    @rule(criteria=PASSES, on=DAYS | st.none())
    def cancel_pass(self, criteria: int, on: date | None) -> None:
        self.edit_pass(criteria, lambda it: it.update(cancelled=on))

    @rule(criteria=PASSES, days=st.integers(1, 40))
    def end_pass(self, criteria: int, days: int) -> None:
        self.edit_pass(criteria, lambda it: it.update(ends=it["starts"] + (days - 1) * DAY))

    def edit_pass(self, criteria: int, change: Callable[[dict[str, Any]], object]) -> None:
        if not self.passes:
            return
        it = self.passes[criteria % len(self.passes)]
        after = {**it, "freezes": [*it["freezes"]]}
        change(after)
        after["freezes"].sort()
        edit = lambda: self.use.edit_subscription(  # noqa: E731
            self.head,
            subscription_id=it["id"],
            ends_on=after["ends"],
            cancelled_on=after["cancelled"],
            freezes=tuple(Freeze(since=since, until=until) for since, until in after["freezes"]),
        )
        paid = [
            n
            for n in self.lessons
            for key, mark in self.marks.items()
            if n["id"] == key[0] and mark["payer"] == it["id"]
        ]
        if any(later[0] <= earlier[1] for earlier, later in pairwise(after["freezes"])):
            with pytest.raises(FreezesOverlap):
                edit()
        elif any(
            after["ends"] and since > self.last_day({**after, "freezes": after["freezes"][:n]})
            for n, (since, _) in enumerate(after["freezes"])
        ):
            with pytest.raises(FreezeAfterEnd):
                edit()
        elif any(each not in it["freezes"] and each[1] < it["starts"] for each in after["freezes"]):
            with pytest.raises(FreezeBeforeStart):
                edit()
        elif any(not self.covers(after, lesson["date"]) for lesson in paid):
            with pytest.raises(VisitsOutside):
                edit()
        else:
            edit()
            it.update(after)
        self.check_pass(it)

    @rule(who=CLIENTS)
    def leave_and_come_back(self, who: int) -> None:
        """What was does not change because somebody leaves today."""
        before = [self.use.show_sheet(self.head, lesson_id=it["id"]).attendances for it in self.past()]
        for until in (TODAY - DAY, None):
            for group_id in self.groups:
                members = tuple(
                    GroupMembership(
                        client_id=it, since=FIRST, until=until if it == self.clients[who] else None
                    )
                    for it in self.clients
                )
                self.use.edit_group(self.world.having(Role.MANAGER), group_id=group_id, members=members)
            assert [
                self.use.show_sheet(self.head, lesson_id=it["id"]).attendances for it in self.past()
            ] == before

    def past(self) -> list[dict[str, Any]]:
        return [it for it in self.lessons if it["date"] < TODAY]

    @rule(n=LESSONS, who=CLIENTS)
    def reach_for_what_is_anothers(self, n: int, who: int) -> None:
        lesson, client = self.lessons[n], self.clients[who]
        sent = [SentMark(client_id=client, status=Status.PRESENT)]
        for actor in (self.stranger, self.parent):
            for reach in (
                lambda actor=actor: self.use.show_sheet(actor, lesson_id=lesson["id"]),
                lambda actor=actor: self.use.mark_attendance(actor, lesson_id=lesson["id"], attendances=sent),
            ):
                with pytest.raises(Forbidden):
                    reach()
        if who:
            with pytest.raises(Forbidden):
                self.use.visits_of_client(self.parent, client_id=client)
        else:
            assert self.use.visits_of_client(self.parent, client_id=client).attendances.total >= 0

    @rule()
    def make_the_lessons_again(self) -> None:
        for group in self.groups:
            made = self.use.make_lessons(self.head, group_id=group, since=FIRST, until=FIRST + 28 * DAY)
            assert (made.lessons, made.existing) == ((), 5)

    # what must hold

    def check(self, sheet: SheetDetails) -> None:
        """The sheet is the model's, and each mark is told again by its events."""
        expected = {client: mark for (of, client), mark in self.marks.items() if of == sheet.lesson_id}
        shown = {entry.client_id: entry for entry in sheet.attendances if entry.status}
        assert shown.keys() == expected.keys()
        for client, mark in shown.items():
            costs = (mark.subscription_id, mark.unpaid)
            model = expected[client]
            assert (mark.status, mark.trial, *costs) == (
                model["status"],
                model["trial"],
                model["payer"],
                model["unpaid"],
            )
            assert self.told_again(self.history(sheet.lesson_id, client)) == {
                "lesson_id": str(sheet.lesson_id),
                "client_id": str(client),
                "status": mark.status and mark.status.value,
                "note": mark.note,
                "minutes_late": mark.minutes_late,
                "trial": mark.trial,
                "announced": mark.announced,
                "version": mark.version,
                "subscription_id": costs[0] and str(costs[0]),
                "unpaid": costs[1],
            }

    def history(self, lesson_id: LessonId, client: ClientId) -> tuple[Event, ...]:
        history = self.use.attendance_history(self.head, lesson_id=lesson_id, client_id=client)
        return tuple(logged.event for logged in history)

    def told_again(self, events: tuple[Event, ...]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for event in events:
            for name, value in (event.before or {}).items():
                assert told.get(name, value if value in (None, False) else ...) == value, event
            told = {**told, **event.after} if event.after else {}
        return {"subscription_id": None, "unpaid": False} | told

    def events(self, lesson: dict[str, Any]) -> list[tuple[Event, ...]]:
        with self.world.store.autocommit() as work:
            return [work.events.of(mark_id(lesson["id"], client)) for client in self.clients]

    def check_pass(self, it: dict[str, Any]) -> None:
        """It covers a date if and only if the model says so."""
        with self.world.store.autocommit() as work:
            stored = work.subscriptions.get(it["id"])
        for n in range(-3, 70):
            day = FIRST + n * DAY
            assert stored.covers(day) is self.covers(it, day), day

    def all_there_is(self) -> Any:
        def read(work: UnitOfWork) -> Any:
            return [work.attendance.of_lesson(it["id"]) for it in self.lessons]

        with self.world.store.autocommit() as work:
            marks = read(work)
        passes = [*self.use.list_subscriptions(self.head).items]
        return (
            marks,
            passes,
            [self.use.visits_of_client(self.head, client_id=it).summary for it in self.clients],
        )

    @invariant()
    def no_pass_pays_for_more_than_it_was_sold_for(self) -> None:
        if not hasattr(self, "passes"):
            return
        for it in self.passes:
            with self.world.store.autocommit() as work:
                charged = work.subscriptions.get(it["id"]).charged
            assert charged == self.charged(it)
            assert it["visits"] is None or charged <= it["visits"]

    @invariant()
    def no_pass_pays_for_more_in_a_week_than_it_was_sold_for(self) -> None:
        if not hasattr(self, "passes"):
            return
        by_id = {it["id"]: it for it in self.passes}
        for monday in {week_of(lesson["date"])[0] for lesson in self.lessons}:
            with self.world.store.autocommit() as work:
                found = work.subscriptions.of_clients(self.clients, monday, until=monday + 6 * DAY)
            for stored in found:
                if per_week := by_id[stored.id]["per_week"]:
                    assert stored.charged_in_week == self.charged_in_week(by_id[stored.id], monday)
                    assert stored.charged_in_week <= per_week


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES)
def test_whatever_a_club_does_is_charged_as_the_model_says(kind: str, request: pytest.FixtureRequest) -> None:
    run_state_machine_as_test(over(kind, request, Club), settings=profile(8 if kind != "memory" else 20, 25))


@pytest.mark.long
@pytest.mark.parametrize("kind", STORES)
def test_whatever_a_club_does_is_charged_as_the_model_says_for_long(
    kind: str, request: pytest.FixtureRequest
) -> None:
    run_state_machine_as_test(over(kind, request, Club), settings=profile(200, 50))


@pytest.mark.plants
@pytest.mark.parametrize(
    ("broken", "by"),
    [
        (
            "attendance.domain.attendance.charging.allocate",
            lambda _visit, passes, *_: next(iter(passes), None),
        ),
        ("attendance.application.club.lessons.charge_again", lambda *_: None),
        ("attendance.domain.club.subscriptions._last_day", lambda _start, end, _freezes: end),
        ("attendance.domain.club.subscriptions.Subscription.is_week_full", False),
        ("attendance.domain.attendance.charging._without", lambda _, passes: [*passes]),
    ],
)
def test_the_machine_finds_what_is_broken(
    broken: str, by: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broken, by)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            over("memory", request, Club),
            settings=hunt(30),
        )
