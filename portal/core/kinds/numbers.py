"""Kinds that count: whole numbers and money."""

from __future__ import annotations

import re
from decimal import Decimal

from portal.core.fields import Field
from portal.core.kinds.cleaning import for_code, refusal


def parse_integer(field: Field, raw: object) -> int:
    """Return a whole number between the field's limits."""
    text = for_code(raw)
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        number = int(text)
        if (field.low is None or number >= field.low) and (field.high is None or number <= field.high):
            return number
    raise refusal(field, f"应为 {field.low} 至 {field.high} 的整数" if field.high is not None else "应为整数")


def parse_money(field: Field, raw: object) -> str:
    """Return an amount in yuan with two decimals as text, at least `low` and below `high`."""
    text = re.sub(r"[\s,¥￥元]", "", for_code(raw))
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", text):
        raise refusal(field, "应为金额，最多两位小数，例如 5200.00")
    amount = Decimal(text)
    if (field.low is not None and amount < field.low) or (field.high is not None and amount >= field.high):
        raise refusal(field, f"应不小于 {field.low} 元且小于 {field.high} 元")
    return f"{amount:.2f}"
