"""Signing in, and out."""

from attendance.adapters.http.server.operations.declaration import Runs
from attendance.adapters.web.accounts.registration import is_open
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.redirects import START, own_path

room = PageRoom()


@room.page("GET", "/app/sign-in")
def sign_in_form(visit: Visit) -> Answer:
    """Where one signs in; whoever is signed in goes on at once.

    `waiting` in the query: so many marks wait on the device to be sent, as its worker says.
    """
    if visit.actor is not None:
        return Redirect(own_path(visit.service.settings.base_path.inside(visit.query["next"])))
    return _form(visit, visit.form or visit.query, visit.query["notice"])


def sign_in_again(visit: Visit) -> Answer:
    return _form(visit, visit.form)


def _form(visit: Visit, sent: Typed, notice: str = "") -> Page:
    waiting = visit.filters.number("waiting")
    values = {"notice": notice, "waiting": waiting, "is_open": is_open(visit)}
    return Page("accounts/sign_in.html", {**values, "next": sent.as_shown()["next"]})


@room.page("POST", "/app/sign-in", runs=Runs.HASHING, form=sign_in_again)
def sign_in(visit: Visit) -> Answer:
    """Sign in by username or address, for longer where that is wanted, and go on to where one was."""
    login, remember = visit.form["login"], visit.form["remember"] == "yes"
    session = visit.use_cases.sign_in(
        **{"email" if "@" in login else "username": login},
        password=visit.form["password"],
        remember=remember,
        address=visit.address,
        user_agent=visit.user_agent,
    )
    return Redirect(
        own_path(visit.service.settings.base_path.inside(visit.form["next"])),
        session=session,
        is_remembered=remember,
    )


EVERYWHERE = "/app/sign-out/everywhere"


@room.page("GET", EVERYWHERE)
@room.page("GET", "/app/sign-out")
def sign_out_form(visit: Visit) -> Answer:
    """A page with a button: a link signs nobody out, and where it ends all sessions, it says how many.

    `waiting` in the query: so many marks wait on the device to be sent, as its worker says.
    """
    values = {
        "waiting": visit.filters.number("waiting"),
        "is_everywhere": visit.path == EVERYWHERE,
        "devices": _number_of_sessions(visit) if visit.actor else 0,
    }
    return Page("accounts/sign_out.html", values)


def _number_of_sessions(visit: Visit) -> int:
    return len(visit.use_cases.own_sessions(visit.signed_in, user_id=visit.signed_in.id))


@room.page("POST", "/app/sign-out", is_sent_by_anybody=True)
def sign_out(visit: Visit) -> Answer:
    """End this session; where it has ended already, forget it."""
    if visit.actor is not None:
        visit.use_cases.sign_out(visit.actor)
    return Redirect(START, signs_out=True)


@room.page("POST", EVERYWHERE)
def sign_out_everywhere(visit: Visit) -> Answer:
    """End all of one's sessions, and say how many they were."""
    devices = _number_of_sessions(visit)
    visit.use_cases.sign_out(visit.signed_in, everywhere=True)
    return Redirect(f"{START}?signed-out={devices}", signs_out=True)
