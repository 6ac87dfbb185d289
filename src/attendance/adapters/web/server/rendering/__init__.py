"""What pages look like: templates, filled in a language."""

from attendance.adapters.web.server.rendering.templates import rendered as rendered
