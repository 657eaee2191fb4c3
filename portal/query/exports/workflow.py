"""The steps of an export that takes a second person: confirmed, refused, or taken back by who asked."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.core import audit, clock, notices
from portal.core import db as database
from portal.core.actors import Actor
from portal.core.calendar import now, show_time
from portal.core.db import db
from portal.core.errors import Absent, Forbidden
from portal.core.workflow import Step, Workflow
from portal.org import access
from portal.org.models import Grant, OrgUnit, User

from . import rules
from .models import Export
from .models import ExportState as S

NEW_FOR = timedelta(days=7)
MADE_BY_OWNER = "您的账号或权限是申请人在 7 天内开通、重置的，不能由您确认，请由其他有权限的人员确认"

audit.name_acts({
    "exports.make": "导出会员名单",
    "exports.ask": "申请导出会员名单",
    "exports.download": "下载导出的文件",
    "exports.finish": "导出文件已生成",
    "exports.remove": "清除过期的导出文件",
})  # fmt: skip


def fetch(actor: Actor, item_id: int) -> Export:
    """Return an export that waits for a second person, or did, within the scope of who may be one. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Export = access.fetch(Export, item_id, actor, rules.CONFIRMS)
    if not item.needs or item.alone:
        raise Absent
    return item


def concerns(item: Export, actor: Actor) -> bool:
    """Nobody confirms her own."""
    return actor.id is not None and actor.id == item.owner_id


def the_unit(item: Export) -> OrgUnit:
    """Where an export is confirmed, or above."""
    return item.unit


def too_late(item: Export, actor: Actor) -> str:
    """Say why the time to confirm is over."""
    return f"已超过确认期限（{show_time(item.confirm_until)}），请申请人重新导出" if now() > item.confirm_until else ""


def not_yet(item: Export, actor: Actor) -> str:
    """Say why this person may not confirm now: the time is over, or who asked has just made her the second person."""
    if why := too_late(item, actor):
        return why
    return MADE_BY_OWNER if isinstance(actor, User) and _is_made_by_owner(item, actor) else ""


def _is_made_by_owner(item: Export, actor: User) -> bool:
    """Whether who asked has opened the confirmer's account, its password or her right in the last days."""
    grants = [str(grant.id) for grant in actor.giving(rules.CONFIRMS)]
    event = audit.AuditEvent
    of_account = (event.subject_type == User.__tablename__) & (event.subject_id == str(actor.id))
    of_grant = (event.subject_type == Grant.__tablename__) & event.subject_id.in_(grants)
    query = select(event.id).where(
        event.actor_id == item.owner_id,
        event.at > now() - NEW_FOR,
        (of_account & event.action.in_(("user.open", "user.slip"))) | (of_grant & (event.action == "grant.give")),
    )
    return db.session.scalar(query.limit(1)) is not None


def confirmed(item: Export, actor: Actor, *, comment: str) -> None:
    """Let the clock make the file. Whoever asked must still have a right to it when it is made."""
    if not isinstance(actor, User):
        raise Forbidden("请由本单位或上级的人员确认")
    _decided(item, actor)
    database.later(clock.wake)


def refused(item: Export, actor: Actor, *, comment: str) -> None:
    """Keep who refused, and when."""
    _decided(item, actor)


def withdrawn(item: Export, actor: Actor, *, comment: str) -> None:
    """Close it."""
    item.finished_at = now()


def _decided(item: Export, actor: Actor) -> None:
    item.decided_by, item.decided_at = actor.id, now()


def notify(item: Export, step: Step, actor: Actor, comment: str) -> None:
    """Tell who asked."""
    if step.action == "confirm":
        words = f"导出 {item.number} 由{actor.label}确认，文件生成后可以下载。"
        notices.tell([item.owner_id], "您的导出申请已确认", words, link=f"/query/exports/{item.id}")
    elif step.action == "refuse":
        words = f"导出 {item.number} 由{actor.label}退回，理由：{comment}"
        notices.tell([item.owner_id], "您的导出申请未同意", words, link=f"/query/exports/{item.id}")
    elif step.action == "expire":
        words = f"导出 {item.number} 在 24 小时内没有人确认，已失效；需要时请重新导出。"
        notices.tell([item.owner_id], "您的导出申请逾期未确认", words, link=f"/query/exports/{item.id}")


EXPORT = Workflow(
    "exports",
    "导出",
    Export,
    (
        Step("confirm", "同意导出", (S.PENDING,), S.QUEUED, rules.CONFIRMS, at=the_unit, effect=confirmed,
             not_yet=not_yet, tone="primary",
             confirm="同意后由系统生成文件，只有申请人可以下载；您的姓名记入文件和操作日志。"),
        Step("refuse", "不同意", (S.PENDING,), S.REFUSED, rules.CONFIRMS, at=the_unit, effect=refused,
             comment_required=True, tone="danger", confirm="退回后申请人会收到您写的理由，不生成文件。"),
        # by the clock
        Step("expire", "逾期未确认", (S.PENDING,), S.EXPIRED, own=True, effect=withdrawn),
        Step("withdraw", "撤回", (S.PENDING, S.QUEUED, S.RUNNING), S.WITHDRAWN, own=True, effect=withdrawn),
    ),
    fetch,
    concerns,
    notify,
)  # fmt: skip
