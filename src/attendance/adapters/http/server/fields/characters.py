"""Which characters texts may hold, for the OpenAPI document. The domain itself refuses the others."""

from typing import Any

_NUL = r"\u0000"
_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
_CONTROLS_BUT_TAB_AND_NEWLINE = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f"


def _without(characters: str) -> dict[str, Any]:
    return {"pattern": f"^[^{characters}]*$"}


ANY_TEXT, NAME, PROSE = _without(_NUL), _without(_CONTROLS), _without(_CONTROLS_BUT_TAB_AND_NEWLINE)
