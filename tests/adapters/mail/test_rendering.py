"""What mails say, and that nothing anybody is called reaches their headers."""

from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from attendance.adapters.mail import MailRenderer
from attendance.adapters.mail.texts import ROLE_NAMES, SUBJECTS
from attendance.application.ports import NotSent
from attendance.domain.accounts.mail import Mail, MailKind
from tests.adapters.mail.make import FACTS, mail
from tests.make import NOON

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
]
INJECTION = "x\r\nBcc: thief@example.com\r\n\r\nand a text of my own"
renderer = MailRenderer(base_url="https://club.example.org/", sender="Club <club@example.org>")


def headers_of(raw: bytes) -> list[str]:
    """The names of the header lines as a server sees them, whatever the one who wrote them thinks."""
    head = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n\n")[0].decode("ascii")
    return [line.partition(":")[0] for line in head.split("\n") if not line.startswith((" ", "\t"))]


def bodies(letter: EmailMessage) -> tuple[str, str]:
    """Text and page as a mail program shows them, read from what is sent."""
    read = message_from_bytes(letter.as_bytes(), policy=default)
    text, page = read.get_body(("plain",)), read.get_body(("html",))
    assert text is not None
    assert page is not None
    return text.get_content().replace("\r\n", "\n"), page.get_content().replace("\r\n", "\n")


def text_of(written: Mail, by: MailRenderer = renderer) -> str:
    return bodies(by.render(written))[0]


def in_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_of_mail_has_a_subject_a_text_and_a_page_for_its_reader(kind: MailKind) -> None:
    letter = renderer.render(mail(kind))
    assert letter["Subject"] == SUBJECTS[kind]
    for body in bodies(letter):
        assert "Anna Beispiel" in body
        assert "https://club.example.org\n" in body or ">https://club.example.org<" in body
        assert "{" not in body
        assert "None" not in body


@pytest.mark.parametrize("kind", MailKind)
def test_text_and_page_of_a_mail_tell_all_its_facts(kind: MailKind) -> None:
    for body in bodies(renderer.render(mail(kind))):
        for name, fact in FACTS[kind].items():
            told = {"hours": "2 days", "role": ROLE_NAMES.get(fact), "to": ROLE_NAMES.get(fact)}.get(
                name, fact
            )
            is_left_out = name == "what" or (name == "username" and "username" not in body)
            assert is_left_out or told in in_one_line(body), name


@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_says_what_to_do_when_one_did_not_ask_for_it(kind: MailKind) -> None:
    text = in_one_line(text_of(mail(kind)))
    assert any(
        doubt in text
        for doubt in (
            "You did not ask for this?",
            "You did not expect this?",
            "That was not you?",
            "You know nothing of it?",
        )
    )


def test_a_mail_is_addressed_and_dated_and_says_that_a_machine_wrote_it() -> None:
    sent = mail(address="anna@example.com")
    letter = renderer.render(sent)
    assert headers_of(letter.as_bytes()) == HEADERS
    assert letter["From"] == "Club <club@example.org>"
    assert letter["To"] == "anna@example.com"
    assert letter["Message-ID"] == f"<{sent.id}@example.org>"
    assert letter["Auto-Submitted"] == "auto-generated"
    date: Any = letter["Date"]
    assert datetime.fromisoformat(date.datetime.isoformat()) == NOON


def test_a_mail_that_is_sent_again_has_the_same_message_id() -> None:
    sent = mail()
    later = replace(sent, attempts=7)
    assert renderer.render(sent)["Message-ID"] == renderer.render(later)["Message-ID"]
    assert renderer.render(sent)["Message-ID"] != renderer.render(mail())["Message-ID"]


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ("0", "less than an hour"),
        ("1", "1 hour"),
        ("2", "2 hours"),
        ("24", "24 hours"),
        ("36", "36 hours"),
        ("48", "2 days"),
        ("168", "7 days"),
    ],
)
def test_how_long_a_link_is_good_is_told_in_hours_or_days(hours: str, told: str) -> None:
    assert f"The link is good for {told}" in text_of(mail(hours=hours))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (MailKind.CONFIRM_EMAIL, "confirm_email"),
        (MailKind.RESET_PASSWORD, "password_reset"),
        (MailKind.INVITATION, "password_reset"),
    ],
)
def test_a_link_leads_to_the_service_unless_a_place_of_ones_own_is_set(kind: MailKind, path: str) -> None:
    own = replace(
        renderer,
        confirm_link="https://app.example.org/#/confirm_email?t={token}&a=1",
        reset_link="https://app.example.org/#/password_reset?t={token}&a=1",
    )
    sent = mail(kind, token="a/b?c=é&d")
    for by, link in (
        (renderer, f"https://club.example.org/api/v1/auth/{path}/a%2Fb%3Fc%3D%C3%A9%26d"),
        (own, f"https://app.example.org/#/{path}?t=a%2Fb%3Fc%3D%C3%A9%26d&a=1"),
    ):
        text, page = bodies(by.render(sent))
        assert by.link(sent) == link
        assert f"\n{link}\n" in text
        assert f'href="{link.replace("&", "&amp;")}"' in page


