"""Adding a client, editing, archiving and bringing back."""

from attendance.adapters.web.club.clients.paths import CLIENTS, card_of, client_in_path, lines_of
from attendance.adapters.web.server.declared import Answer, GoOn, Page, PageRoom, Visit
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import ClientChanges
from attendance.domain.permissions.table import Permission

room = PageRoom()


@room.page("GET", f"{CLIENTS}/new")
def new_client(visit: Visit) -> Answer:
    """The form to add a client."""
    visit.require(Permission.ADD_CLIENT)
    return Page("club/client_form.html", {"client": None, "today": visit.today})


@room.page("POST", f"{CLIENTS}/new", form=new_client)
def add_client(visit: Visit) -> Answer:
    """Add a client, and go on to the card."""
    added = visit.use_cases.add_client(visit.signed_in, **_fields(visit))
    return GoOn(f"{card_of(added)}?notice=added")


@room.page("GET", f"{CLIENTS}/{{client_id:str}}/edit")
def edited_client(visit: Visit, client_id: str) -> Answer:
    """The form with what is known of a client."""
    client = client_in_path(visit, client_id)
    visit.require(Permission.EDIT_CLIENT)
    return Page("club/client_form.html", {"client": client, "today": visit.today})


@room.page("POST", f"{CLIENTS}/{{client_id:str}}/edit", form=edited_client)
def edit_client(visit: Visit, client_id: str) -> Answer:
    """Change a client, unless somebody else has meanwhile."""
    client = client_in_path(visit, client_id)
    changes = _fields(visit)
    visit.use_cases.edit_client(visit.signed_in, client_id=client.id, versions=_versions(visit), **changes)
    return GoOn(f"{card_of(client)}?notice=saved")


def _fields(visit: Visit) -> ClientChanges:
    """What was typed. Raises Invalid for a day that is none."""
    form, fields = visit.form, visit.fields
    changes = ClientChanges(
        name=form["name"],
        guardian_name=form["guardian_name"],
        birthday=fields.day("birthday"),
        phone=form["phone"],
        email=form["email"],
        address=lines_of(form["address"]),
        notes=lines_of(form["notes"]),
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
    values = {
        "client": client,
        "memberships": tuple(use_cases.groups_of_client(actor, client_id=client.id)),
        "absences": [lesson for lesson in lessons if lesson.status is Status.EXCUSED],
        "today": visit.today,
    }
    return Page("club/archive_client.html", values)


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
    return GoOn(f"{card_of(client)}?notice={'restored' if is_active else 'archived'}")
