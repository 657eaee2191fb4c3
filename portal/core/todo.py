"""What the first page shows of the rooms, which hand in functions that return these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Todo:
    """Work that waits for the actor.

    `count` equals the number of rows on the list that `endpoint` shows with `params` in its address.
    """

    label: str
    count: int
    endpoint: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """One number about the actor's part of the house; `number` and `note` are shown as they are.

    `endpoint` and `params` lead to the rows behind it; an empty endpoint leads nowhere.
    """

    label: str
    number: str
    note: str = ""
    endpoint: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
