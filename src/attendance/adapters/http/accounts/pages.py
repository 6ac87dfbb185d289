"""What a link in a mail shows to somebody with a phone and nothing else; whoever asks for JSON gets JSON."""

from html import escape
from typing import Any

from litestar import Response

from attendance.adapters.http.server.errors import ERROR_CODE, status_of
from attendance.domain.errors import AttendanceError

HTML = "text/html"

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  body {{ font: 18px/1.5 system-ui, sans-serif; max-width: 26em; margin: 3em auto; padding: 0 1em }}
  input, button {{ font: inherit; width: 100%; box-sizing: border-box; padding: .6em; margin: .3em 0 }}
</style>
<h1>{title}</h1>
{body}
</html>
"""

FORM = """<form>
  <label>New password <input type="password" name="password" autocomplete="new-password" required
    minlength="{shortest}"></label>
  <button>Set this password</button>
  <p role="status" id="said">At least {shortest} characters, none of the most common ones.</p>
  <noscript><p>This page needs JavaScript.</p></noscript>
</form>
<script>
  const form = document.querySelector("form"), said = document.getElementById("said");
  form.addEventListener("submit", async event => {{
    event.preventDefault();
    const answer = await fetch(location.pathname, {{
      method: "PUT",
      headers: {{"Content-Type": "application/json"}},
      body: JSON.stringify({{password: form.password.value}}),
    }}).catch(() => null);
    if (answer && answer.status === 204) {{
      form.replaceWith("Your password is set. You can sign in with it now.");
    }} else if (answer) {{
      const {{error, details = []}} = await answer.json();
      said.textContent = details.map(fault => "It " + fault.message + ".").join(" ") || error;
    }} else {{
      said.textContent = "That did not work. Please try again.";
    }}
  }});
</script>"""


def saying(title: str, text: str) -> Response[Any]:
    """A page with a sentence."""
    return _page(title, f"<p>{escape(text)}</p>", 200)


def refusing(refusal: AttendanceError, title: str, text: str) -> Response[Any]:
    """A page that says why something is not done."""
    page = _page(title, f"<p>{escape(text)}</p>", status_of(type(refusal)))
    page.set_header(ERROR_CODE, refusal.code)
    return page


def password_page(shortest: int) -> Response[Any]:
    """A page on which a new password is typed; it is sent to where the page came from."""
    return _page("Choose a password", FORM.format(shortest=shortest), 200)


def _page(title: str, body: str, status: int) -> Response[Any]:
    return Response(PAGE.format(title=escape(title), body=body), status_code=status, media_type=HTML)
