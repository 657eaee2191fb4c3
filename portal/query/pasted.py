"""A pasted column of names or numbers: who is meant by each line, and of whom it cannot be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from portal.core.db import db
from portal.core.enums import LabelEnum
from portal.core.errors import DomainError
from portal.core.kinds.cleaning import for_code
from portal.core.kinds.operators import Operator
from portal.core.kinds.words import is_han
from portal.members import names
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from .conditions import All, AnyOf, Condition, Node
from .fields import BY_NAME

MOST = 2000
AT_ONCE = 400
_HERE = (MembershipStatus.ACTIVE.value, MembershipStatus.RETAINED.value)
_CELLS = re.compile(r"[\t,，;；、|]+")
_DOCUMENT = re.compile(r"(?<![0-9A-Za-z])(\d{15}|\d{17}[0-9Xx]|1[3-9]\d{9})(?![0-9A-Za-z])")


class Verdict(LabelEnum):
    """What became of a line."""

    FOUND = "found", "已找到"
    SEVERAL = "several", "有同名，请选择"
    GONE = "gone", "已离会"
    MISSING = "missing", "没有找到"


@dataclass(frozen=True)
class Person:
    """Somebody a line may mean."""

    id: int
    name: str
    plain: str
    member_no: str
    staff_no: str
    branch: str
    status: MembershipStatus

    @property
    def is_here(self) -> bool:
        """Whether she is a member still."""
        return self.status.value in _HERE


@dataclass(frozen=True)
class Line:
    """One line as it was pasted, and whom it may mean; members of today before those who have left."""

    text: str
    people: tuple[Person, ...]

    @property
    def verdict(self) -> Verdict:
        """What became of the line."""
        here = [one for one in self.people if one.is_here]
        if not self.people:
            return Verdict.MISSING
        if not here:
            return Verdict.GONE
        return Verdict.FOUND if len(here) == 1 else Verdict.SEVERAL


@dataclass(frozen=True)
class _Asked:
    """What a line says: a name, a number (工号 or 会员证号), or both, which then must be of one person."""

    text: str
    name: str = ""
    number: str = ""


def match(actor: User, text: str) -> list[Line]:
    """Return whom each line of `text` means among those the actor reads, in the order pasted, each line once.

    A line is a name, a 工号, a 会员证号, or a name and a number as two cells. Raises DomainError for nothing, too much,
    and what looks like the number of a document or a mobile.
    """
    asked = list(dict.fromkeys(_lines(text)))
    if not asked:
        raise DomainError("请粘贴姓名、工号或会员证号，每行一个", field="pasted")
    if len(asked) > MOST:
        raise DomainError(f"一次最多 {MOST} 行，现在是 {len(asked)} 行，请分几次粘贴", field="pasted")
    people = _read(actor, asked)
    return [Line(one.text, _meant(one, people)) for one in asked]


def question(actor: User, ids: Sequence[int]) -> Node:
    """Return the question that finds just the members `ids`: by their 会员证号, else by their 工号.

    Raises DomainError for nobody, and for who has neither number.
    """
    found: list[Any] = []
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        query = access.scoped(
            Member, actor, Permission.MEMBER_READ, Member.id, Member.name, Member.member_no, Member.staff_no
        )
        found += db.session.execute(query.where(Member.id.in_(some))).all()
    if not found:
        raise DomainError("没有选中会员，请先勾选")
    bare = [row.name for row in found if not row.member_no and not row.staff_no]
    if bare:
        raise DomainError(f"{'、'.join(bare[:5])} 没有会员证号和工号，不能列入名单，请先补录或取消勾选")
    by_member_no = tuple(row.member_no for row in found if row.member_no)
    by_staff_no = tuple(row.staff_no for row in found if not row.member_no)
    parts = [
        Condition(BY_NAME[name], Operator.IN, listed)
        for name, listed in (("member_no", by_member_no), ("staff_no", by_staff_no))
        if listed
    ]
    return AnyOf(tuple(parts)) if len(parts) > 1 else All(tuple(parts))


def _lines(text: str) -> Iterable[_Asked]:
    for number, line in enumerate(text.splitlines(), 1):
        if _DOCUMENT.search(for_code(line).replace(" ", "")):
            raise DomainError(f"第 {number} 行像是证件号码或手机号码，请只粘贴姓名、工号或会员证号", field="pasted")
        cells = [cell.strip() for cell in _CELLS.split(line) if cell.strip()]
        cells = [one for cell in cells for one in _words(cell)]
        numbers = [cell for cell in cells if any(letter.isdigit() for letter in cell)]
        if len(cells) == 2 and len(numbers) == 1:
            name = next(cell for cell in cells if cell not in numbers)
            yield _Asked(" ".join(cells), names.search_key(name), for_code(numbers[0]))
            continue
        for cell in cells:
            yield _Asked(cell, number=for_code(cell)) if cell in numbers else _Asked(cell, names.search_key(cell))


def _words(cell: str) -> list[str]:
    """Divide a cell at its spaces where they part Chinese names or a number; 「张 三」 and Latin names stay whole."""
    words = cell.split()
    has_number = any(letter.isdigit() for letter in cell)
    is_chinese = all(is_han(letter) or letter == "·" for word in words for letter in word)
    parts_names = is_chinese and all(len(word) > 1 for word in words)
    return words if parts_names or has_number else [cell]


def _read(actor: User, asked: Sequence[_Asked]) -> list[Person]:
    found: dict[int, Person] = {}
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        numbers = {way for one in some if one.number for way in (one.number, one.number.upper(), one.number.lower())}
        query = access.scoped(
            Member, actor, Permission.MEMBER_READ,
            Member.id, Member.name, Member.name_plain, Member.member_no, Member.staff_no, Member.unit_id,
            Member.membership_status,
        ).where(
            or_(
                Member.name_plain.in_({one.name for one in some if one.name and not one.number}),
                Member.staff_no.in_(numbers),
                Member.member_no.in_(numbers),
            )
        )  # fmt: skip
        rows = db.session.execute(query).all()
        places = {row.unit_id for row in rows}
        units = db.session.execute(select(OrgUnit.id, OrgUnit.name).where(OrgUnit.id.in_(places)))
        named = {unit.id: unit.name for unit in units}
        for row in rows:
            found[row.id] = Person(
                row.id, row.name, row.name_plain, row.member_no or "", row.staff_no or "", named[row.unit_id],
                MembershipStatus(row.membership_status),  # type: ignore[call-arg]  # by its value alone
            )  # fmt: skip
    return sorted(found.values(), key=lambda one: (not one.is_here, one.branch, one.id))


def _meant(asked: _Asked, people: Sequence[Person]) -> tuple[Person, ...]:
    number = asked.number.upper()
    return tuple(
        one
        for one in people
        if (not number or number in (one.staff_no.upper(), one.member_no.upper()))
        and (not asked.name or asked.name == one.plain)
    )
