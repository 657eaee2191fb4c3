"""Verbs of messages: composed, checked, sent to exactly as many as the button names, reminded of, acknowledged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from portal.core import audit, pdf
from portal.core import db as database
from portal.core.actors import VISITOR
from portal.core.calendar import now, show_date, show_time, today
from portal.core.db import db, new_uuid, release, writes
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.todo import Todo
from portal.members import hanging
from portal.members.models import Member
from portal.messaging.groups import resolving
from portal.messaging.sending import outbox
from portal.messaging.wordings import blanks
from portal.messaging.wordings import service as wordings
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.query.rosters import papers
from portal.query.rosters.papers import Sheet

from . import handing
from .looking import TAIL, held_until, link_of, look, mark_of, needs_second, typed_of
from .models import Outcome, Sms, SmsPerson, SmsState
from .workflow import PLANS

audit.name_acts({
    "composing.compose": "编写短信",
    "composing.fill": "修改短信",
    "composing.trial": "短信试发给自己",
    "composing.calls": "打印电话通知单",
    "composing.acknowledge": "短信收到确认",
})  # fmt: skip

PER_PAGE = 50
MOST_TRIALS = 10  # a day
CHANGED = "收到短信的人或内容刚刚有变化，没有发送；请核对现在的人数后再点发送"
CALLS = (("序号", 12), ("姓名", 26), ("工号", 26), ("所属分工会", 44), ("通知时间", 26), ("接听人、备注", 0))


@dataclass(frozen=True)
class Wanted:
    """What a message says, to whom, and how: `typed` fills the blanks, `send_at` None is at once."""

    title: str
    typed: Mapping[str, str]
    is_essential: bool
    asks_receipt: bool
    send_at: datetime | None


@dataclass(frozen=True)
class Tally:
    """How many of a message's people had which outcome, and how many have said that they got it."""

    outcomes: Mapping[Outcome, int]
    asked: int
    confirmed: int


# --- finding ----------------------------------------------------------------------------------------------------------


def places(actor: User) -> list[OrgUnit]:
    """Return the units on whose behalf the actor may send."""
    return access.tops(actor, P.MESSAGE_SEND)


def find(actor: User, number: int) -> Sms:
    """Return a message in the actor's scope. Raises Absent."""
    item: Sms = PLANS.fetch(actor, number)
    return item


def page_of(actor: User, state: str, page: int) -> tuple[list[Sms], int]:
    """Return a page of the messages in the actor's scope, the newest first, and how many there are."""
    query: Select[tuple[Sms]] = access.scoped(Sms, actor, P.MESSAGE_SEND)
    if state in list(SmsState):
        query = query.where(Sms.state == state)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.order_by(Sms.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(query)), total


def todo(actor: User) -> list[Todo]:
    """Return how many messages wait for the actor to confirm."""
    if not actor.holds(P.MESSAGE_SEND):
        return []
    pending = Sms.state == SmsState.PENDING
    query = access.scoped(Sms, actor, P.MESSAGE_SEND, func.count(Sms.id)).where(pending, Sms.owner_id != actor.id)
    count = db.session.scalar(query) or 0
    return [Todo("短信待确认", count, "composing.index", {"state": SmsState.PENDING.value})] if count else []


def waiting_since() -> datetime | None:
    """Return since when the oldest message waits to be handed over whose time has come; None where none does."""
    if held_until(now()) is not None:
        return None
    at = func.coalesce(Sms.send_at, Sms.made_at)
    return db.session.scalar(select(func.min(at)).where(Sms.state == SmsState.WAITING, at <= now()))


# --- composing --------------------------------------------------------------------------------------------------------


def compose(
    actor: User,
    wording: str,
    *,
    base_url: str,
    groups: Sequence[str] = (),
    member_ids: Sequence[int] | None = None,
    audience: str = "",
) -> Sms:
    """Begin a message of the wording to these groups or members. Raises DomainError, Absent."""
    try:
        ready = wordings.of_ref(actor, wording)
    except Absent as error:
        raise DomainError("请选择模板", field="wording") from error
    if member_ids is None and not groups:
        raise DomainError("请至少勾选一个分组", field="groups")
    names = [resolving.name_of(actor, ref) for ref in dict.fromkeys(groups)]
    plan = Sms(
        uuid=new_uuid(), unit=places(actor)[0], owner_id=actor.id, title=ready.name, groups=list(dict.fromkeys(groups)),
        member_ids=None if member_ids is None else list(member_ids), audience="、".join(names)[:300] or audience,
        template_no=ready.template_no, base_url=base_url, state=SmsState.DRAFT, is_essential=False, asks_receipt=False,
    )  # fmt: skip
    plan.said = {"text": ready.text, "typed": dict.fromkeys(ready.typed, "")}
    db.session.add(plan)
    db.session.flush()  # the page that follows is named by its number
    audit.record(actor, "composing.compose", plan)
    return plan


