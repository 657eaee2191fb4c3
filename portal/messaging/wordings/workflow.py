"""The way of a wording: its branch asks for it, the union approves it, sends it back, or retires it."""

from __future__ import annotations

from portal.core import notices
from portal.core.actors import Actor
from portal.core.errors import Absent
from portal.core.workflow import Step, Workflow
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Wording
from .models import WordingState as S


def the_unit(item: Wording) -> OrgUnit:
    """Where the wording is kept."""
    return item.unit


def fetch(actor: Actor, item_id: int) -> Wording:
    """Return a wording in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Wording = access.fetch(Wording, item_id, actor, P.MESSAGE_SEND)
    return item


def nobody(item: Wording, actor: Actor) -> bool:
    """A wording is about nobody; who may approve writes for the union and needs no other to do so."""
    return False


def notify(item: Wording, step: Step, actor: Actor, comment: str) -> None:
    """Tell the union of what waits, and who wrote it of what was decided."""
    link = f"/messaging/wordings/{item.id}"
    if step.action == "ask":
        notices.tell(access.people_with(P.MESSAGE_TEMPLATE, item.unit), f"短信模板待审核：{item.name}", "", link)
    elif step.action in ("approve", "return"):
        notices.tell([item.owner_id], f"短信模板“{item.name}”：{step.target.label}", comment, link)


WORDINGS = Workflow(
    "wordings", "短信模板", Wording, (
        Step("ask", "提交审核", (S.DRAFT, S.RETURNED), S.ASKED, P.MESSAGE_SEND, at=the_unit, tone="primary"),
        Step("approve", "同意使用", (S.DRAFT, S.ASKED, S.RETIRED), S.APPROVED, P.MESSAGE_TEMPLATE, at=the_unit,
             tone="primary"),
        Step("return", "退回修改", (S.ASKED,), S.RETURNED, P.MESSAGE_TEMPLATE, at=the_unit, comment_required=True),
        Step("retire", "停用", (S.APPROVED,), S.RETIRED, P.MESSAGE_TEMPLATE, at=the_unit, tone="danger",
             confirm="停用后不能再用它发送；已经预定发送的短信不受影响。"),
    ), fetch, nobody, notify,
)  # fmt: skip
