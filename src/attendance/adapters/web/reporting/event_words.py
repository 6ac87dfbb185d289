"""The log in words: what happened, to whom, and which fields differ."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any

from markupsafe import Markup

from attendance.adapters.web.accounts.role_names import names_of_roles
from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.languages import N_, NN_, words
from attendance.adapters.web.server.rendering.compiling import escaped, marked
from attendance.application.ports.events import LoggedEvent
from attendance.domain.accounts.accounts import Language
from attendance.domain.events import Action, Event, SubjectKind
from attendance.domain.ids import OPERATOR_ID

WORDS: Mapping[Action, str] = {
    Action.ACCOUNT_REGISTERED: N_("Account %(subject)s opened"),
    Action.ACCOUNT_INVITED: N_("%(subject)s invited"),
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

PERIODS = frozenset({"closures", "freezes"})
REFERENCES = frozenset({"location_id", "contract_id"})
"""Those that have the id of something else, of which no name is at hand."""

ANOTHER = N_("another one")
OPERATOR = N_("the operator")
BY_ITSELF = N_("by itself")
NAMELESS = N_("(not there any more)")
ENTRIES = NN_("%(num)s entry", "%(num)s entries")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs: before and after, as people read them; "–" for nothing."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event in words: `text` may hold a link. `who_path` None: nobody with a page of their own."""

    at: datetime
    who: str
    who_path: str | None
    text: Markup
    lesson_path: str | None
    differences: tuple[Difference, ...]


@cache
def teller(language: Language, zone: tzinfo) -> "Teller":
    """Whoever tells events in a language, their moments in a zone."""
    return Teller(language, zone)


class Teller:
    """Tells events in a language, their moments in a zone."""

    def __init__(self, language: Language, zone: tzinfo) -> None:
        self._catalogue, self._zone = words(language), zone
        self._roles = {role.value: text for role, text in names_of_roles(language).items()}
        self._formats: Mapping[str, Callable[..., Any]] = formats(language)

    def told(self, logged: LoggedEvent) -> Told:
        event = logged.event
        lesson_id = _fact(event, "lesson_id")
        is_person = event.actor_id not in (None, OPERATOR_ID)
        return Told(
            at=event.at,
            who=self._who(logged),
            who_path=f"/app/office/users/{event.actor_id}" if is_person else None,
            text=self._text(logged),
            lesson_path=f"/app/lessons/{lesson_id}" if lesson_id else None,
            differences=tuple(self._differences(event)),
        )

    def _who(self, logged: LoggedEvent) -> str:
        if logged.event.actor_id is None:
            return self._said(BY_ITSELF)
        return self._said(OPERATOR) if logged.event.actor_id == OPERATOR_ID else logged.actor_username or "–"

    def _text(self, logged: LoggedEvent) -> Markup:
        event, facts = logged.event, logged.event.after or logged.event.before or {}
        name, path = logged.subject_name, subject_path(logged.event)
        if name is None and event.subject_kind is SubjectKind.SESSION:
            # it is over, and was most likely one's own
            name = logged.actor_username
        name = name or self._said(NAMELESS)
        values = {"subject": f'<a href="{escaped(path)}">{escaped(name)}</a>' if path else escaped(name)}
        # what few texts say is worked out for these alone
        said = SAID_IN[event.action]
        if "before" in said:
            before, after = _change(event)
            values |= {
                "before": escaped(self._value("role", before)),
                "after": escaped(self._value("role", after)),
            }
        if "status" in said:
            values["status"] = escaped(self._value("status", facts.get("status")))
        if "charge" in said:
            values["charge"] = escaped(self._said(_charge(facts)))
        return marked(self._said(WORDS[event.action]) % values)

    def _differences(self, event: Event) -> Iterator[Difference]:
        before, after = event.before or {}, event.after or {}
        for name in {**before, **after}:
            if name in NOT_SHOWN or before.get(name) == after.get(name):
                continue
            if name in REFERENCES and not before.get(name):
                # the first one is no other one, and its name is not at hand
                continue
            if name == "amount" and (currency := after.get("currency") or before.get("currency")):
                money = self._money(before.get(name), before.get("currency") or currency)
                yield Difference(
                    self._said(FIELDS[name]),
                    money if event.before is not None else None,
                    self._money(after.get(name), currency) if event.after is not None else None,
                )
                continue
            yield Difference(
                self._said(FIELDS.get(name, name.replace("_", " "))),
                self._value(name, before.get(name)) if event.before is not None else None,
                self._value(name, after.get(name)) if event.after is not None else None,
            )

    def _value(self, name: str, value: Any) -> str:
        """A value as people read it."""
        if isinstance(value, str):
            return self._text_value(name, value) if value else "–"
        match value:
            case None | []:
                return "–"
            case bool():
                return self._said(_ON_OR_OFF[value] if name == "role" else _YES_OR_NO[value])
            case list() | tuple():
                if name in PERIODS:
                    return "; ".join(self._period(each) for each in value)
                return self._number(len(value))
            case dict():
                return ", ".join(str(each) for each in value.values())
            case _:
                return str(value)

    def _text_value(self, name: str, value: str) -> str:
        if name == "role":
            return self._roles.get(value, value)
        if name in IN_WORDS:
            return self._said(VALUES[value]) if value in VALUES else value
        if name in DAYS:
            return str(self._formats["day"](date.fromisoformat(value)))
        if name in MOMENTS:
            return str(self._formats["moment"](datetime.fromisoformat(value), self._zone))
        if name in ("groups", "lessons"):
            return self._number(len(value.split()))
        if name in REFERENCES:
            return self._said(ANOTHER)
        return value

    def _period(self, period: Mapping[str, Any]) -> str:
        """The days of a closure, with its reason, or of a freeze."""
        day = self._formats["day"]
        days = " – ".join(day(date.fromisoformat(period[each])) for each in ("since", "until"))
        return f"{days} {period.get('reason') or ''}".strip()

    def _money(self, amount: str | None, currency: str) -> str:
        return str(self._formats["money"](Decimal(amount), currency)) if amount else "–"

    def _number(self, number: int) -> str:
        return self._catalogue.ngettext(*ENTRIES, number) % {"num": number}

    def _said(self, text: str) -> str:
        return self._catalogue.gettext(text)