def fill(actor: User, plan: Sms, wanted: Wanted) -> None:
    """Change what was typed. Raises DomainError under its input, Conflict for what is no draft any more."""
    if plan.state is not SmsState.DRAFT:
        raise Conflict("这条短信已经提交，请先停止再修改")
    title = " ".join(wanted.title.split())
    if not title:
        raise DomainError("请填写标题，只有工会内部看得到", field="title")
    if wanted.send_at is not None and wanted.send_at < now():
        raise DomainError("预定的时间已经过去，请改填以后的时间，或留空", field="send_at")
    known = typed_of(plan)
    for name in known:
        blanks.refuse_document(wanted.typed.get(name, ""))
    blanks.refuse_document(title, field="title")
    plan.said = plan.said | {"typed": {name: wanted.typed.get(name, "").strip()[:100] for name in known}}
    plan.title, plan.is_essential, plan.asks_receipt = title, wanted.is_essential, wanted.asks_receipt
    plan.send_at = wanted.send_at
    audit.record(actor, "composing.fill", plan)


# --- sending ----------------------------------------------------------------------------------------------------------


def send(actor: User, plan: Sms, *, seen: str) -> None:
    """Send to exactly those whom the page named by `seen`: now, at its time, or once a second person has agreed.

    Raises Conflict where they or the texts have changed since, DomainError for what has to be mended first.
    """
    if plan.state is not SmsState.DRAFT:
        raise Conflict("这条短信已经提交过了，请刷新后查看")
    if plan.owner_id != actor.id:
        raise DomainError("请由编写的人发送；其他人可以自己另写一条")
    found = look(actor, plan)
    if found.problems:
        raise DomainError("；".join(found.problems))
    if seen != found.seal:
        raise Conflict(CHANGED)
    plan.expected, plan.mark = len(found.due), mark_of(plan)
    handing.snapshot(plan, found)
    if needs_second(plan, plan.expected):
        PLANS.fire(plan, "ask", actor, own=True)
        return
    moment = plan.send_at or now()
    held = held_until(moment)
    if plan.send_at is None and held is None:
        PLANS.fire(plan, "send", actor, own=True)
        return
    plan.send_at = held or moment
    PLANS.fire(plan, "wait", actor, own=True)


def trial(actor: User, plan: Sms) -> None:
    """Send the first text to the actor's own number. Raises DomainError without one, or too often."""
    own = db.session.scalars(select(Member).where(Member.user_id == actor.id)).one_or_none()
    if own is None or not own.mobile:
        raise DomainError("您自己没有登记手机号码，不能试发；可以直接看上面的预览")
    tried = select(func.count()).where(
        audit.AuditEvent.actor_id == actor.id, audit.AuditEvent.action == "composing.trial",
        audit.AuditEvent.at > now().replace(hour=0, minute=0, second=0),
    )  # fmt: skip
    if (db.session.scalar(tried) or 0) >= MOST_TRIALS:
        raise DomainError(f"每天最多试发 {MOST_TRIALS} 次")
    lines = [*look(actor, plan).due, *look(actor, plan).inside]
    if not lines:
        raise DomainError("没有可以收到短信的人，无法试发")
    tail = TAIL.format(link=link_of(plan, "x" * 22)) if plan.asks_receipt else ""
    batch = outbox.open_batch(actor, unit=plan.unit, title=f"试发：{plan.title}"[:60], respects_quiet=False)
    outbox.queue(actor, batch, [outbox.Recipient(own.name, str(own.mobile), lines[0].text + tail, own.unit_id, own.id)])
    audit.record(actor, "composing.trial", plan)


# --- afterwards -------------------------------------------------------------------------------------------------------


def tally(plan: Sms) -> Tally:
    """Return the numbers of a message that was confirmed or sent."""
    row = SmsPerson
    query = select(row.outcome, func.count()).where(row.plan_id == plan.id).group_by(row.outcome)
    outcomes = {row[0]: row[1] for row in db.session.execute(query)}
    said = select(func.count(row.token), func.count(row.confirmed_at)).where(row.plan_id == plan.id)
    asked, confirmed = db.session.execute(said).one()
    return Tally(outcomes, asked, confirmed)


