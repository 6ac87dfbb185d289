"""Requests and forms that nobody would think of, and everything that is wrong with what they are answered."""

import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import httpx
import schemathesis
from schemathesis.engine import events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from attendance.domain.permissions.roles import Level
from tests.campaigns.people import Fuzzed, Ids
from tests.faults.scene import Person
from tests.http.test_openapi import DOCUMENT
from tests.http.test_schemathesis import SEED, SIGN_OUT, configured, only_paths
from tests.web.registry import TABLE, Forms, parts_of
from tests.web.visitors import ACCEPT, BY_OUR_PAGE, COOKIE, shown

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
CALLED = {"of_id": "user_id", "held_id": "lesson_id", "member_id": "user_id"}
"""What parts of paths are called that stand for a thing of another name."""
UNTYPED = [
    "", " ", "0", "-1", "1e9", "99999999999999999999", "null", "true", "[]", "{}", "%00", "\x00", "\r\nX: y",
    "'; DROP TABLE clients; --", "<script>alert(1)</script>", "{{7*7}}", "../../etc/passwd", "=1+1", "yes",
    "ä" * 300, "𝒜𝒷", "\u202eabc", "\ud7ff", "e\u0301", "x" * 5000, "2026-02-30", "2026-03-02", "9999-12-31",
    "0000-00-00", "25:00", "18:00", "24:00", "Europe/Berlin", "Mars/Olympus", "EUR", "XXX", "80.00", "1,5",
    "0.001", "NaN", "Infinity", "a@b", "ida@example.org", "owner", "admin", "present", "excused", "🎈",
]  # fmt: skip


@dataclass
class Findings:
    """What was asked, what it was answered, and what is wrong with it; each fault once, with an example."""

    level: Level
    secrets: dict[str, int]
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        return self.statuses.total()

    def note(self, label: str, status: int, retry_after: str | None, text: str) -> None:
        self.statuses[status] += 1
        if status >= 500 and not (status == 503 and retry_after):
            self.faults.setdefault(f"{status} {label}", text[:500])
        for secret, lowest in self.secrets.items():
            if self.level < lowest and secret in text:
                self.faults.setdefault(f"shows {secret} {label}", text[:500])


def somewhat_known(value: Any, name: str, ids: Ids, chance: Random) -> Any:
    """The value, in which most made-up ids are those of things there are."""
    if isinstance(value, dict):
        return {key: somewhat_known(it, key, ids, chance) for key, it in value.items()}
    if isinstance(value, list):
        return [somewhat_known(it, name.removesuffix("s"), ids, chance) for it in value]
    pool = ids.get(CALLED.get(name, name), [])
    return chance.choice(pool) if pool and is_id(value) and chance.random() < 0.8 else value


