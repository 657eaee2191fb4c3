"""The way of a change: asked for, decided by the union (or its chair), and done on its day, at once or by the clock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.core import notices, settings
from portal.core.actors import Actor
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.core.workflow import Changes, Step, Workflow
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import doing, rules
from .letters import issuing
from .models import ChangeKind, StandingChange
from .models import StandingState as S

NAME = "standing"
SECOND_PERSON = "这件事须由提出人以外的另一个人决定"

settings.declare(
    Setting(
        "standing_asker_decides", "录入人可以批准自己提出的会籍变动", Kind.BOOL, True, "会籍变动",
        hint="选“否”时须由另一位有批准权限的人批准；开除会籍、自动退会、错误更正、更正除名（自动退会）日期总是须由另一个人决定",
    ),
)  # fmt: skip


def the_branch(item: StandingChange) -> OrgUnit:
    """Where it is asked for: at the member's unit, or at the union where only the union proposes it."""
    return the_union(item) if item.kind in rules.BY_UNION else item.unit


def the_union(item: StandingChange) -> OrgUnit:
    """The union that decides."""
    return access.approving_unit(item.unit)


def the_union_alone(item: StandingChange) -> OrgUnit | None:
    """Where the union's operators decide; nowhere if it is for the chair."""
    return None if item.kind in rules.BY_UNION else the_union(item)


def the_chair(item: StandingChange) -> OrgUnit | None:
    """Where the chair decides; nowhere if the union's operators do."""
    return the_union(item) if item.kind in rules.BY_UNION else None


def where_filed(item: StandingChange) -> OrgUnit | None:
    """Where the number of the upper union is entered: only an expulsion is filed there."""
    return the_union(item) if item.kind is ChangeKind.EXPEL else None


def where_talked(item: StandingChange) -> OrgUnit | None:
    """Where somebody who would give up her membership is talked to; only then."""
    return item.unit if item.kind is ChangeKind.WITHDRAW else None


def in_reach(actor: User) -> Any:
    """Return the condition of what the actor may read; an expulsion only where she may decide (4c)."""
    return access.in_scope(StandingChange, actor, P.STANDING_DECIDE) | (
        access.in_scope(StandingChange, actor, P.STANDING_READ) & StandingChange.kind.not_in(rules.CLOSED)
    )


