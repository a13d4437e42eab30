"""Authenticators of all makers must agree with us, so the published vectors do."""

import re
from base64 import b32decode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from api.accounts.totp import one_time_codes
from tests.support.clock import START

# RFC 4226, appendix D, and RFC 6238, appendix B.
PUBLISHED_SECRET = b"12345678901234567890"
# Found by trying: its code at START is that of the step behind START as well.
ECHOING_SECRET = (1_079_560).to_bytes(20, "big")


def test_the_codes_are_those_of_rfc_4226() -> None:
    codes = [one_time_codes.code_at(PUBLISHED_SECRET, step) for step in range(10)]
    assert codes == [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_codes_are_the_last_digits_of_rfc_6238_s(seconds: int, eight_digits: str) -> None:
    step = one_time_codes.step_at(datetime.fromtimestamp(seconds, UTC))
    assert one_time_codes.code_at(PUBLISHED_SECRET, step) == eight_digits[-6:]


def test_a_step_is_half_a_minute() -> None:
    step = one_time_codes.step_at(START)
    assert one_time_codes.step_at(START + timedelta(seconds=29.999)) == step
    assert one_time_codes.step_at(START + timedelta(seconds=30)) == step + 1


def test_a_code_is_of_the_step_or_of_one_to_either_side() -> None:
    present = one_time_codes.step_at(START)
    found = [
        one_time_codes.step_of(
            PUBLISHED_SECRET, one_time_codes.code_at(PUBLISHED_SECRET, step), START, None
        )
        for step in range(present - 2, present + 3)
    ]
    assert found == [None, present - 1, present, present + 1, None]


def test_a_code_is_of_no_step_that_has_served_or_came_before_one_that_has() -> None:
    present = one_time_codes.step_at(START)
    found = [
        one_time_codes.step_of(
            PUBLISHED_SECRET, one_time_codes.code_at(PUBLISHED_SECRET, step), START, present
        )
        for step in (present - 1, present, present + 1)
    ]
    assert found == [None, None, present + 1]


def test_a_code_that_two_steps_share_serves_once() -> None:
    present = one_time_codes.step_at(START)
    code = one_time_codes.code_at(ECHOING_SECRET, present)
    assert code == one_time_codes.code_at(ECHOING_SECRET, present + 1)
    assert one_time_codes.step_of(ECHOING_SECRET, code, START, None) == present + 1
    assert one_time_codes.step_of(ECHOING_SECRET, code, START, present) is None


@pytest.mark.parametrize(
    "typed", ["", "755 24", "75522", "7552240", "٧٥٥٢٢٤", "755224\ud800", "abcdef"]
)
def test_what_is_no_code_is_of_no_step(typed: str) -> None:
    at_the_beginning = datetime.fromtimestamp(30, UTC)
    assert one_time_codes.step_of(PUBLISHED_SECRET, "755224", at_the_beginning, None) == 0
    assert one_time_codes.step_of(PUBLISHED_SECRET, typed, at_the_beginning, None) is None


def test_each_secret_is_160_random_bits_in_base32_without_padding() -> None:
    one, other = one_time_codes.make_secret(), one_time_codes.make_secret()
    assert one != other
    spelt = one_time_codes.spell_secret(one)
    assert re.fullmatch("[A-Z2-7]{32}", spelt)
    assert b32decode(spelt) == one


@pytest.mark.parametrize(
    ("username", "label"),
    [("mara", "Hearth:mara"), ("a b:c/d?e&f=g%ü", "Hearth:a%20b%3Ac%2Fd%3Fe%26f%3Dg%25%C3%BC")],
)
def test_the_address_for_a_qr_code_names_the_house_and_the_username(
    username: str, label: str
) -> None:
    url = urlsplit(one_time_codes.otpauth_url(PUBLISHED_SECRET, username))
    assert (url.scheme, url.netloc, url.path) == ("otpauth", "totp", f"/{label}")
    assert parse_qs(url.query, strict_parsing=True) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Hearth"],
    }
