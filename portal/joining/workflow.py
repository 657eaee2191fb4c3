"""The way of an application: the branch gives its opinion, the union approves, and the member begins."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from portal.core import kinds, notices, settings
from portal.core.actors import Actor
from portal.core.calendar import local, now, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Problems
from portal.core.workflow import Changes, Step, Workflow
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.filing import Applied
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import proof
from .entry_models import Entry
from .expected import matching
from .models import Application, Reason, opinion_days, overdue_days
from .models import ApplicationState as S
from .questions import ASKED

NO_REASON = "请选择原因"


def the_branch(item: Application) -> OrgUnit:
    """Where the opinion is given."""
    return item.unit


def the_union(item: Application) -> OrgUnit:
    """Where the approval is given."""
    return access.approving_unit(item.unit)


def the_union_in_a_city(item: Application) -> OrgUnit | None:
    """Where a city's union asks for a registration with the province; nowhere in a school."""
    return the_union(item) if access.in_city(item.unit) else None


def fetch(actor: Actor, item_id: int) -> Application:
    """Return an application in the actor's scope, locked if the request writes. Raises Absent, also for a draft."""
    if not isinstance(actor, User):
        raise Absent
    item: Application = access.fetch(Application, item_id, actor, P.JOINING_READ)
    if item.state == S.DRAFT:
        raise Absent
    return item


def concerns(item: Application, actor: Actor) -> bool:
    """Whether the actor is the applicant: the same document, or the member who came of it."""
    me = members.own(actor) if isinstance(actor, User) else None
    if me is None:
        return False
    return me.id == item.member_id or (me.id_type, me.id_index) == (item.id_type, item.id_index)


# --- what a step does -----------------------------------------------------------------------------------------------


def submitted(item: Application, actor: Actor, *, comment: str) -> None:
    """Begin to wait; what was wrong before is right again."""
    item.asked_at = now()
    item.submitted_at = item.submitted_at or item.asked_at
    item.opinion_at = None
    item.wrong_fields = []
    item.answer = ""


def agreed(item: Application, actor: Actor, *, comment: str) -> None:
    """The branch has given its opinion."""
    item.opinion_at = now()


def places_for(item: Application) -> list[OrgUnit]:
    """Return the units that it may be sent on to: those that take members under the same approving unit."""
    union = the_union(item)
    below = db.session.scalars(
        select(OrgUnit)
        .where(union.subtree, OrgUnit.id != item.unit_id)
        .where(OrgUnit.is_enabled, OrgUnit.accepts_members)
        .order_by(OrgUnit.code)
    )
    return [unit for unit in below if access.approving_unit(unit) is union]


def redirected(item: Application, actor: Actor, *, comment: str, unit_id: int, seen_unit: int) -> Changes:
    """Give the application to the unit `unit_id`, whose branch is then asked; all that was filled in stays.

    `seen_unit` is where it lay when the actor looked. Raises Conflict if it lies elsewhere by now, DomainError for a
    unit that it cannot go to.
    """
    if item.unit_id != seen_unit:
        raise Conflict(f"这份申请已转到{item.unit.name}，请刷新后查看")
    target = next((unit for unit in places_for(item) if unit.id == unit_id), None)
    if target is None:
        raise DomainError("请选择要转到的分工会，它应接收会员，并由同一个工会审批", field="unit_id")
    before = item.unit
    item.unit, item.unit_id = target, target.id
    item.asked_at = now()
    matching.match(item)
    return {"unit": (before.name, target.name)}


def returned(
    item: Application, actor: Actor, *, comment: str, wrong_fields: list[str], reason: Reason | None = None
) -> Changes:
    """Open the wrong fields again. Raises Problems where none is named, or no reason is chosen."""
    wrong = [name for name in ASKED[item.form] if name in wrong_fields]
    errors = {"reason": [NO_REASON]} if reason is None else {}
    if not wrong:
        errors["wrong_fields"] = ["请勾选需要申请人修改的项目"]
    if reason is None or errors:
        raise Problems(errors)
    item.wrong_fields = wrong
    item.returned_at = now()
    item.return_reason = reason
    item.answer = comment
    return {"reason": ("", reason.label)}


def asked_to_register(item: Application, actor: Actor, *, comment: str) -> None:
    """Let her register with the province first."""
    item.rescan_asked_at = None
    item.answer = comment


