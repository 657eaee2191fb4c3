"""Verbs of seats: who is a delegate, as what, until when; the composition, and what becomes of a seat that is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from portal.core import audit, notices, strokes
from portal.core.actors import Actor
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.enums import LabelEnum
from portal.core.errors import Conflict, DomainError
from portal.members import hanging, turning
from portal.members.enums import ChangeReason, ChangeType, PostCategory, PostKind, Sex
from portal.members.models import Member, MembershipChange, UnionPost
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import Congress, Delegate, DelegateKind, Delegation, DelegationPost, Person, Vacated, in_words

audit.name_acts({
    "delegate.seat": "确认代表",
    "delegate.change": "修改代表",
    "delegate.vacate": "代表出缺",
})  # fmt: skip

HAN = "01"  # of the list of 民族
_POSTS = {DelegateKind.FORMAL: PostKind.DELEGATE}


class Cut(LabelEnum):
    """Which seats a list is cut to."""

    SITTING = "sitting", "现任"
    VACANT = "vacant", "出缺"
    ALL = "all", "全部"


# --- reading ----------------------------------------------------------------------------------------------------------


def find(actor: User, delegate_id: int, permission: P = P.CONGRESS_READ) -> Delegate:
    """Return a seat within the actor's scope, locked if the request writes. Raises Absent."""
    found: Delegate = access.fetch(Delegate, delegate_id, actor, permission)
    return found


def of(congress: Congress, *, cut: str = Cut.SITTING, kind: str = "", delegation: int = 0) -> list[Delegate]:
    """Return the seats of a congress in order of delegations, heads first, then by strokes of the names."""
    query = select(Delegate).where(Delegate.congress_id == congress.id)
    if kind:
        query = query.where(Delegate.kind == kind)
    if delegation:
        query = query.where(Delegate.delegation_id == delegation)
    if cut == Cut.SITTING:
        query = query.where(Delegate.vacated.is_(None))
    found = list(db.session.scalars(query))
    if cut == Cut.VACANT:
        found = [one for one in found if one.is_vacancy]
    return in_order(found)


_RANK = {DelegationPost.HEAD: 0, DelegationPost.DEPUTY: 1, DelegationPost.NONE: 2}


def in_order(found: Sequence[Delegate]) -> list[Delegate]:
    """Return seats by delegation, as what they sit, heads first, then by strokes of the surname."""
    kinds = list(DelegateKind)
    return sorted(
        found,
        key=lambda one: (
            one.delegation.place, kinds.index(one.kind), _RANK[one.delegation_post], strokes.key(one.person.called)
        ),
    )  # fmt: skip


def by_strokes(found: Sequence[Delegate]) -> list[Delegate]:
    """Return seats by strokes of the surname alone, as a list of all delegates has them."""
    return sorted(found, key=lambda one: strokes.key(one.person.called))


def seat_of(user: User, congress: Congress, day: date | None = None) -> Delegate | None:
    """Return the seat that the person behind an account holds on `day`, by default today.

    This, not a role, is what a delegate's rights come from: they are hers alone, and end with the seat.
    """
    query = (
        select(Delegate)
        .join(Delegate.person)
        .outerjoin(Member, Person.member_id == Member.id)
        .where(Delegate.congress_id == congress.id, Delegate.sitting(day or today()))
        .where((Member.user_id == user.id) | ((Person.user_id == user.id) & Person.member_id.is_(None)))
    )
    return db.session.scalars(query).first()


def own(user: User, day: date | None = None) -> list[Delegate]:
    """Return all seats that the person behind an account holds on `day`, by default today, the latest first."""
    query = (
        select(Delegate)
        .join(Delegate.person)
        .outerjoin(Member, Person.member_id == Member.id)
        .where(Delegate.sitting(day or today()))
        .where((Member.user_id == user.id) | ((Person.user_id == user.id) & Person.member_id.is_(None)))
    )
    return list(db.session.scalars(query.order_by(Delegate.id.desc())))


# --- composition ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """A line of the table of composition: `count` of `total`, at least `least` percent (0: nothing asked)."""

    label: str
    count: int
    total: int
    least: int = 0
    unknown: int = 0

    @property
    def percent(self) -> str:
        """The share in words, rounded down so that a short one never reads as enough."""
        return f"{self.count * 1000 // self.total / 10:.1f} %" if self.total else "—"

    @property
    def is_short(self) -> bool:
        """Whether fewer are there than asked."""
        return bool(self.least) and self.count * 100 < self.least * self.total


