"""What a member pays in a month: 0.5 % of the base, of which a tail below ten yuan is not counted."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from portal.core import settings
from portal.core.kinds import Kind
from portal.core.settings import Setting

settings.declare(
    Setting(
        "dues_to_fen", "会费计算到分", Kind.BOOL, False, "本工会",
        hint="会费为计缴基数的 0.5%，基数不足 10 元的尾数不计；默认四舍五入到角，选“是”则到分",
    )
)  # fmt: skip

RATE = Decimal("0.005")
TAIL = 10  # yuan: what is below is not counted
JIAO, FEN = Decimal("0.1"), Decimal("0.01")


def dues(base: Decimal, step: Decimal = JIAO) -> Decimal:
    """Return the dues of a month in yuan for the monthly base in yuan, rounded half up to `step` (JIAO or FEN)."""
    counted = base // TAIL * TAIL
    return (counted * RATE).quantize(step, ROUND_HALF_UP).quantize(FEN)


def step() -> Decimal:
    """Return to what the union rounds, as it has set."""
    return FEN if settings.value("dues_to_fen") else JIAO
