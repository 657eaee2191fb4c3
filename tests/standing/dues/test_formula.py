"""What is due in a month, by the union's own rule."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.core import settings
from portal.core.actors import SHELL
from portal.standing.dues.formula import FEN, JIAO, dues, step

D = Decimal


@pytest.mark.parametrize(
    ("base", "to_jiao", "to_fen"),
    [
        ("0", "0.00", "0.00"),
        ("9.99", "0.00", "0.00"),  # a tail below ten yuan is not counted
        ("10", "0.10", "0.05"),  # 0.05 is rounded up to 角
        ("4569.99", "22.80", "22.80"),
        ("4570", "22.90", "22.85"),
        ("5200.00", "26.00", "26.00"),
        ("99999.99", "500.00", "499.95"),
    ],
)
def test_half_a_percent_of_whole_tens(base: str, to_jiao: str, to_fen: str) -> None:
    assert [str(dues(D(base), JIAO)), str(dues(D(base), FEN))] == [to_jiao, to_fen]


def test_the_union_says_to_what_is_rounded(app) -> None:
    before = step()

    settings.set(SHELL, "dues_to_fen", True)

    assert (before, step()) == (JIAO, FEN)
