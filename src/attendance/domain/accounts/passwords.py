"""Rules for passwords."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from attendance.domain.errors import FieldError, Forbidden, Invalid

LONGEST_PASSWORD_BYTES = 1024


class WrongPassword(Forbidden):
    """Whoever changes the own password has to know the present one."""

    text = "current password is wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRules:
    """Rules for new passwords, not for signing in: at least `shortest` characters, not common."""

    shortest: int
    is_common: Callable[[str], bool]

    def accepted(self, password: str, *, field: str = "password") -> str:
        """The password in NFC, as it is hashed. Raises Invalid, about `field`, where it breaks a rule."""
        normal = normal_password(password)
        if normal is None:
            raise Invalid(FieldError(field, f"must be text of at most {LONGEST_PASSWORD_BYTES} bytes"))
        if "\0" in normal:
            raise Invalid(FieldError(field, "must not contain U+0000"))
        if len(normal) < self.shortest:
            raise Invalid(FieldError(field, f"must have at least {self.shortest} characters"))
        if self.is_common(normal):
            raise Invalid(FieldError(field, "is among the most common passwords"))
        return normal


def normal_password(password: str) -> str | None:
    """The password in NFC; None where no account can have it: over 1024 bytes, or with a lone surrogate."""
    try:
        normal = unicodedata.normalize("NFC", password)
        return normal if len(normal.encode()) <= LONGEST_PASSWORD_BYTES else None
    except UnicodeEncodeError:
        return None
