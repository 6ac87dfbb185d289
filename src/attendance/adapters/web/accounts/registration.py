"""Creating an account, and confirming its address."""

from attendance.adapters.http.server.operations.declaration import Runs
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.languages import LANGUAGES
from attendance.adapters.web.server.redirects import SIGN_IN
from attendance.application.accounts.registration import RegistrationByInvitation
from attendance.domain.accounts.accounts import Language
from attendance.domain.accounts.links import Gone
from attendance.domain.errors import Unavailable

room = PageRoom()


def is_open(visit: Visit) -> bool:
    """Whether anybody may create an account; otherwise it takes an invitation."""
    try:
        visit.use_cases.register.require_open()
    except RegistrationByInvitation:
        return False
    return True


@room.page("GET", "/app/create-account")
def registration_form(visit: Visit) -> Answer:
    """What an account takes; refused where it takes an invitation."""
    visit.use_cases.register.require_open()
    return refused_form(visit)


def refused_form(visit: Visit) -> Answer:
    shortest = visit.use_cases.register.password_rules.shortest
    return Page("accounts/create_account.html", {"shortest": shortest, "languages": LANGUAGES})


@room.page("POST", "/app/create-account", runs=Runs.HASHING, form=refused_form)
def register(visit: Visit) -> Answer:
    """Open an account, mail the link that confirms its address, and sign in."""
    form, fields = visit.form, visit.fields
    language = fields.choice("language", Language)
    fields.raise_if_errors()
    visit.use_cases.register(
        username=form["username"],
        email=form["email"],
        name=form["name"],
        language=language,
        password=form["password"],
        address=visit.address,
    )
    try:
        session = visit.use_cases.sign_in(
            username=form["username"],
            password=form["password"],
            address=visit.address,
            user_agent=visit.user_agent,
        )
    except Unavailable:
        # the account is there: to be told that nothing was changed would have it registered again
        return Redirect(f"{SIGN_IN}?notice=registered")
    return Redirect("/app/confirm-email", session=session)


@room.page("GET", "/app/confirm-email/{token:str}")
def confirm_email(visit: Visit, token: str) -> Answer:
    """Confirm an address by the link that was mailed there. HEAD only tells whether the link is good."""
    confirm = visit.use_cases.confirm_email
    try:
        is_new = confirm.is_good(token=token) if visit.is_head else confirm(token=token)
    except Gone as gone:
        return Page("accounts/link_over.html", {"is_of_password": False}, refusal=gone)
    return Page("accounts/confirmed.html", {"is_new": is_new})


@room.page("GET", "/app/confirm-email")
def confirmation_awaited(visit: Visit) -> Answer:
    """Whether an address of one's own awaits its link, and a button for a new one."""
    user = visit.user
    awaited = user.pending_email or (None if user.email_confirmed else user.email)
    return Page(
        "accounts/confirmation_awaited.html", {"awaited": awaited, "is_sent": visit.query["sent"] == "again"}
    )


@room.page("POST", "/app/confirm-email", form=confirmation_awaited)
def resend_confirmation(visit: Visit) -> Answer:
    """Mail a new link; the older one is void."""
    visit.use_cases.resend_confirmation(visit.signed_in)
    return Redirect("/app/confirm-email?sent=again")
