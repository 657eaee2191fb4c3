"""Which application belongs to whom on a list: by 工号, else by a name that stands on the list once, and the place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ColumnElement, or_, select

from portal.core.db import db
from portal.core.kinds import PENDING_STAFF_NO
from portal.joining.models import LIVE, Application
from portal.joining.models import ApplicationState as S
from portal.members.models import Member
from portal.members.service import LIVE as LIVING
from portal.org import access
from portal.org.models import OrgUnit

from .models import ExpectedList, ExpectedMatch, ExpectedPerson

CHUNK = 500  # values in one IN (...)
# what an application may still come to, or came to; an approved one is found as its member
COUNTS = (*LIVE, S.ALREADY_HERE, S.REJECTED)
UNDECIDED = (*LIVE, S.ALREADY_HERE)


@dataclass(frozen=True)
class Someone:
    """Who is looked for on a list; `staff_no` and `department` may be empty."""

    staff_no: str
    name: str
    department: str
    unit: OrgUnit


def area(unit: OrgUnit) -> OrgUnit:
    """Return the part of the tree in which a 工号 names one person: that of the union that approves, else the unit."""
    return next((above for above in access.upward(unit) if above.approves_members), unit)


def pick(people: Sequence[ExpectedPerson], someone: Someone) -> ExpectedPerson | None:
    """Return who of `people`, which hold everybody of one list with this 工号 or this name, is `someone`."""
    if not people or not area(people[0].roll.unit).covers(someone.unit):
        return None
    for person in people:
        if someone.staff_no and person.staff_no == someone.staff_no:
            return person
    namesakes = [person for person in people if person.name == someone.name]
    if len(namesakes) != 1 or (namesakes[0].staff_no and someone.staff_no):
        return None  # two of one name, or one name with two numbers
    return namesakes[0] if _is_same_place(namesakes[0], someone) else None


def _is_same_place(person: ExpectedPerson, someone: Someone) -> bool:
    if person.department and person.department == someone.department:
        return True
    if person.unit_id == person.roll.unit_id and person.department:
        return False  # another department, and no branch to go by
    return person.unit.covers(someone.unit)


def who(item: Application) -> Someone:
    """Return the applicant as a list may know her."""
    data = item.data
    staff_no = str(data.get("staff_no") or "")
    return Someone(
        "" if staff_no == PENDING_STAFF_NO else staff_no, item.name, str(data.get("department") or ""), item.unit
    )


def match(item: Application) -> None:
    """Write anew on which lists the applicant stands; a match by her personal link stays."""
    someone = who(item)
    known = {
        one.person_id: one
        for one in db.session.scalars(select(ExpectedMatch).where(ExpectedMatch.application_id == item.id))
    }
    named = [ExpectedPerson.name == someone.name]
    if someone.staff_no:
        named.append(ExpectedPerson.staff_no == someone.staff_no)
    found = {person.id for people in _by_list(or_(*named)).values() if (person := pick(people, someone)) is not None}
    for person_id, one in known.items():
        if person_id not in found and not one.by_link:
            db.session.delete(one)
    db.session.add_all(ExpectedMatch(application_id=item.id, person_id=new) for new in sorted(found - known.keys()))


def match_by_link(item: Application, person: ExpectedPerson) -> None:
    """Write that the application came by the person's own link."""
    query = select(ExpectedMatch).where(ExpectedMatch.application_id == item.id, ExpectedMatch.person_id == person.id)
    one = db.session.scalars(query).one_or_none()
    if one is None:
        one = ExpectedMatch(application_id=item.id, person_id=person.id)
        db.session.add(one)
    one.by_link = True


def _by_list(condition: ColumnElement[bool]) -> dict[int, list[ExpectedPerson]]:
    people = select(ExpectedPerson).where(ExpectedPerson.removed_at.is_(None), condition).order_by(ExpectedPerson.id)
    grouped: dict[int, list[ExpectedPerson]] = defaultdict(list)
    for person in db.session.scalars(people):
        grouped[person.list_id].append(person)
    return grouped


