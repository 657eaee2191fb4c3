"""Verbs of posts: list, give, end. `union_posts` are the truth; an office that came with a post ends with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, delete, func, or_, select

from portal.core import audit, notices
from portal.core.actors import Actor
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.core.enums import LabelEnum
from portal.core.errors import Conflict, DomainError, Forbidden
from portal.members import turning
from portal.members.enums import ChangeType, MembershipStatus, PostKind
from portal.members.models import Member, MembershipChange, UnionPost
from portal.org import access
from portal.org.models import Grant, OrgUnit, User
from portal.org.people import reach
from portal.org.people import service as people
from portal.org.permissions import OF_POST, Role
from portal.org.permissions import Permission as P
from portal.org.units import service as units

from .models import PostGrant

audit.name_acts({"post.give": "登记工会职务", "post.end": "结束工会职务"})

PER_PAGE = 50
EARLIEST, LONGEST = date(1949, 10, 1), timedelta(days=3660)

OF_BRANCH = frozenset({PostKind.BRANCH_CHAIR, PostKind.BRANCH_VICE_CHAIR, PostKind.BRANCH_COMMITTEE})
OF_UNION = frozenset({PostKind.UNION_CHAIR, PostKind.UNION_VICE_CHAIR, PostKind.UNION_COMMITTEE})
ALONE = frozenset({PostKind.UNION_CHAIR, PostKind.BRANCH_CHAIR})  # a unit has one at a time


class Standing(LabelEnum):
    """Which posts the list is cut to."""

    PRESENT = "present", "在任"
    COMING = "coming", "未到任"
    PAST = "past", "已结束"


@dataclass(frozen=True)
class Wanted:
    """A post to be given: `ends` None is open."""

    member: Member
    kind: PostKind
    unit: OrgUnit
    title: str
    term: str
    starts: date
    ends: date | None


# --- reading ----------------------------------------------------------------------------------------------------------


def chosen(actor: User, *, unit: OrgUnit | None, kind: str, term: str, standing: str) -> Select[tuple[UnionPost]]:
    """Return the posts within the actor's scope, of the unit and below it, cut as named ("": not)."""
    query = access.scoped(UnionPost, actor, P.POST_MANAGE).join(UnionPost.unit).join(UnionPost.member)
    if unit is not None:
        query = query.where(unit.subtree)
    if kind:
        query = query.where(UnionPost.kind == kind)
    if term:
        query = query.where(UnionPost.term == term)
    day = today()
    if standing == Standing.PRESENT:
        query = query.where(UnionPost.starts <= day, or_(UnionPost.ends.is_(None), UnionPost.ends >= day))
    elif standing == Standing.COMING:
        query = query.where(UnionPost.starts > day)
    elif standing == Standing.PAST:
        query = query.where(UnionPost.ends < day)
    return query


def page_of(query: Select[tuple[UnionPost]], number: int) -> tuple[list[UnionPost], int]:
    """Return the page `number` (from 1), in the order of the tree, and how many posts there are in all."""
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    ordered = query.order_by(OrgUnit.path, UnionPost.kind, UnionPost.starts.desc(), UnionPost.id)
    return list(db.session.scalars(ordered.offset((number - 1) * PER_PAGE).limit(PER_PAGE))), total


def terms(actor: User) -> list[str]:
    """Return the names of the terms that there are, the latest last."""
    query = access.scoped(UnionPost, actor, P.POST_MANAGE, UnionPost.term).where(UnionPost.term != "").distinct()
    return sorted(db.session.scalars(query))


def fetch(actor: User, post_id: int) -> UnionPost:
    """Return a post within the actor's scope, locked if the request writes. Raises Absent."""
    post: UnionPost = access.fetch(UnionPost, post_id, actor, P.POST_MANAGE)
    return post


def grant_of(post: UnionPost) -> Grant | None:
    """Return the grant that came with the post."""
    return db.session.scalars(select(Grant).join(PostGrant).where(PostGrant.post_id == post.id)).one_or_none()


def find_unit(actor: User, text: str) -> OrgUnit:
    """Return the unit that is meant by code or name; "" is the actor's own. Raises DomainError on `unit`."""
    tops = access.tops(actor, P.POST_MANAGE)
    if not text.strip() and len(tops) == 1:
        return tops[0]
    for top in tops:
        try:
            found = units.find_by(text, top)
        except DomainError as error:
            raise DomainError(error.message, field="unit") from error
        if found is not None:
            return found
    raise DomainError(f"您的管理范围内没有单位“{text.strip()}”，请填写单位代码或全称", field="unit")


