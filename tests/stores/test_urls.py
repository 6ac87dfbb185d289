"""What a database URL may say, and that psycopg and PostgreSQL's programs understand it alike."""

from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from attendance.adapters.sql.engine.databases import (
    WHAT_A_URL_IS,
    WHAT_SEVERAL_SERVERS_NEED,
    open_database,
    parsed_url,
)

WRITING = "target_session_attrs=read-write"
WHO = "postgresql://ada:p%40ss,word@"


@pytest.mark.parametrize(
    ("servers", "hosts", "ports"),
    [
        ("one:5433,other:5434/club?", "one,other", "5433,5434"),
        ("one,other/club?", "one,other", "5432,5432"),
        ("one,other:5433/club?", "one,other", "5432,5433"),
        ("10.0.0.1:5432,[fd00::1]:5433,[fd00::2]/club?", "10.0.0.1,fd00::1,fd00::2", "5432,5433,5432"),
        ("/club?host=one:5433&host=other&", "one,other", "5433,5432"),
        ("/club?host=one,other&port=5433,5434&", "one,other", "5433,5434"),
        ("/club?host=/run/one&host=/run/other&", "/run/one,/run/other", "5432,5432"),
    ],
)
def test_several_servers_are_named_in_each_usual_form(servers: str, hosts: str, ports: str) -> None:
    database = open_database(f"{WHO}{servers}{WRITING}", pool_size=1)
    _, given = database.engine.dialect.create_connect_args(database.engine.url)
    expected: dict[str, Any] = {"user": "ada", "password": "p@ss,word", "dbname": "club", "host": hosts}
    expected |= {"port": ports, "target_session_attrs": "read-write"}
    assert given.items() >= expected.items()
    # as pg_dump is told
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    assert conninfo_to_dict(url) == expected


def test_one_server_is_what_it_was() -> None:
    for url in ("postgresql://ada@one:5433/club", "postgresql://ada@/club?host=/run/postgresql"):
        assert parsed_url(url).render_as_string() == url.replace("/run/", "%2Frun%2F").replace(
            "run%2F", "run%2F"
        )


@pytest.mark.parametrize("said", ["", "?target_session_attrs=any", "?target_session_attrs=standby"])
def test_several_servers_without_a_word_on_which_of_them_writes_are_refused(said: str) -> None:
    """The first that answers may replicate another, and every write would be refused for ever."""
    with pytest.raises(ValueError, match=WHAT_SEVERAL_SERVERS_NEED.replace("?", r"\?")):
        open_database(f"{WHO}one,other/club{said}", pool_size=1)
    open_database(f"{WHO}one,other/club{said}", pool_size=1, only_reads=True)


def test_the_leader_may_be_asked_for_by_either_word() -> None:
    database = open_database(f"{WHO}one,other/club?target_session_attrs=primary", pool_size=1)
    assert database.engine.url.query["target_session_attrs"] == "primary"
    assert database.engine.url.query["host"] == "one,other"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://one:x,other/club",
        "postgresql://one,,other/club",
        "postgresql://one:5432x/club",
        "nonsense",
    ],
)
def test_what_is_no_url_is_refused_in_words(url: str) -> None:
    with pytest.raises(ValueError, match=WHAT_A_URL_IS):
        open_database(url, pool_size=1)
