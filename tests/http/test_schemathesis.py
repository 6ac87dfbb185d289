"""What schemathesis makes of the published document: nothing that is answered differs from it."""

import re
from collections import Counter, defaultdict
from typing import Annotated, Any

import pytest
import schemathesis
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.response import Response
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from attendance.adapters.http.server import errors, openapi as documentation
from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, Api, Person, running
from tests.http.test_openapi import DOCUMENT, OF_WHAT, described, good_document

pytestmark = pytest.mark.attacks

SEED = 20_260_302
MANY = 12
EXAMPLES = [1, pytest.param(MANY, marks=pytest.mark.long)]
REFUSED_THOUGH_WELL_FORMED = [
    # a name may be taken, in two scripts, or not what PRECIS calls an identifier, a password common or too
    # long in UTF-8 bytes: none of this can be said in JSON Schema
    {"include-path": "/register"},
    {"include-path": f"{CLUB}/auth/registration"},
    {"include-path": f"{CLUB}/auth/password"},
    {"include-path": f"{CLUB}/users/{{user_id}}"},
    # nor which fields a list knows to sort by
    {"include-path": f"{CLUB}/users"},
    # JSON Schema cannot compare two parameters: `from` after `to`
    {"include-path": "/labs/{lab_id}/users/{user_id}/attendance"},
    {"include-path": f"{CLUB}/events"},
    {"include-path": f"{CLUB}/attendance"},
    # nor two lists, or say that a list is of different things
    {"include-path": f"{CLUB}/users/{{user_id}}/favorites"},
    # nor an address for mail, dates in their order, the digits of a currency, a time zone that exists
    {"include-path": f"{CLUB}/clients"},
    {"include-path": f"{CLUB}/clients/{{client_id}}"},
    {"include-path": f"{CLUB}/contracts"},
    {"include-path": f"{CLUB}/contracts/{{contract_id}}"},
    {"include-path": f"{CLUB}/prices"},
    {"include-path": f"{CLUB}/prices/{{price_id}}"},
    {"include-path": f"{CLUB}/locations"},
    {"include-path": f"{CLUB}/locations/{{location_id}}"},
    {"include-path": f"{CLUB}/locations/{{location_id}}/closures"},
    {"include-path": f"{CLUB}/groups"},
    {"include-path": f"{CLUB}/groups/{{group_id}}"},
    {"include-path": f"{CLUB}/groups/{{group_id}}/members"},
    {"include-path": f"{CLUB}/groups/{{group_id}}/lessons"},
    {"include-path": f"{CLUB}/lessons"},
    {"include-path": f"{CLUB}/groups/{{group_id}}/lessons/{{lesson_id}}"},
    {"include-path": f"{CLUB}/subscriptions"},
    {"include-path": f"{CLUB}/subscriptions/{{subscription_id}}"},
    {"include-path": f"{CLUB}/subscriptions/freeze"},
    {"include-path": f"{CLUB}/lessons/{{lesson_id}}/attendance"},
    {"include-path": f"{CLUB}/clients/{{client_id}}/attendance"},
    {"include-path": f"{CLUB}/clients/{{client_id}}/groups"},
    {"include-path": f"{CLUB}/clients/{{client_id}}/lessons"},
    {"include-path": f"{CLUB}/clients/{{client_id}}/lessons"},
    *[
        {"include-path": f"{CLUB}/statistics{path}"}
        for path in (
            "",
            *(f"/{it}" for it in OF_WHAT),
            *(f"/{it}/{{{name}}}" for it, name in OF_WHAT.items()),
        )
    ],
    # nor that `excel` is for one format
    *[
        {"include-path": f"{CLUB}{path}"}
        for path in (
            "/role_changes",
            "/attendance",
            "/clients/{client_id}/contracts",
            "/clients/{client_id}/subscriptions",
            "/lessons/{lesson_id}/attendance/{client_id}/history",
        )
    ],
    # exactly one of username and email
    {"include-path": f"{CLUB}/auth/login"},
]
# that a key was sent with another request before
REUSED = [
    {"include-path": f"{CLUB}/role_changes/{{role_change_id}}/{it}"}
    for it in ("confirm", "reject", "withdraw")
] + [{"include-path": f"{CLUB}/{it}"} for it in ("auth/confirm_email", "users/{user_id}/invitation")]
# tokens are random: none that is made up is good
NEVER_GOOD = [
    {"include-path": f"{CLUB}/auth/confirm_email/{{token}}"},
    {"include-path": f"{CLUB}/auth/password_reset/{{token}}"},
]
SIGN_OUT = f"{CLUB}/auth/logout"


def configured(
    token: str | None, *, examples: int, shortly: bool = False, is_stateful: bool = False, seed: int = SEED
) -> SchemathesisConfig:
    """`token`: whose requests these are, None for nobody's."""
    # no schema says which version is the present one
    usual = ["2xx", "304", "401", "403", "404", "409", "412", "429"]
    conditional, may_be_422, may_be_400 = (
        {"positive_data_acceptance": {"expected-statuses": [*usual, *more]}}
        for more in ([], ["422"], ["422", "400"])
    )
    may_be_gone = {"positive_data_acceptance": {"expected-statuses": ["400", "410"]}}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": {} if token is None else {"Authorization": f"Bearer {token}"},
            "checks": conditional,
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "database": "none",
            },
            "phases": {"coverage": {"enabled": not shortly}, "stateful": {"enabled": is_stateful}},
            "operations": [
                *[{**criteria, "checks": may_be_400} for criteria in REFUSED_THOUGH_WELL_FORMED],
                *[{**criteria, "checks": may_be_422} for criteria in REUSED],
                *[{**criteria, "checks": may_be_gone} for criteria in NEVER_GOOD],
            ],
        }
    )


