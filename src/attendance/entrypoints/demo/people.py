"""Who may sign in at the demo: people of every role, all with one password."""

from dataclasses import dataclass
from datetime import datetime

from attendance.application.accounts.read_models import UserDetails
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.mail import MailState
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.domain.permissions.roles import Role
from attendance.entrypoints.demo.names import Names

ADDRESSES = "@demo.example"
"""What the addresses of everybody here end with."""

WHO_IS_WHO = {
    "demo-teacher-1": "teaches today: who is there (demo-teacher-2 to -8 teach, too)",
    "demo-parent": "has two children here: their next lessons, what is left, reporting an absence",
    "demo-manager": "keeps the office: everybody's lessons, clients, groups, passes",
    "demo-head": "is head of the club: prices, places, accounts, figures with money",
    "demo-owner": "owns it: everything, the log, and a change of roles that awaits a word",
}
"""Whom to sign in as, and what each of them sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """`head` makes everything; `family` is what the parent's children are called."""

    head: Actor
    parent: UserDetails
    family: str
    teachers: tuple[UserDetails, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """Makes accounts that are confirmed, without signing anybody in.

    `owned_since`: since when the first of the owners is one.
    """

    use: UseCases
    names: Names
    password: str
    owned_since: datetime

    def __call__(self) -> People:
        """Owners, an admin, who keeps it all, teachers, and a parent."""
        # long enough for its word to count where a role change awaits one
        self.use.create_owner(
            username="demo-owner",
            email=f"owner{ADDRESSES}",
            password=self.password,
            owner_since=self.owned_since,
        )
        head = self._account("demo-head", Role.HEAD_MANAGER)
        family = self.names.family()
        parent = self._account("demo-parent", Role.USER, family)
        self._account("demo-manager", Role.MANAGER)
        teachers = tuple(self._account(f"demo-teacher-{n}", Role.EMPLOYEE) for n in range(1, 9))
        self._await_a_word()
        return People(head=self.use.act_as(head.id), parent=parent, family=family, teachers=teachers)

    def _account(self, username: str, role: Role, family: str = "") -> UserDetails:
        name = f"{self.names.given()} {family or self.names.family()}"
        email = f"{username.removeprefix('demo-')}{ADDRESSES}"
        account = self.use.invite_user(OPERATOR, username=username, email=email, name=name, role=role)
        for mail in self.use.list_mail(state=MailState.WAITING):
            if mail.to == email and mail.facts and "token" in mail.facts:
                self.use.set_password(token=mail.facts["token"], password=self.password)
        return account

    def _await_a_word(self) -> None:
        """An admin asks to take ownership from a second owner, which awaits somebody's word."""
        second, admin = (self._account(f"demo-{name}", Role.USER) for name in ("owner-2", "admin"))
        for account, role in ((second, Role.OWNER), (admin, Role.ADMIN)):
            granted = self.use.change_role(OPERATOR, user_id=account.id, role=role)
            if not isinstance(granted, UserDetails):
                # a setting has grants await a word, too
                return
        self.use.change_role(self.use.act_as(admin.id), user_id=second.id, role=Role.MANAGER)