def composition(congress: Congress, day: date | None = None) -> list[Share]:
    """Return the table of composition of the formal delegates who sit on `day`, by default today."""
    day = day or today()
    people = [
        one.person.who for one in of(congress, kind=DelegateKind.FORMAL) if one.sits_on(max(day, congress.starts))
    ]
    total, age = len(people), congress.rule("congress_youth_age")
    youngest = date(day.year - age - 1, day.month, min(day.day, 28))
    teachers = sum(one.post_category == PostCategory.TEACHER for one in people)
    women = sum(one.sex == Sex.FEMALE for one in people)
    youth = sum(one.birth_date is not None and one.birth_date > youngest for one in people)
    minority = sum(one.ethnicity is not None and one.ethnicity != HAN for one in people)
    return [
        Share("教师", teachers, total, congress.rule("congress_teacher_share"), _unknown(people, "post_category")),
        Share("女代表", women, total, congress.rule("congress_women_share"), _unknown(people, "sex")),
        Share(f"青年（{age} 周岁以下）", youth, total, congress.rule("congress_youth_share"),
              _unknown(people, "birth_date")),
        Share("少数民族", minority, total, congress.rule("congress_minority_share"), _unknown(people, "ethnicity")),
    ]  # fmt: skip


def _unknown(people: Sequence[Member | Person], name: str) -> int:
    return sum(getattr(one, name) is None for one in people)


# --- seating ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """A seat to be given; `ends` None is the end of the congress."""

    person: Person
    delegation: Delegation
    kind: DelegateKind
    delegation_post: DelegationPost = DelegationPost.NONE
    starts: date | None = None
    ends: date | None = None
    replaces: Delegate | None = None


def seat(actor: User, congress: Congress, wanted: Wanted, *, import_id: int | None = None) -> Delegate:
    """Give somebody a seat, and return it; the caller has checked it. A member's becomes one of the union's posts."""
    starts, ends = wanted.starts or congress.starts, wanted.ends or congress.ends
    post, made_post = _post(wanted, congress, starts, ends)
    item = Delegate(
        congress=congress, unit=congress.unit, person=wanted.person, delegation=wanted.delegation, kind=wanted.kind,
        delegation_post=wanted.delegation_post, starts=starts, ends=ends, replaces=wanted.replaces,
        import_id=import_id, post=post, made_post=made_post,
    )  # fmt: skip
    db.session.add(item)
    return item


def _post(wanted: Wanted, congress: Congress, starts: date, ends: date) -> tuple[UnionPost | None, bool]:
    """Return the post of a member that says so much, and whether it is new; one that she has is taken first."""
    member = wanted.person.member
    kind = _POSTS.get(wanted.kind)
    if member is None or kind is None:
        return None, False
    taken = select(Delegate.post_id).where(Delegate.post_id.is_not(None))
    held = (
        select(UnionPost)
        .where(UnionPost.member_id == member.id, UnionPost.kind == kind, UnionPost.unit_id == congress.unit_id)
        .where(UnionPost.id.not_in(taken), UnionPost.starts <= ends)
        .where(UnionPost.ends.is_(None) | (UnionPost.ends >= starts))
    )
    found = db.session.scalars(held.order_by(UnionPost.id)).first()
    if found is not None:
        return found, False
    made = UnionPost(
        member=member, kind=kind, unit=congress.unit, title=wanted.kind.label, term=f"第{in_words(congress.number)}届",
        starts=starts, ends=ends,
    )  # fmt: skip
    db.session.add(made)
    return made, True


def rework(actor: User, delegate_id: int, *, delegation: int, post: str, replaces: int = 0) -> Delegate:
    """Move a delegate to another delegation, or make her its head or deputy; `replaces` is the vacancy she fills.

    Raises Absent, Conflict for a seat that is left, DomainError under the input.
    """
    item = find(actor, delegate_id, P.CONGRESS_MANAGE)
    if item.vacated is not None:
        raise Conflict("这个席位已经出缺，请刷新后查看")
    target = next((one for one in item.congress.delegations if one.id == delegation), None)
    if target is None:
        raise DomainError("请选择本届的代表团", field="delegation")
    to = DelegationPost(post) if post in list(DelegationPost) else DelegationPost.NONE  # type: ignore[call-arg]  # by its value alone
    head = next(
        (one for one in target.delegates if one.delegation_post is DelegationPost.HEAD and one.vacated is None), None
    )
    if to is DelegationPost.HEAD and head is not None and head is not item:
        raise DomainError(f"{target.name}的团长是{head.person.called}，请先改为团员或副团长", field="post")
    left = None
    if replaces:
        left = next((one for one in of(item.congress, cut=Cut.VACANT) if one.id == replaces), None)
        if (left is None and item.replaces_id != replaces) or item.kind is not DelegateKind.FORMAL:
            raise DomainError("只有正式代表可以补出缺的席位，请核对", field="replaces")
    words = f"{item.delegation.name}{item.delegation_post.label}", f"{target.name}{to.label}"
    item.delegation, item.delegation_post = target, to
    changes = {"delegation": words} if words[0] != words[1] else {}
    if left is not None:
        item.replaces = left
        changes["replaces"] = ("", left.person.called)
    if changes:
        audit.record(actor, "delegate.change", item, changes=changes)
    return item


