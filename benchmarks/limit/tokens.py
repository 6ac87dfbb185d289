"""Tokens by PyJWT, the good ones remembered by their digest as the service does."""

from hashlib import sha256
from time import time
from uuid import UUID

import jwt

MOST = 10_000
LEEWAY_SECONDS = 60


class Verified:
    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._kept: dict[bytes, tuple[UUID, int, int]] = {}

    def session_id(self, token: bytes) -> UUID | None:
        digest = sha256(token).digest()
        kept = self._kept.get(digest)
        if kept is None:
            try:
                claims = jwt.decode(
                    token,
                    self._secret,
                    ["HS256"],
                    audience="attendance",
                    issuer="attendance",
                    leeway=LEEWAY_SECONDS,
                )
                kept = UUID(claims["sid"]), claims["iat"], claims["exp"]
            except (jwt.PyJWTError, KeyError, ValueError):
                return None
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[digest] = kept
        session_id, issued_at, expires_at = kept
        return session_id if issued_at - LEEWAY_SECONDS <= time() < expires_at else None
