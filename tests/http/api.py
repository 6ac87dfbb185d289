"""The whole application in process, asked in the words of the protocol, or byte by byte."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from itertools import count
from threading import Event
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes
from uuid import UUID

import httpx
import pytest
from dependency_injector import providers
from litestar import Litestar
from litestar.testing import TestClient

from attendance.adapters.memory import MemoryStore
from attendance.adapters.security.passwords import Argon2Hasher
from attendance.application.ports import Store, UnitOfWork
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.mail import Mail, MailKind, MailState
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from attendance.entrypoints.asgi import application, watch
from attendance.entrypoints.container import Container
from attendance.entrypoints.settings import settings_of
from tests import make
from tests.fakes import FakeClock

CHEAP_HASHING = {"argon2_time_cost": 1, "argon2_memory_kib": 8}
CLUB = "/api/v1"
ORIGIN = "http://testserver"
SECRET = "a secret of more than 32 bytes that only the tests know"
PASSWORD = "correct horse battery"
UNKNOWN_ID = "01900000-0000-7000-8000-000000000000"
MARCH_2 = "2026-03-02"
IN_MEMORY = pytest.mark.parametrize("store_url", ["memory"])
"""For a test of what is the same over every store, though its fixtures would try them all."""

Headers = Iterable[tuple[bytes, bytes]]
Asked = tuple[str, bytes, Headers, Iterable[bytes | None]]
"""Method, target, headers and the chunks of the body."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InProcess(httpx.BaseTransport):
    """Hands requests to the application as Granian would, and what it sends back as it is, HEAD included."""

    app: Litestar
    loop: asyncio.AbstractEventLoop
    peer: tuple[str, int] | None = ("192.0.2.1", 50000)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        chunks = [*request.stream] if isinstance(request.stream, httpx.SyncByteStream) else []
        return self.ask(request.method, request.url.raw_path, request.headers.raw, chunks)

    def ask(
        self, method: str, target: bytes, headers: Headers = (), chunks: Iterable[bytes | None] = ()
    ) -> httpx.Response:
        """`target` is a path with its query, encoded or not; None among the chunks: the client hung up."""
        return self._await(self._exchange(self._scope(method, target, headers), [*chunks]))

    def ask_each(self, requests: Iterable[Asked]) -> list[httpx.Response]:
        """What several requests in a row are answered, in less time than by asking for each."""
        scopes = [
            (self._scope(method, target, headers), [*chunks]) for method, target, headers, chunks in requests
        ]
        return self._await(self._exchange_in_turn(scopes))

    def _await(self, asked: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result()

    async def _exchange_in_turn(
        self, scopes: Iterable[tuple[dict[str, Any], list[bytes | None]]]
    ) -> list[httpx.Response]:
        return [await self._exchange(scope, chunks) for scope, chunks in scopes]

    def _scope(self, method: str, target: bytes, headers: Headers) -> dict[str, Any]:
        path, _, query = target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote_to_bytes(path).decode(errors="replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in headers],
            "client": self.peer,
            "server": ("testserver", 80),
            "state": {},
            "extensions": {},
        }

    async def _exchange(self, scope: dict[str, Any], chunks: list[bytes | None]) -> httpx.Response:
        waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks if chunk]
        if None in chunks:
            waiting.append({"type": "http.disconnect"})
        else:
            waiting.append({"type": "http.request", "body": b"", "more_body": False})
        sent: list[dict[str, Any]] = []
        is_answered = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop(0)
            await is_answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                is_answered.set()

        app: Any = self.app
        await app(scope, receive, send)
        start, *rest = sent
        assert start["type"] == "http.response.start"
        assert {message["type"] for message in rest} <= {"http.response.body"}
        assert [bool(message.get("more_body")) for message in rest] == [True] * (len(rest) - 1) + [False]
        content = b"".join(message.get("body", b"") for message in rest)
        about = {"pieces": len(rest), "path": scope["raw_path"]}
        return httpx.Response(start["status"], headers=start["headers"], content=content, extensions=about)


