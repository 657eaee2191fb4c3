"""What each kind of change does, who may begin it, and when it is refused (《工会会员会籍管理办法》, domain 4c)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from portal.core.calendar import show_date, today
from portal.core.errors import DomainError, Problems
from portal.members import correcting, turning
from portal.members.enums import ChangeReason, ChangeType, EmploymentForm, EmploymentStatus, MembershipStatus
from portal.members.models import Member, MembershipChange

from .models import ChangeKind as K

_S, _E, _T, _R = MembershipStatus, EmploymentStatus, ChangeType, ChangeReason

AHEAD = timedelta(days=31)  # how far off the day of a change may lie
CORRECTED_WITHIN = timedelta(days=30)  # after a line was written, it may be corrected
_ACTIVE = frozenset({_S.ACTIVE})
_HERE = frozenset({_S.ACTIVE, _S.RETAINED})
_ANY = frozenset(_S) - {_S.MERGED}  # what was merged into another record is over
RETIRED = frozenset({_R.RETIRED, _R.VETERAN_RETIRED})

# what may be written with a change, and what it is called; days as ISO text
FACTS = {
    "wish": "本人申请",
    "note": "情况说明",
    "employer": "转往单位",
    "union": "接收工会",
    "paid_until": "会费交至",
    "work": "现在的劳动（工作）关系",
    "talked_on": "谈话日期",
    "warned_on": "催告日期",
    "judgment_no": "判决文书号",
    "group_opinion": "工会小组意见",
    "committee_on": "委员会决议日期",
}
LONGEST = {"wish": 500, "note": 500, "group_opinion": 500, "paid_until": 7}
TEXT_LONGEST = 100
_DAYS = frozenset({"talked_on", "warned_on", "committee_on"})


@dataclass(frozen=True)
class Rule:
    """What a kind does.

    `sources` are the statuses it starts from, `status` what it leads to, `turn` and `because` its line in the record,
    `employment` the state of employment that follows (None: as it was). `words` stand in the remark after the day.
    `asked` are the facts that must be given. `may_wait` says that the day may still come; `by_union` that only the
    union proposes it, for its chair to decide.
    """

    sources: frozenset[MembershipStatus]
    status: MembershipStatus
    turn: ChangeType
    because: ChangeReason | None = None
    employment: EmploymentStatus | None = None
    words: str = ""
    asked: tuple[str, ...] = ()
    may_wait: bool = True
    by_union: bool = False


def _retained(because: ChangeReason, employment: EmploymentStatus, words: str) -> Rule:
    return Rule(_ACTIVE, _S.RETAINED, _T.RETAINED, because, employment, f"{words}，办理保留会籍")


RULES: dict[K, Rule] = {
    K.LEAVE: Rule(
        _ACTIVE, _S.TRANSFERRED_OUT, _T.TRANSFERRED_OUT, _R.LEFT, None, "调离，会籍转出", asked=("employer", "union"),
    ),
    K.LEAVE_JOBLESS: _retained(_R.EMPLOYMENT_CHANGED, _E.UNEMPLOYED, "离职，未就业"),
    K.RETIRE: _retained(_R.RETIRED, _E.RETIRED, "退休"),
    K.RETIRE_VETERAN: _retained(_R.VETERAN_RETIRED, _E.VETERAN_RETIRED, "离休"),
    K.RESIGN: _retained(_R.EMPLOYMENT_CHANGED, _E.RESIGNED_WITH_PAY, "退职"),
    K.LAID_OFF: _retained(_R.LAID_OFF, _E.LAID_OFF, "下岗待岗"),
    K.UNEMPLOYED: _retained(_R.UNEMPLOYED, _E.UNEMPLOYED, "失业"),
    K.ARMY: _retained(_R.ARMY, _E.OTHER, "服兵役"),
    K.RESTORE: Rule(
        frozenset({_S.RETAINED}), _S.ACTIVE, _T.RESTORED, None, _E.AT_WORK, "恢复会籍", asked=("work",),
    ),
    K.WITHDRAW: Rule(
        _HERE, _S.WITHDRAWN, _T.WITHDRAWN, _R.OWN_WISH, None, "退会", asked=("talked_on",), may_wait=False,
    ),
    K.LAPSE: Rule(
        _ACTIVE, _S.WITHDRAWN, _T.WITHDRAWN, _R.DUES_UNPAID, None, "自动退会", asked=("warned_on", "note"),
        may_wait=False, by_union=True,
    ),
    K.EXPEL: Rule(
        _HERE, _S.EXPELLED, _T.EXPELLED, _R.CRIME, None, "开除会籍",
        asked=("judgment_no", "group_opinion", "committee_on"), may_wait=False, by_union=True,
    ),
    K.DEATH: Rule(_ANY - {_S.DECEASED}, _S.DECEASED, _T.DIED, _R.DIED, None, "去世", may_wait=False),
    # what it leads to is what was before; it writes no line but takes one out
    K.CORRECT: Rule(_ANY, _S.ACTIVE, _T.RESTORED, None, None, "更正", asked=("note",), may_wait=False, by_union=True),
    # what it leads to is what is; it moves the day of the line that another change has written
    K.REDATE: Rule(
        frozenset({_S.WITHDRAWN, _S.EXPELLED}), _S.EXPELLED, _T.EXPELLED, None, None, "更正日期", asked=("note",),
        may_wait=False, by_union=True,
    ),
}  # fmt: skip
# of these who may not decide learns nothing: they tell of an expulsion
CLOSED = frozenset({K.EXPEL, K.REDATE})
# what a member may ask for herself (4c): to leave, to have her membership restored, to give it up
BY_HERSELF = (K.LEAVE, K.LEAVE_JOBLESS, K.RESTORE, K.WITHDRAW)
BY_UNION = frozenset(kind for kind, rule in RULES.items() if rule.by_union)


def asked_of_herself(kind: K) -> tuple[str, ...]:
    """Return what a member has to write with her own application; the talk comes after it."""
    return ("wish",) if kind is K.WITHDRAW else RULES[kind].asked


def check_facts(kind: K, facts: Mapping[str, Any], *, asked: tuple[str, ...] | None = None) -> dict[str, str]:
    """Return the facts as they are kept, the empty ones left out; `asked` instead of what the kind asks for.

    Raises Problems for what is missing or wrong.
    """
    must = RULES[kind].asked if asked is None else asked
    kept = {name: " ".join(str(facts.get(name) or "").split()) for name in FACTS}
    errors: dict[str, list[str]] = {}
    for name, text in kept.items():
        most = LONGEST.get(name, TEXT_LONGEST)
        if not text and name in must:
            errors[name] = [f"请填写{FACTS[name]}"]
        elif name == "note" and kind is K.REDATE and not _is_reason(text):
            errors[name] = [f"请写明更正的原因，{correcting.REASON_LEAST} 至 {correcting.REASON_MOST} 个字"]
        elif len(text) > most:
            errors[name] = [f"{FACTS[name]}不能超过{most}个字"]
        elif text and name in _DAYS and date.fromisoformat(text) > today():
            errors[name] = [f"{FACTS[name]}不能晚于今天，请核对"]
        elif text and name == "paid_until" and not _is_month(text):
            errors[name] = ["会费交至请写成年月，例如 2026-08"]
    if errors:
        raise Problems(errors)
    return {name: text for name, text in kept.items() if text}


def typed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts as a form is filled from them."""
    return {
        name: date.fromisoformat(data[name]) if name in _DAYS else data[name] for name in FACTS if data.get(name)
    }  # fmt: skip


