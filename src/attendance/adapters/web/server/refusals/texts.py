"""What refusals and faults of fields say to people.

The API says the same in English, for programs and whoever writes them; a text here may be put more plainly.
Whatever the application refuses with has to be here: tests/web/test_refusals.py looks for it in the code.
"""

from collections.abc import Mapping

from attendance.adapters.web.server.languages import N_, NN_

Text = str | tuple[str, str]
"""A text, or its forms for one and for many by its `%(number)s`."""

TEXT_BY_CODE: Mapping[str, str] = {
    "address_taken": N_("address is taken"),
    "already_in_group": N_("client is in the group already"),
    "already_marked": N_("already marked"),
    "already_member": N_("already a member"),
    "answer_too_large": N_("this was done already"),
    "attendance_not_found": N_("attendance not found"),
    "attended_lesson": N_("lesson has marks that it cannot have before it begins"),
    "authentication_required": N_("authentication required"),
    "client_archived": N_("client is archived"),
    "client_not_found": N_("client not found"),
    "conflict": N_("conflict"),
    "contract_not_found": N_("contract not found"),
    "contract_of_another_client": N_("contract belongs to another client"),
    "current_has_no_end": N_("a current pass has no end"),
    "discount_forbidden": N_("only managers give a discount"),
    "email_taken": N_("email is taken"),
    "freeze_after_end": N_("freeze starts after the pass ends"),
    "freeze_before_start": N_("freeze is over before the pass begins"),
    "freezes_overlap": N_("freezes overlap"),
    "from_elsewhere": N_("this form was not sent by a page of this service"),
    "somebody_else": N_("somebody else is signed in"),
    "gone": N_("gone"),
    "group_full": N_("group is full"),
    "group_not_found": N_("group not found"),
    "idempotency_key_in_use": N_("this is still being done"),
    "idempotency_key_reused": N_("this was done already"),
    "insufficient_permissions": N_("insufficient permissions"),
    "invalid_confirmation_token": N_("invalid or expired confirmation token"),
    "invalid_credentials": N_("invalid credentials"),
    "invalid_reset_token": N_("invalid or expired reset token"),
    "invalid_token": N_("authentication required"),
    "lab_not_found": N_("lab not found"),
    "lab_or_user_not_found": N_("lab or user not found"),
    "last_owner": N_("the last owner cannot be removed"),
    "lesson_begun": N_("lesson has begun"),
    "lesson_cancelled": N_("lesson is cancelled"),
    "lesson_marked": N_("lesson has marks"),
    "lesson_not_found": N_("lesson not found"),
    "lessons_overlap": N_("lessons of a group may not overlap"),
    "lessons_planned": N_("lessons are planned after that"),
    "limit_reached": N_("too many requests"),
    "location_not_found": N_("location not found"),
    "mail_not_found": N_("mail not found"),
    "malformed_request": N_("malformed request"),
    "membership_not_found": N_("client is not in the group on these days"),
    "not_a_member": N_("user is not a member of the lab"),
    "not_awaiting_confirmation": N_("this was decided already, or is over"),
    "not_confirmed_and_active": N_("account is not confirmed and active"),
    "not_found": N_("not found"),
    "not_on_roster": N_("client is not on the roster"),
    "not_invited": N_("no invitation is open"),
    "nothing_to_confirm": N_("there is no address to confirm"),
    "number_taken": N_("contract number is taken"),
    "only_owner_deletes": N_("only lab owner can delete attendance"),
    "only_owner_manages": N_("only lab owner can manage attendance"),
    "only_owner_views": N_("only lab owner can view attendance"),
    "outdated": N_("changed since you read it"),
    "outside_freeze": N_("must be a day of the freeze"),
    "outside_group_dates": N_("the group is not active on that date"),
    "owner_exists": N_("there is an owner already"),
    "price_not_found": N_("price not found"),
    "price_not_on_sale": N_("price is not on sale"),
    "registration_by_invitation": N_("registration is by invitation"),
    "role_change_awaiting": N_("a change of this account awaits a decision already"),
    "role_change_not_found": N_("role change not found"),
    "roster_held": N_("lessons were held with another roster"),
    "held_roster_changes": N_("the list of lessons that were held changes"),
    "session_expired": N_("authentication required"),
    "session_not_found": N_("session not found"),
    "slot_taken": N_("there is a lesson at that time already"),
    "sold_too_long_ago": N_("sold too long ago"),
    "subscription_does_not_cover": N_("does not cover this visit"),
    "subscription_not_found": N_("pass not found"),
    "too_late": N_("too late to change this lesson"),
    "unavailable": N_("temporarily unavailable"),
    "unprocessable": N_("this cannot be done"),
    "user_not_found": N_("user not found"),
    "username_taken": N_("username is taken"),
    "visits_outside_subscription": N_("visits are charged to it"),
    "week_full": N_("has paid for all its visits of this week"),
    "wrong_password": N_("current password is wrong"),
}
"""What refusals say, by their codes."""

