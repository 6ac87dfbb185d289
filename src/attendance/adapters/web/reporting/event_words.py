"""The words of the log: of every kind of event, of the fields that differ, and of their values."""

import re
from collections.abc import Mapping

from attendance.adapters.web.server.languages import N_, NN_
from attendance.domain.events import Action, SubjectKind

WORDS: Mapping[Action, str] = {
    Action.ACCOUNT_REGISTERED: N_("Account %(subject)s opened"),
    Action.ACCOUNT_INVITED: N_("%(subject)s invited"),
    Action.ACCOUNT_INVITATION_WITHDRAWN: N_("Invitation of %(subject)s withdrawn"),
    Action.ACCOUNT_EDITED: N_("Account %(subject)s changed"),
    Action.ACCOUNT_EMAIL_CONFIRMED: N_("Email address of %(subject)s confirmed"),
    Action.ACCOUNT_EMAIL_LAPSED: N_("Email address of %(subject)s dropped: nobody confirmed it in time"),
    Action.ACCOUNT_PASSWORD_SET: N_("Password of %(subject)s set"),
    Action.ACCOUNT_REHASHED: N_("Password of %(subject)s stored in a safer form"),
    Action.ACCOUNT_ROLE_CHANGED: N_("Role of %(subject)s changed: %(before)s → %(after)s"),
    Action.ACCOUNT_DEACTIVATED: N_("Account %(subject)s switched off"),
    Action.ACCOUNT_REACTIVATED: N_("Account %(subject)s switched on again"),
    Action.ACCOUNT_LINK_SENT: N_("Link mailed to %(subject)s"),
    Action.FAVORITES_REPLACED: N_("Favorites of %(subject)s changed"),
    Action.CALENDAR_TOKEN_MADE: N_("Calendar link of %(subject)s made"),
    Action.CALENDAR_TOKEN_REVOKED: N_("Calendar link of %(subject)s ended"),
    Action.SESSION_STARTED: N_("%(subject)s signed in"),
    Action.SESSION_ENDED: N_("A session of %(subject)s ended"),
    Action.ROLE_CHANGE_REQUESTED: N_("Asked for, awaiting confirmation: %(subject)s, %(before)s → %(after)s"),
    Action.ROLE_CHANGE_APPLIED: N_("Confirmed: %(subject)s, %(before)s → %(after)s"),
    Action.ROLE_CHANGE_REJECTED: N_("Rejected: %(subject)s, %(before)s → %(after)s"),
    Action.ROLE_CHANGE_WITHDRAWN: N_("Withdrawn: %(subject)s, %(before)s → %(after)s"),
    Action.ROLE_CHANGE_EXPIRED: N_("Expired without an answer: %(subject)s, %(before)s → %(after)s"),
    Action.ROLE_CHANGE_SUPERSEDED: N_("Overtaken by another change: %(subject)s, %(before)s → %(after)s"),
    Action.CLIENT_ADDED: N_("Client %(subject)s added"),
    Action.CLIENT_EDITED: N_("Client %(subject)s changed"),
    Action.CONTRACT_ADDED: N_("Contract %(subject)s added"),
    Action.CONTRACT_EDITED: N_("Contract %(subject)s changed"),
    Action.PRICE_ADDED: N_("Price %(subject)s added"),
    Action.PRICE_EDITED: N_("Price %(subject)s changed"),
    Action.LOCATION_ADDED: N_("Location %(subject)s added"),
    Action.LOCATION_EDITED: N_("Location %(subject)s changed"),
    Action.GROUP_ADDED: N_("Group %(subject)s added"),
    Action.GROUP_EDITED: N_("Group %(subject)s changed"),
    Action.LESSON_ADDED: N_("Lesson added: %(subject)s"),
    Action.LESSON_EDITED: N_("Lesson changed: %(subject)s"),
    Action.LESSON_CANCELLED: N_("Lesson cancelled: %(subject)s"),
    Action.LESSON_RESTORED: N_("Cancelled lesson takes place again: %(subject)s"),
    Action.LESSON_DELETED: N_("Lesson deleted: %(subject)s"),
    Action.SUBSCRIPTION_SOLD: N_("Pass sold to %(subject)s"),
    Action.SUBSCRIPTION_EDITED: N_("Pass of %(subject)s changed"),
    Action.ATTENDANCE_MARKED: N_("%(subject)s marked: %(status)s"),
    Action.ATTENDANCE_CHARGED: N_("Visit of %(subject)s: %(charge)s"),
    Action.ATTENDANCE_CLEARED: N_("Mark of %(subject)s cleared: it was %(status)s"),
    Action.LAB_CREATED: N_("Lab %(subject)s created"),
    Action.LAB_JOINED: N_("Lab %(subject)s joined"),
    Action.LAB_ATTENDANCE_MARKED: N_("Marked in a lab: %(status)s"),
    Action.LAB_ATTENDANCE_DELETED: N_("Mark in a lab deleted: it was %(status)s"),
}
"""What happened, by the action of its event."""

OF_ONESELF: Mapping[Action, str] = {
    Action.SESSION_STARTED: N_("Signed in"),
    Action.SESSION_ENDED: N_("A session ended"),
}
"""The same of what somebody does to themselves: who it was is said beside it."""

SAID_IN: Mapping[Action, frozenset[str]] = {
    action: frozenset(re.findall(r"%\((\w+)\)s", text)) for action, text in WORDS.items()
}
"""What each of these texts says beside its own words."""

