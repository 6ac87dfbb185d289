"""Which email addresses are accepted: by their form, without asking a mail or name server."""

from email_validator import EmailNotValidError, validate_email

from attendance.application.ports import EmailAddresses
from attendance.domain.accounts.accounts import LONGEST_EMAIL
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.text import trimmed

_NO_ADDRESS = "must be an email address like anna@example.org"


class ValidEmailAddresses(EmailAddresses):
    """Accept addresses of the Internet's form (RFC 5321) with ASCII before the @."""

    def accepted(self, email: str) -> str:
        email = trimmed(email)
        if len(email) > LONGEST_EMAIL:
            raise Invalid(FieldError("email", f"must have at most {LONGEST_EMAIL} characters"))
        if not email.rpartition("@")[0].isascii():
            raise Invalid(FieldError("email", "must have only ASCII characters before the @"))
        try:
            valid = validate_email(email, check_deliverability=False, allow_smtputf8=False, strict=True)
        except EmailNotValidError as error:
            raise Invalid(FieldError("email", _NO_ADDRESS)) from error
        # "=?" begins an encoded word: in a header such an address could be read as another.
        if "=?" in email:
            raise Invalid(FieldError("email", _NO_ADDRESS))
        return valid.normalized
