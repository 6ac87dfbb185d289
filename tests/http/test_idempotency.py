"""A request sent again under its `Idempotency-Key` has one effect, and the answer of the first time."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from threading import Timer
from typing import Any

import httpx
import pytest

from attendance.adapters.http.server.operations import idempotency
from attendance.application.forms import answering_once
from attendance.application.forms.answering_once import AnswerOnce, KeysUnderWay
from attendance.application.ports import Contended, UnitOfWork
from attendance.domain.accounts import kept_answers
from attendance.domain.errors import Unavailable
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, UNKNOWN_ID, Api, Person, answer, fields, good, refusal
from tests.http.operations import Scene, all_operations
from tests.make import new_id

KEY = "key-1"
REPLAYED = "idempotency-replayed"
AT_ONCE = 50
ANOTHER_REQUEST = refusal(422, "this idempotency key belongs to another request")
UNDER_WAY = refusal(409, "a request with this idempotency key is still under way")
TOO_LARGE = refusal(409, "this request was done already, and its answer was too large to be kept")
DAILY = [{"weekday": day, "starts": "18:00", "ends": "19:00"} for day in range(1, 8)]


def sends(person: Person, path: str, key: str = KEY, **body: Any) -> httpx.Response:
    headers = {"idempotency-key": key}
    return person.asks("POST", CLUB + path, headers=headers, **({"json": body} if body else {}))


def told(response: httpx.Response) -> tuple[Any, ...]:
    """What makes two answers the same."""
    names = ("etag", "location", "content-type", "content-length")
    return (response.status_code, response.content, *(response.headers.get(name) for name in names))


def is_replayed(response: httpx.Response) -> bool:
    return response.headers.get(REPLAYED) == "true"


@pytest.fixture
def seller(api: Api) -> Person:
    return api.having(Role.OWNER)


def sale_of(seller: Person) -> dict[str, str]:
    client = good(seller.posts("/clients", name="Anna"), 201)["id"]
    price = good(seller.posts("/prices", name="Pass", amount="80.00", currency="EUR"), 201)["id"]
    return {"client_id": client, "price_id": price}


def sold(seller: Person) -> int:
    return int(good(seller.reads("/subscriptions"), 200)["total"])


def sales_told(seller: Person) -> int:
    return int(good(seller.reads("/events", action="subscription.sold"), 200)["total"])


def test_the_same_sale_sent_twice_sells_once(seller: Person) -> None:
    sale = sale_of(seller)
    first, again = (sends(seller, "/subscriptions", **sale) for _ in range(2))
    assert first.status_code == 201
    assert told(first) == told(again)
    assert first.headers["location"].endswith(first.json()["id"])
    assert (is_replayed(first), is_replayed(again)) == (False, True)
    assert (sold(seller), sales_told(seller)) == (1, 1)
    other = sends(seller, "/subscriptions", "another", **sale)
    assert (other.status_code, is_replayed(other), sold(seller)) == (201, False, 2)


def test_a_key_is_the_accounts_whichever_session(api: Api, seller: Person) -> None:
    sale = sale_of(seller)
    first = sends(seller, "/subscriptions", **sale)
    assert told(sends(api.session_of(seller), "/subscriptions", **sale)) == told(first)
    others = sends(api.having(Role.EMPLOYEE), "/subscriptions", **sale)
    assert (others.status_code, is_replayed(others)) == (201, False)
    assert others.json()["id"] != first.json()["id"]
    assert sold(seller) == 2


def test_another_body_path_or_method_under_a_key_is_refused(seller: Person) -> None:
    sale = sale_of(seller)
    good(sends(seller, "/subscriptions", **sale), 201)
    assert answer(sends(seller, "/subscriptions", **sale, settle_unpaid=True)) == ANOTHER_REQUEST
    assert answer(sends(seller, "/clients", name="Bea")) == ANOTHER_REQUEST
    assert sold(seller) == 1
    assert good(seller.reads("/clients"), 200)["total"] == 1
    # a key says nothing where nothing is made
    again = seller.asks("GET", f"{CLUB}/clients", headers={"idempotency-key": KEY})
    assert (again.status_code, is_replayed(again)) == (200, False)


def test_after_a_day_a_key_may_be_used_again(api: Api, seller: Person) -> None:
    first = sends(seller, "/clients", name="Anna")
    [seller] = api.passes(seller, hours=23, minutes=59, seconds=59)
    assert told(sends(seller, "/clients", name="Anna")) == told(first)
    [seller] = api.passes(seller, seconds=1)
    second = sends(seller, "/clients", name="Bea")
    assert (second.status_code, is_replayed(second)) == (201, False)
    assert told(sends(seller, "/clients", name="Bea")) == told(second)


def test_maintenance_removes_answers_of_the_day_before(
    api: Api, seller: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attendance.application.maintenance.BATCH", 2)
    for number in range(5):
        good(sends(seller, "/clients", f"key{number}", name="Anna"), 201)
    [seller] = api.passes(seller, hours=24, seconds=1)
    good(sends(seller, "/clients", "new", name="Anna"), 201)
    api.container.use_cases().run_maintenance()
    account_id, keys = api.account(seller).id, [*map("key{}".format, range(5)), "new"]
    with api.store.autocommit() as work:
        kept = [key for key in keys if work.kept_answers.find(account_id, key)]
    assert kept == ["new"]


def test_refusals_are_not_kept(seller: Person) -> None:
    sale = sale_of(seller)
    good(seller.puts(f"/clients/{sale['client_id']}", active=False), 200)
    assert answer(sends(seller, "/subscriptions", **sale)) == refusal(409, "client is archived")
    assert sends(seller, "/subscriptions", **sale, unknown=1).status_code == 400
    assert sends(seller, "/subscriptions", **sale | {"price_id": UNKNOWN_ID}).status_code == 404
    good(seller.puts(f"/clients/{sale['client_id']}", active=True), 200)
    first = sends(seller, "/subscriptions", **sale)
    assert (first.status_code, is_replayed(first), sold(seller)) == (201, False, 1)


def check_both_or_neither(seller: Person) -> None:
    """What goes wrong when the answer is kept undoes the sale; sent again, it is sold once."""
    sale = sale_of(seller)
    with unavailable_for_answers():
        assert sends(seller, "/subscriptions", **sale).status_code == 503
    assert sold(seller) == sales_told(seller) == 0, "sold without an answer that is kept"
    again = sends(seller, "/subscriptions", **sale)
    assert (again.status_code, is_replayed(again), sold(seller)) == (201, False, 1)


@contextmanager
def unavailable_for_answers() -> Iterator[None]:
    """The store goes away between an effect and its answer."""

    def unavailable(*_: Any) -> None:
        raise Unavailable

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnswerOnce, "_keep", unavailable)
        yield


def test_an_answer_that_cannot_be_kept_leaves_no_effect(seller: Person) -> None:
    check_both_or_neither(seller)


@pytest.mark.plants
def test_without_the_one_transaction_a_sale_stays_without_its_answer(
    api: Api, seller: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(api.store), "ambient", lambda _: nullcontext())
    with pytest.raises(AssertionError, match="sold without an answer"):
        check_both_or_neither(seller)


def test_what_others_got_in_the_way_of_is_tried_again(
    seller: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, times = AnswerOnce._keep, iter(range(3))

    def contended(*about: Any) -> None:
        if next(times) < 2:
            raise Contended
        keep(*about)

    monkeypatch.setattr(AnswerOnce, "_keep", contended)
    sale = sale_of(seller)
    first = sends(seller, "/subscriptions", **sale)
    assert (first.status_code, is_replayed(first)) == (201, False)
    assert sold(seller) == sales_told(seller) == 1


def check_one_effect(seller: Person) -> None:
    sale = sale_of(seller)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = [*threads.map(lambda _: sends(seller, "/subscriptions", **sale), range(AT_ONCE))]
    assert Counter(it.status_code for it in answers) == {201: AT_ONCE}
    assert (number := sold(seller)) == 1, f"sold {number} times"
    assert len({*map(told, answers)}) == 1
    assert sum(map(is_replayed, answers)) == AT_ONCE - 1
    assert sales_told(seller) == 1


def test_50_at_once_under_one_key_have_one_effect(seller: Person) -> None:
    check_one_effect(seller)


@pytest.mark.attacks
def test_50_at_once_have_one_effect_where_a_process_does_not_know_its_own(
    seller: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of several processes: the store alone tells them."""
    monkeypatch.setattr(KeysUnderWay, "holding", lambda *_: nullcontext())
    check_one_effect(seller)


