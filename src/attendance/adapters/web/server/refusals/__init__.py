"""What is refused: said to people in their language, with a way on from there."""

from attendance.adapters.web.server.refusals.messages import (
    FIELD_OF as FIELD_OF,
    SUMMARY as SUMMARY,
    FromElsewhere as FromElsewhere,
    faults_of as faults_of,
    field_text as field_text,
    headers_of as headers_of,
    is_signed_out as is_signed_out,
    status_of as status_of,
    text_of as text_of,
)