def find_member(actor: User, text: str) -> Member:
    """Return the member called `text`, or with this 工号 or 会员证号. Raises DomainError on `member`."""
    word = text.strip()
    if not word:
        raise DomainError("请填写会员的姓名、工号或会员证号", field="member")
    query = (
        access.scoped(Member, actor, P.POST_MANAGE)
        .where(or_(Member.name == word, Member.staff_no == word, Member.member_no == word))
        .where(Member.membership_status.in_([MembershipStatus.ACTIVE.value, MembershipStatus.RETAINED.value]))
        .limit(2)
    )
    found = list(db.session.scalars(query))
    if not found:
        raise DomainError(f"您的管理范围内没有会员“{word}”，请核对姓名，或改填工号", field="member")
    if len(found) > 1:
        raise DomainError(f"有不止一位会员叫“{word}”，请改填工号或会员证号", field="member")
    return found[0]


# --- giving -----------------------------------------------------------------------------------------------------------


def check(wanted: Wanted, *, leaving: frozenset[int] = frozenset()) -> None:
    """Raise DomainError, under its input, unless the post can be given; posts numbered in `leaving` end before it."""
    if not EARLIEST <= wanted.starts <= today() + LONGEST:
        raise DomainError("任职起始日期不合理，请核对", field="starts")
    if wanted.ends is not None and not wanted.starts <= wanted.ends <= wanted.starts + 6 * LONGEST:
        raise DomainError("任职截止日期不能早于起始日期，请核对", field="ends")
    if not wanted.unit.is_enabled:
        raise DomainError(f"{wanted.unit.name}已停用，请改选单位", field="unit")
    if (wanted.kind in OF_BRANCH and wanted.unit.kind not in reach.BRANCHES) or (
        wanted.kind in OF_UNION and wanted.unit.kind in reach.BRANCHES
    ):
        label = wanted.unit.kind.label
        raise DomainError(f"{wanted.unit.name}（{label}）不设{wanted.kind.label}，请改选单位或职务", field="unit")
    for post in _beside(wanted):
        if post.id in leaving:
            continue
        if post.member_id == wanted.member.id and post.title == wanted.title:
            raise DomainError(
                f"{wanted.member.name}在这段时间已任{wanted.unit.name}{wanted.kind.label}", field="member"
            )
        if wanted.kind in ALONE and post.member_id != wanted.member.id:
            raise DomainError(
                f"{post.member.name}在这段时间任{wanted.unit.name}{wanted.kind.label}，请先结束其任职", field="kind"
            )


def _beside(wanted: Wanted) -> list[UnionPost]:
    """The posts of the same kind at the same unit in days of the wanted one."""
    query = select(UnionPost).where(
        UnionPost.kind == wanted.kind,
        UnionPost.unit_id == wanted.unit.id,
        or_(UnionPost.ends.is_(None), UnionPost.ends >= wanted.starts),
    )
    if wanted.ends is not None:
        query = query.where(UnionPost.starts <= wanted.ends)
    return list(db.session.scalars(query.order_by(UnionPost.id)))


def leaving(wanted: Wanted) -> list[UnionPost]:
    """Return the posts of the same kind at the same unit that were begun before the wanted one begins."""
    return [post for post in _beside(wanted) if post.starts < wanted.starts]


def give(
    actor: User, wanted: Wanted, *, with_office: bool, batch_id: str | None = None, handed: Grant | None = None
) -> tuple[UnionPost, str]:
    """Give a post to a member, and with it the office that goes with it: `handed`, where she has just taken it over.

    Return the post and, where the office was wished for but not given, the sentence that says why. Raises DomainError
    as `check`.
    """
    db.session.get_one(OrgUnit, wanted.unit.id, with_for_update={"of": OrgUnit})  # of two chairs at once one is told
    check(wanted)
    post = UnionPost(
        member=wanted.member, kind=wanted.kind, unit=wanted.unit, title=wanted.title.strip(), term=wanted.term.strip(),
        starts=wanted.starts, ends=wanted.ends,
    )  # fmt: skip
    db.session.add(post)
    db.session.flush()  # the trace and the grant name it by number
    audit.record(actor, "post.give", post, batch_id=batch_id)
    words = f"自{show_date(post.starts)}" + (f"至{show_date(post.ends)}" if post.ends else "起")
    if wanted.member.user_id is not None:
        told = f"{words}，由{actor.label}登记。"
        notices.tell([wanted.member.user_id], f"您任{wanted.unit.name}{wanted.kind.label}", told)
    role = OF_POST.get(wanted.kind.value)
    is_past = wanted.ends is not None and wanted.ends < today()
    if role is None or not with_office or is_past:
        return post, ""
    if handed is not None:
        db.session.add(PostGrant(post_id=post.id, grant_id=handed.id))
        return post, ""
    return post, _grant_with(actor, post, role)


