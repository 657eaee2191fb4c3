"""The way of a transfer: the branch sends, the union reviews, the other branch receives, and she moves."""

from __future__ import annotations

from sqlalchemy import select

from portal.core import notices
from portal.core.actors import Actor
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.workflow import Changes, Step, Workflow
from portal.members import turning
from portal.members.enums import ChangeReason, ChangeType
from portal.members.models import Member
from portal.members.service import LIVE
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import OPEN, SEEN_BY_RECEIVER, Transfer, TurnDown, days_to_force
from .models import TransferState as S

MOVED = "校内转会"


def the_sender(item: Transfer) -> OrgUnit:
    """The branch that she leaves."""
    return item.unit


def the_receiver(item: Transfer) -> OrgUnit:
    """The branch that she goes to."""
    return item.to_unit


def the_union(item: Transfer) -> OrgUnit:
    """Who reviews: the union of both, or, between two unions, the nearest unit above them."""
    return access.deciding_unit(item.unit, item.to_unit)


def fetch(actor: Actor, item_id: int) -> Transfer:
    """Return a transfer in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Transfer = access.fetch(Transfer, item_id, actor, P.MEMBER_READ)
    return item


def concerns(item: Transfer, actor: Actor) -> bool:
    """Whether the actor is who is transferred."""
    return actor.id is not None and item.member.user_id == actor.id


# --- what may be -----------------------------------------------------------------------------------------------------


def refuse_misfit(member: Member, to: OrgUnit) -> None:
    """Raise DomainError, on its input, where the member cannot go to the unit `to`."""
    if member.membership_status not in LIVE:
        raise DomainError(f"{member.name}的会籍已结束，不能转会")
    if to.id == member.unit_id:
        raise DomainError(f"{member.name}已经在{to.name}，请另选转入单位", field="to")
    if not to.is_enabled:
        raise DomainError(f"{to.name}已停用，请另选转入单位", field="to")
    if not to.accepts_members:
        raise DomainError(f"{to.name}不直接接收会员，请选择它下面的分工会", field="to")


def refuse_gone(item: Transfer, member: Member) -> None:
    """Raise Conflict where the member is no longer where the transfer takes her from, or no longer one."""
    if member.membership_status not in LIVE:
        raise Conflict(f"{member.name}的会籍已结束，不能再接收，请由校工会取消这次转会")
    if member.unit_id != item.unit_id:
        raise Conflict(f"{member.name}现在在{member.unit.name}，已不在{item.unit.name}，请由校工会取消这次转会")


def decides(actor: Actor, unit: OrgUnit, to: OrgUnit) -> bool:
    """Whether the actor reviews what passes between the two units.

    Within one union that is whoever approves members there: 组织机构管理员 looks after what passes between unions.
    """
    place = access.deciding_unit(unit, to)
    return actor.may(P.TRANSFER_APPROVE, place) and (_is_between(unit, to) or actor.may(P.JOINING_APPROVE, place))


def _is_between(unit: OrgUnit, to: OrgUnit) -> bool:
    return access.approving_unit(unit) is not access.approving_unit(to)


def within_its_union(item: Transfer, actor: Actor) -> str:
    """Say why it is for others to decide, or ""."""
    if decides(actor, item.unit, item.to_unit):
        return ""
    return f"这是{the_union(item).name}内部的转会，由它自己审核"


def not_turned_down(item: Transfer, actor: Actor) -> str:
    """Say why the usual review waits, or "": what the receiver has turned down is arbitrated."""
    if item.turned_down:
        return "转入单位没有接收，请改派、强制接收或取消"
    return within_its_union(item, actor)


def turned_down(item: Transfer, actor: Actor) -> str:
    """Say why there is nothing to arbitrate, or ""."""
    if item.turned_down is None and item.state is S.SENT:
        return "转入单位没有退回，请先审核"
    return within_its_union(item, actor)


def nobody_approved(item: Transfer, actor: Actor) -> str:
    """Say why the sender cannot take it back alone, or "": what the union has approved it cancels."""
    return "校工会已经同意过这次转会，请联系校工会取消" if item.turned_down else ""


def long_enough(item: Transfer, actor: Actor) -> str:
    """Say why the union cannot act for the receiver yet, or ""."""
    days = item.days_with_receiver
    if days is None:
        return "还没有交给转入单位，不能强制接收"
    if days <= days_to_force():
        return f"交给转入单位 {days} 个工作日，超过 {days_to_force()} 个工作日仍未接收才能强制接收"
    return within_its_union(item, actor)


def not_asked_back(item: Transfer, actor: Actor) -> str:
    """Say why the sender need not ask again, or ""."""
    return "已经请校工会取消，请等待" if item.wanted_back else ""


# --- what a step does -------------------------------------------------------------------------------------------------


def sent(item: Transfer, actor: Actor, *, comment: str) -> None:
    """Begin to wait for the union. Raises DomainError where she can no longer go there."""
    member = _member(item)
    refuse_gone(item, member)
    refuse_misfit(member, item.to_unit)
    item.sent_at = item.sent_at or now()
    item.waiting_since = now()


def sent_again(item: Transfer, actor: Actor, *, comment: str, to: OrgUnit, note: str = "") -> Changes:
    """Begin to wait again, perhaps on the way to another unit `to`; `note` are the sender's words of now."""
    before = item.to_unit
    item.to_unit, item.to_unit_id, item.note = to, to.id, note or item.note
    sent(item, actor, comment=comment)
    return {"to_unit": (before.name, to.name)} if before is not to else {}


