"""The steps of a handing-over: arranged, it waits for its day; then it is done, by the clock or at once."""

from __future__ import annotations

from datetime import date, timedelta

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
from .models import Ending, Handover
from .models import HandoverState as S

audit.name_acts({
    "handover.arrange": "安排交接",
    "handover.print": "打印交接清单",
    "handover.out": "交接后停用账号",
    "grant.restore": "恢复职责",
})  # fmt: skip


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
    """End her sessions; with her last office pass the rows of the old account, and what others have lent her ends.

    Who keeps an office keeps her rows: what she has printed for it is not the successor's to see. An account with
    nothing left behind it is disabled.
    """
    leaver = item.from_user
    passed: list[tuple[str, int]] = []
    item.done_at = now()
    sessions.close_all(leaver)
    if not reach.offices(leaver):
        passed = passing.pass_on(item.from_user_id, item.to_user_id)
        item.counts = [*item.counts, *passed]
        for grant in leaver.grants:
            if grant.lender_id is not None and not grant.is_over(today()):
                grant.revoked_at = now()
                audit.record(actor, "grant.end", grant, reason="交接")
                told = f"{leaver.name}的工作已交接，请另行委托。"
                notices.tell([grant.lender_id], f"您对{leaver.name}的委托已结束", told)
        if not passing.has_record(leaver.id):
            leaver.is_enabled = False
            audit.record(actor, "handover.out", leaver)
    return {label: ("", str(number)) for label, number in passed}


def cancelled(item: Handover, actor: Actor, *, comment: str) -> None:
    """Let the old offices last as long as before, and take back what would have begun.

    An office that somebody has ended otherwise since then stays ended.
    """
    for one in item.passing:
        old, new = (db.session.get_one(Grant, one[name], with_for_update={"of": Grant}) for name in ("old", "new"))
        if one["is_made"] and not new.is_over(today()):
            new.revoked_at = now()
            audit.record(actor, "grant.end", new, reason="取消交接")
        if one["ending"] == Ending.AT_ONCE:
            old.revoked_at = None
        elif one["ending"] == Ending.BEFORE and (old.revoked_at, old.ends) == (None, item.day - timedelta(days=1)):
            former = one["former_end"]
            old.ends = date.fromisoformat(str(former)) if former else None
        else:
            continue
        audit.record(actor, "grant.restore", old, reason="取消交接")


def too_late(item: Handover, actor: Actor) -> str:
    """Say why a handing-over cannot be cancelled any more, or not by the actor."""
    if item.day <= today():
        return "交接日已到，不能取消；需要恢复的，请在账号页重新加授职责"
    offices = [db.session.get_one(Grant, one["old"]) for one in item.passing]
    if isinstance(actor, User) and not all(reach.may_appoint(actor, one.role, one.unit) for one in offices):
        return "其中有您不能设置的职责，请由上级取消"
    return ""


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
            confirm="原任的职责照旧，接任人的职责作废；双方都会收到站内信。已登记的工会职务不随之改变。",
        ),
    ),
    fetch,
    concerns,
    notify,
)