def _grant_with(actor: User, post: UnionPost, role: Role) -> str:
    """Give the office that goes with the post; return why not."""
    user, unit = post.member.user, post.unit
    if user is None:
        return f"{post.member.name}还没有账号，职责未授予"
    if not (reach.may_appoint(actor, role, unit) and reach.fits(role, unit)):
        return f"{role.label}的账号职责不由您设置，请由上级办理"
    if not reach.may_be_given(actor, user):
        return f"{post.member.name}的账号不由您管理，职责未授予"
    starts = max(post.starts, today())
    if any(
        (held.role, held.unit_id) == (role, unit.id) and not (held.ends and held.ends < starts)
        for held in reach.offices(user)
    ):
        return f"{post.member.name}的账号已有{role.label}职责，未重复授予"
    grant = people.give(actor, user, people.Office(role, unit, starts, post.ends))
    db.session.flush()  # the link names it by number
    db.session.add(PostGrant(post_id=post.id, grant_id=grant.id))
    return ""


# --- ending -----------------------------------------------------------------------------------------------------------


def end(
    actor: User, post: UnionPost, on: date, *, batch_id: str | None = None, handed: frozenset[int] = frozenset()
) -> None:
    """End a post with the day `on`, and the office that came with it. Raises DomainError on `on`, Conflict, Forbidden.

    A post that has its end may end earlier, not later; one that is over stays as it is. An office numbered in `handed`
    ends by its handing-over.
    """
    if post.ends is not None and post.ends < today():
        raise Conflict("这项职务已经结束，请刷新后查看")
    if on < post.starts:
        raise DomainError(f"最后一天不能早于任职起始日期{show_date(post.starts)}，请核对", field="on")
    if post.ends is not None and on > post.ends:
        raise DomainError(f"这项职务到{show_date(post.ends)}就结束，最后一天不能更晚", field="on")
    before = show_date(post.ends) or "无截止日期"
    post.ends = on
    _follow(actor, post, on, handed)
    audit.record(actor, "post.end", post, changes={"ends": (before, show_date(on))}, batch_id=batch_id)
    if post.member.user_id is not None:
        told = f"由{actor.label}办理。"
        title = f"您任{post.unit.name}{post.kind.label}的职务结束于{show_date(on)}"
        notices.tell([post.member.user_id], title, told)


def _follow(actor: User, post: UnionPost, on: date, handed: frozenset[int]) -> None:
    """Let the office that came with a post end with it: the same day, or at once where that is today or was before."""
    grant = grant_of(post)
    if (
        grant is None
        or grant.id in handed
        or grant.is_over(today())
        or (grant.ends is not None and grant.ends <= on and on > today())
    ):
        return
    people.end_grant(actor, grant, on if on > today() and on >= grant.starts else None)


# --- with the membership ----------------------------------------------------------------------------------------------

# who is no member with full rights any more holds no post and no seat (《工会会员会籍管理办法》)
_ENDING = frozenset({
    ChangeType.RETAINED, ChangeType.TRANSFERRED_OUT, ChangeType.WITHDRAWN, ChangeType.EXPELLED, ChangeType.DIED,
})  # fmt: skip


def end_with_membership(actor: Actor, member: Member, change: MembershipChange) -> None:
    """Let the member's posts end on the day her membership ends or is retained; one that has not begun is taken out.

    The office that came with a post ends at once, within the actor's right to appoint; where that does not reach, the
    post ends alone, and whoever arranges handings-over is told.
    """
    if change.kind not in _ENDING:
        return
    for post in [post for post in member.posts if post.ends is None or post.ends >= change.on_date]:
        is_coming = post.starts > max(change.on_date, today())
        on = max(change.on_date, post.starts)
        told = {"ends": (show_date(post.ends) or "无截止日期", "未到任，取消" if is_coming else show_date(on))}
        audit.record(actor, "post.end", post, changes=told, reason="随会籍变动结束")
        _end_office(actor, post)
        if is_coming:
            db.session.execute(delete(PostGrant).where(PostGrant.post_id == post.id))
            db.session.delete(post)
        else:
            post.ends = on
    db.session.flush()  # the member's posts are read anew
    db.session.expire(member, ["posts"])


def _end_office(actor: Actor, post: UnionPost) -> None:
    grant = grant_of(post)
    if grant is None or grant.is_over(today()):
        return
    try:
        if not isinstance(actor, User):
            raise Forbidden(f"{post.member.name}的账号职责不由您设置")
        with db.session.begin_nested():
            people.end_grant(actor, grant, None)
    except DomainError:
        title = f"{post.member.name}的{post.kind.label}职务已随会籍变动结束，账号职责还在，请办理交接"
        notices.tell(access.people_with(P.HANDOVER, post.unit), title, link="/handover/")


turning.afterwards(end_with_membership)