def only_paths(schema: Any, pattern: str) -> Any:
    """The operations of the paths in which it is found: what is configured for a path counts as included."""
    return schema.exclude(lambda context: not re.search(pattern, context.operation.path))


class Findings:
    """What schemathesis has to say about an application: by check and operation, and what was answered."""

    def __init__(self, api: Api, person: Person, *, examples: int = 2, only: str | None = None) -> None:
        self.failures: dict[tuple[str, str], str] = {}
        self.answers: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.mishaps: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            # the application is already started, and ended by whoever started it
            if scope["type"] == "lifespan":
                raise NotImplementedError
            started: Any = api.app
            await started(scope, receive, send)

        config = configured(person.token, examples=examples, shortly=bool(only), is_stateful=examples >= MANY)
        schema = schemathesis.openapi.from_asgi(DOCUMENT, app, config=config)
        # whoever is signed out finds nothing more
        chosen = only_paths(schema, only) if only else schema.exclude(path=SIGN_OUT)
        for event in from_schema(chosen).execute():
            if isinstance(event, events.ScenarioFinished):
                self._note(event.recorder)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                self.mishaps.append(str(event))

    def _note(self, recorder: Any) -> None:
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is not None:
                label = recorder.cases[case_id].value.operation.label
                self.answers[label][interaction.response.status_code] += 1
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info:
                    failure, sample = check.failure_info.failure, check.failure_info.code_sample
                    label = recorder.cases[case_id].value.operation.label
                    self.failures[check.name, label] = f"{failure.title}: {failure.message}\n{sample}"


@pytest.mark.parametrize("examples", EXAMPLES)
def test_schemathesis_finds_nothing(memory: Api, examples: int) -> None:
    ada = memory.having(Role.OWNER, "ada")
    memory.lab_of(ada, memory.someone("bob"))
    findings = Findings(memory, ada, examples=examples)
    leaving = Findings(memory, memory.session_of(ada), only=f"^{SIGN_OUT}$")
    assert findings.mishaps == leaving.mishaps == []
    assert findings.failures == leaving.failures == {}
    found = {*findings.answers, *leaving.answers}
    assert {f"{method} {path}" for method, path, _ in described(good_document(memory))} == found
    # it got somewhere: not everything was refused at the door
    for label in (
        "POST /labs",
        "GET /labs",
        "GET /users",
        "GET /labs/{lab_id}/attendance",
        f"GET {CLUB}/users",
        f"GET {CLUB}/users/{{user_id}}",
        f"GET {CLUB}/role_changes",
        f"GET {CLUB}/events",
        f"POST {CLUB}/clients",
        f"GET {CLUB}/clients/{{client_id}}",
        f"POST {CLUB}/auth/password_reset",
    ):
        assert sum(findings.answers[label][status] for status in (200, 201, 202)) > 0, label
    assert sum(answers.total() for answers in findings.answers.values()) > 500


def planted() -> list[HTTPRouteHandler]:
    """Operations that do not what they are described to do."""

    @get("/health/teapot", sync_to_thread=False, responses=errors.refusals("/health"))
    def teapot() -> Response[dict[str, str]]:
        """Answer with a status that is not listed."""
        return Response({"error": "short and stout"}, status_code=418)

    @get("/health/tea", sync_to_thread=False, responses=errors.refusals("/health"))
    def tea() -> Response[dict[str, str]]:
        """Answer with a text where JSON is promised."""
        return Response("tea", media_type="text/plain")  # type: ignore[arg-type]

    @get("/health/cup", sync_to_thread=False, responses=errors.refusals("/health"))
    def cup(full: Annotated[int, QueryParameter(le=1)] = 1) -> dict[str, str]:
        """Break."""
        raise ArithmeticError

    @get("/health/spoon", sync_to_thread=False, responses=errors.refusals("/health"))
    def spoon() -> errors.FieldErrorView:
        """Answer with something else than is described."""
        return {"feild": "x"}  # type: ignore[return-value]

    return [teapot, tea, cup, spoon]


@pytest.mark.plants
def test_schemathesis_finds_what_is_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    describes = documentation.described_handlers
    monkeypatch.setattr(documentation, "described_handlers", lambda *given: [*describes(*given), *planted()])
    with running() as api:
        for handler in planted():
            api.app.register(handler)
        findings = Findings(api, api.someone("ada"), only="/health/(teapot|tea|cup|spoon)")
    assert findings.failures.keys() >= {
        ("status_code_conformance", "GET /health/teapot"),
        ("content_type_conformance", "GET /health/tea"),
        ("not_a_server_error", "GET /health/cup"),
        ("response_schema_conformance", "GET /health/spoon"),
    }
