"""The steps of a session: called, opened where two thirds have come, closed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from portal.core import notices
from portal.core.actors import Actor
from portal.core.calendar import today
from portal.core.db import db
from portal.core.workflow import Step, Workflow
from portal.org import access
from portal.org.models import OrgUnit
from portal.org.permissions import Permission as P

from .models import Attendance, CongressSession, Delegate, DelegateKind, Present
from .models import SessionState as S


def seats(item: CongressSession) -> int:
    """Return how many formal seats are held on the day of the session."""
    query = select(func.count()).select_from(Delegate).where(
        Delegate.congress_id == item.congress_id, Delegate.kind == DelegateKind.FORMAL,
        Delegate.sitting(item.held_on or today()),
    )  # fmt: skip
    return db.session.scalar(query) or 0


def came(item: CongressSession) -> int:
    """Return how many formal delegates have come."""
    query = select(func.count()).select_from(Attendance).join(Attendance.delegate).where(
        Attendance.session_id == item.id, Attendance.present == Present.PRESENT, Delegate.kind == DelegateKind.FORMAL
    )  # fmt: skip
    return db.session.scalar(query) or 0


def needed(item: CongressSession) -> int:
    """Return how many formal delegates must have come: two thirds of the seats, rounded up, unless set otherwise."""
    part, of = item.congress.rule("congress_quorum_part"), item.congress.rule("congress_quorum_of")
    return -(-seats(item) * part // of)


def has_quorum(item: CongressSession) -> bool:
    """Whether enough have come to open it."""
    held = seats(item)
    return bool(held) and came(item) >= needed(item)


def quorum_words(item: CongressSession) -> str:
    """Return the sum of who has come, for the page and for the refusal."""
    held, here, least = seats(item), came(item), needed(item)
    part, of = item.congress.rule("congress_quorum_part"), item.congress.rule("congress_quorum_of")
    so = "达到" if held and here >= least else "不足"
    return f"应到正式代表 {held} 人，实到 {here} 人，{so} {of} 分之 {part}（{least} 人）"


def _no_day(item: Any, actor: Actor) -> str:
    if item.held_on is None:
        return "请先填写开会日期"
    return "" if seats(item) else "还没有正式代表，请先导入代表名单"


def _no_quorum(item: Any, actor: Actor) -> str:
    return "" if has_quorum(item) else f"{quorum_words(item)}，不能开会"


def the_union(item: Any) -> OrgUnit:
    """Return the union whose congress it is."""
    unit: OrgUnit = item.unit
    return unit


def _fetch(actor: Actor, item_id: int) -> CongressSession:
    found: CongressSession = access.fetch(CongressSession, item_id, actor, P.CONGRESS_READ)  # type: ignore[arg-type]  # pages have users
    return found


def _nobody(item: Any, actor: Actor) -> bool:
    return False  # a session is about no one person


def _tell(item: Any, step: Step, actor: Actor, comment: str) -> None:
    if step.action != "call":
        return
    rows = db.session.scalars(
        select(Delegate).where(Delegate.congress_id == item.congress_id, Delegate.sitting(item.held_on))
    )
    users = {row.person.account.id for row in rows if row.person.account is not None}
    where = f"，地点：{item.place}" if item.place else ""
    notices.tell(users, f"{item.title}定于{item.held_on:%Y-%m-%d}召开{where}", link="/congress/mine")


SESSIONS = Workflow(
    "congress_sessions",
    "教代会会议",
    CongressSession,
    (
        Step("call", "通知召开", (S.PLANNED,), S.CALLED, P.CONGRESS_MANAGE, at=the_union, not_yet=_no_day,
             tone="primary", confirm="将通知全体代表"),
        Step("open", "宣布开幕", (S.CALLED,), S.OPEN, P.CONGRESS_MANAGE, at=the_union, not_yet=_no_quorum,
             tone="primary"),
        Step("close", "闭幕", (S.OPEN,), S.CLOSED, P.CONGRESS_MANAGE, at=the_union, confirm="闭幕后不能再改签到"),
        Step("cancel", "取消会议", (S.PLANNED, S.CALLED), S.CANCELLED, P.CONGRESS_MANAGE, at=the_union,
             comment_required=True, tone="danger", confirm="取消后不能恢复，请写明原因"),
    ),
    fetch=_fetch,
    concerns=_nobody,
    notify=_tell,
)  # fmt: skip