@pytest.mark.parametrize("kind", [kind for kind in MailKind if "token" not in FACTS[kind]])
def test_a_mail_without_a_token_has_no_link_but_to_the_service(kind: MailKind) -> None:
    assert renderer.link(mail(kind)) is None
    text, page = bodies(renderer.render(mail(kind)))
    assert text.count("http") == 1
    assert page.count("href") == 1


def test_a_link_stands_whole_in_the_file_of_a_mail_in_plain_letters() -> None:
    sent = mail(token="t" * 200)
    assert f"\n{renderer.link(sent)}\n".encode() in renderer.render(sent).as_bytes().replace(b"\r\n", b"\n")


def test_whoever_gave_no_name_is_called_by_the_username() -> None:
    assert text_of(mail(name="")).startswith("Hello anna,\n")


@pytest.mark.parametrize(
    ("what", "to", "told"),
    [
        ("role", "user", "the role is to become: user."),
        ("active", "False", "the account is to be deactivated."),
        ("active", "True", "the account is to be activated."),
    ],
)
def test_owners_read_what_is_to_change_and_who_may_decide(what: str, to: str, told: str) -> None:
    text = in_one_line(text_of(mail(MailKind.ROLE_CHANGE_AWAITS, what=what, to=to)))
    assert told in text
    assert 'if "bert" confirms it, or somebody else who has been an owner for long' in text
    assert "Any other owner can reject it" in text


@pytest.mark.parametrize(("kind", "fact"), [(kind, fact) for kind in MailKind for fact in FACTS[kind]])
def test_no_fact_reaches_the_headers(kind: MailKind, fact: str) -> None:
    letter = renderer.render(mail(kind, **{fact: INJECTION}))
    assert headers_of(letter.as_bytes()) == HEADERS
    for body in bodies(letter):
        assert not any(line.startswith("Bcc") for line in body.splitlines())


def test_the_check_of_headers_sees_one_that_was_slipped_in() -> None:
    naive = f"From: club@example.org\r\nSubject: Hello {INJECTION}\r\n\r\na text"
    assert headers_of(naive.encode()) == ["From", "Subject", "Bcc"]


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.org\r\nBcc: thief@example.com",
        "anna@example.org, thief@example.com",
        "=?utf-8?q?a=0D=0ABcc=3A_thief?=@example.org",
        "=?utf-8?q?thief=40example=2Ecom=2C_a?=@example.org",
        "änna@example.org",
        "anna",
        "",
    ],
)
def test_a_mail_to_what_is_no_address_is_given_up(address: str) -> None:
    with pytest.raises(NotSent) as failure:
        renderer.render(mail(address=address))
    assert failure.value.is_final


def test_an_address_in_another_script_is_written_in_ascii() -> None:
    assert renderer.render(mail(address="anna@bücher.example.org"))["To"] == "anna@xn--bcher-kva.example.org"


def test_the_longest_address_stays_in_one_piece() -> None:
    longest = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 58}.de"
    by = replace(renderer, sender=f"Club <{longest}>")
    sent = mail(address=longest)
    raw = by.render(sent).as_bytes()
    assert f"\r\nTo: {longest}\r\n".encode() in raw
    assert f'From: "Club" <{longest}>\r\n'.encode() in raw
    assert f"\r\nMessage-ID: <{sent.id}@{longest.partition('@')[2]}>\r\n".encode() in raw


@pytest.mark.parametrize(
    "awkward", ["\u2028", "\u2029", "\x85", "\x0b", "\x00", "\ud800", "\u202e", "\u2066"]
)
def test_awkward_characters_in_a_name_do_no_harm(awkward: str) -> None:
    letter = renderer.render(mail(name=f"An{awkward}na"))
    assert headers_of(letter.as_bytes()) == HEADERS
    assert all(awkward not in body for body in bodies(letter))


def test_a_page_shows_markup_in_names_as_it_is_written() -> None:
    _, page = bodies(renderer.render(mail(MailKind.ROLE_GRANTED, about="<b>'bert'</b>", name="<script>")))
    assert "&lt;b&gt;&#39;bert&#39;&lt;/b&gt;" in page
    assert "<script>" not in page


def test_a_text_shows_markup_in_names_as_it_is_written() -> None:
    assert '"<b>bert</b>"' in text_of(mail(MailKind.ROLE_GRANTED, about="<b>bert</b>"))


def test_facts_are_no_templates() -> None:
    assert "{{ 6 * 7 }}" in text_of(mail(name="{{ 6 * 7 }}"))


