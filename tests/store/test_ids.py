from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.ids import WrongId, new_id, parse_id

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_an_id_tells_its_kind_and_reads_back_as_a_version_7_uuid() -> None:
    made = new_id("u", NOW)
    assert made.startswith("u_")
    assert parse_id("u", made).version == 7


def test_later_ids_sort_behind_earlier_ones() -> None:
    ids = [new_id("m", NOW + timedelta(milliseconds=n)) for n in range(200)]
    assert ids == sorted(ids)


def test_two_ids_of_one_moment_differ() -> None:
    assert len({new_id("m", NOW) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u_",
        "m_01m7z76g1pf96sxhbzs67jg46p",
        "u_01M7Z76G1PF96SXHBZS67JG46P",
        "u_01m7z76g1pf96sxhbzs67jg46",
        "u_01m7z76g1pf96sxhbzs67jg46pp",
        "u_z1m7z76g1pf96sxhbzs67jg46p",
        "u_01m7z76g1pf96sxhbzs67jg46\N{LATIN SMALL LETTER E WITH ACUTE}",
        "u-01m7z76g1pf96sxhbzs67jg46p",
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(WrongId):
        parse_id("u", text)


@given(st.text())
def test_no_text_is_read_as_an_id_in_two_spellings(text: str) -> None:
    try:
        value = parse_id("u", f"u_{text}")
    except WrongId:
        return
    assert len(text) == 26
    assert value.int >> 128 == 0