def approved(item: Transfer, actor: Actor, *, comment: str) -> None:
    """Hand it to the receiver."""
    member = _member(item)
    refuse_gone(item, member)
    refuse_misfit(member, item.to_unit)
    _handed(item)


def _handed(item: Transfer) -> None:
    item.turned_down, item.turned_down_note, item.wanted_back = None, "", False
    item.waiting_since = item.handed_at = now()


def waits_for_sender(item: Transfer, actor: Actor, *, comment: str) -> None:
    """Let the sender mend it."""
    item.waiting_since = now()


def settled(item: Transfer, actor: Actor, *, comment: str) -> None:
    """End without a move."""
    item.settled_at = now()


def asked_back(item: Transfer, actor: Actor, *, comment: str) -> None:
    """Mark that the sender would like it cancelled."""
    item.wanted_back = True


def was_turned_down(item: Transfer, actor: Actor, *, comment: str, reason: TurnDown | None = None) -> Changes:
    """Give it back to the union, which arbitrates. Raises DomainError where no reason is chosen, or said for 其他."""
    if reason is None:
        raise DomainError("请选择不接收的原因", field="reason")
    if reason is TurnDown.OTHER and not comment:
        raise DomainError("选“其他”时请写明原因", field="comment")
    item.turned_down, item.turned_down_note = reason, comment
    item.waiting_since = now()
    return {"reason": ("", reason.label)}


def rerouted(item: Transfer, actor: Actor, *, comment: str, to: OrgUnit) -> Changes:
    """Hand it to the unit `to`, which may be the one that has turned it down. Raises as `refuse_misfit`, Forbidden."""
    member, before = _member(item), item.to_unit
    refuse_gone(item, member)
    refuse_misfit(member, to)
    if not decides(actor, item.unit, to):
        raise Forbidden(f"转到{to.name}须由{access.deciding_unit(item.unit, to).name}办理，您不能改派到那里")
    item.to_unit, item.to_unit_id = to, to.id
    _handed(item)
    return {"to_unit": (before.name, to.name)} if before is not to else {}


