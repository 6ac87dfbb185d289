"""The club protocol's log and its users' favorites, letter for letter, over every store."""

from uuid import UUID

import httpx
import pytest

from attendance.domain.club.favorites import Favorites
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import CLUB, IN_MEMORY, MARCH_2, UNKNOWN_ID, Api, Person, answer, fields, good, refusal

SIGN_IN_FIRST = refusal(401, "authentication required")
FORBIDDEN = refusal(403, "insufficient permissions")
CHANGED = refusal(412, "changed since you read it")


@pytest.fixture
def owner(api: Api) -> Person:
    return api.having(Role.OWNER, "owner")


@pytest.fixture
def ada(api: Api) -> Person:
    return api.having(username="ada", name="Ada")


# Favorites

ONE, TWO, THREE = (str(UUID(int=number)) for number in (1, 2, 3))


def groups_of(api: Api, number: int) -> list[str]:
    """Groups that are simply there."""
    location = make.location()
    groups = [make.group(location) for _ in range(number)]
    with api.store.transaction() as work:
        work.locations.add(location)
        for group in groups:
            work.groups.add(group)
    return [str(group.id) for group in groups]


def lesson_of(api: Api, group_id: str) -> str:
    head = api.having(Role.HEAD_MANAGER)
    body = {"date": MARCH_2, "starts": "18:00", "ends": "19:00"}
    return good(head.posts(f"/groups/{group_id}/lessons", **body), 201)["id"]


def test_favorites_are_kept_in_their_order_and_answer_in_both_spellings(api: Api, ada: Person) -> None:
    one, two = groups_of(api, 2)
    lesson = lesson_of(api, one)
    nothing = ada.reads("/users/me/favorites")
    assert answer(nothing) == (200, {"groups": [], "lessons": []})
    assert nothing.headers["etag"] == '"0"'
    chosen = ada.puts("/users/me/favorites", '"0"', groups=[two, one], lessons=[lesson])
    assert answer(chosen) == (200, {"groups": [two, one], "lessons": [lesson]})
    assert chosen.headers["etag"] == '"1"'
    misspelt = ada.asks("POST", f"{CLUB}/users/{ada.id}/favorities")
    assert answer(misspelt) == answer(ada.reads("/users/me/favorites")) == answer(chosen)
    assert misspelt.headers["etag"] == '"1"'
    assert good(ada.puts("/users/me/favorites", groups=None), 200) == {"groups": [], "lessons": [lesson]}
    assert good(ada.puts("/users/me/favorites", lessons=[]), 200) == {"groups": [], "lessons": []}
    assert ada.puts("/users/me/favorites").headers["etag"] == '"3"'
    assert answer(ada.puts("/users/me/favorites", '"0"', groups=[one])) == CHANGED


def test_favorites_show_what_there_is_of_them(api: Api, ada: Person) -> None:
    one, two = groups_of(api, 2)
    lesson = lesson_of(api, one)
    groups = [UUID(it) for it in (two, UNKNOWN_ID, one, lesson)]
    account_id = AccountId(UUID(ada.id))
    stored = Favorites(account_id=account_id, groups=tuple(groups), lessons=tuple(groups[2:]), version=1)
    with api.store.transaction() as work:
        work.favorites.save(stored)
    chosen = ada.reads("/users/me/favorites")
    assert answer(chosen) == (200, {"groups": [two, one], "lessons": [lesson]})
    assert answer(ada.posts("/users/me/favorities")) == answer(chosen)


def test_favorites_that_are_not_there_are_refused_by_their_places(api: Api, ada: Person) -> None:
    one, two = groups_of(api, 2)
    lesson = lesson_of(api, one)
    groups = [two, "x", one, lesson, UNKNOWN_ID]
    chosen = ada.puts("/users/me/favorites", groups=groups, lessons=[one, lesson])
    assert fields(chosen) == ["groups[1]", "groups[3]", "groups[4]", "lessons[0]"]
    both = ada.puts("/users/me/favorites", groups=[two, UNKNOWN_ID, two], lessons=1, more=1)
    assert sorted(fields(both)) == ["groups", "groups[1]", "lessons", "more"]
    assert good(ada.reads("/users/me/favorites"), 200) == {"groups": [], "lessons": []}