def _is_reason(text: str) -> bool:
    return correcting.REASON_LEAST <= len(text) <= correcting.REASON_MOST


def _is_month(text: str) -> bool:
    try:
        return bool(date.fromisoformat(f"{text}-01"))
    except ValueError:
        return False


def check(member: Member, kind: K, on: date) -> None:
    """Raise DomainError unless a change of this `kind` may happen to the member on the day `on`."""
    rule = RULES[kind]
    status = MembershipStatus(member.membership_status)  # type: ignore[call-arg]  # by its value alone
    if kind is K.CORRECT:
        line_to_correct(member)
        return
    if status not in rule.sources:
        raise DomainError(f"{member.name}的会籍现在是“{status.label}”，不能办理{kind.label}")
    if kind is K.REDATE:
        correcting.check_move(line_to_redate(member), on)
        return
    if kind is K.RESTORE and (why := _stays_retained(member)):
        raise DomainError(why)
    check_day(member, kind, on)


def check_day(member: Member, kind: K, on: date) -> None:
    """Raise DomainError on `on` for a day on which this cannot happen to the member."""
    if not RULES[kind].may_wait and on > today():
        raise DomainError(f"{kind.label}的日期不能晚于今天，请核对", field="on")
    if on > today() + AHEAD:
        raise DomainError(f"生效日期不能晚于{show_date(today() + AHEAD)}（31 天以内），请到时再办理", field="on")
    turning.check_day(member, min(on, today()))


def _stays_retained(member: Member) -> str:
    """Return why the membership stays retained: a retiree who works again has no new labour relation (§3.13)."""
    retained = [line for line in member.changes if line.kind is _T.RETAINED]
    if (retained and retained[-1].reason in RETIRED) or member.employment_status in (_E.RETIRED, _E.VETERAN_RETIRED):
        return f"{member.name}已退休，返聘不恢复会籍，继续按保留会籍管理；退休登记有误的，请校工会办理错误更正"
    if member.employment_form == EmploymentForm.REHIRED:
        return f"{member.name}的用工形式是返聘，返聘不恢复会籍；用工形式有误的，请先更正"
    return ""


def last_line(member: Member) -> MembershipChange | None:
    """Return the last line of the member's record."""
    return max(member.changes, key=lambda line: (line.on_date, line.id), default=None)


def may_redate(member: Member) -> bool:
    """Whether the last line of the member's record is one whose day it takes two people to move."""
    last = last_line(member)
    return last is not None and correcting.takes_two(last)


def line_to_redate(member: Member) -> MembershipChange:
    """Return the last line of the member's record, if it takes two people to move its day. Raises DomainError else."""
    last = last_line(member)
    if last is None or not may_redate(member):
        raise DomainError(f"{member.name}最近一次会籍变化不是开除会籍或自动退会，日期请在时间线里更正")
    return last


def line_to_correct(member: Member) -> MembershipChange:
    """Return the last line of the member's record, if it may still be corrected. Raises DomainError else."""
    last = last_line(member)
    if last is None or last.kind in (_T.JOINED, _T.TRANSFERRED_IN, _T.MOVED_BRANCH):
        raise DomainError(f"{member.name}最近一次会籍变化不是会籍状态的变动，没有可以更正的")
    if last.recorded_at.date() + CORRECTED_WITHIN < today():
        day = show_date(last.recorded_at.date())
        raise DomainError(f"这次{last.kind.label}登记于{day}，已超过 30 天，不能再更正；请按恢复会籍或重新入会办理")
    return last
