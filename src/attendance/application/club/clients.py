"""Clients: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from attendance.application.club.read_models import ClientDetails
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.editing import edit
from attendance.application.forms.field_errors import given_errors, record_errors
from attendance.application.forms.listing import Listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedCommand, Query
from attendance.application.pagination import PageChoice, PageRequest, parse_sort
from attendance.application.ports import Contended, EmailAddresses, Today, UnitOfWork
from attendance.application.ports.club import CLIENTS, ClientCriteria, GroupCriteria
from attendance.domain.club.clients import Client, ClientChanges, accepted_birthday
from attendance.domain.club.groups import Group
from attendance.domain.errors import FieldError
from attendance.domain.events import ChangeContext, Event
from attendance.domain.ids import AccountId, ClientId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission, allows
from attendance.domain.text import raise_if_errors, trimmed, words_of

MOST_OWN_CLIENTS = 1000
MOST_GROUPS = 10_000


class ListClients(Query):
    """List clients, by name unless `sort` says otherwise; ties by id.

    `sort`: fields with commas, `-` before one for descending order, of `name`, `birthday`, `created_at`;
    those without a birthday come last. `q`: words that are all found, in any order, in a name, the guardian's
    name, the email address or the phone number, whatever their case and accents.
    `active`: only those, or only the archived ones. `page` (from 1): that page of 20; None: the whole list.
    Raises Invalid, Forbidden.
    """

    def __call__(
        self,
        actor: Actor,
        *,
        page: PageChoice = None,
        sort: str = "",
        q: str = "",
        active: bool | None = None,
    ) -> Listed[ClientDetails]:
        criteria = ClientCriteria(words=words_of("q", q), active=active)
        return self._listed(
            CLIENTS,
            criteria,
            lambda client: ClientDetails.of(client, actor),
            permitted=lambda: require_level(actor, Permission.LIST_CLIENTS),
            page=page,
            sort=sort or "name",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddClient(DatedCommand):
    """Add a client and return it. `fields` are those of `ClientChanges`; `name` is required.

    Raises Invalid, Forbidden, and UserNotFound where no account has `user_id`.
    """

    email_addresses: EmailAddresses

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return client_errors(fields, self.email_addresses, self.today)

    @retried
    def __call__(self, actor: Actor, **fields: Unpack[ClientChanges]) -> ClientDetails:
        raise_if_errors(*self.errors_in({"name": "", **fields}))
        client = Client(**self._new_record({"name": "", **_accepted(fields, self.email_addresses)}))
        require_level(actor, Permission.ADD_CLIENT)
        with self.store.transaction() as work:
            if client.user_id is not None:
                work.accounts.get(client.user_id)
            work.clients.add(client)
            work.events.add(client.added(self._change_context(actor)))
        return ClientDetails.of(client, actor)


class ShowClient(Query):
    """Return one client: to employees, and without notes to the parent whose account is its `user_id`.

    Raises Forbidden, ClientNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> ClientDetails:
        return ClientDetails.of(readable_client(self.store, actor, client_id), actor)


class OwnClients(Query):
    """Return the clients whose `user_id` is the actor's account, without notes, by name, ties by id.

    At most 1000; none below level 2, that is, before the address is confirmed.
    """

    @retried
    def __call__(self, actor: Actor) -> tuple[ClientDetails, ...]:
        with self.store.read() as work:
            clients = own_clients(work, actor)
        return tuple(read_model(ClientDetails, client, notes=None) for client in clients)