@IN_MEMORY
def test_favorites_are_ids_and_no_two_the_same(api: Api, ada: Person) -> None:
    one, two = groups_of(api, 2)
    lesson = lesson_of(api, one)
    for wrong in (
        {"groups": [one, two, one]},
        {"lessons": [lesson, lesson]},
        {"groups": [one, one.upper()], "lessons": None},
        {"groups": ONE},
        {"lessons": {}},
        {"groups": [str(UUID(int=number)) for number in range(1001)]},
    ):
        assert fields(ada.puts("/users/me/favorites", **wrong)) == [next(iter(wrong))]
    assert fields(ada.puts("/users/me/favorites", groups=[None])) == ["groups[0]"]
    assert fields(ada.puts("/users/me/favorites", members=[])) == ["members"]
    most = groups_of(api, 1000)
    assert good(ada.puts("/users/me/favorites", groups=most), 200)["groups"] == most


@IN_MEMORY
def test_favorites_are_read_by_a_manager_and_changed_by_nobody_else(
    api: Api, owner: Person, ada: Person
) -> None:
    [one] = groups_of(api, 1)
    good(ada.puts("/users/me/favorites", groups=[one]), 200)
    manager = api.having(Role.MANAGER)
    for person in (manager, owner):
        assert good(person.reads(f"/users/{ada.id}/favorites"), 200)["groups"] == [one]
        assert good(person.posts(f"/users/{ada.id}/favorities"), 200)["groups"] == [one]
        assert answer(person.puts(f"/users/{ada.id}/favorites", groups=[])) == FORBIDDEN
    employee = api.having(Role.EMPLOYEE)
    assert answer(employee.reads(f"/users/{ada.id}/favorites")) == FORBIDDEN
    assert answer(employee.posts(f"/users/{ada.id}/favorities")) == FORBIDDEN


# The log


def actions(response: httpx.Response) -> list[str]:
    return [event["action"] for event in good(response, 200)["events"]]


def test_the_log_tells_who_did_what_newest_first(api: Api, owner: Person, ada: Person) -> None:
    api.clock.pass_by(minutes=1)
    good(ada.puts("/users/me", name="Eve"), 200)
    good(owner.puts(f"/users/{ada.id}/role", role="employee"), 200)
    log = good(owner.reads("/events"), 200)
    changed, edited = log["events"]
    assert log["total"] == 2
    assert edited == {
        "position": changed["position"] - 1,
        "id": edited["id"],
        "at": "2026-03-02T12:01:00Z",
        "actor": {"id": ada.id, "name": "ada"},
        "action": "account.edited",
        "subject": {"kind": "account", "id": ada.id, "name": "ada"},
        "before": {"name": "Ada"},
        "after": {"name": "Eve"},
    }
    assert (changed["actor"], changed["subject"]["id"]) == ({"id": owner.id, "name": "owner"}, ada.id)
    assert (changed["before"], changed["after"]) == ({"role": "user"}, {"role": "employee"})


def test_the_log_is_filtered_by_subject_actor_action_and_date(api: Api, owner: Person, ada: Person) -> None:
    good(ada.puts("/users/me", name="Eve"), 200)
    api.clock.pass_by(days=1)
    ada, owner = api.session_of(ada), api.session_of(owner)
    good(owner.puts(f"/users/{ada.id}", name="Ada"), 200)
    good(owner.puts("/users/me", name="Boss"), 200)
    for query, found in {
        "": 3,
        f"subject={ada.id}": 2,
        f"subject={ada.id.upper()}": 2,
        f"actor={owner.id}": 2,
        f"actor={owner.id}&subject={ada.id}": 1,
        "kind=account": 3,
        "kind=client": 0,
        f"kind=account&actor={owner.id}&to=2026-03-03": 2,
        "action=account.edited": 3,
        "action=account.registered": 0,
        "from=2026-03-03": 2,
        "to=2026-03-02": 1,
        f"from={MARCH_2}&to={MARCH_2}": 1,
        f"from={MARCH_2}&to=2026-03-03": 3,
        "from=2026-03-04": 0,
        "to=2026-03-01": 0,
        "from=0001-01-01&to=9999-12-31": 3,
        f"subject={UNKNOWN_ID}": 0,
        "subject=x": 0,
        "actor=": 0,
    }.items():
        log = good(owner.asks("GET", f"{CLUB}/events?{query}"), 200)
        assert (log["total"], len(log["events"])) == (found, found), query
    for wrong in ("from=x", "to=2026-02-30", "action=x", "action=", "kind=x", "from=2026-3-1", "from=null"):
        assert fields(owner.asks("GET", f"{CLUB}/events?{wrong}")) == [wrong.partition("=")[0]], wrong
    assert fields(owner.reads("/events", from_="2026-03-03", to="2026-03-02")) == ["from"]


