"""Rate limits: the counts are in the store, so that they are the same for all processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from attendance.application.forms.retrying import retried
from attendance.application.ports import Clock, Store, UnitOfWork
from attendance.domain.accounts.rate_limits import Limit, Limits, address_key, known_since, window_key

Claims: TypeAlias = Mapping[str, Limit]
"""The limits that an act counts against, by the key of the window that counts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimiter:
    """Counts acts against limits. Without a known address nothing is counted against limits per address."""

    store: Store
    clock: Clock
    limits: Limits

    @retried
    def of_sign_in(self, subject: object, address: str | None) -> Claims:
        """Claims of a failed sign-in. `subject`: the account's id, or a name or address nobody has.

        Where somebody signed in to the account from this address within 30 days, the number of failures from
        everywhere refuses nothing. Asks the store the same whoever the subject is.
        """
        place, everywhere = address_key(subject, address), self.limits.failed_sign_ins_everywhere
        with self.store.autocommit() as work:
            if work.sign_in_addresses.has(place, since=known_since(self.clock())):
                everywhere = everywhere.counting_only
        claims = {
            place: self.limits.failed_sign_ins_per_account,
            window_key("sign_in.account", subject): everywhere,
        }
        if address is not None:
            claims[window_key("sign_in.address", address)] = self.limits.failed_sign_ins_per_address
        return claims

    def of_registration(self, address: str | None) -> Claims:
        """Claims of a registration from an address."""
        if address is None:
            return {}
        return {window_key("registration.address", address): self.limits.registrations_per_address}

    def of_confirmation_mail(self, account_id: object) -> Claims:
        """Claims of a mail with a confirmation link."""
        return {window_key("confirmation_mail", account_id): self.limits.confirmation_mails_per_account}

    def of_reset_mail(self, account_id: object) -> Claims:
        """Claims of a mail with a password link."""
        return {window_key("reset_mail", account_id): self.limits.reset_mails_per_account}

    @retried
    def require_room(self, claims: Claims) -> None:
        """Raise LimitReached where one of the limits is used up. Counts nothing."""
        with self.store.autocommit() as work:
            for key, limit in claims.items():
                work.rate_limit_windows.find(key).require_room(limit, at=self.clock())

    @retried
    def take(self, claims: Claims) -> datetime:
        """Count once against each limit, and return the instant, which `give_back` needs.

        Raises LimitReached where one of them is used up; then nothing is counted.
        """
        with self.store.transaction() as work:
            return self.take_in(work, claims)

    def take_in(self, work: UnitOfWork, claims: Claims) -> datetime:
        """Like `take`, in this transaction: where it is rolled back, nothing is counted."""
        at = self.clock()
        for key, limit in sorted(claims.items()):
            work.rate_limit_windows.save(work.rate_limit_windows.get_for_update(key).taken(limit, at=at))
        return at

    @retried
    def give_back(self, claims: Claims, at: datetime) -> None:
        """Take back what was counted at this instant."""
        with self.store.transaction() as work:
            self.give_back_in(work, claims, at)

    def give_back_in(self, work: UnitOfWork, claims: Claims, at: datetime) -> None:
        """Like `give_back`, in this transaction."""
        for key in sorted(claims):
            work.rate_limit_windows.save(work.rate_limit_windows.get_for_update(key).given_back(at))
