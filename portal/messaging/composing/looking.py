"""What a message is about to do: who gets it, who does not and why, how it reads, what it costs, what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlalchemy import String, cast, exists, func, or_, select

from portal.core import audit, crypto, settings
from portal.core.calendar import SHANGHAI, local, midnight, now, today
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.members import many
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.messaging import choices
from portal.messaging.groups import resolving
from portal.messaging.segments import segments
from portal.messaging.signatures import signature_of
from portal.messaging.wordings import blanks
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import Outcome, Sms, SmsPerson, SmsState

settings.declare(
    Setting(
        "messaging_cents", "每条短信的价格（分）", Kind.INTEGER, 5, "短信", low=0, high=1000,
        hint="核对页按它估算费用；长短信按实际拆分的条数计",
    ),
    Setting(
        "messaging_second", "多少人以上须第二人确认", Kind.INTEGER, 500, "短信", low=1, high=1_000_000,
        hint="同一个人一天里自己发出的加起来超过这个人数，由本单位或上级另一位有权限的人确认后才发",
    ),
    Setting(
        "messaging_cap", "每个单位每天最多发给多少人次", Kind.INTEGER, 5000, "短信", low=1, high=1_000_000,
        hint="防止误发；超过的等第二天，或由超级管理员调整",
    ),
)  # fmt: skip

HERE = (MembershipStatus.ACTIVE.value, MembershipStatus.RETAINED.value)
TAIL = " 收到请点 {link}"
PATH = "/r/"  # of the page that says 收到
NAMED = 10  # people whom one sentence names


@dataclass(frozen=True)
class Line:
    """One person: what becomes of her, why she is in the group, and the text as she reads it."""

    member: Member
    outcome: Outcome
    why: str
    text: str = ""
    parts: int = 0
    empty: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)  # of the blanks, for a gateway that has filed the words


@dataclass(frozen=True)
class Look:
    """All of a message: its people by their numbers, and the sentences that stop it or only warn."""

    lines: Sequence[Line]
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def due(self) -> list[Line]:
        """Whoever gets a short message."""
        return [line for line in self.lines if line.outcome is Outcome.DUE]

    @property
    def inside(self) -> list[Line]:
        """Whoever gets a 站内信 instead."""
        return [line for line in self.lines if line.outcome is Outcome.INSIDE]

    @property
    def without(self) -> list[Line]:
        """Whoever gets none, although she is in the group."""
        return [line for line in self.lines if line.outcome not in (Outcome.DUE, Outcome.INSIDE)]

    @property
    def to_call(self) -> list[Line]:
        """Whoever has to be called, for want of a number of her own."""
        return [line for line in self.lines if line.outcome is Outcome.NO_NUMBER]

    @property
    def parts(self) -> int:
        """How many messages the carriers charge."""
        return sum(line.parts for line in self.due)

    @property
    def longest(self) -> Line | None:
        """The longest of the texts."""
        return max(self.due, key=lambda line: (line.parts, len(line.text)), default=None)

    @property
    def cost(self) -> str:
        """What that costs, in yuan."""
        return f"{self.parts * int(settings.value('messaging_cents')) / 100:.2f}"

    @property
    def seal(self) -> str:
        """A word that is another one once anybody would get it who did not, or another text."""
        said = "\n".join(f"{line.member.id}|{line.text}" for line in self.due)
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def typed_of(plan: Sms) -> dict[str, str]:
    """Return what was typed for the blanks of a message."""
    return dict(plan.said["typed"])


def look(actor: User, plan: Sms) -> Look:
    """Return what `plan` would do if the actor sent it now."""
    try:
        people = _people(actor, plan)
    except Absent:
        return Look([], ["所选的分组已停用或不在您的管理范围内，请重新选择"])
    except DomainError as error:
        return Look([], [error.message])
    typed = typed_of(plan)
    open_blanks = [name for name, value in typed.items() if not value]
    lines = _lines(actor, plan, people, typed)
    found = Look(lines)
    found.problems.extend(f"请填写【{name}】" for name in open_blanks)
    for name in dict.fromkeys(blank for line in lines for blank in line.empty if blank not in open_blanks):
        named = [line.member.name for line in lines if name in line.empty]
        more = f"等 {len(named)} 人" if len(named) > NAMED else ""
        found.problems.append(f"{'、'.join(named[:NAMED])}{more}的【{name}】没有填，请补填会员信息，或换一个模板")
    if not found.due and not found.inside:
        found.problems.append("没有可以收到短信的人")
    if told := over_cap(plan, len(found.due)):
        found.problems.append(told)
    if plan.state is SmsState.DRAFT and _is_same(plan):
        found.warnings.append("一天之内已经给同样的人发过同样的内容，请确认不是重复发送")
    return found


def _people(actor: User, plan: Sms) -> Mapping[int, str]:
    if plan.member_ids is None:
        return resolving.all_of(actor, plan.groups).people
    ids = set(plan.member_ids)
    if plan.of_plan_id is not None:  # whoever has said since that she has got it needs no reminder
        said = select(SmsPerson.member_id).where(
            SmsPerson.plan_id == plan.of_plan_id, SmsPerson.confirmed_at.is_not(None)
        )
        ids -= set(db.session.scalars(said))
    return dict.fromkeys(sorted(resolving.seen_of(actor, ids)), plan.audience)


def _lines(actor: User, plan: Sms, people: Mapping[int, str], typed: Mapping[str, str]) -> list[Line]:
    signature, text, day = signature_of(plan.unit), str(plan.said["text"]), today()
    tail = TAIL.format(link=link_of(plan, "x" * 22)) if plan.asks_receipt else ""
    inside = set() if plan.is_essential else choices.inside_only(people)
    members: list[Member] = []
    for some in many.in_chunks(sorted(people)):
        members += db.session.scalars(select(Member).where(Member.id.in_(some)))
    found, numbers = [], set()
    for member in sorted(members, key=lambda one: (one.name_pinyin, one.id)):
        outcome = Outcome.DUE
        if member.membership_status not in HERE:
            outcome = Outcome.GONE
        elif member.id in inside:
            outcome = Outcome.INSIDE if member.user_id else Outcome.DUE
        if outcome is Outcome.DUE:
            if member.mobile_index is None:
                outcome = Outcome.NO_NUMBER
            elif member.mobile_index in numbers:
                outcome = Outcome.DOUBLE
            else:
                numbers.add(member.mobile_index)
        if outcome not in (Outcome.DUE, Outcome.INSIDE):
            found.append(Line(member, outcome, people[member.id]))
            continue
        filled = blanks.filled(actor, member, text, typed, day)
        parts = segments(filled.text + tail, signature)
        found.append(Line(member, outcome, people[member.id], filled.text, parts, filled.empty, filled.values))
    return found


def link_of(plan: Sms, token: str) -> str:
    """Return the address by which somebody says that she has got the message."""
    return f"{plan.base_url}{PATH}{token}"


def mark_of(plan: Sms) -> str:
    """Return the word for text and people of a message."""
    whom = sorted(plan.groups) or sorted(map(str, plan.member_ids or []))
    return crypto.index("message_plan", f"{plan.said['text']}|{sorted(typed_of(plan).items())}|{whom}")


def _is_same(plan: Sms) -> bool:
    same = select(Sms.id).where(
        Sms.mark == mark_of(plan), Sms.id != plan.id, Sms.unit_id == plan.unit_id,
        Sms.state.in_((SmsState.SENT, SmsState.WAITING, SmsState.PENDING)),
        func.coalesce(Sms.sent_at, Sms.made_at) > now() - timedelta(days=1),
    )  # fmt: skip
    return db.session.scalar(same.limit(1)) is not None


def sent_today(unit_id: int) -> int:
    """Return to how many people the unit has sent today."""
    query = select(func.count()).select_from(SmsPerson).join(SmsPerson.plan)
    query = query.where(Sms.unit_id == unit_id, SmsPerson.outcome == Outcome.DUE)
    return db.session.scalar(query.where(Sms.state == SmsState.SENT, Sms.sent_at >= midnight(today()))) or 0


def over_cap(plan: Sms, number: int) -> str:
    """Say that the unit cannot send to so many people more today, or ""."""
    cap, sent = int(settings.value("messaging_cap")), sent_today(plan.unit_id)
    return f"本单位每天最多发 {cap} 人次，今天已发 {sent} 人次，加上这次会超过" if sent + number > cap else ""


def alone_today(plan: Sms) -> int:
    """Return to how many people whoever writes it sends besides on her word alone: today, or waiting for its time."""
    confirmed = exists().where(
        audit.AuditEvent.subject_type == Sms.__tablename__, audit.AuditEvent.subject_id == cast(Sms.id, String),
        audit.AuditEvent.action == "composing.confirm",
    )  # fmt: skip
    is_todays = (Sms.state == SmsState.SENT) & (Sms.sent_at >= midnight(today()))
    query = select(func.sum(Sms.expected)).where(
        Sms.owner_id == plan.owner_id, Sms.id != plan.id, or_(is_todays, Sms.state == SmsState.WAITING), ~confirmed
    )
    return int(db.session.scalar(query) or 0)


def needs_second(plan: Sms, number: int) -> bool:
    """Whether so many get it that a second person confirms, where there is one; a message cut in two counts as one."""
    most = int(settings.value("messaging_second"))
    if number == 0 or (number <= most and number + alone_today(plan) <= most):
        return False
    return any(one != plan.owner_id for one in access.people_with(P.MESSAGE_SEND, plan.unit))


def held_until(moment: datetime) -> datetime | None:
    """Return when the quiet hours end in which `moment` lies; None where it lies in none."""
    begins, ends = int(settings.value("messaging_quiet_from")), int(settings.value("messaging_quiet_until"))
    hour, day = local(moment).hour, local(moment).date()
    is_quiet = begins <= hour < ends if begins <= ends else hour >= begins or hour < ends
    if not is_quiet:
        return None
    if hour >= ends:
        day += timedelta(days=1)
    return datetime.combine(day, time(ends % 24), SHANGHAI)
