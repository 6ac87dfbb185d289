"""Counting what is limited, in the store, so that it is the same for all who serve."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from attendance.application.ports import Clock, Store, UnitOfWork
from attendance.application.retrying import retried
from attendance.domain.accounts.rate_limits import Limit, Limits, window_key

Claims: TypeAlias = Mapping[str, Limit]
"""What is to be counted, by the key it is counted under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimiter:
    """Counts. What somebody does from no known address is not counted for one."""

    store: Store
    clock: Clock
    limits: Limits

    def of_sign_in(self, subject: object, address: str | None) -> Claims:
        """`subject` is an account, by whatever it was named, or the name nobody has."""
        claims = {window_key("sign_in.account", subject): self.limits.failed_sign_ins_per_account}
        if address is not None:
            claims[window_key("sign_in.address", address)] = self.limits.failed_sign_ins_per_address
        return claims

    def of_registration(self, address: str | None) -> Claims:
        if address is None:
            return {}
        return {window_key("registration.address", address): self.limits.registrations_per_address}

    def of_confirmation_mail(self, account_id: object) -> Claims:
        return {window_key("confirmation_mail", account_id): self.limits.confirmation_mails_per_account}

    def of_reset_mail(self, account_id: object) -> Claims:
        return {window_key("reset_mail", account_id): self.limits.reset_mails_per_account}

    @retried
    def require_room(self, claims: Claims) -> None:
        """Raise LimitReached when once more would be too often for any of them. Counts nothing."""
        with self.store.autocommit() as work:
            for key, limit in claims.items():
                work.rate_limit_windows.find(key).require_room(limit, at=self.clock())

    @retried
    def take(self, claims: Claims) -> datetime:
        """Count once for each, or for none of them and raise LimitReached. The moment is for `give_back`."""
        with self.store.transaction() as work:
            return self.take_in(work, claims)

    def take_in(self, work: UnitOfWork, claims: Claims) -> datetime:
        """As part of a unit: what is rolled back was not counted."""
        at = self.clock()
        for key, limit in sorted(claims.items()):
            work.rate_limit_windows.save(work.rate_limit_windows.get_for_update(key).taken(limit, at=at))
        return at

    @retried
    def give_back(self, claims: Claims, at: datetime) -> None:
        with self.store.transaction() as work:
            self.give_back_in(work, claims, at)

    def give_back_in(self, work: UnitOfWork, claims: Claims, at: datetime) -> None:
        """What was taken at that moment does not count after all."""
        for key in sorted(claims):
            work.rate_limit_windows.save(work.rate_limit_windows.get_for_update(key).given_back(at))
