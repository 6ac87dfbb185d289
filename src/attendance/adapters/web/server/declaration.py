"""One form for a page: a function of its module, declared with its method and path.

A page's function takes the visit, and what its path names; it returns the page, or where to go on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from attendance.adapters.http.server.operations.declaration import Runs, Service
from attendance.adapters.http.server.wire import Headers, Reply, header_value
from attendance.adapters.web.server.fields import FieldReader
from attendance.adapters.web.server.forms import Sent, Typed
from attendance.application.accounts.read_models import StartedSession, UserDetails, Visitor
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import Language
from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

PAGE = "page"
"""Key of what Litestar knows of the handler of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of a page, as far as its function may look at it.

    `path` is what was asked for. `query` and `form` have the values that were sent, by name; what was not
    sent is "". `sent` is what the form says of itself. `address` is where the request came from, None where
    that is not known. `visitor` is whoever is signed in, and `permissions` what the table of permissions lets
    them do at least for what is their own.
    """

    service: Service
    path: str
    headers: Headers
    language: Language
    address: str | None
    is_head: bool
    query: Typed
    form: Typed
    sent: Sent = field(default_factory=Sent)
    visitor: Visitor | None = None
    permissions: frozenset[str] = frozenset()

    @property
    def fields(self) -> FieldReader:
        """A reader of the form's fields."""
        return FieldReader(self.form, self.language)

    @property
    def filters(self) -> FieldReader:
        """A reader of the query's fields."""
        return FieldReader(self.query, self.language)

    @property
    def wants_page(self) -> bool:
        return "text/html" in header_value(self.headers, b"accept")

    @property
    def user_agent(self) -> str:
        return header_value(self.headers, b"user-agent")

    @property
    def today(self) -> date:
        """The present date in the organisation's zone."""
        return self.service.today()

    @property
    def use_cases(self) -> UseCases:
        return self.service.use_cases

    @property
    def actor(self) -> Actor | None:
        return None if self.visitor is None else self.visitor.actor

    @property
    def signed_in(self) -> Actor:
        """Whoever is signed in. Raises Unauthenticated for nobody."""
        if self.visitor is None:
            raise Unauthenticated
        return self.visitor.actor

    def require(self, permission: Permission) -> None:
        """Show a page to nobody who could never do what it is for. Raises Unauthenticated, Forbidden."""
        if self.actor is None:
            raise Unauthenticated
        if permission not in self.permissions:
            raise Forbidden

    @property
    def user(self) -> UserDetails:
        """The account of whoever is signed in, with their clients. Raises Unauthenticated for nobody."""
        return self.use_cases.show_user(self.signed_in, user_id=self.signed_in.id)


@dataclass(frozen=True, slots=True)
class Page:
    """A template and the values it shows; where it says that something is refused, the `refusal`.

    `tells_conflicts`: of a form that somebody else was faster with, the page says itself what is stored now.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    refusal: Exception | None = None
    tells_conflicts: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on to a path, with another session or none where that is said.

    `is_remembered`: the session outlasts the browser.
    """

    path: str
    session: StartedSession | None = None
    is_remembered: bool = False
    signs_out: bool = False


Answer = Page | Redirect | Reply
Shown = Callable[..., Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredPage:
    function: Shown
    method: str
    path: str
    runs: Runs
    form: Shown | None
    has_scripts: bool
    holds_secrets: bool = False
    is_sent_by_anybody: bool = False
    said_at: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class PageRoom:
    """The pages of one subject; `is_of_labs`: those that are not there where a setting turns labs off."""

    is_of_labs: bool = False
    pages: list[DeclaredPage] = field(default_factory=list)

    def page(
        self,
        method: str,
        path: str,
        *,
        runs: Runs = Runs.ON_A_THREAD,
        form: Shown | None = None,
        has_scripts: bool = False,
        holds_secrets: bool = False,
        is_sent_by_anybody: bool = False,
        said_at: Mapping[str, Sequence[str]] | None = None,
    ) -> Callable[[Shown], Shown]:
        """Declare the function below a page; it stays the function it is.

        `form`: the page that is shown again, with what was typed and what is wrong, when it is refused.
        `has_scripts`: it loads scripts of this service, which may ask its API; other pages run nothing.
        `holds_secrets`: it shows a token, a link with one, say, and so is never compressed.
        `is_sent_by_anybody`: its form does the same for whoever is signed in, whoever it was shown to.
        `said_at`: the fields of this form that refusals are about, by their codes: of several the first that
        was filled in, or else the last; other refusals are said where `FIELD_OF` says.
        """

        def declare(function: Shown) -> Shown:
            self.pages.append(
                DeclaredPage(
                    function=function,
                    method=method,
                    path=path,
                    runs=runs,
                    form=form,
                    has_scripts=has_scripts,
                    holds_secrets=holds_secrets,
                    is_sent_by_anybody=is_sent_by_anybody,
                    said_at=said_at or {},
                )
            )
            return function

        return declare
