"""The way of a change request: the branch agrees; what a branch may not set by itself goes on to the union."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from portal.core import notices
from portal.core.actors import Actor
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.core.fields import NOW
from portal.core.workflow import Changes, Step, Workflow
from portal.members import amending, filing, history
from portal.members import service as members
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import DOCUMENT_NO_MOST, ChangeRequest
from .models import ChangeState as S

DIFFERS = "申请提交以后，登记的内容又有改动，请核对三处内容并勾选“已核对现在登记的内容”"


def the_branch(item: ChangeRequest) -> OrgUnit:
    """Where it is looked at first."""
    return item.unit


def the_union(item: ChangeRequest) -> OrgUnit:
    """Where it is decided if the branch may not."""
    return access.approving_unit(item.unit)


def fetch(actor: Actor, item_id: int) -> ChangeRequest:
    """Return a request in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: ChangeRequest = access.fetch(ChangeRequest, item_id, actor, P.CHANGE_AGREE)
    return item


def concerns(item: ChangeRequest, actor: Actor) -> bool:
    """Whether it is about the actor, or was filed by her for somebody else."""
    return actor.id is not None and actor.id in (item.member.user_id, item.filed_by)


# --- what has to wait -------------------------------------------------------------------------------------------------


def is_of_the_branch(item: ChangeRequest) -> bool:
    """Whether the branch's word is the last: it may set the field by hand too."""
    return item.about.edits.branch is NOW


def for_the_union(item: ChangeRequest, actor: Actor) -> str:
    """Say that the union decides on this field, where it does."""
    return "" if is_of_the_branch(item) else f"「{item.about.label}」由校工会审批，请点“同意并报校工会”"


def for_the_branch(item: ChangeRequest, actor: Actor) -> str:
    """Say that the branch decides on this field, where it does."""
    return f"「{item.about.label}」由分工会审核后直接修改，请点“同意”" if is_of_the_branch(item) else ""


def needs_second(item: ChangeRequest) -> bool:
    """Whether two people of the union must agree: name or document stand on a form that was printed."""
    return item.field in filing.ON_PAPER and bool(filing.on_paper([item.member_id]))


def by_two(item: ChangeRequest, actor: Actor) -> str:
    """Say that one person alone is not enough, where it is so."""
    return f"登记表已打印，修改{item.about.label}须两人审批，请点“同意并交他人复核”" if needs_second(item) else ""


def by_one(item: ChangeRequest, actor: Actor) -> str:
    """Say that nobody else need be asked, where it is so."""
    return "" if needs_second(item) else "该会员还没有打印过登记表，不需要复核，请点“同意”"


def by_another(item: ChangeRequest, actor: Actor) -> str:
    """Say that whoever agreed first is not the second."""
    same = actor.id is not None and actor.id == item.first_by
    return "您已经同意过，须由校工会另一位有审批权限的人复核" if same else ""


# --- what a step does -------------------------------------------------------------------------------------------------


def locked(item: ChangeRequest) -> Member:
    """Return the member as she is now, locked until the transaction ends."""
    query = select(Member).where(Member.id == item.member_id).with_for_update(of=Member)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def current(item: ChangeRequest, row: Member) -> dict[str, object]:
    """Return what the record says now of what is asked."""
    return {name: history.value_of(row, name) for name in item.asked}


def has_moved(item: ChangeRequest, member: Member) -> bool:
    """Whether the record says something else than when the request was filed."""
    old = item.old
    return any(not history.same(value, old[name]) for name, value in current(item, member).items())


def applied(
    item: ChangeRequest,
    actor: Actor,
    *,
    comment: str,
    on: date | None = None,
    document_no: str | None = None,
    seen_version: int = 0,
    has_seen: bool = False,
    batch_id_of_many: str | None = None,
) -> Changes:
    """Write what is asked from the day `on` (None: today).

    Where the record has moved since the request was filed, `has_seen` says that the actor has looked at what it says in
    the member's version `seen_version`. `batch_id_of_many` joins what is agreed to at once. Raises DomainError on
    `has_seen` or `on`, and as `amending.amend`.
    """
    member = locked(item)
    is_of_union = (
        item.first_by is not None and item.first_by == item.filed_by
    )  # it mends the record of who has left too
    if member.membership_status not in members.LIVE and not is_of_union:
        raise DomainError(f"{member.name}的会籍已结束，不能再修改，请退回这份申请")
    if has_moved(item, member):
        seen = members.version_seen(member, seen_version)
        is_same = all(history.same(history.value_of(seen, name), now_) for name, now_ in current(item, member).items())
        if not (has_seen and seen.id == seen_version and is_same):
            raise DomainError(DIFFERS, field="has_seen")
    day = on or today()
    if day > today():
        raise DomainError("生效日期不能晚于今天，请核对", field="on")
    item.batch_id = batch_id_of_many or item.uuid
    item.effective_on, item.decided_at = day, now()
    item.document_no = (document_no or "").strip()[:DOCUMENT_NO_MOST]
    amending.amend(member, item.asked, actor, since=day, reason=reason_of(item), batch_id=item.batch_id)
    return {"on": ("", show_date(day)), "document_no": ("", item.document_no)}