def asked_to_rescan(item: Application, actor: Actor, *, comment: str) -> None:
    """Let the page of her receipt say that she is to scan the code again."""
    item.rescan_asked_at = now()
    item.answer = comment or item.answer


def registered(item: Application, actor: Actor, *, comment: str) -> None:
    """Begin to wait again for the union."""
    item.asked_at = now()
    item.rescan_asked_at = None
    item.answer = ""


def rejected(item: Application, actor: Actor, *, comment: str, reason: Reason | None = None) -> Changes:
    """Close with words that the applicant reads. Raises DomainError where no reason is chosen."""
    if reason is None:
        raise DomainError(NO_REASON, field="reason")
    _decided(item, actor)
    item.reject_reason = reason
    item.answer = comment
    return {"reason": ("", reason.label)}


def needs_another(item: Application, actor: Actor) -> str:
    """Say why whoever typed the application in may not approve it, or ""; the union's settings decide that."""
    if settings.value("joining_enterer_approves"):
        return ""
    own = select(Entry.id).where(Entry.application_id == item.id, Entry.entered_by == actor.id)
    typed_in = db.session.scalar(own) is not None
    return "这份申请由您录入，按系统设置须由另一位有批准权限的人批准" if typed_in else ""


def still_in_time(item: Application, actor: Actor) -> str:
    """Say why the union cannot go on without the branch yet, or "". Where no opinion is needed it need not wait."""
    if overdue_days(item) or not access.opinion_needed(item.unit):
        return needs_another(item, actor)
    return f"分工会还在 {opinion_days()} 个工作日的办理期限内，请等分工会给出意见"


def approved(item: Application, actor: Actor, *, comment: str, study_date: date, meeting: str | None = None) -> None:
    """Make the member: her record, first version, change row, number and account, from `study_date` (研究日期) on.

    `meeting` names the meeting or its document. Raises DomainError for a day before the application or in the future,
    Conflict if the document has got a member since.
    """
    first = local(item.submitted_at).date() if item.submitted_at else study_date
    if not first <= study_date <= today():
        sentence = f"研究日期应在申请提交日（{show_date(first)}）至今天之间，请核对"
        raise DomainError(sentence, field="study_date")
    if lacking := proof.missing(item):
        raise DomainError(lacking)
    values = values_of(item)
    known = members.find_by_document(item.id_type, str(values["id_number"]))
    if known is not None and known.membership_status not in members.LEFT:
        raise Conflict(f"该证件号码已有会籍（{known.trace_label}，{known.unit.name}），不能重复建立，请核对后退回")
    member = members.admit(actor, unit=item.unit, values=values, join_date=study_date, applied=_applied(item))
    _decided(item, actor)
    item.study_date = study_date
    item.meeting = meeting or ""
    item.member = member


def _applied(item: Application) -> Applied:
    """Return what stays of the application with the member: its number, the promise, its days."""
    applied_on = local(item.submitted_at or item.created_at).date()
    return Applied(
        serial=f"{applied_on.year}-{item.id:06d}",
        pledge_text=item.pledge_text,
        applied_on=applied_on,
        opinion_on=local(item.opinion_at).date() if item.opinion_at else None,
    )


def _decided(item: Application, actor: Actor) -> None:
    item.decided_at = now()
    item.decided_by = actor.id


def values_of(item: Application) -> dict[str, object]:
    """Return what was filled in, by catalogue name, as parsed."""
    return {name: kinds.from_plain(FIELD[name], value) for name, value in item.data.items()}


# --- who is told ----------------------------------------------------------------------------------------------------


def notify(item: Application, step: Step, actor: Actor, comment: str) -> None:
    """Tell those whose turn it is, and those who have waited."""
    link = f"/joining/{item.id}"
    branch = access.people_with(P.JOINING_OPINE, item.unit, at_unit_only=True)
    union = access.people_with(P.JOINING_APPROVE, the_union(item))
    if item.state == S.SUBMITTED:
        moved = "（由其他分工会转来）" if step.action == "redirect" else ""
        title = f"{item.name}申请加入{item.unit.name}{moved}，请给出分工会意见"
        notices.tell(branch or union, title, link=link)
    elif item.state == S.BRANCH_OK:
        notices.tell(union, f"{item.name}申请加入{item.unit.name}，请审批", link=link)
    elif item.state == S.ALREADY_HERE:
        notices.tell(union, f"{item.name}的入会申请与已有会籍或申请重复，请核实", link=link)
    elif actor.id is not None or item.state == S.WITHDRAWN:
        told = set(branch) - {actor.id}
        without = "（未经分工会意见）" if step.action == "approve_without_opinion" else ""
        notices.tell(told, f"{item.name}的入会申请{item.state.label}{without}", comment, link)
    if item.state == S.APPROVED and item.member and item.member.user_id:
        welcome = f"会员证号：{item.member.member_no}，入会日期：{show_date(item.study_date)}"
        notices.tell([item.member.user_id], "您已成为工会会员", welcome, "/members/me")