@pytest.mark.plants
def test_without_looking_for_what_was_kept_a_sale_is_sold_many_times(
    api: Api, seller: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with api.store.autocommit() as work:
        adapter = repository_class(work)
    monkeypatch.setattr(KeysUnderWay, "holding", lambda *_: nullcontext())
    monkeypatch.setattr(adapter, "claim", lambda *_: True)
    monkeypatch.setattr(adapter, "find", lambda *_: None)
    monkeypatch.setattr(adapter, "add", lambda *_: None)
    with pytest.raises(AssertionError, match=r"sold \d+ times"):
        check_one_effect(seller)


def repository_class(work: UnitOfWork) -> Any:
    kept = work.kept_answers
    return type(getattr(kept, "_repository", kept))


@pytest.fixture
def club(memory: Api) -> tuple[Api, Person]:
    """What follows depends on no store."""
    return memory, memory.having(Role.OWNER)


def test_whoever_comes_while_the_first_is_under_way_waits_for_its_answer(club: tuple[Api, Person]) -> None:
    api, owner = club
    first = sends(owner, "/clients", name="Anna")
    under_way = api.container.answer_once().keys_under_way.holding(api.account(owner).id, KEY)
    under_way.__enter__()
    Timer(0.05, lambda: under_way.__exit__(None, None, None)).start()
    again = sends(owner, "/clients", name="Anna")
    assert (told(again), is_replayed(again)) == (told(first), True)


def test_whoever_waited_for_5_seconds_is_told_so(
    club: tuple[Api, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert idempotency.LONGEST_WAIT_SECONDS == 5
    monkeypatch.setattr(idempotency, "LONGEST_WAIT_SECONDS", 0.03)
    api, owner = club
    with api.container.answer_once().keys_under_way.holding(api.account(owner).id, KEY):
        refused = sends(owner, "/clients", name="Anna")
        assert answer(refused) == UNDER_WAY
        assert refused.headers["retry-after"] == "1"
        assert sends(owner, "/clients", "another", name="Bea").status_code == 201
    assert sends(owner, "/clients", name="Anna").status_code == 201


@pytest.mark.parametrize(
    "sent",
    [[""], ["a b"], [" "], ["a\tb"], ["ä"], ["a\x7f"], ["a" * 256], ["a", "a"], ["a", "b"]],
    ids=repr,
)
def test_a_malformed_key_is_refused_with_all_else_that_is_wrong(
    club: tuple[Api, Person], sent: list[str]
) -> None:
    api, owner = club
    headers = [
        (b"authorization", f"Bearer {owner.token}".encode()),
        *((b"idempotency-key", key.encode("latin-1")) for key in sent),
    ]
    response = api.transport.ask("POST", f"{CLUB}/clients?x=1".encode(), headers, [b'{"name": ""}'])
    assert fields(response) == ["Idempotency-Key", "x", "name"]


@pytest.mark.parametrize("key", ["!", "~" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
def test_visible_characters_make_a_key(club: tuple[Api, Person], key: str) -> None:
    _, owner = club
    first, again = (sends(owner, "/clients", key, name="Anna") for _ in range(2))
    assert (told(first), is_replayed(again)) == (told(again), True)


def test_who_asks_is_looked_at_before_what_was_kept(club: tuple[Api, Person]) -> None:
    api, owner = club
    employee = api.having(Role.EMPLOYEE)
    good(sends(employee, "/clients", name="Anna"), 201)
    other = api.session_of(employee)
    good_bye = employee.posts("/auth/logout")
    assert (good_bye.status_code, sends(employee, "/clients", name="Anna").status_code) == (204, 401)
    assert is_replayed(sends(other, "/clients", name="Anna"))
    api.alters(employee, role=Role.USER)
    assert answer(sends(other, "/clients", name="Anna")) == refusal(403, "insufficient permissions")
    good(owner.puts(f"/users/{employee.id}/active", active=False), 200)
    assert sends(other, "/clients", name="Anna").status_code == 401


def test_a_token_is_told_once(club: tuple[Api, Person]) -> None:
    _, owner = club
    tokens = {good(sends(owner, f"/users/{owner.id}/calendar_token"), 201)["token"] for _ in range(2)}
    assert len(tokens) == 2


def test_strangers_have_no_keys(club: tuple[Api, Person]) -> None:
    api, _ = club
    body = {"username": "ada", "email": "ada@example.org", "password": "mountain radio"}
    first, again = (sends(api.nobody, "/auth/registration", **body) for _ in range(2))
    assert (first.status_code, answer(again)) == (201, refusal(400, "email is taken"))


def group_of(owner: Person) -> str:
    location = good(owner.posts("/locations", name="Main", address="1 Main Street"), 201)["id"]
    return str(good(owner.posts("/groups", name="Daily", location_id=location, schedule=DAILY), 201)["id"])


def test_a_year_of_lessons_is_kept(club: tuple[Api, Person]) -> None:
    _, owner = club
    year = {"from": "2026-03-02", "until": "2027-03-01"}
    path = f"/groups/{group_of(owner)}/lessons"
    first, again = (sends(owner, path, **year) for _ in range(2))
    assert (first.json()["total"], told(again)) == (365, told(first))


def test_an_answer_that_is_too_large_is_not_kept_and_nothing_is_done_again(
    club: tuple[Api, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept_answers.LARGEST_KEPT_ANSWER == 256 * 1024
    monkeypatch.setattr(kept_answers, "LARGEST_KEPT_ANSWER", 100)
    _, owner = club
    path, week = f"/groups/{group_of(owner)}/lessons", {"from": "2026-03-02", "until": "2026-03-08"}
    assert good(sends(owner, path, **week), 201)["total"] == 7
    assert answer(sends(owner, path, **week)) == TOO_LARGE
    assert answer(sends(owner, path, **week | {"until": "2026-03-09"})) == ANOTHER_REQUEST
    assert good(owner.reads(path), 200)["total"] == 7


def test_whatever_is_made_is_made_once(memory: Api) -> None:
    """Every POST that keeps its answer, and no other."""
    keyed = [operation for operation in all_operations(Scene.of(memory)) if operation.keeps_answer]
    assert len(keyed) > 10
    for number, operation in enumerate(keyed):
        first, again = (
            operation.by.asks(
                "POST", operation.path, **operation.request, headers={"idempotency-key": f"key{number}"}
            )
            for _ in range(2)
        )
        assert first.status_code < 300, (operation.path, first.text)
        assert told(first) == told(again), operation.path
        assert is_replayed(again), operation.path


def test_what_is_kept_is_told_from_every_other_request() -> None:
    """A fingerprint is of method, path, query and body, each by itself."""
    scopes = [
        {"method": "POST", "path": "/a", "query_string": b"b"},
        {"method": "POST", "path": "/ab", "query_string": b""},
        {"method": "PUT", "path": "/a", "query_string": b"b"},
    ]
    prints = {
        idempotency.keyed_request(KEY, scope, raw, None, lambda: None).fingerprint  # type: ignore[arg-type, return-value]
        for scope in scopes
        for raw in (b"", b"c")
    }
    assert len(prints) == 6


def test_a_key_that_is_done_with_is_not_under_way() -> None:
    under_way, account_id = answering_once.KeysUnderWay(), AccountId(new_id())
    with pytest.raises(ZeroDivisionError), under_way.holding(account_id, KEY):
        raise ZeroDivisionError
    with under_way.holding(account_id, KEY), under_way.holding(AccountId(new_id()), KEY):
        with pytest.raises(kept_answers.IdempotencyKeyInUse), under_way.holding(account_id, KEY):
            pass
        with pytest.raises(kept_answers.IdempotencyKeyInUse), under_way.holding(account_id, KEY):
            pass
