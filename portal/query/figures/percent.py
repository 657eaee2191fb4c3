"""Percentages that add up to 100.0."""

from __future__ import annotations

from collections.abc import Sequence

TENTHS = 1000  # of a hundred percent


def percentages(numbers: Sequence[int]) -> list[str]:
    """Return each of `numbers` (none negative) in percent of their sum, with one decimal; together exactly 100.0.

    By largest remainders, the earlier first where they are equal; all "0.0" where the sum is 0.
    """
    total = sum(numbers)
    if not total:
        return ["0.0" for _ in numbers]
    tenths = [number * TENTHS // total for number in numbers]
    remainders = sorted(range(len(numbers)), key=lambda place: (-(numbers[place] * TENTHS % total), place))
    for place in remainders[: TENTHS - sum(tenths)]:
        tenths[place] += 1
    return [f"{number // 10}.{number % 10}" for number in tenths]
