"""Which email addresses are accepted: those that any mail server can be given, without asking one."""

from email_validator import EmailNotValidError, validate_email

from attendance.application.ports import EmailAddresses
from attendance.domain.accounts.accounts import LONGEST_EMAIL
from attendance.domain.errors import FieldError, Invalid

_NOT_ONE = "must be an email address like anna@example.org"


class ValidEmailAddresses(EmailAddresses):
    """By the rules for addresses on the Internet, ASCII before the @. No name service is asked."""

    def accepted(self, email: str) -> str:
        if len(email) > LONGEST_EMAIL:
            raise Invalid(FieldError("email", f"must have at most {LONGEST_EMAIL} characters"))
        if not email.rpartition("@")[0].isascii():
            raise Invalid(FieldError("email", "must have only ASCII characters before the @"))
        try:
            valid = validate_email(email, check_deliverability=False, allow_smtputf8=False, strict=True)
        except EmailNotValidError as error:
            raise Invalid(FieldError("email", _NOT_ONE)) from error
        # "=?" begins an encoded word: in a header such an address could be read as another.
        if "=?" in email:
            raise Invalid(FieldError("email", _NOT_ONE))
        return valid.normalized