@pytest.mark.parametrize("name", ["Win at https://evil.example", "evil.example/win", "me@evil.example"])
def test_a_name_is_no_link_for_a_mail_program(name: str) -> None:
    for body in bodies(renderer.render(mail(name=name))):
        assert "evil.example" not in body
        assert "example" in body


@pytest.mark.parametrize("name", ["Dr. Anna B. Beispiel", "Ян Новак", "山田 太郎", "O'Neil-Łoś"])
def test_an_ordinary_name_is_written_as_it_is(name: str) -> None:
    assert text_of(mail(name=name)).startswith(f"Hello {name},\n")


def test_a_name_is_cut_before_it_becomes_a_message() -> None:
    assert text_of(mail(name="a" * 200)).startswith(f"Hello {'a' * 59}…,\n")


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_whose_facts_lack_one_is_not_sent_but_kept(kind: MailKind) -> None:
    for missing in FACTS[kind].keys() - {"name", "username", "token"}:
        whole = mail(kind)
        assert whole.facts is not None
        facts = {name: fact for name, fact in whole.facts.items() if name != missing}
        with pytest.raises(NotSent, match="cannot be written") as failure:
            renderer.render(replace(whole, facts=facts))
        assert not failure.value.is_final


def test_a_mail_for_nobody_is_not_sent() -> None:
    with pytest.raises(NotSent):
        renderer.render(replace(mail(), facts={"token": "t", "hours": "1"}))


def test_a_mail_that_was_sent_has_no_facts_to_be_sent_again() -> None:
    with pytest.raises(NotSent) as failure:
        renderer.render(replace(mail(), facts=None))
    assert failure.value.is_final
    assert renderer.link(replace(mail(), facts=None)) is None


@pytest.mark.parametrize(
    ("sender", "written", "bare"),
    [
        ("attendance@localhost", "attendance@localhost", "attendance@localhost"),
        ("Club <club@example.org>", "Club <club@example.org>", "club@example.org"),
        ('"Anna, Bert" <c@example.org>', '"Anna, Bert" <c@example.org>', "c@example.org"),
        ("Anna, Bert <c@example.org>", '"Anna, Bert" <c@example.org>', "c@example.org"),
        ("<c@example.org>", "c@example.org", "c@example.org"),
        ("Bücher, Klub <c@bücher.org>", '"Bücher, Klub" <c@xn--bcher-kva.org>', "c@xn--bcher-kva.org"),
    ],
)
def test_the_sender_is_an_address_or_a_name_with_one(sender: str, written: str, bare: str) -> None:
    by = replace(renderer, sender=sender)
    sent = mail()
    letter = by.render(sent)
    assert headers_of(letter.as_bytes()) == HEADERS
    read = message_from_bytes(letter.as_bytes(), policy=default)
    assert read["From"] == written
    assert by.envelope_sender == bare
    assert read["Message-ID"] == f"<{sent.id}@{bare.partition('@')[2]}>"


@pytest.mark.parametrize("name", ["a, b " * 20, "ü, ö " * 20, "スポーツ、" * 20])
def test_a_long_name_of_a_sender_stays_in_one_piece(name: str) -> None:
    by = replace(renderer, sender=f"{name}<club@example.org>")
    raw = by.render(mail()).as_bytes()
    assert max(map(len, raw.partition(b"\r\n\r\n")[0].split(b"\r\n"))) < 998
    header: Any = message_from_bytes(raw, policy=default)["From"]
    (address,) = header.addresses
    assert (address.display_name, address.addr_spec) == (name.strip(), "club@example.org")


@pytest.mark.parametrize(
    "sender",
    [
        "",
        f"{'a' * 101} <club@example.org>",
        "club",
        "Club",
        "@example.org",
        "club@",
        "a@example.org, b@example.org",
        "<a@example.org> <b@example.org>",
        "Club <club@example.org>\r\nBcc: thief@example.com",
        "Club\r\nBcc: thief@example.com <club@example.org>",
        "=?utf-8?q?a=0D=0ABcc=3A_thief?= <club@example.org>",
        "=?utf-8?q?a?=@example.org",
        "Club\u2028 <club@example.org>",
        'Cl"ub\\ <club@example.org>',
        "a..b@example.org",
        "a b@example.org",
    ],
)
def test_a_sender_that_cannot_be_is_refused_at_once(sender: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        replace(renderer, sender=sender)


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": ""},
        {"base_url": "club.example.org"},
        {"base_url": "javascript:alert(1)"},
        {"base_url": "https://"},
        {"base_url": "https://club.example.org/\r\nBcc:"},
        {"confirm_link": "https://app.example.org/confirm"},
        {"confirm_link": "https://app.example.org/{token}/{token}"},
        {"reset_link": "https://app.example.org/reset"},
        {"reset_link": "https://app.example.org/a b/{token}"},
        {"reset_link": "javascript:{token}"},
    ],
)
def test_a_link_that_cannot_be_is_refused_at_once(wrong: dict[str, str]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        replace(renderer, **wrong)
