"""Any sequence of requests leaves every store saying what plain dictionaries would say."""

from datetime import date, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import (
    Bundle,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from attendance.domain.accounts.accounts import InvalidCredentials, UsernameTaken
from attendance.domain.accounts.rate_limits import LimitReached, Limits
from attendance.domain.attendance.status import Status
from attendance.domain.errors import AttendanceError, Unauthenticated
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.labs import AlreadyMember, LabNotFound
from attendance.domain.labs.marks import (
    AttendanceNotFound,
    LabOrUserNotFound,
    NotAMember,
    OnlyOwnerDeletes,
    OnlyOwnerManages,
    OnlyOwnerViews,
)
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level
from attendance.domain.text import folded, search_key, sort_key
from tests.conftest import DATABASES, STORES
from tests.fakes import PASSWORD, World
from tests.machines import OverStore, hunt, over, profile
from tests.make import new_id

NAMES = st.sampled_from(
    ["ada", "Ada", "ａｄａ", "Straße", "STRASSE", "ß", "boris", "Борис", "борис", "a%b_c"]
)
LAB_NAMES = st.sampled_from(["Bio", "bio", "Chemie", "50%", "x_y", "Öle"])
DAYS = st.integers(0, 4).map(lambda n: date(2026, 3, 2) + timedelta(days=n))
STATUSES = st.sampled_from(Status)
NOTES = st.sampled_from(["", "bus", "line\nbreak"])
PARTS = st.sampled_from(["", "a", "A", "ss", "ß", "bio", "%", "_", "ö", "mie", "рис", "none"])


class Labs(OverStore):
    """The model: usernames by key, owners and members by lab, (status, note) by (lab, user, date)."""

    people = Bundle("people")
    marks = Bundle("marks")

    @initialize(target=people)
    def transaction(self) -> object:
        """A lab with one member to start from, and somebody who does not exist."""
        self.world = World(self.make_store())
        self.cases = self.world.use_cases
        self.usernames: dict[str, tuple[str, AccountId]] = {}
        self.tokens: dict[str, AccountId] = {}
        self.failures: dict[tuple[str, bool], list[datetime]] = {}
        self.owners: dict[LabId, AccountId] = {}
        self.descriptions: dict[LabId, tuple[str, str]] = {}
        self.members: dict[LabId, list[AccountId]] = {}
        self.entries: dict[tuple[LabId, AccountId, date], tuple[LabMarkId, Status, str]] = {}
        self.events: dict[LabMarkId, int] = {}
        owner, member = self.register("olaf"), self.register("member")
        self.create_lab(owner, "Bio", "Bio")
        self.join_lab(member, next(iter(self.owners)))
        return multiple(owner, member, AccountId(new_id()))

    def actor(self, person: AccountId) -> Actor:
        return Actor(person, new_id(), Level.UNCONFIRMED)  # type: ignore[arg-type]

    def any_lab(self, data: st.DataObject) -> LabId:
        return data.draw(st.sampled_from(list(self.owners)))

    def existing_ids(self, person: AccountId) -> bool:
        return any(person == user_id for _, user_id in self.usernames.values())

    @rule(target=people, name=NAMES)
    def register(self, name: str) -> object:
        if folded(name) in self.usernames:
            with pytest.raises(UsernameTaken):
                self.cases.register(username=name, password=PASSWORD)
            return multiple()
        user_id = self.cases.register(username=name, password=PASSWORD)
        self.usernames[folded(name)] = (name, user_id)
        return user_id

    @rule(name=NAMES, right=st.booleans())
    def sign_in(self, name: str, right: bool) -> None:
        key, now = folded(name), self.world.clock()
        # of a name that nobody has yet they do not count against who registers it
        failures = self.failures.setdefault((key, key in self.usernames), [])
        limit = Limits().failed_sign_ins_per_account
        is_refused = len([at for at in failures if at > now - limit.within]) == limit.most
        try:
            token = self.cases.sign_in(username=name, password=PASSWORD if right else "wrong").access_token
        except LimitReached:
            assert is_refused
        except InvalidCredentials:
            assert not is_refused
            assert not right or key not in self.usernames
            failures.append(now)
        else:
            assert right
            assert not is_refused
            self.tokens[token] = self.usernames[folded(name)][1]

    @rule(hours=st.sampled_from([0.5, 13]))
    def time_passes(self, hours: float) -> None:
        self.world.clock.pass_by(hours=hours)
        if hours > 12:
            for token in self.tokens:
                with pytest.raises(Unauthenticated):
                    self.cases.actor_of(token)
            self.tokens.clear()
        for token, user_id in self.tokens.items():
            try:
                assert self.cases.actor_of(token).id == user_id
            except Unauthenticated:
                # expired: from now on for good
                with pytest.raises(Unauthenticated):
                    self.cases.actor_of(token)

    @rule(owner=people, name=LAB_NAMES, description=LAB_NAMES)
    def create_lab(self, owner: AccountId, name: str, description: str) -> None:
        if not self.existing_ids(owner):
            return
        lab_id = self.cases.create_lab(self.actor(owner), name=name, description=description)
        self.owners[lab_id] = owner
        self.descriptions[lab_id] = (name, description)
        self.members[lab_id] = []

    @rule(data=st.data(), who=people)
    def join(self, data: st.DataObject, who: AccountId) -> None:
        if self.existing_ids(who):
            self.join_lab(who, self.any_lab(data))

    def join_lab(self, who: AccountId, lab: LabId) -> None:
        if who == self.owners[lab] or who in self.members[lab]:
            with pytest.raises(AlreadyMember):
                self.cases.join_lab(self.actor(who), lab_id=lab)
        else:
            self.cases.join_lab(self.actor(who), lab_id=lab)
            self.members[lab].append(who)

    @rule(who=people)
    def join_nowhere(self, who: AccountId) -> None:
        with pytest.raises(LabNotFound):
            self.cases.join_lab(self.actor(who), lab_id=LabId(new_id()))

    def refusal(self, who: AccountId, lab: LabId, whom: AccountId) -> type[AttendanceError] | None:
        if who != self.owners[lab]:
            return OnlyOwnerManages
        if not self.existing_ids(whom):
            return LabOrUserNotFound
        return None if whom in self.members[lab] else NotAMember

    @rule(target=marks, data=st.data(), whom=people, on=DAYS, status=STATUSES, note=NOTES)
    def mark(self, data: st.DataObject, whom: AccountId, on: date, status: Status, note: str) -> object:
        lab = self.any_lab(data)
        who = data.draw(st.sampled_from([self.owners[lab], whom]))
        if data.draw(st.booleans()) and self.members[lab]:
            whom = data.draw(st.sampled_from(self.members[lab]))
        asked = {"lab_id": lab, "user_id": whom, "date": on, "status": status, "note": note}
        if refusal := self.refusal(who, lab, whom):
            with pytest.raises(refusal):
                self.cases.mark_lab_attendance(self.actor(who), **asked)
            return multiple()
        made = self.cases.mark_lab_attendance(self.actor(who), **asked)
        before = self.entries.get((lab, whom, on))
        if before:
            assert made.id == before[0]
        else:
            assert made.id not in self.events
        if before is None or before[1:] != (status, note):
            self.events[made.id] = self.events.get(made.id, 0) + 1
        self.entries[lab, whom, on] = (made.id, status, note)
        return (lab, made.id)

    @precondition(lambda self: self.entries)
    @rule(data=st.data(), status=STATUSES, note=NOTES)
    def revise(self, data: st.DataObject, status: Status, note: str) -> None:
        lab, whom, on = key = data.draw(st.sampled_from(list(self.entries)))
        mark_id, *before = self.entries[key]
        made = self.cases.mark_lab_attendance(
            self.actor(self.owners[lab]), lab_id=lab, user_id=whom, date=on, status=status, note=note
        )
        assert made.id == mark_id
        self.events[mark_id] += before != [status, note]
        self.entries[key] = (mark_id, status, note)

    @rule(data=st.data(), place=consumes(marks), whom=people)
    def delete(self, data: st.DataObject, place: tuple[LabId, LabMarkId], whom: AccountId) -> None:
        lab, mark_id = place
        who = data.draw(st.sampled_from([self.owners[lab], whom]))
        key = next((key for key, entry in self.entries.items() if entry[0] == mark_id), None)

        def delete() -> None:
            self.cases.delete_lab_attendance(self.actor(who), lab_id=lab, attendance_id=mark_id)

        if who != self.owners[lab]:
            with pytest.raises(OnlyOwnerDeletes):
                delete()
        elif key is None:
            with pytest.raises(AttendanceNotFound):
                delete()
        else:
            delete()
            del self.entries[key]
            self.events[mark_id] += 1

    @rule(data=st.data(), on=DAYS)
    def read_sheet(self, data: st.DataObject, on: date) -> None:
        lab = self.any_lab(data)
        who = data.draw(st.sampled_from([self.owners[lab], *self.members[lab]]))
        if who != self.owners[lab]:
            with pytest.raises(OnlyOwnerViews):
                self.cases.lab_attendance_by_date(self.actor(who), lab_id=lab, date=on)
            return
        sheet = self.cases.lab_attendance_by_date(self.actor(who), lab_id=lab, date=on)
        names = {user_id: (key, name) for key, (name, user_id) in self.usernames.items()}
        expected = sorted(
            (*names[whom], status, note)
            for (of, whom, day), (_, status, note) in self.entries.items()
            if (of, day) == (lab, on)
        )
        assert [(row.username, row.status, row.note) for row in sheet.attendances] == [
            row[1:] for row in expected
        ]

    @rule(data=st.data(), whom=people, days=st.tuples(DAYS, DAYS).map(sorted))
    def read_history(self, data: st.DataObject, whom: AccountId, days: list[date]) -> None:
        lab = self.any_lab(data)
        asked = {"lab_id": lab, "user_id": whom, "since": days[0], "until": days[1]}
        owner = self.actor(self.owners[lab])
        if not self.existing_ids(whom):
            with pytest.raises(LabOrUserNotFound):
                self.cases.lab_attendance_history(owner, **asked)
            return
        history = self.cases.lab_attendance_history(owner, **asked)
        assert [(row.date, row.status, row.note) for row in history.attendances] == sorted(
            (day, status, note)
            for (of, who, day), (_, status, note) in self.entries.items()
            if (of, who) == (lab, whom) and days[0] <= day <= days[1]
        )

    @rule(part=PARTS, limit=st.integers(1, 3), offset=st.integers(0, 3))
    def search(self, part: str, limit: int, offset: int) -> None:
        page = slice(offset, offset + limit)
        users = sorted(
            (sort_key(name), name)
            for name, _ in self.usernames.values()
            if search_key(part) in search_key(name)
        )
        found = self.cases.search_accounts(None, name=part, limit=limit, offset=offset)
        assert [row.username for row in found.users] == [name for _, name in users[page]]
        assert found.total == len(users)
        labs = sorted(
            (sort_key(name), lab_id)
            for lab_id, (name, description) in self.descriptions.items()
            if search_key(part) in search_key(name) or search_key(part) in search_key(description)
        )
        answer = self.cases.search_labs(None, q=part, limit=limit, offset=offset)
        assert [row.id for row in answer.labs] == [lab_id for _, lab_id in labs[page]]
        assert answer.total == len(labs)
        for row in answer.labs:
            assert (row.owner_id, list(row.member_ids)) == (self.owners[row.id], self.members[row.id])

    @invariant()
    def every_change_has_its_event(self) -> None:
        if not hasattr(self, "events"):
            return
        current = {entry[0]: (entry[1], entry[2]) for entry in self.entries.values()}
        with self.world.store.autocommit() as work:
            for mark_id, count in self.events.items():
                events = work.events.of(mark_id)
                assert len(events) == count
                state = None
                for event in events:
                    assert event.before == state
                    state = event.after
                replayed = (state["status"], state["note"]) if state else None
                assert replayed == current.get(mark_id)


@pytest.mark.parametrize("kind", STORES)
def test_every_store_agrees_with_a_plain_model(kind: str, request: pytest.FixtureRequest) -> None:
    run_state_machine_as_test(over(kind, request, Labs), settings=profile(30, 40))


@pytest.mark.long
@pytest.mark.parametrize("kind", STORES)
def test_every_store_agrees_with_a_plain_model_for_long(kind: str, request: pytest.FixtureRequest) -> None:
    run_state_machine_as_test(over(kind, request, Labs), settings=profile(400, 60))


@pytest.mark.plants
@pytest.mark.parametrize("kind", DATABASES)
def test_the_model_catches_a_store_that_forgets(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revision that is not stored: the same machine must fail."""
    from attendance.adapters.sql.labs.marks import SqlLabAttendance

    real = SqlLabAttendance.save

    def save_the_first_alone(self: object, mark: object, event: object) -> None:
        if mark.version == 1:  # type: ignore[attr-defined]
            real(self, mark, event)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlLabAttendance, "save", save_the_first_alone)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(over(kind, request, Labs), settings=hunt(30))
