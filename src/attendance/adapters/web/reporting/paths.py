"""What paths of pages name."""

from uuid import UUID

from attendance.domain.errors import NotFound


def path_id(text: str) -> UUID:
    """The id in a path. Raises NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound from error
