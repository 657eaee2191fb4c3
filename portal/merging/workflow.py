"""The way of a merge: done at once, or after a second person where a printed form no longer fits; undone in a day."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from portal.core import db as database
from portal.core import notices
from portal.core.actors import Actor
from portal.core.calendar import now
from portal.core.db import db, new_uuid
from portal.core.errors import Absent, Conflict
from portal.core.workflow import Changes, Step, Workflow
from portal.members import merging
from portal.members import service as members
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Merge
from .models import MergeState as S

NAME = "merging"
SECOND_PERSON = "登记表已打印，改动姓名或证件须由提出人以外的另一个人复核"
TOO_OLD = "合并已超过 24 小时，不能撤销；如需改正请逐项办理"
STALE = "在提出合并以后有改动，请撤回后重新核对、提出"


def the_union(item: Merge) -> OrgUnit:
    """The union of the kept record decides."""
    return access.approving_unit(item.unit)


def fetch(actor: Actor, item_id: int) -> Merge:
    """Return a merge in the actor's reach; if the request writes, both members are locked, then it. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    if database.is_writing():
        both = db.session.execute(select(Merge.kept_id, Merge.gone_id).where(Merge.id == item_id)).one_or_none()
        locked(tuple(both) if both else ())
    item: Merge = access.fetch(Merge, item_id, actor, P.CHANGE_DECIDE)
    return item


def concerns(item: Merge, actor: Actor) -> bool:
    """Whether it is about the actor."""
    return actor.id is not None and actor.id in (item.kept.user_id, item.gone.user_id)


def needs_another(item: Merge, actor: Actor) -> str:
    """Say that another person has to agree, where name or document stand on a printed form."""
    is_asker = actor.id is not None and actor.id == item.asked_by
    return SECOND_PERSON if is_asker and merging.needs_second(item.kept, item.taken) else ""


def not_the_asker(item: Merge, actor: Actor) -> str:
    """Say that only whoever proposed it takes it back."""
    return "" if actor.id == item.asked_by else "由提出的人撤回；不同意的请点“不予合并”"


def locked(numbers: Sequence[int]) -> list[Member]:
    """Return the members in the order given; nobody else writes them until the transaction ends."""
    query = select(Member).where(Member.id.in_(numbers)).order_by(Member.id).with_for_update(of=Member)
    found = {one.id: one for one in db.session.scalars(query.execution_options(populate_existing=True))}
    if len(found) != len(set(numbers)):
        raise Absent
    return [found[number] for number in numbers]


# --- what a step does -----------------------------------------------------------------------------------------------


def merged(item: Merge, actor: Actor, *, comment: str) -> Changes:
    """Make one record of the two. Raises DomainError as `merging.check`, Conflict where either was changed since."""
    kept, gone = locked([item.kept_id, item.gone_id])
    for one, mark in zip((kept, gone), item.marks, strict=True):
        if members.mark_of(one) != mark:
            raise Conflict(f"{one.trace_label}{STALE}")
    merging.check(actor, kept, gone, besides=("merging.detail", item.id))
    united = merging.unite(actor, kept, gone, item.taken, batch_id=new_uuid())
    item.united, item.done_at, item.done_by = united.plain(), now(), actor.id
    db.session.flush()  # the numbers that two records have exchanged refuse here, not at the commit
    return {"merged": (gone.member_no or "", kept.member_no or "")}


def parted(item: Merge, actor: Actor, *, comment: str) -> None:
    """Make two records of them again. Raises Conflict after a day, or where somebody has touched either since."""
    if not item.is_recent:
        raise Conflict(TOO_OLD)
    kept, gone = locked([item.kept_id, item.gone_id])
    united = merging.United(**(item.united or {}))
    merging.part(actor, kept, gone, united, batch_id=new_uuid())
    item.undone_at = now()


# --- who is told ----------------------------------------------------------------------------------------------------


def notify(item: Merge, step: Step, actor: Actor, comment: str) -> None:
    """Tell whoever asked, and the member once it is done or undone."""
    if step.action in ("agree", "undo"):
        hers = {one for one in (item.kept.user_id, item.gone.user_id) if one is not None} - {actor.id}
        if item.state is S.DONE:
            title = "您的两份会员档案已合并为一份"
            numbers = [one.member_no or "（无）" for one in (item.gone, item.kept)]
            body = f"会员证号 {numbers[0]} 的档案已并入 {numbers[1]}，请核对您的信息。"
        else:
            title, body = "您的会员档案的合并已撤销", "两份档案恢复为合并之前的内容。"
        notices.tell(hers, title, body, "/members/me")
    if actor.id != item.asked_by:
        notices.tell([item.asked_by], f"{item.kept.name}的重复档案：{item.state.label}", comment, f"/merging/{item.id}")


MERGING = Workflow(
    NAME, "重复档案合并", Merge, (
        Step("agree", "同意合并", (S.WAITING,), S.DONE, P.CHANGE_DECIDE, at=the_union, effect=merged,
             not_yet=needs_another, tone="primary"),
        Step("refuse", "不予合并", (S.WAITING,), S.REFUSED, P.CHANGE_DECIDE, at=the_union, comment_required=True),
        Step("withdraw", "撤回", (S.WAITING,), S.WITHDRAWN, P.MEMBER_MERGE, at=the_union, not_yet=not_the_asker),
        Step("undo", "撤销合并", (S.DONE,), S.UNDONE, P.MEMBER_MERGE, at=the_union, effect=parted, tone="danger",
             confirm="两份档案恢复为合并之前的内容，账号和随人转来的记录一并还原。"),
    ),
    fetch=fetch,
    concerns=concerns,
    notify=notify,
)  # fmt: skip