def fetch(actor: Actor, item_id: int) -> StandingChange:
    """Return a change in the actor's reach, locked with its member if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: StandingChange = access.fetch(StandingChange, item_id, actor, P.STANDING_READ)
    if db.session.scalar(select(StandingChange.id).where(StandingChange.id == item_id, in_reach(actor))) is None:
        raise Absent
    return item


def concerns(item: StandingChange, actor: Actor) -> bool:
    """Whether it is about the actor."""
    return actor.id is not None and item.member.user_id == actor.id


def needs_another(item: StandingChange, actor: Actor) -> str:
    """Say that another person has to agree, where the union has set it so."""
    if actor.id is None or actor.id != item.asked_by or settings.value("standing_asker_decides"):
        return ""
    return SECOND_PERSON


def not_talked(item: StandingChange, actor: Actor) -> str:
    """Say that the branch has to talk to the member first, and that another person has to agree."""
    return "请分工会先与本人谈话，登记谈话记录后再审批" if item.waits_for_talk else needs_another(item, actor)


def talked_already(item: StandingChange, actor: Actor) -> str:
    """Say that the talk is on record."""
    return "" if item.waits_for_talk else "这份申请的谈话已经登记"


def hers_alone(item: StandingChange, actor: Actor) -> str:
    """Say that what she has asked for herself only she takes back; and that a letter has to be taken back first."""
    return "本人提出的申请由本人撤回" if item.is_wish else while_a_letter_stands(item, actor)


def always_another(item: StandingChange, actor: Actor) -> str:
    """Say that whoever proposed it does not decide it."""
    return SECOND_PERSON if actor.id is not None and actor.id == item.asked_by else ""


def while_a_letter_stands(item: StandingChange, actor: Actor) -> str:
    """Say that the letter has to be taken back first."""
    letter = issuing.standing_for(item)
    return f"已开具介绍信（{letter.number}），请先把介绍信作废" if letter else ""


def not_due(item: StandingChange, actor: Actor) -> str:
    """Say that the day has not come."""
    return f"{show_date(item.effective_on)}才生效" if item.effective_on > today() else ""


# --- what a step does -----------------------------------------------------------------------------------------------


def decided(item: StandingChange, actor: Actor, *, comment: str, batch: str | None = None) -> Changes:
    """Agree: it is done at once where its day has come, else it waits for it. Raises DomainError as `rules.check`."""
    member = doing.locked(item)
    rules.check(member, item.kind, item.effective_on)
    item.decided_at, item.decided_by = now(), actor.id
    if item.is_wish and item.kind is ChangeKind.WITHDRAW:
        item.effective_on = today()  # her membership ends on the day on which the union announces it
    if item.effective_on <= today():
        STANDING.fire(item, "apply", actor, own=True, batch_id=batch, batch=batch)
    issuing.issue(item, actor)
    return {"effective_on": ("", show_date(item.effective_on))}


def applied(item: StandingChange, actor: Actor, *, comment: str, batch: str | None = None) -> Changes:
    """Let it happen, in the name of whoever decided."""
    who = item.decider if actor.id is None and item.decider is not None else actor
    item.done_at = now()
    return doing.do(item, who, batch_id=batch)


def refused(item: StandingChange, actor: Actor, *, comment: str) -> None:
    """Remember who said no."""
    item.decided_at, item.decided_by = now(), actor.id


def asked_again(
    item: StandingChange, actor: Actor, *, comment: str, effective_on: Any, facts: dict[str, Any]
) -> Changes:
    """Send it again with another day and other words. Raises DomainError as `rules.check`."""
    member = doing.locked(item)
    before = item.effective_on
    rules.check(member, item.kind, effective_on)
    wish = {"wish": item.data["wish"]} if item.is_wish else {}
    item.data = rules.check_facts(item.kind, facts) | wish
    item.effective_on = effective_on
    item.asked_at, item.asked_by = now(), actor.id
    return {"effective_on": (show_date(before), show_date(effective_on))}


def talked(item: StandingChange, actor: Actor, *, comment: str, talked_on: str, note: str = "") -> None:
    """Keep when she was talked to and what was said; from now on it is the branch's application. Raises Problems."""
    facts = rules.check_facts(item.kind, {"talked_on": talked_on, "note": note})
    item.data = {"wish": item.data["wish"]} | facts
    item.asked_by = actor.id


def filed(item: StandingChange, actor: Actor, *, comment: str, filing_no: str) -> Changes:
    """Enter the number under which the upper union has filed an expulsion. Raises DomainError on `filing_no`."""
    number = filing_no.strip()
    if not 2 <= len(number) <= 60:
        raise DomainError("请填写上级工会的备案号，2 至 60 个字", field="filing_no")
    before, item.filing_no = item.filing_no, number
    return {"filing_no": (before, number)}


# --- who is told ----------------------------------------------------------------------------------------------------


def notify(item: StandingChange, step: Step, actor: Actor, comment: str) -> None:
    """Tell those whose turn it is, those who asked, and the member when it is done."""
    link = f"/standing/{item.id}"
    what = f"{item.member.name}的{item.kind.label}"
    if item.state is S.SUBMITTED:
        tell_deciders(item, actor)
        return
    if step.action == "apply":
        _tell_member(item)
        if actor.id is not None:
            return  # the step that decided tells the rest
    if step.action == "file_number":
        return
    words = "已生效" if item.state is S.DONE else item.state.label
    # whoever is to read nothing of an expulsion is told nothing of it
    comment = "" if item.kind in rules.CLOSED else comment
    told = {item.asked_by} if item.kind in rules.BY_UNION else {item.asked_by, *_branch_people(item)}
    day = f"生效日期：{show_date(item.effective_on)}" if item.state in (S.DONE, S.SCHEDULED) else comment
    if item.is_wish and item.member.user_id is not None:
        herself = {item.member.user_id}
        told -= herself
        notices.tell(herself - {actor.id}, f"您申请办理的{item.kind.label}：{words}", day, "/standing/mine/")
    notices.tell({one for one in told if one is not None} - {actor.id}, f"{what}：{words}", day, link)


