"""Answers that are kept for a day under a key of the caller's, so that a request sent again has no effect."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from attendance.domain.errors import Conflict, Unprocessable
from attendance.domain.ids import AccountId

ANSWERS_ARE_KEPT = timedelta(hours=24)
LARGEST_KEPT_ANSWER = 256 * 1024
"""In bytes, as it is stored."""


class IdempotencyKeyReused(Unprocessable):
    """The caller has sent this key with another request within the last 24 hours."""

    text = "this idempotency key belongs to another request"


class IdempotencyKeyInUse(Conflict):
    """The first request with this key is still under way: ask again after `retry_after` seconds."""

    text = "a request with this idempotency key is still under way"
    retry_after = 1


class AnswerTooLarge(Conflict):
    """The request was done the first time, and its answer was too large to be kept. Nothing is done again."""

    text = "this request was done already, and its answer was too large to be kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What an account was answered under a key. `fingerprint` tells the request from every other.

    `content`: the answer as whoever answers wrote it down; None where it was too large.
    """

    account_id: AccountId
    key: str
    fingerprint: str
    content: bytes | None
    created_at: datetime

    @classmethod
    def of(
        cls, account_id: AccountId, key: str, fingerprint: str, content: bytes, at: datetime
    ) -> "KeptAnswer":
        """An answer given at an instant, without its content where that is too large."""
        is_kept = len(content) <= LARGEST_KEPT_ANSWER
        return cls(
            account_id=account_id,
            key=key,
            fingerprint=fingerprint,
            content=content if is_kept else None,
            created_at=at,
        )

    def is_over(self, at: datetime) -> bool:
        """Whether the key may be used for another request by now."""
        return self.created_at + ANSWERS_ARE_KEPT <= at

    def content_for(self, fingerprint: str) -> bytes:
        """The answer to the same request again. Raises IdempotencyKeyReused, AnswerTooLarge."""
        if self.fingerprint != fingerprint:
            raise IdempotencyKeyReused
        if self.content is None:
            raise AnswerTooLarge
        return self.content