TEXTS_WITH_VALUES: Mapping[str, Text] = {
    "group is full: %(number)s members on one day": NN_(
        "the group has %(number)s member on one day: it cannot be less",
        "the group has %(number)s members on one day: it cannot be less",
    ),
    "lessons are planned after that: %(days)s": N_("lessons are planned after that: %(days)s"),
    "the roster of lessons that were held changes: %(days)s": N_(
        "the list of lessons that were held changes: %(days)s"
    ),
    "lessons were held with another roster: %(days)s; only a head manager may change it": N_(
        "lessons were held with another roster: %(days)s; only a head manager may change it"
    ),
    "visits are charged to it on %(days)s": N_("visits are charged to it on %(days)s"),
    "visits are charged to it on %(days)s and %(number)s more": NN_(
        "visits are charged to it on %(days)s and %(number)s more day",
        "visits are charged to it on %(days)s and %(number)s more days",
    ),
}
"""What refusals say that name something, by what they say to programs."""

TOO_MANY = NN_(
    "too many requests: try again in %(number)s minute", "too many requests: try again in %(number)s minutes"
)
INTERNAL = N_("something went wrong here, and was noted")
MALFORMED: Mapping[int, str] = {
    400: N_("this form cannot be read"),
    408: N_("this form took too long to arrive: send it again"),
    413: N_("this form is too large"),
    415: N_("this form cannot be read"),
}

