"""The club protocol's front door, letter for letter, over every store: registering, signing in and out."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from attendance.adapters.http.server.operations import plan
from attendance.adapters.security.tokens import JwtTokens
from attendance.application.ports import TokenSubject
from attendance.domain.accounts.mail import MailKind
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import (
    CLUB,
    IN_MEMORY,
    PASSWORD,
    UNKNOWN_ID,
    Api,
    Person,
    answer,
    fields,
    good,
    refusal,
    running,
)
from tests.http.club_protocol import (
    ACCEPTED,
    ALREADY_CONFIRMED,
    ANOTHER,
    CONFIRMED,
    DONE,
    INVALID_CREDENTIALS,
    NO_CONFIRMATION,
    NOTHING_TO_CONFIRM,
    SIGN_IN_FIRST,
    TOKEN,
    TOO_MANY,
    UUID7,
    asks_for_reset,
    confirms,
    is_in,
    me,
    registered,
    signed_in,
    signs_in,
    without_request_id,
)

# Where to begin


@pytest.mark.slow
def test_the_front_door_says_where_to_begin(memory: Api) -> None:
    status, home = answer(memory.http.get(CLUB))
    assert status == 200
    assert home == {
        "name": "attendance",
        "version": home["version"],
        "links": {
            "registration": f"{CLUB}/auth/registration",
            "login": f"{CLUB}/auth/login",
            "openapi": "/schema/openapi.json",
        },
    }
    assert home["version"] == memory.http.get("/schema/openapi.json").json()["info"]["version"]
    for link in ("registration", "openapi"):
        assert memory.http.get(home["links"][link]).status_code == 200
    assert memory.http.get(f"{CLUB}/").json() == home


def test_the_form_says_what_registering_takes(memory: Api) -> None:
    form = good(memory.http.get(f"{CLUB}/auth/registration"), 200)
    assert (form["method"], form["path"]) == ("POST", f"{CLUB}/auth/registration")
    required = {field["name"]: field["required"] for field in form["fields"]}
    optional = {"name": False, "language": False}
    assert required == {"username": True, "email": True, "password": True, **optional}
    [password] = [field for field in form["fields"] if field["name"] == "password"]
    assert (password["type"], password["min_length"], password["max_bytes"]) == ("password", 8, 1024)
    assert fields(memory.nobody.posts("/auth/registration", x=1)) == ["x", "username", "email", "password"]


@pytest.mark.slow
def test_the_forms_say_what_a_setting_asks_for() -> None:
    with running(password_min_length=12) as api:
        api.having(username="ada")
        asks_for_reset(api, "ada@example.org")
        for path in ("registration", f"password_reset/{api.token_mailed(MailKind.RESET_PASSWORD)}"):
            form = good(api.http.get(f"{CLUB}/auth/{path}"), 200)
            [password] = [field for field in form["fields"] if field["name"] == "password"]
            assert password["min_length"] == 12
        assert fields(api.registers_with_email("bob", password="eleven-char")) == ["password"]


def test_whoever_registers_may_choose_a_language(memory: Api) -> None:
    for username, chosen in (("ada", {"language": "ru"}), ("bob", {"language": None}), ("eve", {})):
        good(memory.registers_with_email(username, **chosen), 201)
        assert me(signed_in(memory, username=username))["language"] == chosen.get("language")
    assert [mail.facts.get("language") for mail in memory.mails()] == ["ru", None, None]
    assert fields(memory.registers_with_email("dan", language="xx")) == ["language"]


# Registering


def test_registering_answers_with_an_id_and_mails_a_link(api: Api) -> None:
    response = api.registers_with_email("Ada", email="Ada@Example.org", name="Ada L.")
    user_id = good(response, 201)["user_id"]
    assert answer(response) == (201, {"user_id": user_id})
    assert UUID7.fullmatch(user_id)
    [mail] = api.mails()
    assert (mail.kind, mail.to) == (MailKind.CONFIRM_EMAIL, "Ada@example.org")
    assert TOKEN.fullmatch(api.token_mailed(MailKind.CONFIRM_EMAIL))
    ada = signed_in(api, username="ada")
    assert me(ada) == {
        "id": user_id,
        "created_at": "2026-03-02T12:00:00Z",
        "updated_at": "2026-03-02T12:00:00Z",
        "version": 1,
        "username": "Ada",
        "name": "Ada L.",
        "language": None,
        "email": "Ada@example.org",
        "pending_email": None,
        "role": "user",
        "level": 1,
        "active": True,
        "email_confirmed": False,
        "clients": [],
    }


def test_the_link_confirms_and_says_so_ever_after_for_as_long_as_it_lives(api: Api) -> None:
    ada = registered(api)
    token = api.token_mailed(MailKind.CONFIRM_EMAIL)
    assert answer(confirms(api, token)) == CONFIRMED
    assert (me(ada)["level"], me(ada)["email_confirmed"]) == (2, True)
    assert answer(confirms(api, token)) == ALREADY_CONFIRMED
    api.clock.pass_by(hours=47, minutes=59)
    assert answer(confirms(api, token)) == ALREADY_CONFIRMED
    api.clock.pass_by(minutes=1)
    assert answer(confirms(api, token)) == NO_CONFIRMATION


@IN_MEMORY
def test_a_link_that_is_too_old_confirms_nothing(api: Api) -> None:
    registered(api)
    api.clock.pass_by(hours=48)
    assert answer(confirms(api, api.token_mailed(MailKind.CONFIRM_EMAIL))) == NO_CONFIRMATION
    assert me(signed_in(api, username="ada"))["level"] == 1


def test_to_look_at_a_link_uses_nothing_up_and_says_what_using_it_would(api: Api) -> None:
    ada = registered(api)
    token = api.token_mailed(MailKind.CONFIRM_EMAIL)
    for _ in range(3):
        head = confirms(api, token, "HEAD")
        assert (head.status_code, head.content) == (200, b"")
    assert me(ada)["email_confirmed"] is False
    seen = head.headers["content-length"]
    got = confirms(api, token)
    assert answer(got) == CONFIRMED
    assert seen == got.headers["content-length"]
    assert confirms(api, token, "HEAD").status_code == confirms(api, token).status_code == 200
    assert confirms(api, "x", "HEAD").status_code == confirms(api, "x").status_code == 410
    api.clock.pass_by(hours=48)
    assert confirms(api, token, "HEAD").status_code == confirms(api, token).status_code == 410


@pytest.mark.plants
def test_a_look_that_is_not_known_for_one_is_seen_to_use_the_link_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "IS_HEAD", "nothing of the kind")
    with running() as api:
        ada = registered(api)
        assert confirms(api, api.token_mailed(MailKind.CONFIRM_EMAIL), "HEAD").status_code == 200
        assert me(ada)["email_confirmed"] is True


@IN_MEMORY
def test_whoever_has_it_may_use_a_link_signed_in_or_not(api: Api) -> None:
    registered(api)
    bob = registered(api, "bob")
    token = api.token_mailed(MailKind.CONFIRM_EMAIL, "ada@example.org")
    assert answer(bob.reads(f"/auth/confirm_email/{token}")) == CONFIRMED
    assert me(bob)["email_confirmed"] is False
    assert me(signed_in(api, username="ada"))["email_confirmed"] is True


def test_a_new_link_voids_the_older_one(api: Api) -> None:
    ada = registered(api)
    older = api.token_mailed(MailKind.CONFIRM_EMAIL)
    response = ada.posts("/auth/confirm_email")
    assert answer(response) == ACCEPTED
    assert "content-type" not in response.headers
    newer = api.token_mailed(MailKind.CONFIRM_EMAIL)
    assert newer != older
    assert answer(confirms(api, older)) == NO_CONFIRMATION
    assert answer(confirms(api, newer)) == CONFIRMED


@IN_MEMORY
def test_where_nothing_is_to_confirm_no_link_is_mailed(api: Api) -> None:
    ada, labs_alone = api.having(), api.someone()
    for person in (ada, labs_alone):
        assert answer(person.posts("/auth/confirm_email")) == NOTHING_TO_CONFIRM
    assert api.mails() == []
    assert answer(api.nobody.posts("/auth/confirm_email")) == SIGN_IN_FIRST


def test_the_fourth_link_in_six_hours_is_refused(api: Api) -> None:
    ada = registered(api)
    api.clock.pass_by(hours=1)
    assert [answer(ada.posts("/auth/confirm_email")) for _ in range(2)] == [ACCEPTED] * 2
    refused = ada.posts("/auth/confirm_email")
    assert answer(refused) == TOO_MANY
    assert refused.headers.get_list("retry-after") == [str(5 * 3600)]
    assert len(api.mails()) == 3
    assert answer(confirms(api, api.token_mailed(MailKind.CONFIRM_EMAIL))) == CONFIRMED, (
        "the last still works"
    )
    bob = registered(api, "bob")
    assert answer(bob.posts("/auth/confirm_email")) == ACCEPTED, "it is counted for each by itself"


@IN_MEMORY
def test_after_the_time_that_is_said_a_link_is_mailed_again(api: Api) -> None:
    ada = registered(api)
    for _ in range(2):
        ada.posts("/auth/confirm_email")
    wait = int(ada.posts("/auth/confirm_email").headers["retry-after"])
    [ada] = api.passes(Person(api.http, me(ada)["id"]), seconds=wait - 1)
    assert answer(ada.posts("/auth/confirm_email")) == TOO_MANY
    api.clock.pass_by(seconds=1)
    assert answer(ada.posts("/auth/confirm_email")) == ACCEPTED


def test_a_username_is_taken_whichever_protocol_it_came_by(api: Api) -> None:
    good(api.registers(username="ada", password=PASSWORD), 201)
    good(api.registers_with_email("Bob"), 201)
    for username in ("ada", "ADA", "ａｄａ", "bob", "ＢＯＢ"):
        taken = api.registers_with_email(username, email="another@example.org")
        assert answer(taken) == refusal(400, "username is taken")
        assert answer(api.registers(username=username, password=PASSWORD)) == refusal(
            400, "username is taken"
        )
    assert len(api.mails()) == 1


@IN_MEMORY
def test_an_address_is_taken_in_any_case_confirmed_or_not(api: Api) -> None:
    api.having(username="ada")
    good(api.registers_with_email("bob"), 201)
    for email in ("ada@example.org", "ADA@example.ORG", "Bob@Example.org"):
        taken = api.registers_with_email("carl", email=email)
        assert answer(taken) == refusal(400, "email is taken")
    assert api.signs_in(username="carl", password=PASSWORD).status_code == 401
    assert len(api.mails()) == 1


def test_a_claim_on_an_address_ends_with_its_last_link(api: Api) -> None:
    bob = registered(api, "bob", email="ada@example.org")
    bob_id = me(bob)["id"]
    token = api.token_mailed(MailKind.CONFIRM_EMAIL)
    api.clock.pass_by(hours=47, minutes=59)
    assert answer(api.registers_with_email("ada")) == refusal(400, "email is taken")
    api.clock.pass_by(minutes=1)
    good(api.registers_with_email("ada"), 201)
    assert answer(confirms(api, token)) == NO_CONFIRMATION
    bob = api.session_of(Person(api.http, bob_id))
    assert (me(bob)["email"], me(bob)["level"]) == (None, 1)
    assert answer(bob.posts("/auth/confirm_email")) == NOTHING_TO_CONFIRM
    assert signs_in(api, email="ada@example.org").status_code == 200
    assert answer(confirms(api, api.token_mailed(MailKind.CONFIRM_EMAIL))) == CONFIRMED
    assert me(signed_in(api, email="ada@example.org"))["username"] == "ada"


NO_ADDRESSES = [
    "", " ", "ada", "@example.org", "ada@", "ada@@example.org", "ada@example", "ada@ex ample.org",
    "ada @example.org", "ada@ example.org", "\x1fada@example.org",
    "a\0@example.org", "a\nbcc:x@example.org", "ada@example..org",
    "Ada <ada@example.org>", "ada@example.org,bob@example.org", "ада@example.org", "a" * 65 + "@example.org",
    "ada@" + "a" * 64 + ".org", "a@" + "b." * 126 + "org", "ada@[127.0.0.1]", "ada@localhost",
    '"ada"@example.org',
     "=?utf-8?q?ada?=@example.org", "ada@example.org\u202e", "ada@exa\u200bmple.org",
]  # fmt: skip


def test_what_is_no_address_is_malformed(memory: Api) -> None:
    for email in NO_ADDRESSES:
        assert fields(memory.registers_with_email("ada", email=email)) == ["email"], email
    assert memory.mails() == []


def test_everything_that_is_wrong_is_said_at_once(memory: Api) -> None:
    wrong = memory.registers_with_email("two words", email="x", password="short", name="a\nb")
    assert fields(wrong) == ["username", "password", "name", "email"]
    mistyped = memory.registers_with_email("ada", email=None, password=1, name=None)
    assert fields(mistyped) == ["email", "password", "name"]


def test_a_name_is_prose_of_one_line_and_may_be_left_out(memory: Api) -> None:
    for name in ("a\nb", "a\tb", "\x7f", "x" * 201):
        assert fields(memory.registers_with_email("ada", name=name)) == ["name"]
    for number, name in enumerate(("", "x" * 200, "Ada d'Ἀθῆναι", "\U0001f469\u200d\U0001f52c")):
        assert me(registered(memory, f"ada{number}", name=name))["name"] == name


NOT_FOR_THEM_TO_SAY: dict[str, Any] = {
    "role": "admin",
    "level": 7,
    "active": True,
    "id": UNKNOWN_ID,
    "user_id": UNKNOWN_ID,
    "email_confirmed": True,
    "email_confirmed_at": "2026-03-02T12:00:00Z",
    "pending_email": "x@example.org",
    "version": 1,
    "owner_since": None,
    "password_hash": "x",
    "is_admin": True,
}


def test_nobody_makes_themself_more_than_they_are(memory: Api) -> None:
    ada = registered(memory)
    before = me(ada)
    for name, value in NOT_FOR_THEM_TO_SAY.items():
        more = {name: value}
        assert fields(memory.registers_with_email("bob", **more)) == [name]
        assert fields(memory.registers(username="bob", password=PASSWORD, **more)) == [name]
        assert fields(ada.puts("/users/me", **more)) == [name]
        assert fields(ada.puts("/users/me", name="Ada", **more)) == [name]
        assert fields(
            ada.puts("/auth/password", current_password=PASSWORD, new_password=ANOTHER, **more)
        ) == [name]
    assert me(ada) == before
    assert answer(signs_in(memory, username="bob")) == INVALID_CREDENTIALS


# Signing in


def test_one_signs_in_by_username_or_address_in_any_case(api: Api) -> None:
    api.having(username="Ada")
    for username in ("Ada", "ada", "ADA", "ａｄａ"):
        assert me(signed_in(api, username=username))["username"] == "Ada"
    for email in ("Ada@example.org", "ada@EXAMPLE.org", "ADA@Example.Org"):
        assert me(signed_in(api, email=email))["username"] == "Ada"
    for no_name in ("Ada@example.org", "a da", "ada\x1f"):
        assert answer(signs_in(api, username=no_name)) == INVALID_CREDENTIALS
    assert answer(signs_in(api, email="ada")) == INVALID_CREDENTIALS


def test_an_address_signs_in_before_it_is_confirmed_but_not_while_it_is_pending(api: Api) -> None:
    registered(api)
    ada = signed_in(api, email="ada@example.org")
    assert answer(confirms(api, api.token_mailed(MailKind.CONFIRM_EMAIL))) == CONFIRMED
    good(ada.puts("/users/me", email="new@example.org"), 200)
    assert answer(signs_in(api, email="new@example.org")) == INVALID_CREDENTIALS


def test_a_mistyped_address_is_corrected_at_once(api: Api) -> None:
    ada = registered(api)
    corrected = good(ada.puts("/users/me", email="right@example.org"), 200)
    assert (corrected["email"], corrected["pending_email"]) == ("right@example.org", None)
    good(signs_in(api, email="right@example.org"), 200)
    assert answer(signs_in(api, email="ada@example.org")) == INVALID_CREDENTIALS
    assert answer(confirms(api, api.token_mailed(MailKind.CONFIRM_EMAIL))) == CONFIRMED
    assert me(ada)["email_confirmed"] is True


def test_either_username_or_address_is_given(memory: Api) -> None:
    memory.having(username="ada")
    both = signs_in(memory, username="ada", email="ada@example.org")
    assert fields(both) == fields(signs_in(memory)) == ["body"]
    assert fields(memory.nobody.posts("/auth/login", username="ada")) == ["password"]
    for wrong in (None, 1, ["ada"], {"$ne": ""}):
        assert fields(signs_in(memory, username=wrong)) == ["username"]  # type: ignore[arg-type]
        assert fields(signs_in(memory, email=wrong)) == ["email"]  # type: ignore[arg-type]


def test_unknown_wrong_and_deactivated_are_one_answer(api: Api) -> None:
    api.having(username="ada")
    api.having(username="gone", active=False)
    invited = api.having(Role.HEAD_MANAGER)
    good(invited.posts("/users", username="guest", email="guest@example.org"), 201)
    refusals = [
        signs_in(api, username="nobody"),
        signs_in(api, email="nobody@example.org"),
        signs_in(api, ANOTHER, username="ada"),
        signs_in(api, ANOTHER, email="ada@example.org"),
        signs_in(api, username="gone"),
        signs_in(api, email="gone@example.org"),
        signs_in(api, ANOTHER, username="gone"),
        signs_in(api, username="guest"),
        signs_in(api, "", username="guest"),
        signs_in(api, "", username="ada"),
        signs_in(api, "x" * 2000, username="ada"),
        signs_in(api, username="x" * 2000),
        signs_in(api, email="x" * 2000),
        api.signs_in(username="nobody", password=PASSWORD),
        api.signs_in(username="gone", password=PASSWORD),
    ]
    assert answer(refusals[0]) == INVALID_CREDENTIALS
    assert refusals[0].headers.get_list("www-authenticate") == ["Bearer"]
    # the body of the labs protocol has no code
    for alike in (refusals[:-2], refusals[-2:]):
        assert [without_request_id(each) for each in alike] == [without_request_id(alike[0])] * len(alike)


@IN_MEMORY
def test_a_token_of_either_protocol_is_good_in_both(api: Api) -> None:
    good(api.registers(username="ada", password=PASSWORD), 201)
    by_club = signed_in(api, username="ada")
    by_lab = Person(
        api.http, token=good(api.signs_in(username="ada", password=PASSWORD), 200)["access_token"]
    )
    assert me(by_club) == me(by_lab)
    for person in (by_club, by_lab):
        good(person.creates(name="Physics"), 201)


# Signing out


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_signing_out_ends_this_session_for_the_next_request(api: Api, method: str) -> None:
    ada = api.having()
    elsewhere = api.session_of(ada)
    assert answer(ada.asks(method, f"{CLUB}/auth/logout")) == DONE
    for _ in range(2):
        ended = ada.asks(method, f"{CLUB}/auth/logout")
        assert (
            answer(ended) == answer(ada.reads("/users/me")) == answer(ada.creates(name="x")) == SIGN_IN_FIRST
        )
        assert ended.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert is_in(elsewhere)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_signing_out_everywhere_ends_all_of_ones_sessions_and_nobody_elses(api: Api, method: str) -> None:
    ada, bob = api.having(), api.having()
    elsewhere = api.session_of(ada)
    assert answer(ada.asks(method, f"{CLUB}/auth/logout", params={"all": "true"})) == DONE
    assert not is_in(ada)
    assert not is_in(elsewhere)
    assert is_in(bob)
    assert is_in(api.session_of(ada))


@IN_MEMORY
def test_whoever_is_not_confirmed_may_sign_out_and_only_true_means_all(api: Api) -> None:
    ada = registered(api)
    elsewhere = signed_in(api, username="ada")
    for text in ("1", "yes", "True", "TRUE", "", "null", "0", "on"):
        assert fields(ada.asks("POST", f"{CLUB}/auth/logout", params={"all": text})) == ["all"], text
    assert answer(ada.asks("POST", f"{CLUB}/auth/logout", params={"all": "false"})) == DONE
    assert is_in(elsewhere)
    assert answer(api.nobody.posts("/auth/logout")) == SIGN_IN_FIRST


def test_head_of_signing_out_ends_nothing(memory: Api) -> None:
    ada = registered(memory)
    assert answer(ada.asks("HEAD", f"{CLUB}/auth/logout")) == DONE
    assert is_in(ada)
    assert answer(ada.asks("GET", f"{CLUB}/auth/logout")) == DONE
    assert not is_in(ada)
    assert answer(ada.asks("HEAD", f"{CLUB}/auth/logout"))[0] == 401


# Tokens


def token_of(api: Api, session_of: Person, **changes: Any) -> str:
    """A token that is signed as it has to be, for somebody's newest session, with changes."""
    account = api.account(session_of)
    session = make.session(account, started_at=api.clock.now, last_seen_at=api.clock.now,
                           expires_at=api.clock.now + make.LIFETIME.absolute)  # fmt: skip
    with api.store.transaction() as work:
        work.sessions.add(session)
    return api.container.tokens().issue(replace(session, **changes))


