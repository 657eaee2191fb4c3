"""Who holds which post and role, and the accounts with a one-time password that the demo hands out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from sqlalchemy import insert

from portal.core import audit, crypto
from portal.core.actors import SHELL
from portal.core.db import db, new_uuid
from portal.members.enums import PostKind
from portal.members.models import UnionPost
from portal.org import access
from portal.org import service as org
from portal.org.models import Grant, OrgUnit, User
from portal.org.permissions import Role

from .drawing import happens, years_on
from .enrolment import Enrolled, Home

audit.name_acts({"demo.offices": "建立虚构任职"})

Row = dict[str, Any]
Account = tuple[str, str, str, str]  # role, user name, one-time password, code of the unit

TERM = "第八届"
MEMBER = "会员"
_SECRETARIES = ("组织委员", "宣传委员", "文体委员", "女工委员", "生活委员", "青年委员")
_CLUBS = ("羽毛球协会", "乒乓球协会", "书画协会", "摄影协会", "合唱团", "健步走协会")
_MEMBERS_FOR_COMMITTEES = 300  # a union with so many fills all its committees
_DELEGATES = 0.08  # of the members are delegates of the congress

K = PostKind
# posts of the whole union: how many, and what the holder is called
_OF_THE_UNION = (
    (K.UNION_VICE_CHAIR, ("副主席",) * 2),
    (K.UNION_COMMITTEE, ("委员",) * 7),
    (K.AUDIT_HEAD, ("主任",)),
    (K.AUDIT_COMMITTEE, ("委员",) * 4),
    (K.WOMEN_HEAD, ("主任",)),
    (K.WOMEN_COMMITTEE, ("委员",) * 4),
    (K.CONGRESS_EXECUTIVE, ("执委",) * 15),
    (K.PROPOSAL_COMMITTEE, ("委员",) * 7),
    (K.CLUB_HEAD, _CLUBS),
)


@dataclass(frozen=True)
class Officers:
    """Who chairs and who runs a unit, None where nobody is there."""

    chair: Enrolled | None
    operator: Enrolled | None


class Offices:
    """Gives out posts and the roles that follow from them; `homes` and `units` as in the enrolment."""

    def __init__(
        self,
        rng: Random,
        people: Iterable[Enrolled],
        homes: Sequence[Home],
        root: OrgUnit,
        *,
        profile: str,
        today: date,
    ) -> None:
        self._rng = rng
        self._homes = homes
        self._root = root
        self._school = profile == "school"
        self._begin = years_on(today, -3)
        self._end = years_on(self._begin, 5)
        self._today = today
        self._free: dict[int, list[Enrolled]] = defaultdict(list)
        for person in people:
            if person.is_active:
                self._free[person.home].append(person)
        self._members = sum(map(len, self._free.values()))
        self._posts: list[Row] = []
        self._grants: list[Row] = []
        self.of_union = self._fill_union()
        self.of_home = [self._fill_home(number) for number in range(len(homes))]
        if self._school:
            for number, home in enumerate(homes):
                if home.unit_id != root.id:
                    self._fill_branch(number, home.unit_id)
            self._fill_committees()

    def write(self) -> None:
        """Write the posts and grants, with one line in the trace."""
        if self._posts:
            db.session.execute(insert(UnionPost), self._posts)
        if self._grants:
            db.session.execute(insert(Grant), self._grants)
        details = {"posts": len(self._posts), "grants": len(self._grants)}
        audit.record(SHELL, "demo.offices", batch_id=new_uuid(), details=details)

    def some_member(self, home: int) -> Enrolled | None:
        """Return the member of the home without a post whose record is the fullest."""
        return max(self._free[home], key=lambda person: person.filled, default=None)

    def _fill_union(self) -> Officers:
        """Find the chair and the operator of the whole union in the first branch; in a city each union has its own."""
        if not self._school:
            return Officers(None, None)
        chair, operator = self._take(0), self._take(0)
        self._post(chair, K.UNION_CHAIR, self._root.id, "主席")
        self._grant(chair, Role.UNION_CHAIR, self._root.id)
        self._grant(operator, Role.UNION_OPERATOR, self._root.id)
        return Officers(chair, operator)

    def _fill_home(self, number: int) -> Officers:
        """Find the chair and the operator of one home."""
        unit_id = self._homes[number].unit_id
        if unit_id == self._root.id and self._school:
            return self.of_union
        chair, operator = self._take(number), self._take(number)
        self._post(chair, K.BRANCH_CHAIR if self._school else K.UNION_CHAIR, unit_id, "主席")
        self._grant(chair, Role.BRANCH_CHAIR if self._school else Role.UNION_CHAIR, unit_id)
        self._grant(operator, Role.BRANCH_OPERATOR if self._school else Role.UNIT_ADMIN, unit_id)
        return Officers(chair, operator)

    def _fill_branch(self, number: int, unit_id: int) -> None:
        """Fill the committee of a branch, as large as the branch allows, and its delegates."""
        chair, members = self.of_home[number].chair, len(self._free[number])
        if members >= 15:
            self._post(self._take(number), K.BRANCH_VICE_CHAIR, unit_id, "副主席")
        for title in _SECRETARIES[: members // 6]:
            self._post(self._take(number), K.BRANCH_COMMITTEE, unit_id, title)
        for group in range(members // 20):
            self._post(self._take(number), K.GROUP_LEADER, unit_id, f"第{group + 1}小组组长")
        self._post(chair, K.DELEGATION_HEAD, self._root.id, "代表团团长")
        self._post(chair, K.DELEGATE, self._root.id, "正式代表")
        for person in self._free[number]:
            if happens(self._rng, _DELEGATES):
                self._post(person, K.DELEGATE, self._root.id, "正式代表")

    def _fill_committees(self) -> None:
        """Fill the posts of the whole union; a small one leaves most of them open."""
        for kind, titles in _OF_THE_UNION:
            for title in titles:
                if happens(self._rng, self._members / _MEMBERS_FOR_COMMITTEES):
                    self._post(self._take(self._rng.randrange(len(self._homes))), kind, self._root.id, title)

    def _take(self, home: int) -> Enrolled | None:
        """Return an active member of the home without an office, rather one of some years; None if few are left."""
        free = self._free[home]
        if len(free) < 2:
            return None
        taken = self._rng.choice([person for person in free if person.joined < self._begin] or free)
        free.remove(taken)
        return taken

    def _post(self, person: Enrolled | None, kind: PostKind, unit_id: int, title: str) -> None:
        if person is None:
            return
        starts = max(self._begin, person.joined)
        row = {"member_id": person.id, "kind": kind, "unit_id": unit_id, "title": title, "term": TERM}
        self._posts.append(row | {"starts": starts, "ends": self._end})

    def _grant(self, person: Enrolled | None, role: Role, unit_id: int) -> None:
        if person is None:
            return
        starts = max(self._begin, person.joined)
        self._grants.append(
            {"user_id": person.user_id, "role": role, "unit_id": unit_id, "starts": starts, "ends": self._end}
        )


def hand_out(offices: Offices, root: OrgUnit, homes: Sequence[Home], *, school: bool) -> list[Account]:
    """Give each role an account with a one-time password and return what to write down.

    The holders of the offices sign in with their own accounts; where nobody holds one, an account of the role's own
    name is opened. The super administrator is nobody's member.
    """
    wanted: list[tuple[Role, OrgUnit, Enrolled | None]] = [
        (Role.SUPER_ADMIN, root, None),
        (Role.UNION_CHAIR, root, offices.of_union.chair),
        (Role.UNION_OPERATOR, root, offices.of_union.operator),
    ]
    if not school:
        wanted += [(Role.ORG_ADMIN, unit, None) for unit in _levels(root, homes)]
    for number in range(min(2, len(homes))):
        unit, officers = db.session.get_one(OrgUnit, homes[number].unit_id), offices.of_home[number]
        if unit is root:
            continue
        chair, operator = (Role.BRANCH_CHAIR, Role.BRANCH_OPERATOR) if school else (Role.UNION_CHAIR, Role.UNIT_ADMIN)
        if number == 0:
            wanted.append((chair, unit, officers.chair))
        wanted.append((operator, unit, officers.operator))
    accounts = [_account(role, unit, holder) for role, unit, holder in wanted]
    somebody = offices.some_member(0) if homes else None
    if somebody is not None:
        password = _set_password(db.session.get_one(User, somebody.user_id))
        accounts.append((MEMBER, somebody.username, password, db.session.get_one(OrgUnit, homes[0].unit_id).code))
    return accounts


def _levels(root: OrgUnit, homes: Sequence[Home]) -> list[OrgUnit]:
    """Return the city and that of its counties to which the first home belongs, as far as there are such."""
    first = db.session.get_one(OrgUnit, homes[0].unit_id) if homes else root
    above = access.upward(first)
    return [unit for unit in (root, *above[-2:-1]) if not unit.accepts_members]


def _account(role: Role, unit: OrgUnit, holder: Enrolled | None) -> Account:
    if holder is not None:
        password = _set_password(db.session.get_one(User, holder.user_id))
        return role.label, holder.username, password, unit.code
    password = crypto.start_password()
    username = "admin" if role is Role.SUPER_ADMIN else f"{role.value.replace('_', '-')}-{unit.code.lower()}"
    user = org.open_account(SHELL, username=username, name=role.label, password_hash=crypto.hash_password(password))
    org.give(SHELL, user, role, unit)
    return role.label, username, password, unit.code


def _set_password(user: User) -> str:
    password = crypto.start_password()
    org.set_password_hash(SHELL, user, crypto.hash_password(password))
    user.must_change_password = True
    return password
