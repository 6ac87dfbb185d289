"""Adding a client, editing, archiving and bringing back."""

from attendance.adapters.web.club.clients.paths import CLIENTS, card_of, client_in_path
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import CHECKED
from attendance.adapters.web.server.languages import N_
from attendance.application.club.clients import ClientDetails
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import ClientChanges
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.permissions.table import Permission
from attendance.domain.text import search_key

room = PageRoom()

IS_NEW = "is_new"
"""The box to tick where somebody is another person than who is called the same."""
MOST_ALIKE = 5


@room.page("GET", f"{CLIENTS}/new")
def new_client(visit: Visit) -> Answer:
    """The form to add a client; once it was sent, with those who are called so and born on that day."""
    visit.require(Permission.ADD_CLIENT)
    values = {"client": None, "today": visit.today, "alike": _alike(visit)}
    return Page("club/clients/form.html", values)


@room.page("POST", f"{CLIENTS}/new", form=new_client)
def add_client(visit: Visit) -> Answer:
    """Add a client, and go on to the card. Who is known already is added only where that is said."""
    fields = _fields(visit)
    if visit.form[IS_NEW] != CHECKED and _alike(visit):
        raise Invalid(FieldError(IS_NEW, N_("somebody of this name is here already")))
    added = visit.use_cases.add_client(visit.signed_in, **fields)
    return Redirect(f"{card_of(added)}?notice=added")


@room.page("GET", f"{CLIENTS}/{{client_id:str}}/edit")
def edited_client(visit: Visit, client_id: str) -> Answer:
    """The form with what is known of a client."""
    client = client_in_path(visit, client_id)
    visit.require(Permission.EDIT_CLIENT)
    return Page("club/clients/form.html", {"client": client, "today": visit.today, "alike": []})


@room.page("POST", f"{CLIENTS}/{{client_id:str}}/edit", form=edited_client)
def edit_client(visit: Visit, client_id: str) -> Answer:
    """Change a client, unless somebody else has meanwhile."""
    client = client_in_path(visit, client_id)
    changes = _fields(visit)
    visit.use_cases.edit_client(visit.signed_in, client_id=client.id, versions=_versions(visit), **changes)
    return Redirect(f"{card_of(client)}?notice=saved")


def _alike(visit: Visit) -> list[ClientDetails]:
    """The clients of the name that was typed who are not born on another day."""
    name, birthday = visit.form["name"], visit.fields.day("birthday")
    if not name.strip():
        return []
    found = visit.use_cases.list_clients(visit.signed_in, q=name)
    return [
        each
        for each in found
        if search_key(each.name) == search_key(" ".join(name.split()))
        and (birthday is None or each.birthday in (None, birthday))
    ][:MOST_ALIKE]


def _fields(visit: Visit) -> ClientChanges:
    """What was typed. Raises Invalid for a day that is none."""
    form, fields = visit.form, visit.fields
    changes = ClientChanges(
        name=form["name"],
        guardian_name=form["guardian_name"],
        birthday=fields.day("birthday"),
        phone=form["phone"],
        email=form["email"],
        address=form["address"],
        notes=form["notes"],
    )
    fields.raise_if_errors()
    return changes


def _versions(visit: Visit) -> list[int]:
    fields = visit.fields
    version = fields.required_number("version")
    fields.raise_if_errors()
    return [version]


@room.page("GET", f"{CLIENTS}/{{client_id:str}}/restore")
@room.page("GET", f"{CLIENTS}/{{client_id:str}}/archive")
def archived_client(visit: Visit, client_id: str) -> Answer:
    """What ends when a client is archived, or what does not come back with one, and the button."""
    client = client_in_path(visit, client_id)
    visit.require(Permission.EDIT_CLIENT)
    use_cases, actor = visit.use_cases, visit.signed_in
    lessons = use_cases.lessons_of_client(actor, client_id=client.id)
    archives = visit.path.endswith("/archive")
    values = {
        "client": client,
        "archives": archives,
        # somebody else was faster
        "is_done": client.active is not archives,
        "memberships": tuple(use_cases.groups_of_client(actor, client_id=client.id)),
        "absences": [lesson for lesson in lessons if lesson.status is Status.EXCUSED],
        "today": visit.today,
    }
    return Page("club/clients/archive.html", values)


@room.page("POST", f"{CLIENTS}/{{client_id:str}}/archive", form=archived_client)
def archive_client(visit: Visit, client_id: str) -> Answer:
    """Archive a client, and with it what hangs on it."""
    return _set_active(visit, client_id, is_active=False)


@room.page("POST", f"{CLIENTS}/{{client_id:str}}/restore", form=archived_client)
def restore_client(visit: Visit, client_id: str) -> Answer:
    """Bring an archived client back."""
    return _set_active(visit, client_id, is_active=True)


def _set_active(visit: Visit, client_id: str, *, is_active: bool) -> Answer:
    client = client_in_path(visit, client_id)
    visit.use_cases.edit_client(
        visit.signed_in, client_id=client.id, versions=_versions(visit), active=is_active
    )
    return Redirect(f"{card_of(client)}?notice={'restored' if is_active else 'archived'}")
