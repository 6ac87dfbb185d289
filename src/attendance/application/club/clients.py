"""Clients: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from attendance.application.accounts.outbox import OutboxWriter
from attendance.application.attendance.charging import clear_marks
from attendance.application.forms.client_access import own_clients, readable_client
from attendance.application.forms.editing import edit
from attendance.application.forms.field_errors import given_errors, record_errors, unknown_errors
from attendance.application.forms.listing import Listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedCommand, DatedQuery, Query
from attendance.application.pagination import PageChoice, PageRequest
from attendance.application.ports import Contended, EmailAddresses, UnitOfWork
from attendance.application.ports.club import CLIENTS, ClientCriteria, GroupCriteria
from attendance.domain.accounts.mail import MailKind
from attendance.domain.club.clients import Client, ClientChanges, ClientFields, accepted_birthday
from attendance.domain.club.groups import Group
from attendance.domain.errors import FieldError, Forbidden, raise_if_errors
from attendance.domain.events import ChangeContext, Event
from attendance.domain.ids import OPERATOR_ID, AccountId, ClientId, GroupId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_link_accounts, require, require_level, sees_notes
from attendance.domain.permissions.table import Permission
from attendance.domain.text import trimmed, words_of


def hidden_notes(actor: Actor) -> tuple[str, ...]:
    """The fields of a client and of a contract that the actor may not see."""
    return () if sees_notes(actor) else ("notes",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDetails(ClientFields):
    """A client; `notes` are None for parents."""

    notes: str | None

    @classmethod
    def of(cls, client: Client, actor: Actor) -> "ClientDetails":
        return read_model(cls, client, hidden_notes(actor))


MOST_GROUPS = 10_000


class ListClients(DatedQuery):
    """List clients, by name unless `sort` says otherwise; ties by id.

    `sort`: fields with commas, `-` before one for descending order, of `name`, `birthday`, `created_at`;
    those without a birthday come last. `q`: words that are all found, in any order, in a name, the guardian's
    name, the email address or the phone number, whatever their case and accents.
    `active`: only those, or only the archived ones. `group_id`: only today's members of this group. `page`
    (from 1): that page of 20; None: the whole list. Raises Invalid, Forbidden.
    """

    def __call__(
        self,
        actor: Actor,
        *,
        page: PageChoice = None,
        sort: str = "",
        q: str = "",
        active: bool | None = None,
        group_id: GroupId | None = None,
    ) -> Listed[ClientDetails]:
        criteria = ClientCriteria(
            words=words_of("q", q),
            active=active,
            group_id=group_id,
            member_on=None if group_id is None else self.today(),
        )
        return self._listed(
            CLIENTS,
            criteria,
            lambda client: ClientDetails.of(client, actor),
            permitted=lambda: require_level(actor, Permission.LIST_CLIENTS),
            page=page,
            sort=sort or "name",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCommand(DatedCommand):
    """A use case that is given fields of a client."""

    email_addresses: EmailAddresses

    @retried
    def errors_in(self, fields: Mapping[str, Any], *, actor: Actor) -> list[FieldError]:
        return [
            *record_errors(Client, fields, name="x"),
            *given_errors(
                {**fields, "email": trimmed(fields.get("email") or "")},
                email=self.email_addresses.accepted,
                birthday=lambda birthday: accepted_birthday(birthday, today=self.today()),
            ),
            *self._unknown_account_errors(actor, fields.get("user_ids", ())),
        ]

    def _accepted(self, fields: ClientChanges) -> dict[str, Any]:
        """The fields as they are stored: an address for mail in its normal form."""
        email = trimmed(fields.get("email") or "")
        return {**fields, **({"email": self.email_addresses.accepted(email)} if email else {})}

    def _unknown_account_errors(self, actor: Actor, user_ids: Collection[AccountId]) -> list[FieldError]:
        """One for each id that is no account's, by its place; looked up only for who may link accounts.

        Raises Contended.
        """
        if not user_ids or not may_link_accounts(actor):
            return []
        # not from a store that may lag behind: somebody may have registered a moment ago
        with self.store.autocommit() as work:
            known = work.accounts.existing_ids(user_ids)
        return unknown_errors("user_ids", user_ids, known, "user")


class AddClient(ClientCommand):
    """Add a client and return it. `fields` are those of `ClientChanges`; `name` is required.

    Managers may link accounts (`user_ids`). Raises Invalid, also for an account that does not exist,
    Forbidden.
    """

    @retried
    def __call__(self, actor: Actor, **fields: Unpack[ClientChanges]) -> ClientDetails:
        raise_if_errors(*self.errors_in({"name": "", **fields}, actor=actor))
        client = Client(**self._new_record({"name": "", **self._accepted(fields)}))
        require_level(actor, Permission.ADD_CLIENT)
        require(not client.user_ids or may_link_accounts(actor), Forbidden)
        with self.store.transaction() as work:
            work.clients.add(client)
            work.events.add(client.added(self._change_context(actor)))
        return ClientDetails.of(client, actor)


class ShowClient(Query):
    """Return one client: to employees, and without notes to the accounts linked to it.

    Raises Forbidden, ClientNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> ClientDetails:
        return ClientDetails.of(readable_client(self.store, actor, client_id), actor)