JOINING = Workflow(
    "joining",
    "入会申请",
    Application,
    (
        # the applicant's own
        Step("submit", "提交申请", (S.DRAFT,), S.SUBMITTED, own=True, effect=submitted),
        Step("submit_directly", "提交申请", (S.DRAFT,), S.BRANCH_OK, own=True, effect=submitted),
        Step("park", "提交申请（疑似已有会籍）", (S.DRAFT, S.RETURNED), S.ALREADY_HERE, own=True, effect=submitted),
        Step("resubmit", "重新提交", (S.RETURNED,), S.SUBMITTED, own=True, effect=submitted),
        Step("resubmit_directly", "重新提交", (S.RETURNED,), S.BRANCH_OK, own=True, effect=submitted),
        Step(
            "withdraw",
            "撤回申请",
            (S.SUBMITTED, S.BRANCH_OK, S.RETURNED, S.WAIT_PROVINCE, S.ALREADY_HERE),
            S.WITHDRAWN,
            own=True,
            tone="danger",
            confirm="撤回后本次申请结束，需要入会时请重新扫码申请。",
        ),
        Step(
            "registered", "已注册，继续申请", (S.WAIT_PROVINCE,), S.BRANCH_OK, own=True, effect=registered,
            profile="city",
        ),
        # the clock acts for an applicant who did not
        Step("expire", "逾期失效", (S.RETURNED,), S.EXPIRED, own=True),
        # the union's
        Step(
            "agree", "分工会同意", (S.SUBMITTED,), S.BRANCH_OK, P.JOINING_OPINE, at=the_branch, effect=agreed,
            tone="primary",
        ),
        Step(
            "approve", "批准入会", (S.BRANCH_OK,), S.APPROVED, P.JOINING_APPROVE, at=the_union, effect=approved,
            not_yet=needs_another, form="joining.approve", tone="primary",
        ),
        Step(
            "approve_without_opinion", "不等分工会意见批准", (S.SUBMITTED,), S.APPROVED, P.JOINING_APPROVE,
            at=the_union, effect=approved, not_yet=still_in_time, comment_required=True,
            form="joining.approve_without_opinion",
        ),
        # whoever may send it back may also send it on: its own branch, or the union
        Step(
            "redirect", "转到其他分工会", (S.SUBMITTED,), S.SUBMITTED, P.JOINING_RETURN, at=the_branch,
            effect=redirected, comment_required=True, form="joining.redirect",
        ),
        Step(
            "return", "退回修改", (S.SUBMITTED, S.BRANCH_OK), S.RETURNED, P.JOINING_RETURN, at=the_branch,
            effect=returned, comment_required=True, form="joining.send_back",
        ),
        Step(
            "reject", "不予批准", (S.SUBMITTED, S.BRANCH_OK, S.WAIT_PROVINCE), S.REJECTED, P.JOINING_APPROVE,
            at=the_union, effect=rejected, comment_required=True, form="joining.reject", tone="danger",
        ),
        # a city's union: the platform of the province does not know her yet
        Step(
            "await_province", "标记“该用户未注册，请先注册”", (S.BRANCH_OK,), S.WAIT_PROVINCE, P.JOINING_APPROVE,
            at=the_union_in_a_city, effect=asked_to_register, profile="city",
        ),
        Step(
            "notify_rescan", "通知重新扫码", (S.WAIT_PROVINCE,), S.WAIT_PROVINCE, P.JOINING_APPROVE, at=the_union,
            effect=asked_to_rescan, tone="primary", profile="city",
        ),
        Step(
            "resume", "已注册，恢复审核", (S.WAIT_PROVINCE,), S.BRANCH_OK, P.JOINING_APPROVE, at=the_union,
            effect=registered, profile="city",
        ),
    ),
    fetch=fetch,
    concerns=concerns,
    notify=notify,
)  # fmt: skip
