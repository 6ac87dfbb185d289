"""Whose a form is: each says which account it was shown to, and nobody else can send it.

Somebody may sign in where a page of somebody else is still open, on a tablet of the club say. What was typed
there, or kept when a session had ended, would otherwise be done under the name of whoever comes after.
"""

import re
from html import escape

from attendance.adapters.web.server.forms import ACCOUNT, UNTYPED
from attendance.domain.errors import Unauthenticated

KEPT = "data-kept"
"""Attribute of a form that holds, in fields that nobody sees, what was typed before."""

_POSTS = ' method="post"'
_FILLED_IN = re.compile(r'<(?:textarea|select)\b|<input\b(?![^>]*\btype="hidden")')


class SomebodyElse(Unauthenticated):
    """A form was shown to another account than the one that is signed in now."""

    text = "somebody else is signed in"


def with_account(html: str, account: str) -> str:
    """A page whose forms say that they were shown to an account.

    What somebody typed holds no `<` as it is, so nothing of it is taken for a form.
    """
    says = f'<input type="hidden" name="{ACCOUNT}" value="{escape(account)}">'
    parts, at = [], 0
    while account and (start := html.find("<form", at)) >= 0:
        end = html.index(">", start) + 1
        tag = html[start:end]
        parts += [html[at:end]]
        at = end
        if _POSTS not in tag:
            continue
        parts += [says]
        if KEPT not in tag and not _FILLED_IN.search(html, end, html.find("</form>", end)):
            parts += [f'<input type="hidden" name="{UNTYPED}" value="yes">']
    return "".join([*parts, html[at:]])