def test_a_token_speaks_for_nobody_but_the_account_of_its_session(api: Api) -> None:
    ada, bob = api.having(username="ada"), api.having(username="bob")
    own = replace(ada, token=token_of(api, ada))
    assert me(own)["username"] == "ada"
    for other in (AccountId(UUID(bob.id)), AccountId(UUID(UNKNOWN_ID))):
        forged = replace(ada, token=token_of(api, ada, account_id=other))
        response = forged.reads("/users/me")
        assert answer(response) == refusal(401, "authentication required")
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_of_anothers_session_is_seen_to_speak_when_nobody_compares(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = memory.having(username="ada"), memory.having(username="bob")
    forged = token_of(memory, ada, account_id=AccountId(UUID(bob.id)))
    read = JwtTokens.subject

    def believed(tokens: JwtTokens, token: str) -> TokenSubject | None:
        subject = read(tokens, token)
        return subject and TokenSubject(subject.session_id, AccountId(UUID(ada.id)))

    monkeypatch.setattr(JwtTokens, "subject", believed)
    assert me(replace(ada, token=forged))["username"] == "ada"


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\t"], ids=ascii)
def test_an_address_or_a_username_with_a_blank_at_its_end_is_the_same(api: Api, blank: str) -> None:
    spaced = f"ada@example.org{blank}"
    good(api.registers_with_email(f" ada{blank}", email=spaced, password=PASSWORD, name=f" Ada{blank}"), 201)
    assert answer(api.registers_with_email("ada", email="x@example.org", password=PASSWORD)) == refusal(
        400, "username is taken"
    )
    api.http.get(f"/api/v1/auth/confirm_email/{api.token_mailed(MailKind.CONFIRM_EMAIL, 'ada@example.org')}")
    for sent in ({"email": spaced}, {"username": f"ada{blank}"}, {"username": f"{blank}ada"}):
        signed_in = good(api.nobody.posts("/auth/login", **sent, password=PASSWORD), 200)
        wrong = api.nobody.posts("/auth/login", **sent, password=f"{PASSWORD}{blank}")
        assert answer(wrong) == refusal(401, "invalid credentials")
    ada = Person(api.http, token=signed_in["access_token"])
    shown = good(ada.reads("/users/me"), 200)
    assert (shown["username"], shown["name"], shown["email"]) == ("ada", "Ada", "ada@example.org")
    good(api.signs_in(username=f"ada{blank}", password=PASSWORD), 200)
    assert api.nobody.posts("/auth/password_reset", email=spaced).status_code == 202
    assert api.token_mailed(MailKind.RESET_PASSWORD, "ada@example.org")