FIELD_TEXTS: Mapping[str, Text] = {
    # texts
    "must have 1 to %(number)s characters": NN_(
        "must have 1 to %(number)s character", "must have 1 to %(number)s characters"
    ),
    "must have at least %(number)s characters": NN_(
        "must have at least %(number)s character", "must have at least %(number)s characters"
    ),
    "must have at most %(number)s characters": NN_(
        "must have at most %(number)s character", "must have at most %(number)s characters"
    ),
    "must be text of at most %(number)s bytes": NN_(
        "must be text of at most %(number)s byte", "must be text of at most %(number)s bytes"
    ),
    "must not contain U+0020": N_("must not contain blanks"),
    "must not contain %(character)s": N_("must not contain %(character)s"),
    "must have a character that is seen": N_("must have a character that is seen"),
    "must begin with http:// or https://": N_("must begin with http:// or https://"),
    "is beyond the end of the log, which is %(number)s": N_(
        "is beyond the end of the log, which is %(number)s"
    ),
    # accounts
    "must not mix scripts": N_("must not mix scripts"),
    "must not mix digits of different number systems": N_("must not mix digits of different number systems"),
    "must not begin with a combining mark, repeat one or pile up more than four": N_(
        "must not begin with a combining mark, repeat one or pile up more than four"
    ),
    "must be written in one direction (RFC 5893)": N_("must be written in one direction (RFC 5893)"),
    "must not change when it is normalised": N_("must not change when it is normalised"),
    "must be an email address like anna@example.org": N_("must be an email address like anna@example.org"),
    "must have only ASCII characters before the @": N_("must have only ASCII characters before the @"),
    "is among the most common passwords": N_("is among the most common passwords"),
    "is reserved": N_("is reserved"),
    "must not look like an id": N_("must not look like an id"),
    "must not be an email address, unless it is one's own": N_(
        "must not be an email address, unless it is one's own"
    ),
    "must not be an address that is given up": N_("must not be an address that is given up"),
    "can be changed, not removed": N_("can be changed, not removed"),
    "must have a username or an email, not both": N_("must have a username or an email, not both"),
    "must be a time zone such as Europe/Berlin": N_("must be a time zone such as Europe/Berlin"),
    # what is filled in
    "is required": N_("is required"),
    "must be one of the choices": N_("must be one of the choices"),
    "must not be repeated": N_("must not be repeated"),
    "must not repeat a field": N_("must not be repeated"),
    "must not repeat a user": N_("nobody may be named twice"),
    "must not repeat a group": N_("no group may be named twice"),
    "must not repeat an id": N_("nothing may be named twice"),
    "is no client": N_("is no client"),
    "is no group": N_("is no group"),
    "is no lesson": N_("is no lesson"),
    "is no user": N_("is no user"),
    # numbers
    "must be a whole number": N_("must be a whole number"),
    "must be a whole number from 0": N_("must be a whole number from 0"),
    "must be a whole number from 1": N_("must be a whole number from 1"),
    "must be a whole number from 0 to 100": N_("must be a whole number from 0 to 100"),
    "must be a whole number from 1 to %(number)s": N_("must be a whole number from 1 to %(number)s"),
    "must be from 1 to %(number)s": N_("must be a whole number from 1 to %(number)s"),
    "must be at most %(number)s": N_("must be at most %(number)s"),
    "must not have more than %(number)s parts": NN_(
        "must not have more than %(number)s part", "must not have more than %(number)s parts"
    ),
    "is %(number)s now": N_("changed since you read it"),
    "knows %(any)s, not %(other)s": N_("the list cannot be sorted by that"),
    # money
    "must be an amount such as 80.00": N_("must be an amount such as 80.00"),
    "may be read in two ways: write it without a sign for thousands": N_(
        "may be read in two ways: write it without a sign for thousands"
    ),
    "must be from 0 to %(amount)s": N_("must be from 0 to %(amount)s"),
    "must have at most %(number)s decimal places in %(currency)s": NN_(
        "must have at most %(number)s decimal place in %(currency)s",
        "must have at most %(number)s decimal places in %(currency)s",
    ),
    "must be a currency by its ISO 4217 code, such as EUR": N_("must be a currency, such as EUR"),
    # days and times
    "must be a date": N_("must be a date"),
    "must be a time of day such as 17:00": N_("must be a time of day such as 17:00"),
    "must be after starts": N_("must be after the start"),
    "must be from 1 (Monday) to 7": N_("must be a day of the week"),
    "must be at most %(number)s days from from": NN_(
        "must be at most %(number)s day after the first day",
        "must be at most %(number)s days after the first day",
    ),
    "must be given where every is more than 1 and the group has no active_from": N_(
        "is required where lessons are not in every week"
    ),
    "must not be after to": N_("must not be after the last day"),
    "must not be before from": N_("must not be before the first day"),
    "must not be before 1900": N_("must not be before 1900"),
    "must not be before 2000": N_("must not be before 2000"),
    "must not be before active_from": N_("must not be before the first day"),
    "must not be before on_sale_from": N_("must not be before the first day"),
    "must not be before signed_on": N_("must not be before the day of the signature"),
    "must not be before starts_on": N_("must not be before the first day"),
    "must not be given beside valid_days": N_("cannot be given in days and in months at once"),
    "must not be in the future": N_("must not be in the future"),
    "must not overlap with another entry": N_("must not overlap with another period"),
    "is out of range": N_("this day is too far away"),
    "is too late": N_("this day is too far away"),
    "last too long": N_("freezes are too long"),
    # lessons and marks
    "must be given for a lesson that is cancelled": N_("a lesson that is cancelled needs a reason"),
    "must be given only for a lesson that is cancelled": N_("only a lesson that is cancelled has a reason"),
    "must be excused: the lesson has not begun": N_("must be excused: the lesson has not begun"),
    "must be given only with a status": N_("must be given only with a status"),
    "must be given only for late": N_("must be given only for late"),
    "must be at most 7 days ago, and no more than a minute ahead": N_(
        "must be at most 7 days ago, and no more than a minute ahead"
    ),
    "are only looked at": N_("nothing was changed"),
    "does not cover this visit": N_("does not cover this visit"),
    "has paid for all its visits of this week": N_("has paid for all its visits of this week"),
}
"""What may be wrong with a field, by what is said of it to programs."""
