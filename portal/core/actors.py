"""Who acts: a signed-in user, or someone without an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Actor(Protocol):
    """What the verbs need to know of whoever calls them."""

    @property
    def id(self) -> int | None:
        """The user's number; None for someone without an account."""

    @property
    def label(self) -> str:
        """The name that the trace shows."""

    def may(self, permission: str, unit: object) -> bool:
        """Whether a live grant covers `permission` at `unit` (an OrgUnit)."""

    def label_for(self, permission: str, unit: object = None) -> str:
        """The name that the trace shows of an act by `permission` (at `unit`): whose right it is stands there too."""


@dataclass(frozen=True)
class Outsider:
    """An applicant without an account, the shell, or the clock."""

    label: str
    id: None = None

    def may(self, permission: str, unit: object) -> bool:
        """Nobody outside holds a grant."""
        return False

    def label_for(self, permission: str, unit: object = None) -> str:
        """Nobody outside stands in for another."""
        return self.label


APPLICANT = Outsider("申请人")
VISITOR = Outsider("未登录的访客")
SHELL = Outsider("命令行")
CLOCK = Outsider("系统定时任务")
