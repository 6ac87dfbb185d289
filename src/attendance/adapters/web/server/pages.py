"""Pages as Litestar has them: routed by it, answered by their plans."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import cast
from urllib.parse import quote, urlsplit

from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Receive, Scope, Send

from attendance.adapters.http.server.callers.authentication import Caller, Callers
from attendance.adapters.http.server.compression import compressed
from attendance.adapters.http.server.errors import note_refusal
from attendance.adapters.http.server.fields.queries import parsed
from attendance.adapters.http.server.operations.declaration import Pages, Runs, Service
from attendance.adapters.http.server.operations.handlers import by_path, route
from attendance.adapters.http.server.requests.middleware import IS_HEAD
from attendance.adapters.http.server.wire import Reply, header_value
from attendance.adapters.web.server.declaration import (
    PAGE,
    Answer,
    DeclaredPage,
    Page,
    PageRoom,
    Redirect,
    Visit,
)
from attendance.adapters.web.server.forms import Typed, form_sent, of_itself
from attendance.adapters.web.server.languages import N_, language_for, words
from attendance.adapters.web.server.navigation import ENTRIES, Entry, entries_for
from attendance.adapters.web.server.redirects import signing_in_again, signing_in_first
from attendance.adapters.web.server.refusals import (
    FIELD_OF,
    FromElsewhere,
    faults_of,
    headers_of,
    is_signed_out,
    status_of,
)
from attendance.adapters.web.server.refusals.edit_conflicts import (
    WAS,
    Merged,
    ShownAgain,
    ShownForm,
    form_of,
    merged,
    with_what_was,
)
from attendance.adapters.web.server.refusals.form_owner import SomebodyElse, with_account
from attendance.adapters.web.server.refusals.return_links import ReturnLinks
from attendance.adapters.web.server.refusals.unplaced_texts import kept_texts
from attendance.adapters.web.server.rendering import rendered
from attendance.application.accounts.read_models import UserDetails, Visitor
from attendance.domain.accounts.accounts import Language
from attendance.domain.errors import AttendanceError, Forbidden, NotFound, Outdated, Unavailable
from attendance.domain.permissions.roles import Level

log = logging.getLogger(__name__)

SEE_OTHER = 303
NOW = N_("now: %(value)s")
"""What is stored in a field now, whatever was typed."""
NOW_IN = N_("%(field)s – now: %(value)s")
BOTH = N_("What you typed there is kept. Saved now, it replaces what somebody else has stored.")
CHANGED = N_("Changed meanwhile: %(fields)s")
UNDONE = N_("Not kept, as the rows were changed meanwhile: %(field)s – %(value)s")


EVERY_OTHER = "/app/{path:path}"
"""The path of the page that says of every other that it is not there."""


def handlers_of(rooms: Iterable[PageRoom], service: Service, callers: Callers) -> Pages:
    """Every page of these rooms, ready to answer."""
    pages = [page for room in rooms for page in room.pages]
    return_links = ReturnLinks(pages)
    pages += return_links.to_forms(pages)
    plans = by_path(
        (page.path, page.method, PagePlan(page, service, callers, return_links)) for page in pages
    )
    return Pages(
        [route(path, of_path, **{PAGE: True}) for path, of_path in plans.items()],
        no_page=plans.get(EVERY_OTHER, {}).get("GET"),
    )


def _user_of(visit: Visit) -> UserDetails | None:
    """Whoever is signed in, if that may be read."""
    if visit.actor is None:
        return None
    with suppress(AttendanceError):
        return visit.use_cases.show_user(visit.actor, user_id=visit.actor.id, with_clients=False)
    return None


def holds_secrets(page: DeclaredPage) -> bool:
    """Whether a page may hold a token: compressed, its length would tell of it to whoever chose the rest."""
    return page.holds_secrets or "{token" in page.path


class PagePlan:
    """What is done with each request of a page: who asks, what they sent, what is shown to them."""

    def __init__(
        self, page: DeclaredPage, service: Service, callers: Callers, return_links: ReturnLinks
    ) -> None:
        self._page, self._service, self._callers = page, service, callers
        self._return_links = return_links
        self._holds_secrets = holds_secrets(page)
        self._base_path = service.settings.base_path
        self._permissions: dict[Level, frozenset[str]] = {}
        self._headers = [*HEADERS, (b"content-security-policy", policy(has_scripts=page.has_scripts))]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http_scope = cast(HTTPScope, scope)
        visit = self._visit(http_scope)
        try:
            reply = await self._reply(http_scope, receive, visit)
        except (AttendanceError, HTTPException) as refusal:
            reply = self._refused(http_scope, visit, refusal)
        await reply(scope, receive, send)

    async def _reply(self, scope: HTTPScope, receive: Receive, visit: Visit) -> Reply:
        if scope["method"] == "POST":
            # what a page of elsewhere sends is not read, whoever is signed in
            if not self._callers.cookie.is_asked_by_a_page(scope):
                raise FromElsewhere
            form, sent = of_itself(await form_sent(scope, receive))
            visit = replace(visit, form=form, sent=sent)
        if self._page.runs is Runs.HASHING:
            known = await self._service.request_threads(self._known, scope, visit)
            if isinstance(known, Reply):
                return known
            try:
                return await self._service.hashing_executor(self._shown, scope, known)
            except AttendanceError as refusal:
                # too many wait to be hashed: what was typed stays
                return await self._service.request_threads.admitted(self._shown_again, scope, known, refusal)
        return await self._service.request_threads(self._answered, scope, visit)

    def _visit(self, scope: HTTPScope) -> Visit:
        headers = scope["headers"]
        return Visit(
            service=self._service,
            path=scope["path"],
            headers=headers,
            language=language_for(header_value(headers, b"accept-language"), self._service.settings.language),
            address=Caller(self._callers, scope).address,
            is_head=IS_HEAD in scope,
            query=Typed(parsed(scope["query_string"]) or ()),
            form=Typed(),
        )

    def _answered(self, scope: HTTPScope, visit: Visit) -> Reply:
        known = self._known(scope, visit)
        return known if isinstance(known, Reply) else self._shown(scope, known)

    def _known(self, scope: HTTPScope, visit: Visit) -> Visit | Reply:
        """The visit with whoever is signed in, in their language; or what is said instead."""
        try:
            visitor = Caller(self._callers, scope).visitor_if_any()
            if visitor is None:
                return visit
            visit = self._as_known(visit, visitor)
            if not self._page.is_sent_by_anybody and visit.sent.account not in ("", str(visit.signed_in.id)):
                raise SomebodyElse
            return visit
        except Exception as error:
            return self._shown_again(scope, visit, error)

    def _as_known(self, visit: Visit, visitor: Visitor) -> Visit:
        """The visit of somebody who is signed in, in the language of their account if it has one."""
        actor = visitor.actor
        if actor.level not in self._permissions:
            table = visit.use_cases.show_permissions(actor, user_id=actor.id)
            self._permissions[actor.level] = frozenset(table.permissions)
        return replace(
            visit,
            visitor=visitor,
            permissions=self._permissions[actor.level],
            language=visitor.language or visit.language,
        )

    def _shown(self, scope: HTTPScope, visit: Visit) -> Reply:
        try:
            return self._reply_of(visit, self._page.function(visit, **scope["path_params"]))
        except Exception as error:
            return self._shown_again(scope, visit, error)

    def _shown_again(self, scope: HTTPScope, visit: Visit, error: Exception) -> Reply:
        """The form with what was typed and what is wrong, or a page that says so."""
        if self._page.form is None or not isinstance(error, AttendanceError) or is_signed_out(error):
            return self._refused(scope, visit, error)
        note_refusal(error, scope)
        try:
            shown = self._page.form(visit, **scope["path_params"])
        except Exception as further:
            # where nobody could tell who is signed in, it does not seem to be nobody
            is_untold = isinstance(error, Unavailable) and is_signed_out(further)
            return self._refused(scope, visit, error if is_untold else further)
        if isinstance(shown, Page):
            shown = replace(shown, refusal=shown.refusal or error)
        faults = dict(faults_of(error, visit.language, self._field_of(visit)))
        if isinstance(error, Outdated) and isinstance(shown, Page) and not shown.tells_conflicts:
            return self._merged(scope, visit, shown, faults)
        if isinstance(shown, Page) and visit.sent.is_filled_in:
            # whose form may be gone, with the thing that it was about
            faults |= kept_texts(visit.form, self._html(visit, shown, {}), visit.language)
        return self._reply_of(visit, shown, faults=faults, shown_again=_as_it_was_sent(visit))

    def _field_of(self, visit: Visit) -> Mapping[str, str]:
        """The fields of the form that refusals are about."""
        here = {
            code: next((name for name in names if visit.form[name].strip()), names[-1])
            for code, names in self._page.said_at.items()
        }
        return {**FIELD_OF, **here}

    def _merged(self, scope: HTTPScope, visit: Visit, shown: Page, faults: dict[str, str]) -> Reply:
        """The form with what was typed where one has touched it, and with what is stored now elsewhere."""
        again = self._page.form
        try:
            stored = again and again(replace(visit, form=Typed()), **scope["path_params"])
            if not isinstance(stored, Page):
                return self._reply_of(visit, shown, faults=faults)
            form = form_of(self._html(replace(visit, form=Typed()), stored, {}), visit.path)
            if form is None or again is None:
                return self._reply_of(visit, shown, faults=faults)
            found = merged(visit.form.as_shown(), form)
            visit = replace(visit, form=found.typed)
            page = again(visit, **scope["path_params"])
        except AttendanceError:
            return self._reply_of(visit, shown, faults=faults)
        if isinstance(page, Page):
            page = replace(page, refusal=shown.refusal)
        was = form.hashes

        def shown_again(each: ShownForm, version: str) -> tuple[str, str] | None:
            return (version, was) if (each.action or visit.path) == visit.path else None

        return self._reply_of(
            visit, page, faults=faults | _said_of(found, visit.language), shown_again=shown_again
        )

    def _refused(self, scope: HTTPScope, visit: Visit, error: Exception) -> Reply:
        if isinstance(error, AttendanceError) and is_signed_out(error):
            return self._signed_out(scope, visit, error)
        # what was typed is sent again, but for passwords, which no page holds
        holds_password = any("password" in name for name in visit.form)
        status = status_of(error)
        if isinstance(error, AttendanceError):
            note_refusal(error, scope)
        elif status == 500:
            log.error("%s %s failed", scope["method"], scope.get("path_template"), exc_info=error)
        method, path = scope["method"], scope["path"]
        again = quote(path) if status in (429, 503) else None
        back = self._return_links.of(path, method=method, status=status, entries=[*self._entries(visit)])
        sends_again = again if method == "POST" and status == 503 and not holds_password else None
        is_kept = visit.sent.is_filled_in and not sends_again
        values = {
            "status": status,
            "again": again if method == "GET" else None,
            "sends_again": sends_again,
            "kept": kept_texts(visit.form, "", visit.language) if is_kept else {},
            "is_filled_in": visit.sent.is_filled_in,
            # of anything else that is not there its refusal says what
            "is_unknown_page": type(error) is NotFound,
            "may_be_given": isinstance(error, Forbidden) and error.code == Forbidden.code,
            "back": back and quote(back),
        }
        page = Page("error.html", values, refusal=error)
        return self._reply_of(visit, page, faults=faults_of(error, visit.language))

    def _signed_out(self, scope: HTTPScope, visit: Visit, error: AttendanceError) -> Reply:
        """What was typed is kept, for whoever typed it alone; where nothing was, one goes back to it."""
        method, path = scope["method"], scope["path"]
        if method != "POST":
            return self._reply_of(visit, Redirect(signing_in_first(scope)))
        is_kept = (
            bool(visit.form)
            and visit.sent.is_filled_in
            and not any("password" in name for name in visit.form)
        )
        is_of_another = isinstance(error, SomebodyElse)
        entries = [*self._entries(visit)] if is_of_another else ENTRIES
        back = self._return_links.of(path, method=method, status=409, entries=entries)
        if is_kept or is_of_another:
            note_refusal(error, scope)
            values = {
                "is_kept": is_kept,
                "of_another": is_of_another,
                "back": back and quote(back),
                "user": _user_of(visit),
            }
            return self._reply_of(visit, Page("signed_out.html", values, refusal=error))
        return self._reply_of(visit, Redirect(signing_in_again(self._page_of_the_form(visit) or back)))

    def _page_of_the_form(self, visit: Visit) -> str | None:
        """The page that a form was sent from, with what was asked of it, if the browser says so."""
        referrer = urlsplit(header_value(visit.headers, b"referer"))
        path = self._base_path.inside(referrer.path)
        if not self._return_links.is_page(path):
            return None
        return f"{path}?{referrer.query}" if referrer.query else path

    def _reply_of(
        self,
        visit: Visit,
        answer: Answer,
        *,
        faults: Mapping[str, str] | None = None,
        shown_again: ShownAgain | None = None,
    ) -> Reply:
        match answer:
            case Redirect():
                return self._redirected(answer)
            case Page():
                html = self._html(visit, answer, faults or {})
                # of a form that somebody fills in; one that only sends again holds its `was` already
                if f'name="{WAS}"' not in html:
                    html = with_what_was(html, shown_again)
                # what is sent again stays with the account that it was typed for
                account = visit.sent.account or (str(visit.actor.id) if visit.actor else "")
                html = self._base_path.html(with_account(html, account))
                reply = html_reply(html, answer.refusal, self._headers)
                return reply if self._holds_secrets else compressed(reply, visit.headers)
            case Reply():
                return answer

    def _html(self, visit: Visit, page: Page, faults: Mapping[str, str]) -> str:
        visitor = visit.visitor
        values = {
            **page.values,
            "is_signed_in": visitor is not None,
            "account_id": visitor and visitor.actor.id,
            "awaits_confirmation": visitor is not None and visitor.awaits_confirmation,
            "path": visit.path,
            "entries": self._entries(visit),
            "permissions": visit.permissions,
            "zone": visit.service.settings.zone,
            "typed": visit.form.as_shown(),
            "faults": faults,
        }
        return rendered(page.template, visit.language, values)

    def _entries(self, visit: Visit) -> Iterator[Entry]:
        return entries_for(visit.permissions, has_labs=visit.service.settings.has_labs)

    def _redirected(self, answer: Redirect) -> Reply:
        headers = [(b"location", answer.path.encode("latin-1")), (b"content-length", b"0")]
        if answer.session is not None:
            until = answer.session.expires_at if answer.is_remembered else None
            headers.append(self._callers.cookie.holding(answer.session.access_token, until=until))
        elif answer.signs_out:
            headers.append(self._callers.cookie.forgotten())
        return Reply(SEE_OTHER, headers)


def _as_it_was_sent(visit: Visit) -> ShownAgain:
    """A form that is shown again still says which version it was filled with, and what was in it then."""

    def sent(form: ShownForm, version: str) -> tuple[str, str] | None:
        if (form.action or visit.path) != visit.path or not visit.fields.versions:
            return None
        return visit.form["version"], visit.form.as_shown()[WAS]

    return sent


def _said_of(found: Merged, language: Language) -> dict[str, str]:
    """What is said of a form that somebody else was faster with: of its fields, and of the whole."""
    say = words(language).gettext
    faults: dict[str, str] = {}
    if found.changed:
        faults[" changed"] = say(CHANGED) % {"fields": "; ".join(found.changed)}
    for name, each in found.both.items():
        value = each.shown or "–"
        if each.is_box:
            faults[f" {name}"] = say(NOW_IN) % {"field": each.label, "value": value}
        else:
            faults[name] = say(NOW) % {"value": value}
    if found.both:
        faults[" both"] = say(BOTH)
    for number, (name, text) in enumerate(found.undone):
        faults[f" undone {number}"] = say(UNDONE) % {"field": name, "value": text or "–"}
    return faults


ALWAYS = [
    b"default-src 'none'",
    b"style-src 'self'",
    b"img-src 'self'",
    b"form-action 'self'",
    b"base-uri 'none'",
    b"frame-ancestors 'none'",
    b"require-trusted-types-for 'script'",
]
SCRIPTS = [
    b"script-src 'self'",
    b"connect-src 'self'",
    b"worker-src 'self'",
    b"manifest-src 'self'",
    b"trusted-types attendance",
]


def policy(*, has_scripts: bool) -> bytes:
    """What a page may load: styles and pictures of this service, and where it has any, its scripts.

    Of what is written in a page nothing runs; scripts make the address of a worker with the one policy that
    Trusted Types know.
    """
    return b"; ".join([*ALWAYS, *(SCRIPTS if has_scripts else [b"trusted-types 'none'"])])


HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"vary", b"Accept, Accept-Language"),
    # a form that is sent without a referrer says nothing of its origin either
    (b"referrer-policy", b"same-origin"),
]


def html_reply(html: str, refusal: Exception | None, page_headers: list[tuple[bytes, bytes]]) -> Reply:
    """An answer with a page, which says why something is refused where it is."""
    body, status, headers = html.encode(), 200, [*page_headers]
    if refusal is not None:
        status = status_of(refusal)
        headers += headers_of(refusal)
    return Reply(status, [*headers, (b"content-length", b"%d" % len(body))], body)
