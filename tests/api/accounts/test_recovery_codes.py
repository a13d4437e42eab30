"""Recovery codes are copied from paper, by people in a hurry."""

import re

import pytest

from api.accounts.totp import recovery_codes

SECRET = b"12345678901234567890"


def test_there_are_ten_of_sixty_bits_that_read_well() -> None:
    codes = [code.get_secret_value() for code in recovery_codes.make_codes()]
    assert len(set(codes)) == 10
    for code in codes:
        assert re.fullmatch("[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){2}", code)


def test_no_two_lots_share_a_code() -> None:
    lots = [recovery_codes.make_codes() for _ in range(100)]
    assert len({code.get_secret_value() for lot in lots for code in lot}) == 1000


def test_they_show_nothing_of_themselves() -> None:
    codes = recovery_codes.make_codes()
    assert all(code.get_secret_value() not in repr(codes) for code in codes)


@pytest.mark.parametrize("typed", ["7F3K9Q2M0R11", "7f3k9q2mor11", "7f3K9q2MOrIl", "7f3k9q2mOrLi"])
def test_capitals_and_letters_like_digits_are_as_good(typed: str) -> None:
    meant = recovery_codes.fingerprint(SECRET, "7f3k9q2m0r11")
    assert recovery_codes.fingerprint(SECRET, typed) == meant


def test_the_same_code_of_another_factor_is_kept_as_something_else() -> None:
    kept = {recovery_codes.fingerprint(secret, "7f3k9q2m0r11") for secret in (SECRET, b"another")}
    assert len(kept) == 2