# --- leaving ----------------------------------------------------------------------------------------------------------


def vacate(actor: Actor, item: Delegate, why: Vacated, *, on: date, note: str = "") -> None:
    """Let a seat end with the day `on`, before its time. Raises Conflict, DomainError on `on`."""
    if item.vacated is not None:
        raise Conflict("这个席位已经出缺，请刷新后查看")
    if on > today():
        raise DomainError("离任日期不能晚于今天，请核对", field="on")
    if on < item.starts - timedelta(days=1):
        raise DomainError(f"离任日期不能早于任期开始的{show_date(item.starts)}，请核对", field="on")
    before = item.ends
    item.vacated, item.why, item.ends = why, note.strip(), max(on, item.starts)
    if item.post is not None and (item.post.ends is None or item.post.ends > item.ends):
        item.post.ends = max(item.ends, item.post.starts)
    changes = {"ends": (show_date(before), show_date(item.ends)), "vacated": ("", why.label)}
    audit.record(actor, "delegate.vacate", item, changes=changes, reason=note.strip())
    if item.kind is DelegateKind.FORMAL:
        keepers = access.people_with(P.CONGRESS_MANAGE, item.unit)
        notices.tell(
            keepers, f"{item.person.called}不再是教代会代表（{why.label}），席位出缺", link=f"/congress/seats/{item.id}"
        )


def leave(actor: User, delegate_id: int, *, why: str, on: date, note: str = "") -> Delegate:
    """Let a delegate go before her time. Raises Absent, Conflict, DomainError under the input."""
    item = find(actor, delegate_id, P.CONGRESS_MANAGE)
    if why not in list(Vacated):
        raise DomainError("请选择出缺的原因", field="why")
    vacate(actor, item, Vacated(why), on=on, note=note)  # type: ignore[call-arg]  # by its value alone
    return item


_WHY = {
    ChangeType.TRANSFERRED_OUT: Vacated.LEFT_SCHOOL,
    ChangeType.DIED: Vacated.DIED,
    ChangeType.EXPELLED: Vacated.RECALLED,
}  # who leaves the union alone stays one of the staff, and keeps her seat
_COMING = (ChangeType.JOINED, ChangeType.TRANSFERRED_IN)


def follow(actor: Actor, member: Member, change: MembershipChange) -> None:
    """Let a member's seats become vacancies where she leaves the staff; find somebody who was no member before."""
    if change.kind in _COMING and member.staff_no:
        person = db.session.scalars(
            select(Person).where(Person.staff_no == member.staff_no, Person.member_id.is_(None))
        ).first()
        if person is not None and person.name == member.name:
            _become(person, member)
        return
    why = _WHY.get(change.kind)
    if change.kind is ChangeType.RETAINED:
        why = (
            Vacated.RETIRED if change.reason in (ChangeReason.RETIRED, ChangeReason.VETERAN_RETIRED) else Vacated.OTHER
        )
    if why is None:
        return
    seats = select(Delegate).join(Delegate.person).where(Person.member_id == member.id, Delegate.vacated.is_(None))
    for item in db.session.scalars(seats.where(Delegate.ends >= change.on_date)).all():
        vacate(actor, item, why, on=max(change.on_date, item.starts), note=f"随会籍变动（{change.kind.label}）")


def _become(person: Person, member: Member) -> None:
    """Let a person be the member that she has become: her facts are the member's from now on."""
    person.member, person.user = member, None
    person.name = person.staff_no = person.sex = person.ethnicity = person.post_category = person.department = None
    person.birth_date = None


turning.afterwards(follow)
hanging.follows("教代会的席位和任职", Person, key=())