def tell_deciders(item: StandingChange, actor: Actor, *, together: int = 1) -> None:
    """Tell whoever decides that it waits, or that so many wait `together`; before a talk that is the branch."""
    if item.waits_for_talk:
        people = _branch_people(item) or access.people_with(P.STANDING_ASK, item.unit)
        notices.tell(set(people) - {actor.id}, f"{item.member.name}申请退会，请先谈话", link=f"/standing/{item.id}")
        return
    permission = P.STANDING_EXPEL if item.kind in rules.BY_UNION else P.STANDING_DECIDE
    told = set(access.people_with(permission, the_union(item))) - {actor.id, item.member.user_id}
    if together > 1:
        notices.tell(told, f"{together} 件会籍变动待审批", link="/standing/")
        return
    notices.tell(told, f"{item.member.name}申请办理{item.kind.label}，请审批", link=f"/standing/{item.id}")


def _branch_people(item: StandingChange) -> list[int]:
    return access.people_with(P.STANDING_ASK, item.unit, at_unit_only=True)


def _tell_member(item: StandingChange) -> None:
    if item.member.user_id is not None and item.kind not in (ChangeKind.DEATH, *rules.CLOSED):
        words = f"自{show_date(item.effective_on)}起：{rules.RULES[item.kind].words}"
        notices.tell([item.member.user_id], f"您的会籍已变动：{item.kind.label}", words, "/members/me")


STANDING = Workflow(
    NAME, "会籍变动", StandingChange, (
        Step("agree", "同意", (S.SUBMITTED,), S.SCHEDULED, P.STANDING_DECIDE, at=the_union_alone, effect=decided,
             not_yet=not_talked, tone="primary"),
        Step("talk", "登记谈话", (S.SUBMITTED,), S.SUBMITTED, P.STANDING_ASK, at=where_talked, effect=talked,
             not_yet=talked_already, form="standing.talk", tone="primary"),
        Step("take_back", "撤回申请", (S.SUBMITTED, S.RETURNED), S.WITHDRAWN, own=True),
        Step("decide", "批准", (S.SUBMITTED,), S.SCHEDULED, P.STANDING_EXPEL, at=the_chair, effect=decided,
             not_yet=always_another, tone="danger", confirm="批准后会籍立即按此变动，请再次核对。"),
        Step("return", "退回修改", (S.SUBMITTED,), S.RETURNED, P.STANDING_DECIDE, at=the_union,
             comment_required=True),
        Step("refuse", "不予办理", (S.SUBMITTED,), S.REFUSED, P.STANDING_DECIDE, at=the_union_alone, effect=refused,
             comment_required=True, tone="danger", confirm="这次申请到此结束，需要时可以重新提出。"),
        Step("turn_down", "不批准", (S.SUBMITTED,), S.REFUSED, P.STANDING_EXPEL, at=the_chair, effect=refused,
             comment_required=True, tone="danger", confirm="这次提议到此结束，需要时可以重新提出。"),
        Step("resubmit", "修改后重新提交", (S.RETURNED,), S.SUBMITTED, P.STANDING_ASK, at=the_branch,
             effect=asked_again, form="standing.resubmit", tone="primary"),
        Step("withdraw", "撤回", (S.SUBMITTED, S.RETURNED), S.WITHDRAWN, P.STANDING_ASK, at=the_branch,
             not_yet=hers_alone, tone="danger", confirm="撤回后这次申请结束，会籍不变。"),
        Step("call_off", "取消办理", (S.SCHEDULED,), S.WITHDRAWN, P.STANDING_DECIDE, at=the_union,
             not_yet=while_a_letter_stands, comment_required=True, tone="danger",
             confirm="已同意但还没有生效的变动不再生效，会籍不变。"),
        Step("file_number", "登记上级备案号", (S.DONE,), S.DONE, P.STANDING_DECIDE, at=where_filed, effect=filed,
             form="standing.file_number"),
        # the clock's, on the day; and what it cannot do goes back to whoever asked
        Step("apply", "生效", (S.SCHEDULED,), S.DONE, own=True, effect=applied, not_yet=not_due),
        Step("give_back", "到期不能生效，退回", (S.SCHEDULED,), S.RETURNED, own=True),
    ), fetch, concerns, notify,
)  # fmt: skip
