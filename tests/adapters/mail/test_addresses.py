"""Email addresses: what mail can be sent to is accepted in its normal form, nothing else is."""

import subprocess
import sys

import pytest
from hypothesis import example, given, settings, strategies as st

from attendance.adapters.mail import MailRenderer, ValidEmailAddresses
from attendance.domain.errors import Invalid
from tests.adapters.mail.make import mail
from tests.examples import examples

addresses = ValidEmailAddresses()
renderer = MailRenderer(base_url="https://club.example.org")
LONGEST_DOMAIN = f"{'b' * 63}.{'c' * 63}.{'d' * 58}.de"


def complaint(email: str) -> str:
    with pytest.raises(Invalid) as refused:
        addresses.accepted(email)
    (field_error,) = refused.value.field_errors
    assert field_error.field == "email"
    assert field_error.message.isprintable()
    assert field_error.message[0].islower()
    return field_error.message


@pytest.mark.parametrize(
    ("email", "normal"),
    [
        ("anna@example.org", "anna@example.org"),
        ("Anna.Beispiel@Example.ORG", "Anna.Beispiel@example.org"),
        ("o'neil+club@mail.example.co.uk", "o'neil+club@mail.example.co.uk"),
        ("a@b-c.de", "a@b-c.de"),
        ("1@2.de", "1@2.de"),
        ("_-!#$%&*/{}|~^`@example.org", "_-!#$%&*/{}|~^`@example.org"),
        ("anna@bücher.example.org", "anna@bücher.example.org"),
        ("anna@xn--bcher-kva.example.org", "anna@bücher.example.org"),
        ("anna@BÜCHER.example.org", "anna@bücher.example.org"),
        ("anna@ｅxample.org", "anna@example.org"),
        ("anna@例え.jp", "anna@例え.jp"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
        (f"{'a' * 64}@{LONGEST_DOMAIN}", f"{'a' * 64}@{LONGEST_DOMAIN}"),
    ],
)
def test_an_address_is_accepted_in_its_normal_form(email: str, normal: str) -> None:
    assert addresses.accepted(email) == normal
    assert addresses.accepted(normal) == normal


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "@",
        "anna@",
        "@example.org",
        "anna@example",
        "anna@localhost",
        "anna@club.local",
        "anna@club.test",
        "anna@[127.0.0.1]",
        "anna@127.0.0.1",
        "anna@example..org",
        "anna@.example.org",
        "anna@-example.org",
        "anna@exa_mple.org",
        "anna@example.org.",
        "anna@xn--zzzzzzzz.de",
        ".anna@example.org",
        "anna.@example.org",
        "an..na@example.org",
        "an na@example.org",
        "\x1fanna@example.org",
        "anna @example.org",
        "anna@example.org\x1f",
        "an\r\nna@example.org",
        "anna@example.org\r\nBcc: thief@example.com",
        "anna\0@example.org",
        "Anna <anna@example.org>",
        "<anna@example.org>",
        '"anna b"@example.org',
        "anna@example.org, bert@example.org",
        "anna@bert@example.org",
        "mailto:anna@example.org",
        "=?utf-8?q?thief=40example=2Ecom?=@example.org",
        f"{'a' * 65}@example.org",
        f"anna@{'b' * 64}.org",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    assert complaint(email) == "must be an email address like anna@example.org"


@pytest.mark.parametrize(
    "email", ["änna@example.org", "анна@example.org", "ａnna@example.org", "\ud800@b.de"]
)
def test_only_ascii_is_accepted_before_the_at_sign(email: str) -> None:
    assert complaint(email) == "must have only ASCII characters before the @"


@pytest.mark.parametrize("email", [f"a{'a' * 64}@{LONGEST_DOMAIN}", "a@" * 500_000])
def test_what_is_too_long_is_refused(email: str) -> None:
    assert complaint(email) == "must have at most 254 characters"


def test_the_longest_form_counts_the_letters_that_are_sent() -> None:
    typed = f"anna@{'.'.join(['é' * 60] * 4)}.org"
    assert len(typed) <= 254 < len(typed.encode())
    assert complaint(typed) == "must be an email address like anna@example.org"


NEARLY = st.from_regex(r"[\w.+\"=?-]{0,20}@?[\w.-]{0,20}\.?\w{0,4}", fullmatch=True)


@pytest.mark.slow
@settings(max_examples=examples(300))
@given(NEARLY | st.text(max_size=30) | st.emails())
@example("a@ß.de")
@example("a@İ.de")
@example("=?a?=@b.de")
def test_whatever_is_accepted_has_one_normal_form_and_can_be_written_to(email: str) -> None:
    try:
        normal = addresses.accepted(email)
    except Invalid:
        return
    assert addresses.accepted(normal) == normal
    assert len(normal) <= 254
    to = str(renderer.render(mail(address=normal))["To"])
    assert to.isascii()
    assert addresses.accepted(to) == normal


@pytest.mark.processes
@pytest.mark.parametrize(
    ("statement", "printed"),
    [
        (
            "import attendance.adapters.mail.addresses as it; it.ValidEmailAddresses().accepted('a@b.de')",
            "False",
        ),
        ("import dns", "True"),
    ],
)
def test_no_name_service_is_loaded(statement: str, printed: str) -> None:
    """The second shows that the question can be answered otherwise."""
    program = f"import sys\n{statement}\nprint('dns' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == printed


def test_white_space_at_the_ends_is_none_of_an_address() -> None:
    for blank in (" ", "\t", "\r\n", "\u00a0", "\u3000"):
        assert ValidEmailAddresses().accepted(f"{blank}anna@example.org{blank}") == "anna@example.org"
