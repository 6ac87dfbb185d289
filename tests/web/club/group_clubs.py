"""A small club with a group, for pages about groups and lessons; it is Monday, 2 March 2026, noon UTC."""

from dataclasses import dataclass, field
from typing import Any

from attendance.domain.permissions.roles import Role
from tests.http.api import Api, Person, good
from tests.web.visitors import Visitor, with_session

TODAY = "2026-03-02"
EVENING = {"starts": "17:00", "ends": "18:00"}


@dataclass
class GroupClub:
    """Somebody of each role, two places, some clients, and a group that the teacher teaches."""

    api: Api
    people: dict[str, Person] = field(init=False)
    group: str = field(init=False)

    def __post_init__(self) -> None:
        roles = {
            "parent": Role.USER,
            "teacher": Role.EMPLOYEE,
            "colleague": Role.EMPLOYEE,
            "manager": Role.MANAGER,
            "head": Role.HEAD_MANAGER,
            "owner": Role.OWNER,
            "admin": Role.ADMIN,
        }
        self.people = {name: self.api.having(role, name, name=name.title()) for name, role in roles.items()}
        self.house = self.adds("/locations", name="House", address="Mill Street 1", timezone="Europe/Berlin")
        self.yard = self.adds("/locations", name="Yard", address="Side Street 2", timezone="Europe/Berlin")
        self.tom = self.adds("/clients", name="Tom", notes="Needs his inhaler", guardian_name="Ms Tomson")
        self.ann = self.adds("/clients", name="Ann")
        self.group = self.adds(
            "/groups",
            name="Clay",
            location_id=self.house,
            capacity=3,
            active_from="2026-01-05",
            teachers=[{"user_id": self.people["teacher"].id, "from": "2026-01-05"}],
            members=[{"client_id": self.tom, "from": "2026-01-05"}],
            schedule=[{"weekday": day, **EVENING} for day in (1, 4)],
        )

    @property
    def path(self) -> str:
        """The page of the group."""
        return f"/app/groups/{self.group}"

    def by(self, name: str) -> Visitor:
        return with_session(self.api, self.people[name])

    def adds(self, to: str, **body: Any) -> str:
        """Over the API, by the owner; return the id."""
        added: str = good(self.people["owner"].posts(to, **body), 201)["id"]
        return added

    def adds_lesson(self, date: str = TODAY, **body: Any) -> str:
        return self.adds(f"/groups/{self.group}/lessons", date=date, **EVENING | body)

    def edits(self, path: str, **body: Any) -> dict[str, Any]:
        return dict(good(self.people["owner"].puts(path, **body), 200))

    def marks(self, lesson: str, client: str, status: str = "present") -> None:
        self.edits(f"/lessons/{lesson}/attendance", attendances=[{"client_id": client, "status": status}])

    def now(self, path: str = "") -> dict[str, Any]:
        """The group, or what is below it, as it is stored."""
        return dict(good(self.people["owner"].reads(f"/groups/{self.group}{path}"), 200))

    def lessons(self) -> list[dict[str, Any]]:
        lessons: list[dict[str, Any]] = self.now("/lessons")["lessons"]
        return lessons
