"""Text in a csv: what a spreadsheet would work out or shorten is guarded, and comes back as it was."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import csv_text, sheets

GUARDED = ["=1+1", "+86 138", "-5 号楼", "@处长", "'=1", "\t=1", "0012345", "11010119900307123X", "1" * 16, "''@"]
PLAIN = ["周晓梅", "13800000001", "12", "'引号", "0", "a=b", "", "2020-01-01"]


@pytest.mark.parametrize("text", GUARDED)
def test_what_would_be_worked_out_or_shortened_is_guarded(text: str) -> None:
    assert csv_text.guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_everything_else_stands_as_it_is(text: str) -> None:
    assert csv_text.guarded(text) == csv_text.unguarded(text) == text


@given(st.text("=+-@'0123456789xX\tab 周", max_size=24))
def test_every_text_comes_back(text: str) -> None:
    assert csv_text.unguarded(csv_text.guarded(text)) == text


def test_a_sheet_that_is_brought_has_no_guards() -> None:
    book = sheets.book_of(
        io.BytesIO("姓名,工号,备注\n周晓梅,'0012345,'=1+1\n李明,20260001,'引号\n".encode("utf-8-sig"))
    )

    assert [row.texts for row in book.sheets[0].rows[1:]] == [
        ["周晓梅", "0012345", "=1+1"], ["李明", "20260001", "'引号"],
    ]  # fmt: skip
