"""What becomes of each line of a list of delegates: who it is, where she sits, or the sentence that says why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core import kinds
from portal.core.calendar import show_date
from portal.core.db import db
from portal.core.enums import LabelEnum
from portal.core.errors import DomainError
from portal.core.fields import Field, FieldError
from portal.core.kinds import PENDING_STAFF_NO, Kind
from portal.members import names
from portal.members.catalogue import FIELD, Section
from portal.members.enums import MembershipStatus
from portal.members.models import Member

from ..models import NAME_MOST, Congress, DelegateKind, DelegationPost, Person
from .reading import OF_A_PERSON, Raw

_HERE = (MembershipStatus.ACTIVE.value, MembershipStatus.RETAINED.value)
_DAY = {
    "starts": Field("starts", "任期开始", Kind.DATE, Section.WORK),
    "ends": Field("ends", "任期截止", Kind.DATE, Section.WORK),
}
_KINDS = {"正式": DelegateKind.FORMAL, "列席": DelegateKind.OBSERVER, "特邀": DelegateKind.GUEST}


class Verdict(LabelEnum):
    """What becomes of a row."""

    MEMBER = "member", "可导入（会员）"
    OUTSIDER = "outsider", "可导入（非会员）"
    BEFORE = "before", "已是代表"
    TWICE = "twice", "重复"
    WRONG = "wrong", "有误"


SEATED = frozenset({Verdict.MEMBER, Verdict.OUTSIDER})


@dataclass
class Line:
    """A row with what becomes of it; `facts` are of somebody who is no member, days as ISO texts."""

    number: int
    name: str
    staff_no: str
    delegation: str
    kind: DelegateKind = DelegateKind.FORMAL
    post: DelegationPost = DelegationPost.NONE
    starts: date | None = None
    ends: date | None = None
    facts: dict[str, str | None] = field(default_factory=dict)
    verdict: Verdict = Verdict.WRONG
    note: str = ""
    member_id: int | None = None

    def plain(self) -> list[Any]:
        """Return the line as JSON holds it."""
        days = [day.isoformat() if day else None for day in (self.starts, self.ends)]
        return [
            self.number, self.name, self.staff_no, self.delegation, self.kind.value, self.post.value, *days, self.facts,
            self.verdict.value, self.note, self.member_id,
        ]  # fmt: skip

    @classmethod
    def from_plain(cls, said: Sequence[Any]) -> Line:
        """Return the line that JSON holds."""
        number, name, staff_no, delegation, kind, post, starts, ends, facts, verdict, note, member_id = said
        return cls(
            number, name, staff_no, delegation, DelegateKind(kind), DelegationPost(post),  # type: ignore[call-arg]  # by its value alone
            date.fromisoformat(starts) if starts else None, date.fromisoformat(ends) if ends else None, facts,
            Verdict(verdict), note, member_id,  # type: ignore[call-arg]  # by its value alone
        )  # fmt: skip

    @property
    def outcome(self) -> tuple[Any, ...]:
        """What must be the same when it is written as when it was looked at."""
        return self.verdict, self.member_id, self.delegation, self.kind, self.post, self.starts, self.ends


def judge(congress: Congress, rows: Sequence[Raw]) -> list[Line]:
    """Return what becomes of each row; nothing is written."""
    lines = [_read(congress, row) for row in rows]
    known = _Known(congress, lines)
    for line in lines:
        if not line.note:
            _settle(line, known)
    return lines


# --- reading a row ----------------------------------------------------------------------------------------------------


def _read(congress: Congress, row: Raw) -> Line:
    """Read the texts of a row; the first that is wrong is its note."""
    line = Line(row.number, row.cell("name")[:NAME_MOST], row.cell("staff_no")[:20], row.cell("delegation"))
    try:
        if not line.name:
            raise FieldError("没有姓名")
        if not line.delegation or len(line.delegation) > NAME_MOST:
            raise FieldError(f"请填写代表团，最多 {NAME_MOST} 个字")
        line.kind = _kind(row.cell("kind"))
        line.post = _post(row.cell("post"))
        line.starts, line.ends = (_day(name, row.cell(name)) for name in ("starts", "ends"))
        _check_term(congress, line)
        facts = {name: kinds.parse(FIELD[name], row.cell(name)) for name in OF_A_PERSON}
        staff_no = facts.pop("staff_no")
        line.staff_no = "" if staff_no in (None, PENDING_STAFF_NO) else str(staff_no)
        line.facts = {name: None if value is None else str(value) for name, value in facts.items()}
    except FieldError as error:
        line.note = error.message
    return line


def _kind(text: str) -> DelegateKind:
    word = text.removesuffix("代表").strip()
    if word and word not in _KINDS:
        raise FieldError(f"代表类别“{text}”不认识，请写正式、列席或特邀")
    return _KINDS[word] if word else DelegateKind.FORMAL


def _post(text: str) -> DelegationPost:
    found = next((one for one in DelegationPost if one.label == text.strip()), None)
    if text.strip() and found is None:
        raise FieldError(f"团内职务“{text}”不认识，请写团长、副团长或不填")
    return found or DelegationPost.NONE


def _day(name: str, text: str) -> date | None:
    value = kinds.parse(_DAY[name], text)
    return value if isinstance(value, date) else None


def _check_term(congress: Congress, line: Line) -> None:
    starts, ends = line.starts or congress.starts, line.ends or congress.ends
    if not congress.starts <= starts <= ends <= congress.ends:
        term = f"{show_date(congress.starts)}至{show_date(congress.ends)}"
        raise FieldError(f"任期不在本届（{term}）之内，或截止早于开始")


# --- who it is --------------------------------------------------------------------------------------------------------


class _Known:
    """What stands in the house about the people of a list, read in a few queries however long it is."""

    def __init__(self, congress: Congress, lines: Sequence[Line]) -> None:
        numbers = {line.staff_no for line in lines if line.staff_no}
        plain = {names.search_key(line.name) for line in lines if not line.staff_no and line.name}
        here = select(Member).join(Member.unit).where(congress.unit.subtree).where(Member.membership_status.in_(_HERE))
        by_number = db.session.scalars(here.where(Member.staff_no.in_(numbers))) if numbers else ()
        self.members = {str(one.staff_no): one for one in by_number}
        self.by_name: dict[str, list[Member]] = {}
        for one in db.session.scalars(here.where(Member.name_plain.in_(plain))) if plain else ():
            self.by_name.setdefault(one.name_plain, []).append(one)
        others = select(Person).where(Person.unit_id == congress.unit_id, Person.member_id.is_(None))
        self.others = {str(one.staff_no): one for one in db.session.scalars(others)}
        sitting = [one for one in congress.delegates if one.vacated is None]
        self.seated = {("m", one.person.member_id) for one in sitting if one.person.member_id}
        self.seated |= {("s", one.person.staff_no) for one in sitting if one.person.staff_no}  # type: ignore[misc]  # a number or a text
        self.heads = {
            one.delegation.name: one.person.called for one in sitting if one.delegation_post is DelegationPost.HEAD
        }
        self.delegations = {one.name for one in congress.delegations}
        self.first: dict[tuple[str, object], int] = {}


def _settle(line: Line, known: _Known) -> None:
    try:
        member = _member(line, known)
    except DomainError as error:
        line.note = error.message
        return
    key: tuple[str, object] = ("m", member.id) if member is not None else ("s", line.staff_no)
    line.verdict = Verdict.MEMBER if member is not None else Verdict.OUTSIDER
    line.member_id = member.id if member is not None else None
    first = known.first.setdefault(key, line.number)
    if first != line.number:
        line.verdict, line.note = Verdict.TWICE, f"与第 {first} 行是同一人，只算一次"
    elif key in known.seated:
        line.verdict, line.note = Verdict.BEFORE, "本届已是代表"
    elif line.post is DelegationPost.HEAD and line.delegation in known.heads:
        line.verdict, line.note = Verdict.WRONG, f"{line.delegation}的团长是{known.heads[line.delegation]}，只能有一位"
    else:
        if line.post is DelegationPost.HEAD:
            known.heads[line.delegation] = line.name
        if line.delegation not in known.delegations:
            line.note = f"将新建{line.delegation}"


def _member(line: Line, known: _Known) -> Member | None:
    """Return the member that a line means, None for somebody of the staff who is none. Raises DomainError."""
    if line.staff_no:
        member = known.members.get(line.staff_no)
        other = known.others.get(line.staff_no)
        called = member.name if member is not None else str(other.name) if other is not None else line.name
        if names.search_key(called) != names.search_key(line.name):
            raise DomainError(f"工号 {line.staff_no} 是{called}，与姓名不符，请核对")
        if member is None and other is None and not line.facts.get("sex"):
            raise DomainError("会员中没有这个工号；不是会员的，请填写性别（出生日期、民族、岗位类别、部门最好也填）")
        return member
    found = known.by_name.get(names.search_key(line.name), [])
    if len(found) == 1:
        return found[0]
    raise DomainError("有不止一位会员叫这个名字，请填写工号" if found else "会员中没有这个姓名，请填写工号")
