"""A forgotten password, and a new one by a mailed link."""

from attendance.adapters.http.server.operations.declaration import Runs
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.redirects import SIGN_IN
from attendance.domain.accounts.links import Gone

room = PageRoom()


@room.page("GET", "/app/forgot-password")
def forgot_password(visit: Visit) -> Answer:
    """Where a link that sets a password is asked for."""
    return Page("accounts/forgot_password.html", {"is_sent": visit.query["sent"] == "yes"})


@room.page("POST", "/app/forgot-password", form=forgot_password)
def request_password_reset(visit: Visit) -> Answer:
    """Mail the link, if somebody has this address; the answer is the same if nobody has."""
    visit.use_cases.request_password_reset(email=visit.form["email"])
    return Redirect("/app/forgot-password?sent=yes")


@room.page("GET", "/app/set-password/{token:str}")
def password_form(visit: Visit, token: str) -> Answer:
    """Where a password is set by a mailed link. Nothing is used up."""
    set_password = visit.use_cases.set_password
    try:
        set_password.require_good(token=token)
    except Gone as gone:
        return Page("accounts/link_over.html", {"is_of_password": True}, refusal=gone)
    return Page("accounts/set_password.html", {"shortest": set_password.password_rules.shortest})


@room.page("POST", "/app/set-password/{token:str}", runs=Runs.HASHING, form=password_form)
def set_password(visit: Visit, token: str) -> Answer:
    """Set the password; all sessions end."""
    visit.use_cases.set_password(token=token, password=visit.form["password"])
    return Redirect(f"{SIGN_IN}?notice=password-set", signs_out=True)
