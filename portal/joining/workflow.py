"""The way of an application: the branch gives its opinion, the union approves, and the member begins."""

from __future__ import annotations

from datetime import date

from portal.core import kinds, notices
from portal.core.actors import Actor
from portal.core.calendar import local, now, show_date, today
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.workflow import Step, Workflow
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.filing import Applied
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Application
from .models import ApplicationState as S
from .questions import ASKED


def the_branch(item: Application) -> OrgUnit:
    """Where the opinion is given."""
    return item.unit


def the_union(item: Application) -> OrgUnit:
    """Where the approval is given."""
    return access.approving_unit(item.unit)


def fetch(actor: Actor, item_id: int) -> Application:
    """Return an application in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Application = access.fetch(Application, item_id, actor, P.JOINING_READ)
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
    item.submitted_at = item.submitted_at or now()
    item.opinion_at = None
    item.wrong_fields = []
    item.answer = ""


def agreed(item: Application, actor: Actor, *, comment: str) -> None:
    """The branch has given its opinion."""
    item.opinion_at = now()


def returned(item: Application, actor: Actor, *, comment: str, wrong_fields: list[str]) -> None:
    """Open the wrong fields again. Raises DomainError where none is named."""
    wrong = [name for name in ASKED[item.form] if name in wrong_fields]
    if not wrong:
        raise DomainError("请勾选需要申请人修改的项目", field="wrong_fields")
    item.wrong_fields = wrong
    item.returned_at = now()
    item.answer = comment


def rejected(item: Application, actor: Actor, *, comment: str) -> None:
    """Close with a reason that the applicant reads."""
    _decided(item, actor)
    item.answer = comment


def approved(item: Application, actor: Actor, *, comment: str, study_date: date) -> None:
    """Make the member: her record, first version, change row, number and account, from `study_date` (研究日期) on.

    Raises DomainError for a day before the application or in the future, Conflict if the document has got a member
    since.
    """
    first = local(item.submitted_at).date() if item.submitted_at else study_date
    if not first <= study_date <= today():
        sentence = f"研究日期应在申请提交日（{show_date(first)}）至今天之间，请核对"
        raise DomainError(sentence, field="study_date")
    values = values_of(item)
    known = members.find_by_document(item.id_type, str(values["id_number"]))
    if known is not None and known.membership_status not in members.LEFT:
        raise Conflict(f"该证件号码已有会籍（{known.trace_label}，{known.unit.name}），不能重复建立，请核对后退回")
    member = members.admit(actor, unit=item.unit, values=values, join_date=study_date, applied=_applied(item))
    _decided(item, actor)
    item.study_date = study_date
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
        title = f"{item.name}申请加入{item.unit.name}，请给出分工会意见"
        notices.tell(branch or union, title, link=link)
    elif item.state == S.BRANCH_OK:
        notices.tell(union, f"{item.name}申请加入{item.unit.name}，请审批", link=link)
    elif item.state == S.ALREADY_HERE:
        notices.tell(union, f"{item.name}的入会申请与已有会籍或申请重复，请核实", link=link)
    elif actor.id is not None or item.state == S.WITHDRAWN:
        told = set(branch) - {actor.id}
        notices.tell(told, f"{item.name}的入会申请{item.state.label}", comment, link)
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
            (S.SUBMITTED, S.BRANCH_OK, S.RETURNED, S.ALREADY_HERE),
            S.WITHDRAWN,
            own=True,
            tone="danger",
            confirm="撤回后本次申请结束，需要入会时请重新扫码申请。",
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
            form="joining.approve", tone="primary",
        ),
        Step(
            "return", "退回修改", (S.SUBMITTED, S.BRANCH_OK), S.RETURNED, P.JOINING_RETURN, at=the_branch,
            effect=returned, comment_required=True, form="joining.send_back",
        ),
        Step(
            "reject", "不予批准", (S.SUBMITTED, S.BRANCH_OK), S.REJECTED, P.JOINING_APPROVE, at=the_union,
            effect=rejected, comment_required=True, form="joining.reject", tone="danger",
        ),
    ),
    fetch=fetch,
    concerns=concerns,
    notify=notify,
)  # fmt: skip
