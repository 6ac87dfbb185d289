"""Finding, creating and joining labs."""

from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.navigation import LABS
from attendance.application.ports.labs import LabRow, LabsPage
from attendance.domain.ids import LabId
from attendance.domain.labs.labs import LONGEST_DESCRIPTION, LONGEST_NAME

room = PageRoom(is_of_labs=True)

SHOWN_AT_ONCE = 20


@room.page("GET", LABS)
def labs(visit: Visit) -> Answer:
    """The labs that one owns or has joined; and those that are found, where somebody searches."""
    own = visit.use_cases.own_labs(visit.signed_in)
    values = {"own": own, "user_id": visit.signed_in.id, "found": None, "q": visit.query["q"]}
    if "q" in visit.query:
        values |= _found(visit, {lab.id for lab in own})
    return Page("labs/labs.html", values)


def _found(visit: Visit, own: set[LabId]) -> dict[str, object]:
    filters = visit.filters
    number = filters.number("page") or 1
    filters.raise_if_errors()
    found: LabsPage = visit.use_cases.search_labs(
        visit.signed_in, q=visit.query["q"].strip(), limit=SHOWN_AT_ONCE, offset=(number - 1) * SHOWN_AT_ONCE
    )
    rows: list[tuple[LabRow, bool]] = [(lab, lab.id in own) for lab in found.labs]
    return {
        "found": rows,
        "total": found.total,
        "number": number,
        "pages": -(-found.total // SHOWN_AT_ONCE),
    }


@room.page("GET", f"{LABS}/new")
def new_lab(visit: Visit) -> Answer:
    """The form of a new lab."""
    return Page("labs/new.html", {"longest": (LONGEST_NAME, LONGEST_DESCRIPTION), "user": visit.user})


@room.page("POST", LABS, form=new_lab)
def create_lab(visit: Visit) -> Answer:
    """Create a lab, which is one's own."""
    lab_id = visit.use_cases.create_lab(
        visit.signed_in,
        name=visit.form["name"],
        description=visit.form["description"],
    )
    return Redirect(f"{LABS}/{lab_id}")


@room.page("POST", f"{LABS}/{{lab_id:str}}/join")
def join_lab(visit: Visit, lab_id: str) -> Answer:
    """Become a member of a lab."""
    joined = visit.use_cases.join_lab(visit.signed_in, lab_id=id_in_path(lab_id, LabId))
    return Redirect(f"{LABS}/{joined.lab_id}?notice=joined")