class OwnClients(Query):
    """Return the clients that the actor's account is linked to, without notes, by name, ties by id.

    At most 1000; none below level 2, that is, before the address is confirmed.
    """

    @retried
    def __call__(self, actor: Actor) -> tuple[ClientDetails, ...]:
        # who is linked decides what is seen
        with self.store.autocommit() as work:
            clients = own_clients(work, actor)
        return tuple(read_model(ClientDetails, client, notes=None) for client in clients)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditClient(ClientCommand):
    """Change the given fields of a client, those of `ClientChanges`, and return it.

    The same values again change nothing. `active` False archives: memberships that run on end today, later
    ones and planned absences go, and bringing the client back restores none of them. Managers may link other
    accounts (`user_ids`), or fewer; the accounts linked before are told by mail of each one that is new.
    `versions`: refuse unless the stored version is one of these; None: any. Raises Invalid, also for an
    account that does not exist, Forbidden, ClientNotFound, Outdated.
    """

    outbox_writer: OutboxWriter

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        client_id: ClientId,
        versions: Collection[int] | None = None,
        **changes: Unpack[ClientChanges],
    ) -> ClientDetails:
        raise_if_errors(*self.errors_in(changes, actor=actor))
        accepted = self._accepted(changes)
        require_level(actor, Permission.EDIT_CLIENT)
        context, is_archived = self._change_context(actor), accepted.get("active") is False
        with self.store.transaction() as work:
            # before the client is locked: whoever joins or marks locks group and lesson first
            lesson_ids = self._end_memberships(work, client_id, context) if is_archived else frozenset()

            def edited(before: Client) -> tuple[Client, Event | None]:
                after, event = before.edited(accepted, context)
                if after.user_ids != before.user_ids:
                    require(may_link_accounts(actor), Forbidden)
                    _tell_of_linked_accounts(work, self.outbox_writer, actor, before, after)
                return after, event

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
        absences = work.attendance.planned_absences([client_id], context.at)
        return work.lessons.lock_existing({mark.lesson_id for mark in absences})  # type: ignore[return-value]

    def _clear_absences(
        self, work: UnitOfWork, client_id: ClientId, lesson_ids: Collection[LessonId], context: ChangeContext
    ) -> None:
        """Remove the client's planned absences. The client is locked: nobody adds one meanwhile.

        Raises Contended where somebody did before, or let the client join a group.
        """
        absences = work.attendance.planned_absences([client_id], context.at)
        if {mark.lesson_id for mark in absences} - {*lesson_ids} or self._groups(work, client_id):
            raise Contended
        clear_marks(work, absences, context)

    def _groups(self, work: UnitOfWork, client_id: ClientId) -> tuple[Group, ...]:
        """The groups of which the client is a member after today."""
        criteria = GroupCriteria(member_id=client_id, member_after=self.today())
        return work.groups.list(criteria, PageRequest(order=(), limit=MOST_GROUPS))


def _tell_of_linked_accounts(
    work: UnitOfWork, outbox_writer: OutboxWriter, actor: Actor, before: Client, after: Client
) -> None:
    """Mail each account that is new to those that were linked before, confirmed and active ones."""
    new_ids = [user_id for user_id in after.user_ids if user_id not in before.user_ids]
    if not new_ids:
        return
    by_name = "operator" if actor.id == OPERATOR_ID else work.accounts.get(actor.id).username
    new_names = [work.accounts.get(user_id).username for user_id in new_ids]
    for user_id in before.user_ids:
        account = work.accounts.get(user_id)
        if account.email is None or account.email_confirmed_at is None or not account.active:
            continue
        for new_name in new_names:
            outbox_writer.tell(
                work,
                MailKind.ACCOUNT_LINKED,
                account,
                about=new_name,
                by=by_name,
                client=after.name,
            )
