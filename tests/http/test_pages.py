"""How long the pages of a list are is the caller's to say, of every list alike."""

from collections.abc import Iterator

import pytest

from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, Api, fields, good
from tests.http.operations import Operation, Scene, operations

NUMBERS = {"page", "pages", "total"}


@pytest.fixture
def lists(memory: Api) -> list[Operation]:
    """Every operation that has pages."""
    document = good(memory.nobody.asks("GET", "/schema/openapi.json"), 200)

    def found() -> Iterator[Operation]:
        for operation in operations(Scene.of(memory)).values():
            listed = document["paths"][operation.template][operation.method.lower()]
            if any(parameter["name"] == "page" for parameter in listed.get("parameters", [])):
                yield operation

    return [*found()]


def test_every_list_has_pages_of_the_length_that_is_said(lists: list[Operation]) -> None:
    assert len(lists) > 10
    for operation in lists:
        page = good(operation.by.asks("GET", operation.path, params={"page": 1, "per_page": 1}), 200)
        assert {*page} > NUMBERS, operation.path
        assert (page["page"], page["pages"]) == (1, page["total"]), operation.path
        most = good(operation.by.asks("GET", operation.path, params={"page": 1, "per_page": 100}), 200)
        assert most["pages"] == -(-page["total"] // 100), operation.path


@pytest.mark.parametrize("wrong", ["0", "-1", "101", "1.0", "x", "", "9" * 30])
def test_a_length_that_cannot_be_is_refused(lists: list[Operation], wrong: str) -> None:
    for operation in lists:
        response = operation.by.asks("GET", operation.path, params={"page": 1, "per_page": wrong})
        assert fields(response) == ["per_page"], operation.path


def test_a_length_alone_is_that_of_the_first_page(lists: list[Operation]) -> None:
    for operation in lists:
        alone = good(operation.by.asks("GET", operation.path, params={"per_page": 1}), 200)
        assert alone == good(operation.by.asks("GET", operation.path, params={"page": 1, "per_page": 1}), 200)
        assert alone["page"] == 1, operation.path
        wrong = operation.by.asks("GET", operation.path, params={"page": 0, "per_page": 0})
        assert sorted(fields(wrong)) == ["page", "per_page"], operation.path
        wrong = operation.by.asks("GET", operation.path, params={"page": 0, "per_page": 10})
        assert fields(wrong) == ["page"], operation.path


def test_pages_of_any_length_are_the_whole(api: Api) -> None:
    employee = api.having(Role.EMPLOYEE)
    for number in range(7):
        good(employee.posts("/clients", name=f"Client {number}"), 201)
    whole = good(employee.reads("/clients"), 200)["clients"]
    for length, pages in ((1, 7), (3, 3), (7, 1), (100, 1)):
        found = []
        for page in range(1, pages + 1):
            body = good(employee.reads("/clients", page=page, per_page=length), 200)
            assert (body["page"], body["pages"], body["total"]) == (page, pages, 7)
            found += body["clients"]
        assert found == whole
    past = good(employee.reads("/clients", page=pages + 1, per_page=100), 200)
    assert (past["clients"], past["pages"]) == ([], 1)
    table = employee.asks("GET", f"{CLUB}/clients", params={"page": 2, "per_page": 5, "format": "csv"})
    assert table.text.count("Client ") == 2