def people(actor: User, plan: Sms, outcome: str, page: int) -> tuple[list[SmsPerson], int]:
    """Return a page of the people of a message, as far as the actor sees, and how many there are."""
    query = select(SmsPerson).join(SmsPerson.member)
    query = query.where(SmsPerson.plan_id == plan.id, resolving.in_sight(actor))
    if outcome == "silent":
        query = query.where(SmsPerson.token.is_not(None), SmsPerson.confirmed_at.is_(None))
    elif outcome in list(Outcome):
        query = query.where(SmsPerson.outcome == outcome)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.order_by(Member.name_pinyin, Member.id).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(query)), total


def remind(actor: User, plan: Sms) -> Sms:
    """Begin a message with the same words to those alone who have not said that they got it. Raises DomainError."""
    silent = select(SmsPerson.member_id).where(
        SmsPerson.plan_id == plan.id,
        SmsPerson.token.is_not(None),
        SmsPerson.confirmed_at.is_(None),
    )
    ids = sorted(resolving.seen_of(actor, db.session.scalars(silent)))
    if not ids:
        raise DomainError("没有需要提醒的人：都已确认收到，或这条短信没有请人确认")
    again = Sms(
        uuid=new_uuid(), unit=plan.unit, owner_id=actor.id, title=f"提醒：{plan.title}"[:60], groups=[], member_ids=ids,
        audience="未确认收到的人", base_url=plan.base_url, state=SmsState.DRAFT, is_essential=plan.is_essential,
        asks_receipt=True, of_plan_id=plan.id,
    )  # fmt: skip
    again.said = plan.said
    db.session.add(again)
    db.session.flush()  # the page that follows is named by its number
    audit.record(actor, "composing.compose", again)
    return again


def by_token(token: str) -> SmsPerson:
    """Return the row behind the address in a message, locked if the request writes. Raises Absent."""
    query = select(SmsPerson).where(SmsPerson.token == token)
    if database.is_writing():
        query = query.with_for_update(of=SmsPerson)
    row = db.session.scalars(query).one_or_none()
    if row is None:
        raise Absent
    return row


def acknowledge(row: SmsPerson) -> None:
    """Keep that she has got it, the first time she or the original's reminder says so."""
    if row.confirmed_at is not None:
        return
    row.confirmed_at = now()
    audit.record(VISITOR, "composing.acknowledge", row.plan)
    if row.plan.of_plan_id is not None:
        first = select(SmsPerson).where(SmsPerson.plan_id == row.plan.of_plan_id, SmsPerson.member_id == row.member_id)
        for one in db.session.scalars(first):
            one.confirmed_at = one.confirmed_at or row.confirmed_at


def call_sheet(actor: User, plan: Sms) -> tuple[str, bytes]:
    """Return name and content of the 电话通知单 of those without a number. Call it in a view that renders."""
    found, actor_id, plan_id = look(actor, plan), actor.id, plan.id
    if not found.to_call:
        raise DomainError("没有需要打电话通知的人")
    rows = [
        (str(number), line.member.name, line.member.staff_no or "", line.member.unit.name, "", "")
        for number, line in enumerate(found.to_call, 1)
    ]
    sheet = Sheet(
        unit=plan.unit.name, title=f"{plan.title}电话通知单", columns=CALLS, rows=rows, tall=True,
        about=f"共 {len(rows)} 人没有手机号码　　截至：{show_date(today())}",
        foot="通知人：　　　　　　　　　　　　　　　　年　　月　　日",
    )  # fmt: skip
    paper, title, count = papers.paper(sheet, actor.label), plan.title, len(rows)
    release()
    content = pdf.render_all([paper]).pdf
    writes()
    audit.record(
        db.session.get_one(User, actor_id),
        "composing.calls",
        db.session.get_one(Sms, plan_id),
        details={"count": count},
    )
    plain = "".join("_" if letter in '\\/:*?"<>|' else letter for letter in title)
    return f"{plain}-电话通知单.pdf", content


def when(plan: Sms) -> str:
    """Return when a message goes out, in words."""
    return show_time(plan.send_at) if plan.send_at else "马上"


hanging.stays("发短信时的名单", SmsPerson)