def reason_of(item: ChangeRequest) -> str:
    """Return what the member's history says of the change: who asked, from which day, by which document."""
    by = "本人" if item.filed_by == item.member.user_id else item.filer.label
    words = [f"{by}申请修改{item.about.label}"]
    if item.effective_on is not None and item.effective_on < today():
        words.append(f"自{show_date(item.effective_on)}起")
    if item.document_no:
        words.append(f"文号：{item.document_no}")
    return "，".join(words)


def first_agreed(item: ChangeRequest, actor: Actor, *, comment: str) -> None:
    """Keep who agreed first."""
    item.first_by = actor.id


def refused(item: ChangeRequest, actor: Actor, *, comment: str) -> None:
    """Close with words that the member reads."""
    item.answer, item.decided_at = comment, now()


def cancelled(item: ChangeRequest, actor: Actor, *, comment: str) -> None:
    """Close without a decision."""
    item.answer, item.decided_at = comment, now()


# --- who is told ------------------------------------------------------------------------------------------------------


def deciders(item: ChangeRequest) -> list[int]:
    """Return the numbers of those whose turn it is, but for who is not to decide."""
    people = (
        access.people_at(item.unit, P.CHANGE_AGREE)
        if item.state is S.PENDING_BRANCH
        else access.people_with(P.CHANGE_DECIDE, the_union(item))
    )
    return [number for number in people if number not in (item.member.user_id, item.filed_by, item.first_by)]


def notify(item: ChangeRequest, step: Step, actor: Actor, comment: str) -> None:
    """Tell those whose turn it is, and the one who has waited; no value stands in a notice."""
    link, what = f"/changes/{item.id}", f"{item.member.name}申请修改{item.about.label}"
    if item.is_open:
        notices.tell(deciders(item), f"{what}，{item.state.label.removeprefix('待')}", link=link)
    elif step.action != "cancel":
        told = {item.member.user_id, item.filed_by} - {None, actor.id}
        sentence = {S.APPLIED: "已经修改", S.REFUSED: "未获同意", S.CANCELLED: "已取消"}[item.state]
        notices.tell([number for number in told if number], f"申请修改的{item.about.label}{sentence}", comment, link)


CHANGES = Workflow(
    "changes", "信息变更", ChangeRequest, (
        # the branch's
        Step("agree", "同意", (S.PENDING_BRANCH,), S.APPLIED, P.CHANGE_AGREE, at=the_branch, effect=applied,
             not_yet=for_the_union, form="changes.agree", tone="primary"),
        Step("pass_on", "同意并报校工会", (S.PENDING_BRANCH,), S.PENDING_SCHOOL, P.CHANGE_AGREE, at=the_branch,
             not_yet=for_the_branch, tone="primary"),
        Step("refuse", "不同意", (S.PENDING_BRANCH,), S.REFUSED, P.CHANGE_AGREE, at=the_branch, effect=refused,
             comment_required=True, tone="danger", confirm="会员会看到理由。"),
        # the union's
        Step("approve", "同意", (S.PENDING_SCHOOL,), S.APPLIED, P.CHANGE_DECIDE, at=the_union, effect=applied,
             not_yet=by_two, form="changes.approve", tone="primary"),
        Step("approve_first", "同意并交他人复核", (S.PENDING_SCHOOL,), S.PENDING_SECOND, P.CHANGE_DECIDE, at=the_union,
             effect=first_agreed, not_yet=by_one, tone="primary"),
        Step("confirm", "复核同意", (S.PENDING_SECOND,), S.APPLIED, P.CHANGE_DECIDE, at=the_union, effect=applied,
             not_yet=by_another, form="changes.confirm", tone="primary"),
        Step("reject", "不同意", (S.PENDING_SCHOOL, S.PENDING_SECOND), S.REFUSED, P.CHANGE_DECIDE, at=the_union,
             effect=refused, comment_required=True, tone="danger", confirm="会员会看到理由。"),
        # her own, and what happens by itself when her membership ends
        Step("cancel", "撤回", (S.PENDING_BRANCH, S.PENDING_SCHOOL, S.PENDING_SECOND), S.CANCELLED, own=True,
             effect=cancelled, tone="danger", confirm="撤回后登记的内容不变，需要时可以重新申请。"),
        Step("lapse", "因会籍结束取消", (S.PENDING_BRANCH, S.PENDING_SCHOOL, S.PENDING_SECOND), S.CANCELLED, own=True,
             effect=cancelled),
    ), fetch, concerns, notify,
)  # fmt: skip