def is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def fuzz_operations(
    club: Fuzzed, person: Person | None, found: Findings, *, examples: int, only: str | None = None
) -> None:
    """What schemathesis makes of the published document, with the ids of things there are."""
    chance = Random(SEED + found.level)
    met: set[str] = set()

    def use_known_ids(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        for where in ("path_parameters", "body"):
            value = getattr(case, where, None)
            if isinstance(value, dict) and not met & {*map(str, value.values())}:
                setattr(case, where, somewhat_known(value, "", club.ids, chance))

    def remember_ids(context: Any, case: Any, response: Any) -> None:
        if response.status_code in (200, 201):
            met.update(ID.findall(text_of(response)))

    config = configured(
        person and person.token, examples=examples, shortly=False, is_stateful=True, seed=SEED + found.level
    )
    schema = schemathesis.openapi.from_url(f"{club.service.url}{DOCUMENT}", config=config)
    schemathesis.hook("before_call")(use_known_ids)
    schemathesis.hook("after_call")(remember_ids)
    try:
        chosen = only_paths(schema, only) if only else schema.exclude(path=SIGN_OUT)
        for event in from_schema(chosen).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(event.recorder, found)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                mishap = event.value if isinstance(event, events.NonFatalError) else event.exception
                found.faults.setdefault(f"mishap {mishap!r}", str(event))
    finally:
        for hook in (use_known_ids, remember_ids):
            GLOBAL_HOOK_DISPATCHER.unregister(hook)


def text_of(response: Any) -> str:
    """Of a workbook, too, which is no text."""
    return str(response.content.decode(errors="replace"))


def _note(recorder: Any, found: Findings) -> None:
    unavailable = set()
    for case_id, interaction in recorder.interactions.items():
        response = interaction.response
        label = recorder.cases[case_id].value.operation.label
        if response is None:
            found.faults.setdefault(f"no answer {label}", repr(interaction))
            continue
        retry_after = response.headers.get("retry-after", [None])[0]
        if response.status_code == 503 and retry_after:
            unavailable.add(case_id)
        found.note(label, response.status_code, retry_after, text_of(response))
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info and case_id not in unavailable:
                failure, sample = check.failure_info.failure, check.failure_info.code_sample
                label = recorder.cases[case_id].value.operation.label
                found.faults.setdefault(
                    f"{check.name} {label}", f"{failure.title}: {failure.message}\n{sample}"
                )


def fuzz_pages(club: Fuzzed, level: Level, found: Findings, *, rounds: int) -> None:
    """Every page of the table, opened and its form sent with anything in its fields."""
    chance = Random(SEED * 7 + level)
    with httpx.Client(base_url=club.service.url, timeout=60, headers={"accept": ACCEPT}) as http:
        person = club.somebody(level)
        for _ in range(rounds):
            for name in TABLE:
                method, _, template = name.partition(" ")
                path = random_path(template, TABLE[name].ids, club.ids, chance)
                if method == "GET":
                    ask(http, person, found, name, "GET", path, params=random_query(chance))
                    continue
                fields = fields_at(http, person, path, chance)
                fields |= {key: value.strip("{}") for key, value in TABLE[name].typed.items()}
                answer = ask(
                    http, person, found, name, "POST", path, data=random_fields(fields, club.ids, chance)
                )
                if person and answer.headers.get("location", "").startswith(
                    ("/app/sign-in", "/app/sign-out")
                ):
                    person = club.somebody(level)


def ask(
    http: httpx.Client, person: Person | None, found: Findings, name: str, method: str, path: str, **sent: Any
) -> httpx.Response:
    headers = {"cookie": f"{COOKIE}={person.token}"} if person else {}
    if method == "POST":
        headers["content-type"] = "application/x-www-form-urlencoded"
    answer = http.request(method, path, headers=headers | BY_OUR_PAGE, **sent)
    http.cookies.clear()
    found.note(name, answer.status_code, answer.headers.get("retry-after"), answer.text)
    if answer.headers.get("content-type", "").startswith("text/html"):
        try:
            shown(answer, has_scripts="script-src" in answer.headers.get("content-security-policy", ""))
        except Exception as error:
            found.faults.setdefault(f"no proper page {name}", f"{path}: {error!r}")
    return answer


def fields_at(http: httpx.Client, person: Person | None, path: str, chance: Random) -> dict[str, str]:
    """Those of a form on the page of this path, as who asks is shown it."""
    headers = {"cookie": f"{COOKIE}={person.token}"} if person else {}
    forms = Forms(http.get(path, headers=headers).text).found
    return dict(chance.choice([*forms.values()])) if forms else {}


def random_path(template: str, called: Any, ids: Ids, chance: Random) -> str:
    path = template
    for part in parts_of(template):
        name = called.get(part, part)
        known = ids.get(CALLED.get(name, name))
        value = chance.choice(known) if known and chance.random() < 0.9 else random_part(part, chance)
        path = re.sub(rf"\{{{part}:\w+\}}", value, path)
    return path


def random_part(part: str, chance: Random) -> str:
    usual = {"decision": ["confirm", "reject", "withdraw"], "days": ["2026-04-06_2026-04-07", "x_y"]}
    other = ["0", "x", "%00", "%C3%A4", "01900000-0000-7000-8000-000000000000", "a" * 300, "%F0%9F%8E%88"]
    return chance.choice(usual.get(part, other) if chance.random() < 0.7 else other)


def random_query(chance: Random) -> dict[str, str]:
    names = [
        "q",
        "page",
        "date",
        "from",
        "to",
        "until",
        "sort",
        "state",
        "day",
        "format",
        "kind",
        "week",
        "x",
    ]
    return {chance.choice(names): chance.choice(UNTYPED) for _ in range(chance.choice([0, 0, 1, 2]))}


def random_fields(fields: dict[str, str], ids: Ids, chance: Random) -> dict[str, Any]:
    """Some left as they are, some gone, some twice, some with anything in them, some that no form has."""
    sent: dict[str, Any] = {}
    known = [each for pool in ids.values() for each in pool]
    for name, value in fields.items():
        fate = chance.random()
        if fate < 0.5:
            sent[name] = value
        elif fate < 0.8:
            sent[name] = chance.choice(UNTYPED)
        elif fate < 0.9:
            sent[name] = chance.choice(known)
        elif fate < 0.95:
            sent[name] = [value, chance.choice(UNTYPED)]
    if chance.random() < 0.2:
        sent[chance.choice(["x", "role", "is_admin", "version", "lang", "next", "a.b.c", "é"])] = "1"
    return sent
