"""Enumerations that carry the Chinese word beside the stored value."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class LabelEnum(StrEnum):
    """`SENT = "sent", "待审核"`: the value for the machine, `label` for people."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        """Return (value, label) pairs in the order of definition, as a select box wants them."""
        return [(member.value, member.label) for member in cls]