def own_clients(work: UnitOfWork, actor: Actor) -> tuple[Client, ...]:
    """The clients whose `user_id` is the actor's account, by name, ties by id; none below level 2."""
    if not allows(Permission.READ_CLIENT, actor.level, own=True):
        return ()
    page_request: PageRequest[Client] = PageRequest(
        order=parse_sort("name", CLIENTS.sort), limit=MOST_OWN_CLIENTS
    )
    return work.clients.list(ClientCriteria(user_id=actor.id), page_request)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditClient(DatedCommand):
    """Change the given fields of a client, those of `ClientChanges`, and return it.

    The same values again change nothing. `active` False archives: memberships that run on end today, later
    ones and planned absences go, and bringing the client back restores none of them. `versions`: refuse
    unless the stored version is one of these; None: any. Raises Invalid, Forbidden, ClientNotFound, Outdated,
    and UserNotFound where no account has `user_id`.
    """

    email_addresses: EmailAddresses

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return client_errors(fields, self.email_addresses, self.today)

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        client_id: ClientId,
        versions: Collection[int] | None = None,
        **changes: Unpack[ClientChanges],
    ) -> ClientDetails:
        raise_if_errors(*self.errors_in(changes))
        accepted = _accepted(changes, self.email_addresses)
        require_level(actor, Permission.EDIT_CLIENT)
        context, is_archived = self._change_context(actor), accepted.get("active") is False
        with self.store.transaction() as work:
            # before the client is locked: whoever joins or marks locks group and lesson first
            lesson_ids = self._end_memberships(work, client_id, context) if is_archived else frozenset()

            def edited(before: Client) -> tuple[Client, Event | None]:
                user_id: AccountId | None = accepted.get("user_id")
                if user_id is not None and user_id != before.user_id:
                    work.accounts.get(user_id)
                return before.edited(accepted, context)

            client = edit(work, work.clients, client_id, versions, edited)
            if is_archived:
                self._clear_absences(work, client_id, lesson_ids, context)
        return ClientDetails.of(client, actor)

    def _end_memberships(
        self, work: UnitOfWork, client_id: ClientId, context: ChangeContext
    ) -> frozenset[LessonId]:
        """End the client's memberships today, and lock the lessons with an absence planned; their ids."""
        for group in work.groups.get_all_for_update([group.id for group in self._groups(work, client_id)]):
            members = group.members_without(client_id, after=self.today())
            after, event = group.edited({"members": members}, context)
            if event:
                work.groups.save(after)
                work.events.add(event)
        absences = work.attendance.planned_absences(client_id, context.at)
        return work.lessons.lock_existing({mark.lesson_id for mark in absences})  # type: ignore[return-value]

    def _clear_absences(
        self, work: UnitOfWork, client_id: ClientId, lesson_ids: Collection[LessonId], context: ChangeContext
    ) -> None:
        """Remove the client's planned absences. The client is locked: nobody adds one meanwhile.

        Raises Contended where somebody did before, or let the client join a group.
        """
        absences = work.attendance.planned_absences(client_id, context.at)
        if {mark.lesson_id for mark in absences} - {*lesson_ids} or self._groups(work, client_id):
            raise Contended
        changes = [mark.cleared(context) for mark in absences]
        work.attendance.save(changes)
        work.events.add_all([event for change in changes for event in change.events])

    def _groups(self, work: UnitOfWork, client_id: ClientId) -> tuple[Group, ...]:
        """The groups of which the client is a member after today."""
        criteria = GroupCriteria(member_id=client_id, member_after=self.today())
        return work.groups.list(criteria, PageRequest(order=(), limit=MOST_GROUPS))


def client_errors(
    fields: Mapping[str, Any], email_addresses: EmailAddresses, today: Today
) -> list[FieldError]:
    """What is wrong with some of a client's fields."""
    return [
        *record_errors(Client, fields, name="x"),
        *given_errors(
            {**fields, "email": trimmed(fields.get("email") or "")},
            email=email_addresses.accepted,
            birthday=lambda birthday: accepted_birthday(birthday, today=today()),
        ),
    ]


def _accepted(fields: ClientChanges, email_addresses: EmailAddresses) -> dict[str, Any]:
    email = trimmed(fields.get("email") or "")
    return {**fields, **({"email": email_addresses.accepted(email)} if email else {})}
