"""One's own account: name, language, address, password, and where one is signed in."""

from typing import Literal

from litestar.exceptions import HTTPException

from attendance.adapters.http.server.operations.declaration import Runs
from attendance.adapters.web.accounts.devices import device_of
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import LANGUAGES
from attendance.adapters.web.server.redirects import START
from attendance.domain.accounts.accounts import Language
from attendance.domain.ids import SessionId

room = PageRoom()

ACCOUNT = "/app/account"
MOST_SESSIONS = 50
"""Shown of those that one is signed in with, the newest."""


@room.page("GET", "/app/account/sessions/{session_id:str}")
@room.page("GET", "/app/account/password")
@room.page("GET", "/app/account/email")
@room.page("GET", ACCOUNT)
def account(visit: Visit, session_id: str = "") -> Answer:
    """Name, address, language, password, calendar link and sessions of whoever is signed in."""
    user = visit.user
    sessions = visit.use_cases.own_sessions(visit.signed_in, user_id=user.id)
    values = {
        "user": user,
        "shortest": visit.use_cases.change_password.password_rules.shortest,
        "calendar_made_at": visit.use_cases.make_calendar_token.made_at(visit.signed_in, user_id=user.id),
        "notice": visit.query["notice"],
        "languages": LANGUAGES,
        "sessions": [(session, device_of(session.user_agent)) for session in sessions[:MOST_SESSIONS]],
        "more": len(sessions[MOST_SESSIONS:]),
    }
    return Page("accounts/account.html", values)


@room.page("POST", ACCOUNT, form=account)
def edit_account(visit: Visit) -> Answer:
    """Change one's name or language, unless somebody else has changed the account meanwhile."""
    form = visit.form
    visit.use_cases.edit_user(
        visit.signed_in,
        user_id=visit.signed_in.id,
        name=form["name"],
        language=_language(form["language"]) if "language" in form else None,
        versions=visit.fields.versions,
    )
    return Redirect(f"{ACCOUNT}?notice=saved")


@room.page("POST", "/app/account/email", form=account)
def change_email(visit: Visit) -> Answer:
    """Change one's address, which counts once the link that is mailed there is used.

    The present address ends a change that awaits its link. A username that is the address changes with it.
    """
    form, user = visit.form, visit.user
    changed = visit.use_cases.edit_user(
        visit.signed_in,
        user_id=user.id,
        email=form["email"],
        username=form.get("username"),
        versions=visit.fields.versions,
    )
    is_mailed = (changed.email, changed.pending_email) != (user.email, user.pending_email) and (
        changed.pending_email is not None or not changed.email_confirmed
    )
    return Redirect(f"{ACCOUNT}?notice={'email-mailed' if is_mailed else 'saved'}")


def _language(chosen: str) -> Language | Literal[""]:
    """The language that was chosen, or "" for none. Raises HTTPException for what no page of ours sends."""
    try:
        return Language(chosen) if chosen else ""
    except ValueError as error:
        raise HTTPException(status_code=400) from error


@room.page("POST", "/app/account/password", runs=Runs.HASHING, form=account)
def change_password(visit: Visit) -> Answer:
    """Set another password; one's other sessions end."""
    visit.use_cases.change_password(
        visit.signed_in,
        current_password=visit.form["current_password"],
        new_password=visit.form["new_password"],
        address=visit.address,
    )
    return Redirect(f"{ACCOUNT}?notice=password-changed")


@room.page("POST", "/app/account/sessions/{session_id:str}", form=account)
def end_session(visit: Visit, session_id: str) -> Answer:
    """End one of one's sessions; whoever ends this one is signed out."""
    ended = id_in_path(session_id, SessionId)
    visit.use_cases.end_session(visit.signed_in, user_id=visit.signed_in.id, session_id=ended)
    if ended == visit.signed_in.session_id:
        return Redirect(START, signs_out=True)
    return Redirect(f"{ACCOUNT}?notice=session-ended")