KINDS: Mapping[SubjectKind, str] = {
    SubjectKind.CLIENT: N_("Clients"),
    SubjectKind.ATTENDANCE: N_("Attendance"),
    SubjectKind.SUBSCRIPTION: N_("Passes"),
    SubjectKind.CONTRACT: N_("Contracts"),
    SubjectKind.GROUP: N_("Groups"),
    SubjectKind.LESSON: N_("Lessons"),
    SubjectKind.LOCATION: N_("Locations"),
    SubjectKind.PRICE: N_("Prices"),
    SubjectKind.ACCOUNT: N_("Accounts"),
    SubjectKind.ROLE_CHANGE: N_("Role changes"),
    SubjectKind.SESSION: N_("Sessions"),
    SubjectKind.CALENDAR_TOKEN: N_("Calendar links"),
    SubjectKind.FAVORITES: N_("Favorites"),
    SubjectKind.LAB: N_("Labs"),
    SubjectKind.LAB_ATTENDANCE: N_("Attendance in labs"),
}
"""The kinds of things that something may happen to, in the order in which one would look for them."""

FIELDS: Mapping[str, str] = {
    "username": N_("Username"),
    "email": N_("Email"),
    "pending_email": N_("New email"),
    "email_confirmed_at": N_("Email confirmed"),
    "name": N_("Name or title"),
    "language": N_("Language"),
    "role": N_("Role"),
    "active": N_("Active"),
    "in_labs": N_("Takes part in labs"),
    "purpose": N_("Purpose"),
    "expires_at": N_("Valid until"),
    "created_at": N_("Made"),
    "remembered": N_("Stays signed in"),
    "groups": N_("Groups"),
    "lessons": N_("Lessons"),
    "guardian_name": N_("Guardian"),
    "birthday": N_("Birthday"),
    "phone": N_("Phone"),
    "address": N_("Address"),
    "user_ids": N_("Linked accounts"),
    "number": N_("Number"),
    "signed_on": N_("Signed on"),
    "cancelled_on": N_("Cancelled on"),
    "amount": N_("Amount"),
    "currency": N_("Currency"),
    "visits": N_("Visits"),
    "visits_per_week": N_("Visits a week"),
    "valid_days": N_("Valid for days"),
    "valid_months": N_("Valid for months"),
    "group_ids": N_("Groups"),
    "on_sale_from": N_("On sale from"),
    "on_sale_until": N_("On sale until"),
    "charges_absence": N_("Absence costs a visit"),
    "url": N_("Web address"),
    "timezone": N_("Time zone"),
    "capacity": N_("Places"),
    "closures": N_("Closures"),
    "location_id": N_("Location"),
    "active_from": N_("Active from"),
    "active_until": N_("Active until"),
    "teachers": N_("Teachers"),
    "members": N_("Members"),
    "schedule": N_("Schedule"),
    "date": N_("Date"),
    "starts": N_("Starts"),
    "ends": N_("Ends"),
    "topic": N_("Topic"),
    "state": N_("State"),
    "reason": N_("Reason"),
    "cancelled": N_("Lesson cancelled"),
    "scheduled": N_("By the schedule"),
    "contract_id": N_("Contract"),
    "price_name": N_("Price"),
    "discount_percent": N_("Discount in percent"),
    "sold_on": N_("Sold on"),
    "starts_on": N_("Starts on"),
    "ends_on": N_("Ends on"),
    "freezes": N_("Freezes"),
    "status": N_("Status"),
    "note": N_("Note"),
    "minutes_late": N_("Minutes late"),
    "trial": N_("Trial"),
    "announced": N_("Announced"),
    "noted_at": N_("Noted at"),
    "unpaid": N_("Unpaid"),
    "description": N_("Description"),
}
"""What the fields of events are called."""

NOT_SHOWN = frozenset(
    {"version", "kind", "from", "to", "account_id", "user_id", "client_id", "group_id", "lesson_id"}
    | {"lab_id", "owner_id", "price_id", "subscription_id", "closed", "starts_at", "ends_at"}
)
"""What the words or a link say already, and what is of use to programs alone."""

OF_ONE_DAY = frozenset(
    {Action.LESSON_ADDED, Action.LESSON_CANCELLED, Action.LESSON_RESTORED, Action.LESSON_DELETED}
)
"""What happens to a lesson on its day: that is told beside the words."""

VALUES: Mapping[str, str] = {
    "present": N_("present"),
    "late": N_("late"),
    "absent": N_("absent"),
    "excused": N_("excused"),
    "planned": N_("planned"),
    "held": N_("held"),
    "cancelled": N_("cancelled"),
    "awaiting": N_("awaits confirmation"),
    "applied": N_("confirmed"),
    "rejected": N_("rejected"),
    "withdrawn": N_("withdrawn"),
    "expired": N_("expired"),
    "superseded": N_("overtaken by another change"),
    "confirm_email": N_("to confirm an address"),
    "set_password": N_("to set a password"),
}
"""Values that have words, of the fields in `IN_WORDS`."""
IN_WORDS = frozenset({"status", "state", "purpose"})
MOMENTS = frozenset({"email_confirmed_at", "expires_at", "created_at", "noted_at"})
DAYS = frozenset(
    {"birthday", "signed_on", "cancelled_on", "on_sale_from", "on_sale_until", "active_from"}
    | {"active_until", "date", "sold_on", "starts_on", "ends_on"}
)

TIMES = frozenset({"starts", "ends"})
PERIODS = frozenset({"closures", "freezes"})
REFERENCES = frozenset({"location_id", "contract_id"})
"""Those that have the id of something else, of which no name is at hand."""

ANOTHER = N_("another one")
OPERATOR = N_("the operator")
BY_ITSELF = N_("by itself")
NAMELESS = N_("(not there any more)")
ENTRIES = NN_("%(num)s entry", "%(num)s entries")