def test_the_log_has_pages(api: Api, owner: Person, ada: Person) -> None:
    for number in range(25):
        good(ada.puts("/users/me", name=f"{number}"), 200)
    pages = [good(owner.reads("/events", page=page), 200) for page in (1, 2, 3)]
    assert [(page["total"], page["page"], page["pages"], len(page["events"])) for page in pages] == [
        (25, 1, 2, 20), (25, 2, 2, 5), (25, 3, 2, 0),
    ]  # fmt: skip
    everything = [event for page in pages for event in page["events"]]
    assert [event["after"]["name"] for event in everything] == [str(number) for number in reversed(range(25))]
    assert good(owner.reads("/events"), 200) == {"events": everything, "total": 25}


def test_programs_follow_the_log_oldest_first_and_get_every_event_once(
    api: Api, owner: Person, ada: Person
) -> None:
    for number in range(5):
        good(ada.puts("/users/me", name=f"{number}"), 200)
    everything = good(owner.reads("/events"), 200)["events"][::-1]
    position, got = 0, []
    for expected in (2, 2, 1, 0):
        stretch = good(owner.reads("/events", after=position, limit=2), 200)
        assert stretch.keys() == {"events", "position"}
        assert len(stretch["events"]) == expected
        position = stretch["position"]
        got += stretch["events"]
    assert got == everything
    assert position == everything[-1]["position"]
    good(ada.puts("/users/me", name="Eve"), 200)
    good(owner.puts("/users/me", name="Boss"), 200)
    further = good(owner.reads("/events", after=position), 200)
    assert [event["after"]["name"] for event in further["events"]] == ["Eve", "Boss"]
    of_ada = good(owner.reads("/events", after=position, subject=ada.id), 200)
    assert [event["after"]["name"] for event in of_ada["events"]] == ["Eve"]
    # what does not match is read past: it need not be looked through again
    assert of_ada["position"] == further["position"]
    as_file = owner.reads("/events", after=position, format="csv")
    assert len(as_file.text.splitlines()) == 3


def test_where_to_read_on_is_a_position_of_the_log(api: Api, owner: Person, ada: Person) -> None:
    good(ada.puts("/users/me", name="Eve"), 200)
    end = good(owner.reads("/events", after=0), 200)["position"]
    assert good(owner.reads("/events", after=end), 200) == {"events": [], "position": end}
    for wrong, field in {
        f"after={end + 1}": "after",
        "after=-1": "after",
        "after=x": "after",
        "after=9007199254740992": "after",
        "after=0&limit=0": "limit",
        "after=0&limit=1001": "limit",
        "limit=10": "limit",
        "after=0&page=1": "page",
        "after=0&per_page=10": "page",
    }.items():
        assert fields(owner.asks("GET", f"{CLUB}/events?{wrong}")) == [field], wrong
    assert answer(api.having(Role.MANAGER).reads("/events", after=0)) == FORBIDDEN


def test_a_long_log_is_sent_as_it_is_read(api: Api, owner: Person, ada: Person) -> None:
    account_id = api.account(ada).id
    with api.store.transaction() as work:
        account = work.accounts.get_for_update(account_id)
        for number in range(501):
            account, event = account.edited(
                username=None,
                name=f"{number}",
                email=None,
                change_context=ChangeContext(account.id, api.clock.now, make.new_id),
            )
            assert event
            work.events.add(event)
    log = good(owner.reads("/events"), 200)
    assert [event["after"]["name"] for event in log["events"]] == [
        str(number) for number in reversed(range(501))
    ]
    assert log["total"] == 501


@IN_MEMORY
def test_what_happens_by_itself_and_what_the_operator_does_has_no_id(api: Api, owner: Person) -> None:
    good(api.registers_with_email("bob"), 201)
    api.nobody.posts("/auth/password_reset", email="bob@example.org")
    api.finish_what_no_answer_waited_for()
    sent = good(owner.reads("/events", action="account.link_sent"), 200)["events"]
    assert [event["actor"]["name"] for event in sent] == ["system", "bob"]
    assert sent[0]["actor"] == {"id": None, "name": "system"}


@IN_MEMORY
def test_the_log_is_the_owners(api: Api) -> None:
    for role in (Role.USER, Role.EMPLOYEE, Role.MANAGER, Role.HEAD_MANAGER):
        assert answer(api.having(role).reads("/events")) == FORBIDDEN, role
    for role in (Role.OWNER, Role.ADMIN):
        assert actions(api.having(role).reads("/events")) == []