def received(
    item: Transfer, actor: Actor, *, comment: str, department: str = "", of_batch: str | None = None
) -> Changes:
    """Move her, from today on: branch, `department` if given, and the line of 会籍变化记录."""
    member = _member(item)
    refuse_gone(item, member)
    refuse_misfit(member, item.to_unit)
    values: dict[str, object] = {"branch": item.to_unit}
    if department:
        values["department"] = department
    turning.turn(
        member, actor, ChangeType.MOVED_BRANCH, on=today(), values=values, reason=MOVED,
        because=ChangeReason.MOVED_BRANCH, batch_id=of_batch,
    )  # fmt: skip
    item.turned_down, item.wanted_back = None, False
    item.settled_at = now()
    return {"branch": (item.unit.name, item.to_unit.name)}


def forced(item: Transfer, actor: Actor, *, comment: str, department: str = "") -> Changes:
    """Move her although the receiver has not answered."""
    item.was_forced = True
    return received(item, actor, comment=comment, department=department)


def _member(item: Transfer) -> Member:
    """Return her record, locked, as it is now: she was locked before the item (`access.locking`)."""
    query = select(Member).where(Member.id == item.member_id).with_for_update(of=Member)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


# --- who is told ------------------------------------------------------------------------------------------------------


def notify(item: Transfer, step: Step, actor: Actor, comment: str) -> None:
    """Tell whose turn it is, and who waits for the outcome."""
    if not item.is_one_of_many:
        tell_offices(item, step, actor, comment)
    if item.member.user_id is None:
        return
    if item.state is S.RECEIVED:
        title = f"您的会籍已转到{item.to_unit.name}（{show_date(today())}起）"
        notices.tell([item.member.user_id], title, link="/members/me")
    elif item.asked_herself and item.state in (S.REFUSED, S.CANCELLED, S.WITHDRAWN) and step.action != "take_back":
        notices.tell([item.member.user_id], f"您的转会申请{item.state.label}", comment, "/transfers/mine")


def tell_offices(item: Transfer, step: Step | None, actor: Actor, comment: str) -> None:
    """Tell the offices of one transfer; `step` is None for one that has just been begun."""
    link, name = f"/transfers/{item.id}", item.member.name
    way = f"{item.unit.name} → {item.to_unit.name}"
    sender, receiver = access.people_at(item.unit, P.TRANSFER_SEND), access.people_at(item.to_unit, P.TRANSFER_RECEIVE)
    union = access.people_at(the_union(item), P.TRANSFER_APPROVE)
    told: set[int] = set()
    if item.state is S.ASKED:
        told, title = set(sender), f"{name}申请转会（{way}），请确认"
    elif item.state is S.SENT and item.turned_down:
        told, title = {*union, *sender}, f"{name}的转会（{way}）转入单位没有接收，请校工会处理"
    elif item.state is S.SENT:
        told, title = set(union), f"{name}申请转会（{way}），请审核"
    elif item.state is S.APPROVED and step is not None and step.action == "ask_back":
        told, title = set(union), f"{item.unit.name}请求取消{name}的转会（{way}）"
    elif item.state is S.APPROVED:
        told, title = {*receiver, *sender}, f"{name}转会（{way}）已同意，请{item.to_unit.name}接收"
    else:
        title = f"{name}的转会（{way}）{item.state.label}"
        told = {*sender, *(union if item.state is S.WITHDRAWN or item.turned_down else [])}
        if item.handed_at:
            told |= _receivers_told(item, set(receiver) - told - {actor.id or 0}, title)
    notices.tell(told - {actor.id or 0}, title, comment, link)


def _receivers_told(item: Transfer, receiver: set[int], title: str) -> set[int]:
    """Return who of the receiver hears of the outcome as all do; where she sees it no more, tell her that it is over.

    Then there is no page to lead to, and the words that passed between the others are not hers.
    """
    if item.state in SEEN_BY_RECEIVER:
        return receiver
    notices.tell(receiver, title)
    return set()


