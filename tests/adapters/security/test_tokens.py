"""Tokens: what we issued is trusted until it expires, and nothing else is."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

from attendance.adapters.security import tokens as tokens_module
from attendance.adapters.security.tokens import JwtTokens
from attendance.application.ports import TokenSubject
from attendance.domain.accounts.sessions import Session, SessionExpired
from attendance.domain.ids import AccountId, SessionId

NOW = datetime(2026, 3, 1, 12, 0, 0, 700_000, tzinfo=UTC)
LIFE = timedelta(hours=12)
KEY, OLD_KEY, STRANGE_KEY = b"k" * 32, b"o" * 48, b"s" * 32
ACCOUNT_ID = "01957f00-0000-7000-8000-00000000000a"
SESSION_ID = "01957f00-0000-7000-8000-00000000000b"
SESSION = Session(
    id=SessionId(UUID(SESSION_ID)),
    account_id=AccountId(UUID(ACCOUNT_ID)),
    started_at=NOW,
    expires_at=NOW + LIFE,
    last_seen_at=NOW,
)
SUBJECT = TokenSubject(SESSION.id, SESSION.account_id)
IAT = int(NOW.timestamp())
EXP = IAT + int(LIFE.total_seconds())
CLAIMS = {
    "iss": "attendance",
    "aud": "attendance",
    "sub": ACCOUNT_ID,
    "user_id": ACCOUNT_ID,
    "sid": SESSION_ID,
    "jti": SESSION_ID,
    "iat": IAT,
    "exp": EXP,
}
PEM = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqow\n-----END PUBLIC KEY-----\n"


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def jwt_tokens(*keys: bytes, clock: Clock | None = None, **others: Any) -> JwtTokens:
    return JwtTokens(keys=keys or (KEY,), clock=clock or Clock(), longest_life=LIFE, **others)


def kid_of(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


HEADER = {"typ": "at+jwt", "alg": "HS256", "kid": kid_of(KEY)}


def b64(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def sealed(header: bytes, payload: bytes, *, key: bytes = KEY, digest: str = "sha256") -> str:
    content = f"{b64(header)}.{b64(payload)}"
    return f"{content}.{b64(hmac.digest(key, content.encode(), digest))}"


def token(
    header: dict[str, Any] | None = None,
    *,
    without: str = "",
    key: bytes = KEY,
    digest: str = "sha256",
    **claims: Any,
) -> str:
    """A token under a good signature, with these members of header and claims in place of the usual ones."""
    claimed = {name: value for name, value in {**CLAIMS, **claims}.items() if name != without}
    head = {name: value for name, value in {**HEADER, **(header or {})}.items() if value is not None}
    return sealed(json.dumps(head).encode(), json.dumps(claimed).encode(), key=key, digest=digest)


def raw_claim(name: str, literal: str) -> str:
    """A token whose claim is spelt so in the JSON text."""
    text = json.dumps({**CLAIMS, name: "@"}).replace('"@"', literal)
    return sealed(json.dumps(HEADER).encode(), text.encode())


GOOD = token()
HEAD, PAYLOAD, SIGNATURE = GOOD.split(".")
DEEP = b"[" * 100_000 + b"]" * 100_000
DEEP_BUT_SHORT = b'{"iss":' + b"[" * 1_500 + b"]" * 1_500 + b"}"

HOSTILE: dict[str, Any] = {
    "empty": "",
    "one dot": ".",
    "two dots": "..",
    "three dots": "...",
    "a word": "token",
    "only a header": HEAD,
    "no signature": f"{HEAD}.{PAYLOAD}",
    "empty signature": f"{HEAD}.{PAYLOAD}.",
    "empty payload": f"{HEAD}..{SIGNATURE}",
    "empty header": f".{PAYLOAD}.{SIGNATURE}",
    "a fourth part": f"{GOOD}.{SIGNATURE}",
    "a fourth empty part": f"{GOOD}.",
    "encrypted form of five parts": f"{GOOD}.{PAYLOAD}.{SIGNATURE}",
    "a part twice": f"{HEAD}.{PAYLOAD}.{PAYLOAD}.{SIGNATURE}",
    "twice": GOOD + GOOD,
    "two by comma": f"{GOOD},{GOOD}",
    "leading space": f" {GOOD}",
    "trailing space": f"{GOOD} ",
    "trailing newline": f"{GOOD}\n",
    "padding": f"{GOOD}=",
    "padding of the header": f"{HEAD}=.{PAYLOAD}.{SIGNATURE}",
    "standard alphabet": f"{HEAD}.{PAYLOAD}.+/{SIGNATURE[2:]}",
    "with its scheme": f"Bearer {GOOD}",
    "NUL inside": f"{GOOD[:20]}\0{GOOD[20:]}",
    "NUL at the end": f"{GOOD}\0",
    "lone surrogate": f"{GOOD}\ud800",
    "surrogates alone": "\ud800.\udfff.\udcff",
    "full-width letters": GOOD.translate({ord("e"): "ｅ"}),
    "non-ASCII": "é.é.é",
    "Unicode digits": GOOD.translate({ord("1"): "١"}),
    "bytes": GOOD.encode(),
    "none at all": None,
    "a number": 7,
    "1 MiB of letters": "a" * 2**20,
    "1 MiB of dots": "." * 2**20,
    "1 MiB of payload": f"{HEAD}.{'a' * 2**20}.{SIGNATURE}",
    "header 100,000 deep": sealed(DEEP, b"{}"),
    "payload 100,000 deep": sealed(json.dumps(HEADER).encode(), DEEP),
    "header deep but short": sealed(b"[" * 1_400 + b"]" * 1_400, b"{}"),
    "payload deep but short": sealed(json.dumps(HEADER).encode(), DEEP_BUT_SHORT[:2_700]),
    "payload nested within limits": token(iss=[[[[]]]]),
    "flipped signature": f"{HEAD}.{PAYLOAD}.{'A' if SIGNATURE[0] != 'A' else 'B'}{SIGNATURE[1:]}",
    "signature's spare bits": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    "truncated signature": GOOD[:-2],
    "other payload under this signature": f"{HEAD}.{token(sid='x').split('.')[1]}.{SIGNATURE}",
    "unknown key": token({"kid": kid_of(STRANGE_KEY)}, key=STRANGE_KEY),
    "unknown key under a known id": token(key=STRANGE_KEY),
    "known key under an unknown id": token({"kid": "00000000"}),
    "no key id": token({"kid": None}),
    "empty key id": token({"kid": ""}),
    "key id in capitals": token({"kid": kid_of(KEY).upper()}),
    "key id a number": token({"kid": 1}),
    "key id a list": token({"kid": [kid_of(KEY)]}),
    "key id a path": token({"kid": "../../dev/null"}, key=b""),
    "no typ": token({"typ": None}),
    "typ JWT": token({"typ": "JWT"}),
    "typ in capitals": token({"typ": "AT+JWT"}),
    "typ of a reset token": token({"typ": "reset+jwt"}),
    "typ a list": token({"typ": ["at+jwt"]}),
    "alg none, signed": token({"alg": "none"}),
    "alg none, unsigned": token({"alg": "none"}).rsplit(".", 1)[0] + ".",
    "alg None": token({"alg": "None"}),
    "no alg": token({"alg": None}),
    "alg empty": token({"alg": ""}),
    "alg a list": token({"alg": ["HS256"]}),
    "alg an object": token({"alg": {}}),
    "alg HS512": token({"alg": "HS512"}, digest="sha512"),
    "alg HS384": token({"alg": "HS384"}, digest="sha384"),
    "alg RS256 over the secret": token({"alg": "RS256"}),
    "alg ES256 over nothing": f"{token({'alg': 'ES256'}).rsplit('.', 1)[0]}.{b64(bytes(64))}",
    "alg in small letters": token({"alg": "hs256"}),
    "HS512 called HS256": token(digest="sha512"),
    "crit of an extension": token({"crit": ["exp"], "exp": 1}),
    "crit of b64": token({"crit": ["b64"], "b64": True}),
    "crit empty": token({"crit": []}),
    "detached payload": token({"crit": ["b64"], "b64": False}),
    "key in the header": token({"jwk": {"kty": "oct", "k": b64(KEY)}}),
    "address of a key": token({"jku": "https://evil.example/keys"}),
    "nested token": token({"cty": "JWT"}),
    "compressed": token({"zip": "DEF"}),
    "header a list": sealed(b"[]", b"{}"),
    "header null": sealed(b"null", b"{}"),
    "header no JSON": sealed(b"{", b"{}"),
    "header not UTF-8": sealed(b"\xff\xfe\xff", b"{}"),
    "payload a list": sealed(json.dumps(HEADER).encode(), b"[]"),
    "payload a string": sealed(json.dumps(HEADER).encode(), b'"sub"'),
    "payload null": sealed(json.dumps(HEADER).encode(), b"null"),
    "payload no JSON": sealed(json.dumps(HEADER).encode(), b"{"),
    "payload not UTF-8": sealed(json.dumps(HEADER).encode(), b'{"sub":"\xff"}'),
    "payload empty object": sealed(json.dumps(HEADER).encode(), b"{}"),
    "payload with something behind": sealed(json.dumps(HEADER).encode(), json.dumps(CLAIMS).encode() + b"{}"),
    **{f"no {name}": token(without=name) for name in CLAIMS},
    **{f"{name} null": token(**{name: None}) for name in CLAIMS},
    **{f"{name} empty": token(**{name: ""}) for name in CLAIMS},
    **{f"{name} a list": token(**{name: [CLAIMS[name]]}) for name in CLAIMS},
    **{f"{name} an object": token(**{name: {}}) for name in CLAIMS},
    "a claim more": token(role="admin"),
    "not before": token(nbf=IAT),
    "another issuer": token(iss="attendance "),
    "another audience": token(aud="calendar"),
    "audiences, ours among them": token(aud=["calendar", "attendance"]),
    "ids empty": token(sub="", user_id="", sid="", jti=""),
    "sub of somebody else": token(sub=SESSION_ID),
    "user_id of somebody else": token(user_id=SESSION_ID),
    "sid of another session": token(sid=ACCOUNT_ID),
    "jti of another session": token(jti=ACCOUNT_ID),
    "account id in capitals": token(sub=ACCOUNT_ID.upper(), user_id=ACCOUNT_ID.upper()),
    "account id a number": token(sub=1, user_id=1),
    "account id no UUID": token(sub="1", user_id="1"),
    "session id in capitals": token(sid=SESSION_ID.upper(), jti=SESSION_ID.upper()),
    "session id in braces": token(sid=f"{{{SESSION_ID}}}", jti=f"{{{SESSION_ID}}}"),
    "sub in capitals, user_id not": token(sub=ACCOUNT_ID.upper()),
    "sid in capitals, jti not": token(sid=SESSION_ID.upper()),
    "session id a URN": token(sid=f"urn:uuid:{SESSION_ID}", jti=f"urn:uuid:{SESSION_ID}"),
    "session id without hyphens": token(sid=SESSION_ID.replace("-", ""), jti=SESSION_ID.replace("-", "")),
    "session id with a space": token(sid=f" {SESSION_ID}", jti=f" {SESSION_ID}"),
    "session id with a NUL": token(sid=f"{SESSION_ID}\0", jti=f"{SESSION_ID}\0"),
    "session id of surrogates": token(sid="\ud800" * 32, jti="\ud800" * 32),
    "session id of Arabic digits": token(sid="٠" * 32, jti="٠" * 32),
    "expired just now": token(iat=IAT - 10, exp=IAT),
    "expired long ago": token(iat=1, exp=2),
    "expired before it was issued": token(exp=IAT - 1),
    "issued after it expires, both within a minute": token(iat=IAT + 40, exp=IAT + 20),
    "lives too long by a second": token(exp=EXP + 1),
    "never expires": token(exp=10**30),
    "expires beyond all integers": raw_claim("exp", "9" * 2_000),
    "issued beyond all integers": raw_claim("iat", "-" + "9" * 2_000),
    "both beyond all integers": token(iat=10**400, exp=10**400 + 1),
    "exp negative": token(exp=-1),
    "both negative": token(iat=-10, exp=-1),
    "exp a float": token(exp=EXP + 0.5),
    "exp a whole float": raw_claim("exp", f"{EXP}.0"),
    "exp with an exponent": raw_claim("exp", "1.9e9"),
    "exp huge with an exponent": raw_claim("exp", "1e400"),
    "exp NaN": raw_claim("exp", "NaN"),
    "exp infinite": raw_claim("exp", "Infinity"),
    "exp a string": token(exp=str(EXP)),
    "exp true": token(exp=True),
    "iat a float": token(iat=IAT + 0.5),
    "iat NaN": raw_claim("iat", "NaN"),
    "iat infinitely long ago": raw_claim("iat", "-Infinity"),
    "iat a string": token(iat=str(IAT)),
    "iat true": token(iat=True),
    "both booleans": token(iat=False, exp=True),
    "issued in the future": token(iat=IAT + 62),
}


OVER = {"expired just now", "expired long ago", "both negative"}
"""Those among them that could have been given out here once."""


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_token_points_to_no_session(what: str) -> None:
    tokens, hostile = jwt_tokens(KEY, OLD_KEY), HOSTILE[what]
    for _ in range(2):
        if what in OVER:
            check_over(tokens, hostile)
        else:
            assert tokens.subject(hostile) is None
    assert len(tokens._verified_tokens._pointers) == 0


def check_over(tokens: JwtTokens, expired: str) -> None:
    """It is told that its session is over, which no other token is."""
    with pytest.raises(SessionExpired, match="authentication required"):
        tokens.subject(expired)


def test_an_expired_token_that_was_tampered_with_is_told_nothing() -> None:
    expired = HOSTILE["expired long ago"]
    assert jwt_tokens().subject(expired[:-4] + "AAAA") is None
    assert jwt_tokens(STRANGE_KEY).subject(expired) is None


def test_the_token_that_the_hostile_ones_vary_is_good() -> None:
    assert len(HOSTILE) >= 70
    assert jwt_tokens(KEY, OLD_KEY).subject(GOOD) == SUBJECT


def test_a_token_has_at_most_4096_characters() -> None:
    header, claims = json.dumps(HEADER).encode(), json.dumps(CLAIMS).encode()
    padded = [sealed(b" " * spaces + header, claims) for spaces in range(2_300, 2_800)]
    longest = max((padded_token for padded_token in padded if len(padded_token) <= 4096), key=len)
    too_long = min((padded_token for padded_token in padded if len(padded_token) > 4096), key=len)
    assert len(too_long) - len(longest) <= 2
    assert jwt_tokens().subject(longest) == SUBJECT
    assert jwt_tokens().subject(too_long) is None


def test_a_clock_set_to_1970_does_not_make_booleans_into_instants() -> None:
    clock = Clock(datetime(1970, 1, 1, tzinfo=UTC))
    assert jwt_tokens(clock=clock).subject(token(iat=0, exp=1)) == SUBJECT
    assert jwt_tokens(clock=clock).subject(token(iat=False, exp=True)) is None


def test_what_is_issued_points_to_its_session() -> None:
    tokens = jwt_tokens()
    assert tokens.subject(tokens.issue(SESSION)) == SUBJECT


def test_a_token_says_what_the_protocol_says_and_no_more() -> None:
    header, payload, _ = jwt_tokens().issue(SESSION).split(".")
    assert json.loads(_decoded(header)) == HEADER
    assert json.loads(_decoded(payload)) == CLAIMS


def test_the_first_key_signs_and_all_verify() -> None:
    before, between, after = jwt_tokens(OLD_KEY), jwt_tokens(KEY, OLD_KEY), jwt_tokens(KEY)
    old, new = before.issue(SESSION), between.issue(SESSION)
    assert between.subject(old) == between.subject(new) == after.subject(new) == SUBJECT
    assert before.subject(new) is None
    assert after.subject(old) is None


@pytest.mark.parametrize(
    "keys",
    [
        (),
        (b"",),
        (b"k" * 31,),
        (KEY, b"k" * 31),
        (KEY, KEY),
        (PEM,),
        (b'{"kty": "oct", "k": "c2VjcmV0c2VjcmV0"}',),
    ],
    ids=["none", "empty", "short", "second short", "twice the same", "public key", "key in JSON"],
)
def test_keys_that_protect_nothing_are_refused_at_once(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="key") as refused:
        JwtTokens(keys=keys, clock=Clock(), longest_life=LIFE)
    assert not any(key and repr(key)[2:-1] in str(refused.value) for key in keys), "no key in the message"


def test_keys_are_raw_bytes_of_any_kind() -> None:
    tokens = jwt_tokens(bytes(range(256)))
    assert tokens.subject(tokens.issue(SESSION)) == SUBJECT


def test_another_issuer_and_audience_are_another_service() -> None:
    ours, theirs = jwt_tokens(), jwt_tokens(issuer="club", audience="club")
    assert theirs.subject(theirs.issue(SESSION)) == SUBJECT
    assert theirs.subject(ours.issue(SESSION)) is None
    assert ours.subject(theirs.issue(SESSION)) is None


def test_a_verified_tokens_token_expires_all_the_same() -> None:
    clock = Clock()
    tokens = jwt_tokens(clock=clock)
    assert tokens.subject(GOOD) == SUBJECT
    clock.now = datetime.fromtimestamp(EXP, UTC) - timedelta(microseconds=1)
    assert tokens.subject(GOOD) == SUBJECT
    clock.now = datetime.fromtimestamp(EXP, UTC)
    check_over(tokens, GOOD)
    assert len(tokens._verified_tokens._pointers) == 0


def test_clocks_of_two_machines_may_differ_by_a_minute() -> None:
    clock = Clock(datetime.fromtimestamp(IAT - 60, UTC))
    tokens = jwt_tokens(clock=clock)
    assert tokens.subject(GOOD) == SUBJECT
    clock.now -= timedelta(microseconds=1)
    assert tokens.subject(GOOD) is None, "remembered or not"
    assert jwt_tokens(clock=clock).subject(GOOD) is None


@pytest.mark.parametrize("fraction", [0, 1, 500_000, 999_999])
@pytest.mark.parametrize("life", [timedelta(seconds=1), timedelta(seconds=90, microseconds=1), LIFE])
def test_what_is_issued_never_lives_longer_than_its_session(fraction: int, life: timedelta) -> None:
    start = NOW.replace(microsecond=fraction)
    session = Session(
        id=SESSION.id,
        account_id=SESSION.account_id,
        started_at=start,
        expires_at=start + life,
        last_seen_at=start,
    )
    clock = Clock(start)
    tokens = JwtTokens(keys=(KEY,), clock=clock, longest_life=life)
    issued = tokens.issue(session)
    assert tokens.subject(issued) == SUBJECT
    clock.now = start + life
    check_over(tokens, issued)


def test_a_token_seen_before_is_not_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = jwt_tokens()
    assert tokens.subject(GOOD) == SUBJECT
    monkeypatch.setattr(tokens, "_verified", lambda _: pytest.fail("verified again"))
    assert tokens.subject(GOOD) == SUBJECT


def test_the_tokens_used_longest_ago_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "_MOST_CACHED_TOKENS", 2)
    first, second, third = (token(iat=IAT - n) for n in range(3, 6))
    tokens = JwtTokens(keys=(KEY,), clock=Clock(), longest_life=2 * LIFE)
    for seen in (first, second, first, third):
        assert tokens.subject(seen) == SUBJECT
    assert len(tokens._verified_tokens._pointers) == 2
    monkeypatch.setattr(tokens, "_verified", lambda _: None)
    assert [tokens.subject(seen) for seen in (first, second, third)] == [SUBJECT, None, SUBJECT]


def test_no_token_is_kept_in_memory() -> None:
    tokens = jwt_tokens()
    tokens.subject(GOOD)
    assert list(tokens._verified_tokens._pointers) == [hashlib.sha256(GOOD.encode()).digest()]


def test_many_threads_may_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "_MOST_CACHED_TOKENS", 3)
    tokens = JwtTokens(keys=(KEY,), clock=Clock(), longest_life=2 * LIFE)
    asked = [token(iat=IAT - n) for n in range(8)] * 50
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(tokens.subject, asked)) == {SUBJECT}
    assert len(tokens._verified_tokens._pointers) <= 3


@settings(deadline=None)
@given(st.text(alphabet=st.characters()) | st.binary() | st.from_regex(r"\A[\w-]*\.[\w-]*\.[\w-]*\Z"))
def test_no_text_makes_it_raise(anything: Any) -> None:
    assert jwt_tokens().subject(anything) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(header=st.dictionaries(st.sampled_from(["typ", "alg", "kid", "crit", "b64", "x"]), JSON, min_size=1))
def test_no_header_but_ours_is_accepted(header: dict[str, Any]) -> None:
    head = {**HEADER, **header}
    accepted = jwt_tokens().subject(sealed(json.dumps(head).encode(), json.dumps(CLAIMS).encode()))
    assert (accepted is not None) == (head == HEADER)


@settings(deadline=None)
@given(claims=st.dictionaries(st.sampled_from([*CLAIMS, "nbf", "x"]), JSON, min_size=1))
def test_no_claims_of_another_type_are_accepted_even_under_our_signature(claims: dict[str, Any]) -> None:
    accepted = jwt_tokens().subject(token(**claims)) is not None
    assert not accepted or all(type(claims[name]) is type(CLAIMS[name]) for name in claims)


@settings(deadline=None)
@given(
    position=st.integers(0, len(GOOD) - 1),
    put=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="),
)
def test_a_single_changed_character_is_enough(position: int, put: str) -> None:
    changed = GOOD[:position] + put + GOOD[position + 1 :]
    assert changed == GOOD or jwt_tokens().subject(changed) is None


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
