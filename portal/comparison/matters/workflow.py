"""The way of a matter: open until it is done, or dismissed with a reason."""

from __future__ import annotations

from portal.core.actors import Actor
from portal.core.errors import Absent
from portal.core.workflow import Step, Workflow
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Matter
from .models import MatterState as S


def the_unit(item: Matter) -> OrgUnit:
    """Where it is done."""
    return item.unit


def fetch(actor: Actor, item_id: int) -> Matter:
    """Return a matter in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Matter = access.fetch(Matter, item_id, actor, P.MEMBER_EDIT)
    return item


def concerns(item: Matter, actor: Actor) -> bool:
    """Whether it is about the actor."""
    return actor.id is not None and item.member.user_id == actor.id


def notify(item: Matter, step: Step, actor: Actor, comment: str) -> None:
    """Nobody is told: the person herself learns it by what is done, not by what was intended."""


MATTERS = Workflow(
    "matters", "拟办事项", Matter, (
        Step("finish", "办结", (S.OPEN,), S.DONE, P.MEMBER_EDIT, at=the_unit, tone="primary",
             confirm="系统不会自动改动会籍；请确认已按规定办理。"),
        Step("dismiss", "不予办理", (S.OPEN,), S.DISMISSED, P.MEMBER_EDIT, at=the_unit, comment_required=True),
    ), fetch, concerns, notify,
)  # fmt: skip