TRANSFER = Workflow(
    "transfers",
    "校内转会",
    Transfer,
    (
        # what the member has asked for herself
        Step("confirm", "确认并提交", (S.ASKED,), S.SENT, P.TRANSFER_SEND, at=the_sender, effect=sent, tone="primary"),
        Step(
            "decline", "不同意转出", (S.ASKED,), S.REFUSED, P.TRANSFER_SEND, at=the_sender, effect=settled,
            comment_required=True,
        ),
        Step("take_back", "撤回申请", (S.ASKED,), S.WITHDRAWN, own=True, effect=settled),
        # the branch that she leaves
        Step(
            "resend", "修改后重新提交", (S.RETURNED,), S.SENT, P.TRANSFER_SEND, at=the_sender, effect=sent_again,
            form="transfers.resend", tone="primary",
        ),
        Step(
            "withdraw", "撤回", (S.SENT, S.RETURNED), S.WITHDRAWN, P.TRANSFER_SEND, at=the_sender, effect=settled,
            not_yet=nobody_approved, confirm="撤回后这次转会结束，会员仍在原单位；需要时可以重新申请。",
        ),
        Step(
            "ask_back", "请校工会取消", (S.APPROVED,), S.APPROVED, P.TRANSFER_SEND, at=the_sender, effect=asked_back,
            not_yet=not_asked_back, comment_required=True,
        ),
        # the union of both
        Step(
            "approve", "同意转出", (S.SENT,), S.APPROVED, P.TRANSFER_APPROVE, at=the_union, effect=approved,
            not_yet=not_turned_down, tone="primary",
        ),
        Step(
            "return", "退回修改", (S.SENT,), S.RETURNED, P.TRANSFER_APPROVE, at=the_union, effect=waits_for_sender,
            not_yet=not_turned_down, comment_required=True,
        ),
        Step(
            "refuse", "不同意转会", (S.SENT,), S.REFUSED, P.TRANSFER_APPROVE, at=the_union, effect=settled,
            not_yet=not_turned_down, comment_required=True,
        ),
        Step(
            "reroute", "改派", (S.SENT,), S.APPROVED, P.TRANSFER_APPROVE, at=the_union, effect=rerouted,
            not_yet=turned_down, comment_required=True, form="transfers.reroute", tone="primary",
        ),
        Step(
            "force", "强制接收", (S.SENT, S.APPROVED), S.RECEIVED, P.TRANSFER_APPROVE, at=the_union, effect=forced,
            not_yet=long_enough, comment_required=True, form="transfers.force", tone="danger",
        ),
        Step(
            "cancel", "取消转会", (S.SENT, S.APPROVED), S.CANCELLED, P.TRANSFER_APPROVE, at=the_union, effect=settled,
            not_yet=turned_down, comment_required=True,
        ),
        # the branch that she goes to
        Step(
            "receive", "接收", (S.APPROVED,), S.RECEIVED, P.TRANSFER_RECEIVE, at=the_receiver, effect=received,
            form="transfers.receive", tone="primary",
        ),
        Step(
            "turn_down", "不接收", (S.APPROVED,), S.SENT, P.TRANSFER_RECEIVE, at=the_receiver, effect=was_turned_down,
            form="transfers.turn_down",
        ),
        # she has left, or has moved by other means, meanwhile
        Step("lapse", "因会籍变化取消", OPEN, S.CANCELLED, own=True, effect=settled),
    ),
    fetch=fetch,
    concerns=concerns,
    notify=notify,
)  # fmt: skip


def end_with(actor: Actor, member: Member) -> None:
    """End the member's open transfer where she is no longer what it moves, or no longer where it takes her from."""
    query = select(Transfer).where(Transfer.member_id == member.id, Transfer.state.in_(OPEN))
    for item in db.session.scalars(query.with_for_update(of=Transfer)):
        if member.membership_status not in LIVE or member.unit_id != item.unit_id:
            TRANSFER.fire(item, "lapse", actor, own=True, comment="会籍已另行变化")


turning.afterwards(lambda actor, member, change: end_with(actor, member))
