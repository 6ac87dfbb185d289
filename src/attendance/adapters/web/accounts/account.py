"""One's own account."""

from attendance.adapters.http.server.operations.declaration import Runs
from attendance.adapters.web.server.declared import Answer, GoOn, Page, PageRoom, Visit

room = PageRoom()

ACCOUNT = "/app/account"


@room.page("GET", "/app/account/password")
@room.page("GET", ACCOUNT)
def account(visit: Visit) -> Answer:
    """Name, address and password of whoever is signed in."""
    user = visit.use_cases.show_user(visit.signed_in, user_id=visit.signed_in.id)
    shortest = visit.use_cases.change_password.password_rules.shortest
    values = {"user": user, "shortest": shortest, "notice": visit.query["notice"]}
    return Page("accounts/account.html", values)


@room.page("POST", ACCOUNT, form=account)
def edit_account(visit: Visit) -> Answer:
    """Change one's name, unless somebody else has changed the account meanwhile."""
    version = visit.form["version"]
    visit.use_cases.edit_user(
        visit.signed_in,
        user_id=visit.signed_in.id,
        name=visit.form["name"],
        versions=[int(version)] if version.isascii() and version.isdecimal() else None,
    )
    return GoOn(f"{ACCOUNT}?notice=saved")


@room.page("POST", "/app/account/password", runs=Runs.HASHING, form=account)
def change_password(visit: Visit) -> Answer:
    """Set another password; one's other sessions end."""
    visit.use_cases.change_password(
        visit.signed_in,
        current_password=visit.form["current_password"],
        new_password=visit.form["new_password"],
    )
    return GoOn(f"{ACCOUNT}?notice=password-changed")
