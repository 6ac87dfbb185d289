"""What the pages of a client have in common: the client that a path names, and links to call or write to."""

from attendance.adapters.web.server.declaration import Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.application.club.clients import ClientDetails
from attendance.domain.ids import ClientId

CLIENTS = "/app/clients"


def client_in_path(visit: Visit, client_id: str) -> ClientDetails:
    """The client that a path names. Raises what `show_client` raises."""
    return visit.use_cases.show_client(visit.signed_in, client_id=id_in_path(client_id, ClientId))


def card_of(client: ClientDetails) -> str:
    """The path of a client's card."""
    return f"{CLIENTS}/{client.id}"


def dialled(phone: str) -> str:
    """What a phone dials: the digits, with the + that they begin with; "" where there are none."""
    digits = "".join(character for character in phone if character in "0123456789")
    return f"+{digits}" if digits and phone.lstrip().startswith("+") else digits
