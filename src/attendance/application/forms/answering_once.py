"""Answering a request once: whoever sends it again under the same key gets the first answer, no effect."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from attendance.application.ports import Clock, Contended, Store
from attendance.domain.accounts.kept_answers import IdempotencyKeyInUse, KeptAnswer
from attendance.domain.errors import AttendanceError, Unavailable
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level_for_some
from attendance.domain.permissions.table import Permission

A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest(Generic[A]):
    """A request under a `key`; its `fingerprint` is the same for the same request alone.

    `answer` does what is asked for and tells the answer. `written` and `read` make bytes of an answer and an
    answer of these. A kept answer is shown to whoever has the `permission` still, at least for what is own.
    """

    key: str
    fingerprint: str
    permission: Permission | None
    answer: Callable[[], A]
    written: Callable[[A], bytes]
    read: Callable[[bytes], A]


@dataclass(frozen=True, slots=True)
class KeysUnderWay:
    """The keys whose requests this process is answering at the moment."""

    _keys: dict[tuple[AccountId, str], object] = field(default_factory=dict)

    @contextmanager
    def holding(self, account_id: AccountId, key: str) -> Iterator[None]:
        """A block in which the key is under way. Raises IdempotencyKeyInUse where it is already."""
        place, mine = (account_id, key), object()
        # one step, whatever other threads do
        if self._keys.setdefault(place, mine) is not mine:
            raise IdempotencyKeyInUse
        try:
            yield
        finally:
            del self._keys[place]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOnce:
    """Return the answer to a request, and whether it is the one that was kept of an earlier time.

    The first time the request is answered, and its answer is kept for 24 hours in the same transaction as all
    that it changed: a crash leaves both or neither. A request that is refused keeps nothing, and may be sent
    again under its key. Raises what answering does; IdempotencyKeyReused where the account has sent another
    request under the key; IdempotencyKeyInUse where the first one is still being answered, by this process
    or, on PostgreSQL, by another; AnswerTooLarge; Forbidden for who lost the permission meanwhile.
    """

    store: Store
    clock: Clock
    keys_under_way: KeysUnderWay = field(default_factory=KeysUnderWay)

    def __call__(self, actor: Actor, request: KeyedRequest[A]) -> tuple[A, bool]:
        cause: Contended | None = None
        with self.keys_under_way.holding(actor.id, request.key):
            for _ in self.store.attempts():
                try:
                    return self._in_one_transaction(actor, request)
                except Unavailable as unavailable:
                    # in a transaction that others join nothing is tried again, so all of it is
                    if not isinstance(unavailable.__cause__, Contended):
                        raise
                    cause = unavailable.__cause__
        raise Unavailable from cause

    def _in_one_transaction(self, actor: Actor, request: KeyedRequest[A]) -> tuple[A, bool]:
        with self.store.ambient():
            kept = self._kept(actor, request)
            if kept is not None:
                if request.permission is not None:
                    require_level_for_some(actor, request.permission)
                return request.read(kept.content_for(request.fingerprint)), True
            try:
                answer = request.answer()
            except Unavailable:
                raise
            except AttendanceError as refused:
                # what it changed in spite of that is kept, as without a key
                refusal = refused
            else:
                self._keep(actor, request, answer)
                return answer, False
        raise refusal

    def _kept(self, actor: Actor, request: KeyedRequest[A]) -> KeptAnswer | None:
        """The answer that counts, from now on nobody else's to give. Raises IdempotencyKeyInUse."""
        with self.store.transaction() as work:
            if not work.kept_answers.claim(actor.id, request.key):
                raise IdempotencyKeyInUse
            kept = work.kept_answers.find(actor.id, request.key)
            if kept is None or not kept.is_over(self.clock()):
                return kept
            work.kept_answers.remove(kept)
            return None

    def _keep(self, actor: Actor, request: KeyedRequest[A], answer: A) -> None:
        content = request.written(answer)
        with self.store.transaction() as work:
            work.kept_answers.add(
                KeptAnswer.of(actor.id, request.key, request.fingerprint, content, self.clock())
            )