_YES_OR_NO = {True: N_("yes"), False: N_("no")}
_ON_OR_OFF = {True: N_("active"), False: N_("switched off")}


def _change(event: Event) -> tuple[Any, Any]:
    """From which role to which, or whether an account is active before and after."""
    facts = event.after or {}
    if event.subject_kind is SubjectKind.ROLE_CHANGE:
        return facts.get("from"), facts.get("to")
    return (event.before or {}).get("role"), facts.get("role")


def _charge(facts: Mapping[str, Any]) -> str:
    """What a visit costs now."""
    if facts.get("subscription_id"):
        return N_("a pass pays")
    return N_("unpaid") if facts.get("unpaid") else N_("nothing to pay")


def _fact(event: Event, name: str) -> str | None:
    for facts in (event.after, event.before):
        if facts and facts.get(name):
            return str(facts[name])
    return None


def subject_path(event: Event) -> str | None:
    """The page of what an event is about, None where it has none, or none any more."""
    match event.subject_kind:
        case SubjectKind.ACCOUNT | SubjectKind.FAVORITES | SubjectKind.CALENDAR_TOKEN:
            return f"/app/office/users/{event.subject_id}"
        case SubjectKind.SESSION:
            account_id = _fact(event, "account_id")
            return f"/app/office/users/{account_id}" if account_id else None
        case SubjectKind.ROLE_CHANGE:
            return "/app/office/role-changes"
        case SubjectKind.CLIENT:
            return f"/app/clients/{event.subject_id}"
        case SubjectKind.CONTRACT | SubjectKind.SUBSCRIPTION | SubjectKind.ATTENDANCE:
            return f"/app/clients/{event.client_id}" if event.client_id else None
        case SubjectKind.PRICE:
            return f"/app/office/prices/{event.subject_id}"
        case SubjectKind.LOCATION:
            return f"/app/office/locations/{event.subject_id}"
        case SubjectKind.GROUP:
            return f"/app/groups/{event.subject_id}"
        case SubjectKind.LESSON:
            return None if event.action is Action.LESSON_DELETED else f"/app/lessons/{event.subject_id}"
        case SubjectKind.LAB | SubjectKind.LAB_ATTENDANCE:
            # of its owner and members alone
            return None
