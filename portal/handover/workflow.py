"""The steps of a handing-over: arranged, it waits for its day; then it is done, by the clock or at once."""

from __future__ import annotations

from datetime import date

from portal.core import audit, notices
from portal.core.actors import Actor
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import Absent
from portal.core.workflow import Changes, Step, Workflow
from portal.org import access, sessions
from portal.org.models import Grant, OrgUnit, User
from portal.org.people import reach
from portal.org.permissions import Permission as P

from . import passing
from .models import Handover
from .models import HandoverState as S

audit.name_acts({"handover.arrange": "安排交接", "handover.print": "打印交接清单", "handover.out": "交接后停用账号"})


def fetch(actor: Actor, item_id: int) -> Handover:
    """Return a handing-over within the actor's scope. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Handover = access.fetch(Handover, item_id, actor, P.HANDOVER)
    return item


def concerns(item: Handover, actor: Actor) -> bool:
    """Nobody arranges what passes from or to herself."""
    return actor.id is not None and actor.id in (item.from_user_id, item.to_user_id)


def the_unit(item: Handover) -> OrgUnit:
    """Where a handing-over is arranged."""
    return item.unit


def completed(item: Handover, actor: Actor, *, comment: str) -> Changes:
    """Let the rows of the old account pass, end her sessions, and disable an account with nothing left behind it."""
    item.counts = [(label, number) for label, number in passing.pass_on(item.from_user_id, item.to_user_id) if number]
    item.done_at = now()
    sessions.close_all(item.from_user)
    if not reach.offices(item.from_user) and not passing.has_record(item.from_user_id):
        item.from_user.is_enabled = False
        audit.record(actor, "handover.out", item.from_user)
    return {label: ("", str(number)) for label, number in item.counts}


def cancelled(item: Handover, actor: Actor, *, comment: str) -> None:
    """Let the old offices last as long as before, and take back what would have begun."""
    for one in item.passing:
        old, new = (db.session.get_one(Grant, one[name], with_for_update=True) for name in ("old", "new"))
        if one["is_made"]:
            new.revoked_at = new.revoked_at or now()
        old.revoked_at = None
        former = one["former_end"]
        old.ends = date.fromisoformat(str(former)) if former else None


def too_late(item: Handover, actor: Actor) -> str:
    """Say why a handing-over cannot be cancelled any more."""
    return "交接日已到，不能取消；需要恢复的，请在账号页重新加授职责" if item.day <= today() else ""


def too_early(item: Handover, actor: Actor) -> str:
    """Say why a handing-over is not done yet."""
    return f"交接日是{show_date(item.day)}，到时自动完成" if item.day > today() else ""


def notify(item: Handover, step: Step, actor: Actor, comment: str) -> None:
    """Tell both."""
    words = {
        "complete": f"自{show_date(item.day)}起由{item.to_user.name}办理，待办与进行中的事项一并移交。",
        "cancel": f"原定{show_date(item.day)}的交接已取消，由{actor.label}办理。",
    }[step.action]
    notices.tell([item.from_user_id, item.to_user_id], f"{item.from_user.name}的工作{step.label}", words)


HANDOVER = Workflow(
    "handover",
    "交接",
    Handover,
    (
        # on its day by the clock, or at once by whoever arranges it
        Step("complete", "完成交接", (S.WAITING,), S.DONE, own=True, effect=completed, not_yet=too_early),
        Step(
            "cancel",
            "取消交接",
            (S.WAITING,),
            S.CANCELLED,
            P.HANDOVER,
            at=the_unit,
            effect=cancelled,
            not_yet=too_late,
            tone="danger",
            confirm="原任的职责照旧，接任人的职责作废；双方都会收到站内信。",
        ),
    ),
    fetch,
    concerns,
    notify,
)
