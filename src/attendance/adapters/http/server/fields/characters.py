"""Which characters texts may hold, for the OpenAPI document. The domain itself refuses the others."""

from typing import Any

_NUL = r"\u0000"
_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
_DIRECTIONS_AND_LINE_BREAKS = r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_CONTROLS_BUT_TAB_AND_NEWLINE = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f"


def _without(characters: str) -> dict[str, Any]:
    return {"pattern": f"^[^{characters}]*$"}


ANY_TEXT, PROSE = _without(_NUL), _without(_CONTROLS_BUT_TAB_AND_NEWLINE)
NAME = _without(_CONTROLS + _DIRECTIONS_AND_LINE_BREAKS)
