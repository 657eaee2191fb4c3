"""The way of a message: sent, or first confirmed by a second person, held until it is time, stopped and mended."""

from __future__ import annotations

from portal.core import clock, notices
from portal.core import db as database
from portal.core.actors import Actor
from portal.core.errors import Absent
from portal.core.workflow import Changes, Step, Workflow
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import handing
from .models import Sms
from .models import SmsState as S


def the_unit(item: Sms) -> OrgUnit:
    """On whose behalf it is sent."""
    return item.unit


def fetch(actor: Actor, item_id: int) -> Sms:
    """Return a message in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Sms = access.fetch(Sms, item_id, actor, P.MESSAGE_SEND)
    return item


def nobody(item: Sms, actor: Actor) -> bool:
    """Sending is no decision about a person."""
    return False


def _not_ones_own(item: Sms, actor: Actor) -> str:
    return "自己编写的短信要由另一位有权限的人确认" if actor.id == item.owner_id else ""


def waiting(item: Sms, actor: Actor, *, comment: str) -> None:
    """Let the clock look for it."""
    database.later(clock.wake)


def handed(item: Sms, actor: Actor, *, comment: str) -> Changes:
    """Put it into the outbox."""
    return {"people": (item.expected, handing.hand_over(item))}


def notify(item: Sms, step: Step, actor: Actor, comment: str) -> None:
    """Tell who wrote it of what others have done with it."""
    link = f"/messaging/plans/{item.id}"
    if step.action in ("confirm", "refuse", "fail"):
        notices.tell([item.owner_id], f"短信“{item.title}”：{step.target.label}", comment, link)
    elif step.action == "ask":
        people = [one for one in access.people_with(P.MESSAGE_SEND, item.unit) if one != item.owner_id]
        notices.tell(people, f"短信待您确认：{item.title}", f"{item.owner.label}，{item.expected} 人", link)


PLANS = Workflow(
    "composing", "短信", Sms, (
        # of the check page, once its number is right
        Step("ask", "请第二人确认", (S.DRAFT,), S.PENDING, own=True),
        Step("wait", "预定发送", (S.DRAFT,), S.WAITING, own=True, effect=waiting),
        Step("send", "立即发送", (S.DRAFT,), S.SENT, own=True, effect=handed),
        Step("confirm", "同意发送", (S.PENDING,), S.WAITING, P.MESSAGE_SEND, at=the_unit, not_yet=_not_ones_own,
             effect=waiting, tone="primary", confirm="到预定时间按当时分组里的人发送；没有预定时间的马上发送。"),
        Step("refuse", "不同意", (S.PENDING,), S.REFUSED, P.MESSAGE_SEND, at=the_unit, not_yet=_not_ones_own,
             comment_required=True),
        # by the clock
        Step("hand_over", "交付发送", (S.WAITING,), S.SENT, own=True, effect=handed),
        Step("fail", "没有发送", (S.WAITING,), S.STOPPED, own=True),
        Step("stop", "停止", (S.PENDING, S.WAITING), S.STOPPED, P.MESSAGE_SEND, at=the_unit, tone="danger",
             confirm="停止后不会发送；可以修改后再发。"),
        Step("mend", "修改后再发", (S.STOPPED, S.REFUSED), S.DRAFT, P.MESSAGE_SEND, at=the_unit),
    ), fetch, nobody, notify,
)  # fmt: skip