class Client(httpx.Client):
    """Asks the application in process: nobody is redirected, no cookie is kept, no URL is put together.

    That would be most of what a request takes. What is no path of the application is asked for as ever.
    """

    def request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        params: Any = None,
        headers: Any = None,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
        **options: Any,
    ) -> httpx.Response:
        body = {"content": content, "data": data, "files": files, "json": json}
        if follow_redirects is True or not isinstance(url, str) or url[:1] != "/" or url[:2] == "//":
            more = {"params": params, "headers": headers, "follow_redirects": follow_redirects}
            return super().request(method, url, **body, **more, **options)
        sent = httpx.Headers(self.headers)
        sent.update(headers)
        request = httpx.Request(method, f"{ORIGIN}{url}", params=params, headers=sent, **body)
        response = self._transport.handle_request(request)
        response.request = request
        return response


@dataclass(frozen=True, slots=True)
class Lab:
    id: str
    owner_id: str
    name: str
    description: str

    def shown(self, *members: "Person") -> dict[str, Any]:
        """What the list of labs says about it."""
        return {
            "id": self.id,
            "owner_id": self.owner_id,
            "name": self.name,
            "description": self.description,
            "member_ids": [member.id for member in members],
        }


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in, or nobody when there is no token. What they do is answered as it came."""

    http: httpx.Client
    id: str = UNKNOWN_ID
    username: str = "nobody"
    token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.token is None else {"authorization": f"Bearer {self.token}"}

    def asks(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, path, headers=self.headers | options.pop("headers", {}), **options)

    def reads(self, path: str, **query: Any) -> httpx.Response:
        """In the club protocol. A name may end in an underscore where Python has it for itself."""
        return self.asks("GET", CLUB + path, params={name.rstrip("_"): it for name, it in query.items()})

    def puts(self, path: str, seen: str | None = None, /, **body: Any) -> httpx.Response:
        """In the club protocol; `seen` goes into `If-Match`."""
        headers = {} if seen is None else {"if-match": seen}
        return self.asks("PUT", CLUB + path, json=body, headers=headers)

    def posts(self, path: str, **body: Any) -> httpx.Response:
        """In the club protocol, without a body when there is nothing to say."""
        return self.asks("POST", CLUB + path, **({"json": body} if body else {}))

    def searches_users(self, name: str | None = None, **query: Any) -> httpx.Response:
        return self.asks("GET", "/users", params=query if name is None else {"name": name, **query})

    def searches_labs(self, q: str | None = None, **query: Any) -> httpx.Response:
        return self.asks("GET", "/labs", params=query if q is None else {"q": q, **query})

    def creates(self, **body: Any) -> httpx.Response:
        return self.asks("POST", "/labs", json=body)

    def opens_lab(self, name: str = "Physics", description: str = "") -> Lab:
        return Lab(
            good(self.creates(name=name, description=description), 201)["lab_id"], self.id, name, description
        )

    def joins(self, lab: Lab) -> httpx.Response:
        return self.asks("POST", f"/labs/{lab.id}/join")

    def marks(
        self, lab: Lab, who: "Person", on: str | date = MARCH_2, status: str = "present", **more: Any
    ) -> httpx.Response:
        body = {"user_id": who.id, "date": str(on), "status": status, **more}
        return self.asks("PUT", f"/labs/{lab.id}/attendance", json=body)

    def views(self, lab: Lab, on: str | date = MARCH_2) -> httpx.Response:
        return self.asks("GET", f"/labs/{lab.id}/attendance", params={"date": str(on)})

    def views_history(self, lab: Lab, who: "Person", **query: Any) -> httpx.Response:
        return self.asks("GET", f"/labs/{lab.id}/users/{who.id}/attendance", params=query)

    def deletes(self, lab: Lab, attendance_id: str) -> httpx.Response:
        return self.asks("DELETE", f"/labs/{lab.id}/attendance/{attendance_id}")


@dataclass
class Api:
    app: Litestar
    container: Container
    clock: FakeClock
    transport: InProcess
    http: httpx.Client
    remembered: dict[str, Any] = field(default_factory=dict)
    """What is the same in each test over this application."""
    _numbers: Iterator[int] = field(default_factory=count)

    def next_number(self) -> int:
        """So that people have different names."""
        return next(self._numbers)

    def number_people_from(self, number: int) -> None:
        self._numbers = count(number)

    @property
    def nobody(self) -> Person:
        return Person(self.http)

    def registers(self, **body: Any) -> httpx.Response:
        return self.http.post("/register", json=body)

    def signs_in(self, **body: Any) -> httpx.Response:
        return self.http.post("/login", json=body)

    def someone(self, username: str | None = None) -> Person:
        """Registered and signed in."""
        username = username or f"person{self.next_number()}"
        user_id = good(self.registers(username=username, password=PASSWORD), 201)["user_id"]
        token = good(self.signs_in(username=username, password=PASSWORD), 200)["access_token"]
        return Person(self.http, user_id, username, token)

    @property
    def store(self) -> Store:
        return self.container.store()

    def registers_with_email(self, username: str, **body: Any) -> httpx.Response:
        usual = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
        return self.nobody.posts("/auth/registration", **usual | body)

    def having(self, role: Role = Role.USER, username: str | None = None, **changes: Any) -> Person:
        """Somebody of a role, signed in: confirmed and active unless `changes` say otherwise.

        Put straight into the store: an owner has been one for a year.
        """
        name = username or f"person{self.next_number()}"
        usual = {"username": name, "email": f"{name}@example.org", "password_hash": hashed(PASSWORD)}
        now = self.clock.now
        account = make.confirmed(now, role=role, created_at=now, updated_at=now, **usual | changes)
        with self.store.transaction() as work:
            work.accounts.add(account)
        return self.session_of(Person(self.http, str(account.id), account.username))

    def session_of(self, person: Person) -> Person:
        """The same person with one more session, put straight into the store."""
        now, account = self.clock.now, self.account(person)
        session = make.session(
            account, started_at=now, expires_at=now + make.LIFETIME.absolute, last_seen_at=now
        )
        with self.store.transaction() as work:
            work.sessions.add(session)
        return replace(person, token=self.container.tokens().issue(session))

    def account(self, person: Person) -> Account:
        """As it is stored now."""
        with self.store.autocommit() as work:
            return work.accounts.get(AccountId(UUID(person.id)))

    def alters(self, person: Person, **changes: Any) -> None:
        """Straight in the store, whatever the rules say."""
        with self.store.transaction() as work:
            account = work.accounts.get_for_update(AccountId(UUID(person.id)))
            work.accounts.save(replace(account, version=account.version + 1, **changes))

    def mails(self, kind: MailKind | None = None, to: str | None = None) -> list[Mail]:
        """What waits in the outbox, oldest first."""
        self.finish_what_no_answer_waited_for()
        with self.store.autocommit() as work:
            mails = work.outbox.in_state(MailState.WAITING)
        return [mail for mail in mails if kind in (None, mail.kind) and to in (None, mail.to)]

    def token_mailed(self, kind: MailKind, to: str | None = None) -> str:
        """The token in the newest mail of a kind."""
        facts = self.mails(kind, to)[-1].facts
        assert facts
        return facts["token"]

    def passes(self, *people: Person, **time: float) -> list[Person]:
        """Time passes; whoever is named has a session of that moment."""
        self.clock.pass_by(**time)
        return [self.session_of(person) for person in people]

    def finish_what_no_answer_waited_for(self) -> None:
        done = Event()
        self.container.run_in_background()(done.set)
        assert done.wait(30)

    def lab_of(self, owner: Person, *members: Person) -> Lab:
        lab = owner.opens_lab()
        for member in members:
            good(member.joins(lab), 200)
        return lab

    def shown(self) -> tuple[Any, Any]:
        """Everything anybody can see to be stored."""
        return answer(self.nobody.searches_users()), answer(self.nobody.searches_labs())


@cache
def hashed(password: str) -> str:
    """As the application of the tests would hash it."""
    cheap = Argon2Hasher(time_cost=1, memory_kib=8, parallelism=1, at_once=1, longest_queue=1, longest_wait=1)
    return cheap.hash(password)


async def its_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@contextmanager
def running(
    store_url: str = "memory",
    *,
    prepare: Callable[[Container], object] = lambda _: None,
    is_watched: bool = False,
    **settings: Any,
) -> Iterator[Api]:
    """The application over a store, lifespan and all; `prepare` may override what the container makes.

    `is_watched`: with metrics, as where it serves.
    """
    chosen = {"database_url": store_url, "secret_key": SECRET, **CHEAP_HASHING, **settings}
    container, clock = Container(settings=settings_of(chosen)), FakeClock()
    container.clock.override(providers.Object(clock))
    prepare(container)
    app = application(container, watched=watch(container) if is_watched else None)
    with TestClient(app) as started:
        transport = InProcess(app, started.blocking_portal.call(its_loop))
        with Client(transport=transport, base_url=ORIGIN) as http:
            yield Api(app, container, clock, transport, http)


@dataclass
class ExchangedStore(Store):
    """Whichever store is there `now`."""

    now: Store | None = None

    @property
    def _present(self) -> Store:
        assert self.now, "asked between two tests"
        return self.now

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        return self._present.transaction()

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return self._present.autocommit()

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._present.read()

    def ambient(self) -> AbstractContextManager[None]:
        return self._present.ambient()

    def attempts(self) -> Iterator[None]:
        return self._present.attempts()


@dataclass(frozen=True, slots=True)
class Lasting:
    """An application made once, which takes far longer than to give it another store for each test."""

    api: Api
    store: ExchangedStore

    @contextmanager
    def over(self, store: Store | None = None) -> Iterator[Api]:
        """The application as if just started over a store: its time and its names begin anew."""
        assert self.store.now is None, "one test at a time"
        self.store.now, self.api.clock.now = store or MemoryStore(), make.NOON
        try:
            yield replace(self.api, _numbers=count())
        finally:
            self.api.finish_what_no_answer_waited_for()
            self.store.now = None


@contextmanager
def lasting(*, prepare: Callable[[Container], object] = lambda _: None, **settings: Any) -> Iterator[Lasting]:
    store = ExchangedStore()

    def prepared(container: Container) -> None:
        container.store.override(providers.Object(store))
        prepare(container)

    with running(prepare=prepared, **settings) as api:
        yield Lasting(api, store)


def answer(response: httpx.Response) -> tuple[int, Any]:
    """Status and JSON body; a body is JSON in UTF-8 or absent.

    Without the code of an error, which every error is seen to have: in its header, and in the club protocol
    in the body as well.
    """
    assert ("x-error-code" in response.headers) == (response.status_code >= 400)
    if not response.content:
        return response.status_code, None
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    if response.status_code >= 400 and is_of_the_club(response):
        assert body.pop("code") == response.headers["x-error-code"]
    return response.status_code, body


def is_of_the_club(response: httpx.Response) -> bool:
    path = response.extensions["path"].decode("latin-1")
    return path.startswith(CLUB) and path[len(CLUB) :][:1] in ("", "/")


def good(response: httpx.Response, status: int) -> Any:
    """The body of an answer that must be good for a test to go on."""
    assert response.status_code == status, response.text
    return response.json()


def refusal(status: int, text: str) -> tuple[int, Any]:
    """A refusal, letter for letter: with nothing beside the text."""
    return status, {"error": text}


def no_id(*places: str) -> tuple[int, Any]:
    """What is said of a body in which something malformed stands for an id."""
    details = [{"field": place, "message": "must be an id: a UUID"} for place in places]
    return 400, {"error": "malformed request", "details": details}


def fields(response: httpx.Response) -> list[str]:
    """What a malformed request is told to look at."""
    assert response.status_code == 400, response.text
    _, body = answer(response)
    assert body.keys() == {"error", "details"}
    assert body["error"] == "malformed request"
    assert all(
        field_error.keys() == {"field", "message"} and field_error["message"]
        for field_error in body["details"]
    )
    return [field_error["field"] for field_error in body["details"]]