def match_list(one: ExpectedList) -> None:
    """Find for everybody on the list the application or the membership that she has already."""
    everybody = list(
        db.session.scalars(
            select(ExpectedPerson).where(ExpectedPerson.list_id == one.id, ExpectedPerson.removed_at.is_(None))
        )
    )
    by_number: dict[str, list[ExpectedPerson]] = defaultdict(list)
    by_name: dict[str, list[ExpectedPerson]] = defaultdict(list)
    for person in everybody:
        by_name[person.name].append(person)
        if person.staff_no:
            by_number[person.staff_no].append(person)

    def find(someone: Someone) -> ExpectedPerson | None:
        both = {person.id: person for person in by_number.get(someone.staff_no, ())}
        return pick([*({person.id: person for person in by_name.get(someone.name, ())} | both).values()], someone)

    members = _members(by_number, by_name)
    namesakes = Counter(member.name for member in members)
    for member in members:
        name = member.name if namesakes[member.name] == 1 else ""  # of two with one name neither is meant for sure
        her = find(Someone(member.staff_no or "", name, member.department or "", member.unit))
        if her is not None and her.name == member.name:  # one 工号 with two names: the preview says so
            her.member_id = member.id
    top = area(one.unit)
    places = select(OrgUnit.id).where(top.subtree)
    waiting = select(Application).where(Application.state.in_(COUNTS), Application.unit_id.in_(places))
    pairs = select(ExpectedMatch.application_id, ExpectedMatch.person_id).join(ExpectedPerson)
    found = db.session.execute(pairs.where(ExpectedPerson.list_id == one.id))
    known = {(row[0], row[1]) for row in found}
    for item in db.session.scalars(waiting.order_by(Application.id)):
        hers = find(who(item))
        if hers is not None and (item.id, hers.id) not in known:
            db.session.add(ExpectedMatch(application_id=item.id, person_id=hers.id))


def _members(numbers: Iterable[str], names: Iterable[str]) -> list[Member]:
    """Return the living members with one of these 工号 or names."""
    found: dict[int, Member] = {}
    for column, values in ((Member.staff_no, iter(numbers)), (Member.name, iter(names))):
        while chunk := list(islice(values, CHUNK)):
            query = select(Member).where(column.in_(chunk), Member.membership_status.in_(LIVING))
            found |= {member.id: member for member in db.session.scalars(query)}
    return [found[number] for number in sorted(found)]


# --- what an operator reads about it ---------------------------------------------------------------------------------


def outside(items: Iterable[Application]) -> set[int]:
    """Return the numbers of the undecided applications whose applicant ought to stand on an open list, but does not."""
    items = [item for item in items if item.state in UNDECIDED]
    areas = [area(one.unit) for one in db.session.scalars(select(ExpectedList).where(ExpectedList.closed_at.is_(None)))]
    asked = {item.id for item in items if any(top.covers(item.unit) for top in areas)}
    if not asked:
        return set()
    standing = (
        select(ExpectedMatch.application_id)
        .join(ExpectedPerson)
        .where(ExpectedMatch.application_id.in_(asked), ExpectedPerson.removed_at.is_(None))
    )
    return asked - set(db.session.scalars(standing))


def hints(item: Application) -> list[str]:
    """Return what the lists say about an application that waits: on none, at another branch, under another name."""
    if outside([item]):
        return ["申请人不在应入会名单中，请核对是否本单位职工"]
    found = []
    people = (
        select(ExpectedPerson)
        .join(ExpectedMatch)
        .where(ExpectedMatch.application_id == item.id, ExpectedPerson.removed_at.is_(None))
        .order_by(ExpectedPerson.id)
    )
    for person in db.session.scalars(people):
        if person.unit_id != person.roll.unit_id and not person.unit.covers(item.unit):
            found.append(f"应入会名单（{person.roll.name}）登记的分工会是{person.unit.name}，请核对是否应转到该分工会")
        if person.name != item.name:
            found.append(f"工号与应入会名单（{person.roll.name}）相符，但姓名与名单上的不同，请校工会核对")
    return found
