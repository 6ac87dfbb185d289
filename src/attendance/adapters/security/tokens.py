"""Access tokens: signed JWTs (RFC 7519; typed, RFC 9068) that point to a session and say nothing else."""

import json
import math
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from threading import Lock
from uuid import UUID

from jwt import PyJWS, PyJWTError

from attendance.application.ports import Clock, Tokens, TokenSubject
from attendance.domain.accounts.sessions import Session, SessionExpired
from attendance.domain.ids import AccountId, SessionId

_ALGORITHM = "HS256"
_SHORTEST_KEY_BYTES = 32
_LONGEST_TOKEN = 4096
_LEEWAY_SECONDS = 60
_MOST_CACHED_TOKENS = 10_000
_COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_CLAIMS = frozenset({"iss", "aud", "sub", "user_id", "sid", "jti", "iat", "exp"})


@dataclass(frozen=True, slots=True)
class _Pointer:
    """The claims of a token with a valid signature; times in seconds of Unix time."""

    subject: TokenSubject
    issued_at: int
    expires_at: int


class JwtTokens(Tokens):
    """The first key signs, all verify. A token is valid exactly when `issue` could have written it.

    Raises ValueError for keys that are absent, shorter than 32 bytes, shaped like a public key, or alike.
    """

    def __init__(
        self,
        *,
        keys: tuple[bytes, ...],
        clock: Clock,
        longest_life: timedelta,
        issuer: str = "attendance",
        audience: str = "attendance",
    ) -> None:
        self._jws = PyJWS(algorithms=[_ALGORITHM])
        self._keys = self._checked(keys)
        self._signing_kid = next(iter(self._keys))
        self._clock = clock
        self._longest_life = math.ceil(longest_life.total_seconds())
        self._issuer = issuer
        self._audience = audience
        self._verified_tokens = _VerifiedTokens(_MOST_CACHED_TOKENS)

    def issue(self, session: Session) -> str:
        account_id, session_id = str(session.account_id), str(session.id)
        claims: dict[str, str | int] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": account_id,
            "user_id": account_id,
            "sid": session_id,
            "jti": session_id,
            "iat": math.floor(session.started_at.timestamp()),
            "exp": math.floor(session.expires_at.timestamp()),
        }
        return self._signed(claims, self._signing_kid, self._keys[self._signing_kid])

    def subject(self, token: str) -> TokenSubject | None:
        if not isinstance(token, str):
            return None
        if len(token) > _LONGEST_TOKEN or not _COMPACT_JWS.fullmatch(token):
            return None
        digest = sha256(token.encode()).digest()
        cached = self._verified_tokens.get(digest)
        pointer = cached or self._verified(token)
        if pointer is None:
            return None
        now = self._clock().timestamp()
        if now >= pointer.expires_at:
            self._verified_tokens.forget(digest)
            raise SessionExpired
        if now < pointer.issued_at - _LEEWAY_SECONDS:
            self._verified_tokens.forget(digest)
            return None
        if cached is None:
            self._verified_tokens.put(digest, pointer)
        return pointer.subject

    def _verified(self, token: str) -> _Pointer | None:
        try:
            header = self._jws.get_unverified_header(token)
            kid = header.get("kid", "")
            if kid not in self._keys or header != _header(kid):
                return None
            return self._pointer(json.loads(self._jws.decode(token, self._keys[kid], [_ALGORITHM])))
        except (PyJWTError, ValueError, RecursionError):
            return None

    def _pointer(self, claims: object) -> _Pointer | None:
        """What the claims say; None or ValueError when they are not such as `issue` writes."""
        if not isinstance(claims, dict) or claims.keys() != _CLAIMS:
            return None
        if (claims["iss"], claims["aud"]) != (self._issuer, self._audience):
            return None
        account_id, session_id = _canonical_uuid(claims["sub"]), _canonical_uuid(claims["sid"])
        if (claims["user_id"], claims["jti"]) != (str(account_id), str(session_id)):
            return None
        issued_at, expires_at = claims["iat"], claims["exp"]
        if type(issued_at) is not int or type(expires_at) is not int:
            return None
        if not 0 < expires_at - issued_at <= self._longest_life:
            return None
        subject = TokenSubject(SessionId(session_id), AccountId(account_id))
        return _Pointer(subject, issued_at, expires_at)

    def _checked(self, keys: tuple[bytes, ...]) -> dict[str, bytes]:
        if not keys:
            raise ValueError("tokens need a key")
        by_kid = {}
        for key in keys:
            if len(key) < _SHORTEST_KEY_BYTES:
                raise ValueError(f"a token key has at least {_SHORTEST_KEY_BYTES} bytes")
            kid = sha256(key).hexdigest()[:8]
            if kid in by_kid:
                raise ValueError(f"two token keys have the same id {kid}")
            try:
                self._signed({}, kid, key)
            except PyJWTError as error:
                raise ValueError(f"the token key {kid} cannot be used: {error}") from error
            by_kid[kid] = key
        return by_kid

    def _signed(self, claims: dict[str, str | int], kid: str, key: bytes) -> str:
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return self._jws.encode(payload, key, _ALGORITHM, _header(kid))


class _VerifiedTokens:
    """Verified claims by the token's digest, least recently used first out.

    Verifying a signature costs as much as the rest of a request."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._pointers: OrderedDict[bytes, _Pointer] = OrderedDict()

    def get(self, digest: bytes) -> _Pointer | None:
        with self._lock:
            pointer = self._pointers.get(digest)
            if pointer is not None:
                self._pointers.move_to_end(digest)
            return pointer

    def put(self, digest: bytes, pointer: _Pointer) -> None:
        with self._lock:
            self._pointers[digest] = pointer
            if len(self._pointers) > self._most:
                self._pointers.popitem(last=False)

    def forget(self, digest: bytes) -> None:
        with self._lock:
            self._pointers.pop(digest, None)


def _header(kid: str) -> dict[str, str]:
    return {"typ": "at+jwt", "alg": _ALGORITHM, "kid": kid}


def _canonical_uuid(text: object) -> UUID:
    if not isinstance(text, str) or str(uuid := UUID(text)) != text:
        raise ValueError("not an id")
    return uuid
