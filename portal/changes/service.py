"""Verbs and lists of change requests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import IO, Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from portal.core import audit, kinds, notices, scans, uploads
from portal.core import db as database
from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.db import apart, db, release
from portal.core.errors import Absent, DomainError, Forbidden, Problems
from portal.core.fields import NOW, Field
from portal.core.todo import Todo
from portal.core.uploads import Upload
from portal.members import cases, endings, hanging, turning
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.checks import check_change
from portal.members.enums import IdType
from portal.members.models import Member, MembershipChange
from portal.members.sight import is_secret
from portal.members.timeline import happenings as timeline
from portal.members.timeline.happenings import About, Happening
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import OPEN, ChangeRequest
from .models import ChangeState as S
from .workflow import CHANGES, deciders, needs_second, the_union

audit.name_acts({
    "changes.ask": "申请修改信息",
    "changes.attach": "上传证明材料",
    "changes.evidence": "查看证明材料",
})  # fmt: skip

PER_PAGE = 50
TODO, ALL = "todo", "all"
WHY_MOST = 300  # characters
# papers that one person may bring in a day, and somebody in an office, who asks for others
PAPERS_MOST, PAPERS_MOST_OF_OFFICE = 20, 200
# what is proven by a paper: the name, the document, the certificates of study and title
PROVEN = frozenset({"name", "id_number", "education", "degree", "prof_title"})
TOLD_BY_NUMBER = frozenset({"sex", "birth_date"})
# the type of a document and its number are one matter
MATTER = {"id_type": "id_number"}
NOBODY_ELSE = "登记表已打印，修改须两人办理，而校工会没有另一位有审批权限的人；请先开通校工会主席的账号"
NO_PROOF = "请上传证明材料（证件或证书的照片、扫描件）"


# --- asking -----------------------------------------------------------------------------------------------------------


def askable(actor: User, member: Member) -> tuple[Field, ...]:
    """Return the fields of the member that the actor may ask to have changed and that no open request is about.

    Sex and birth date are left out where the document tells them.
    """
    taken = set(db.session.scalars(_open_of([member.id]).with_only_columns(ChangeRequest.field)))
    told = TOLD_BY_NUMBER if member.id_type == IdType.IDENTITY_CARD.value else frozenset()
    return tuple(
        field
        for field in members.asked_for(actor, member)
        if field.name not in told and MATTER.get(field.name, field.name) not in taken
    )


def find_member(actor: User, member_id: int) -> Member:
    """Return the member for whom the actor may ask, locked if the request writes. Raises Absent."""
    return members.find(actor, member_id, P.MEMBER_EDIT)


def needs_proof(names: Iterable[str]) -> bool:
    """Whether a change of these fields is proven by a paper."""
    return any(MATTER.get(name, name) in PROVEN for name in names)


def keep_scan(actor: User, stream: IO[bytes]) -> str:
    """Keep the paper for a form that may still be refused; returns the id that the form carries on.

    Raises DomainError on `evidence` for what is no scan, or for too many in a day.
    """
    actor_id = actor.id
    event = audit.AuditEvent
    brought = select(func.count()).where(
        event.actor_id == actor_id, event.action == "changes.attach", event.at > now() - timedelta(days=1)
    )
    most = PAPERS_MOST_OF_OFFICE if actor.holds(P.CHANGE_AGREE) else PAPERS_MOST
    if (db.session.scalar(brought) or 0) >= most:
        raise DomainError(f"每天最多上传 {most} 份证明材料，请明天再传", field="evidence")
    release()
    kind, content = scans.read(stream)
    with apart():
        upload = scans.keep(db.session.get_one(User, actor_id), kind, content)
        audit.record(db.session.get_one(User, actor_id), "changes.attach", upload)
        return upload.uuid


def ask(
    actor: User, member: Member, values: Mapping[str, Any], *, why: str = "", evidence: str = ""
) -> list[ChangeRequest]:
    """File a request for each field of `values` (parsed, by catalogue name) that says something new; return them.

    The caller has locked the member. `evidence` is what `keep_scan` returned. Raises Forbidden for a field that the
    actor may not ask for, Problems or DomainError for values that break a rule, say nothing new, or want a proof.
    """
    may = {field.name for field in members.asked_for(actor, member)}
    for name in values:
        if name not in may:
            raise Forbidden(f"您不能申请修改「{FIELD[name].label if name in FIELD else name}」")
    empty = {name: [kinds.missing(FIELD[name])] for name, value in values.items() if value in (None, "", [])}
    if empty:
        raise Problems(empty)
    current = members.current_of(member)
    written, _ = check_change(current, values, today=today())
    asked: dict[str, dict[str, Any]] = {}
    for name in values:
        if name in written:
            asked.setdefault(MATTER.get(name, name), {})[name] = written[name]
    if "id_number" in asked and "id_type" in written:
        asked["id_number"]["id_type"] = written["id_type"]
    if not asked:
        raise DomainError("填写的内容与现在登记的相同，没有需要申请的修改")
    _refuse_twice(member, asked)
    if needs_proof(asked) and not evidence:
        raise DomainError(NO_PROOF, field="evidence")
    proof = _own_upload(actor, evidence) if evidence else None
    filed = [_file(actor, member, field, new, current, why=why, proof=proof) for field, new in asked.items()]
    _tell(filed)
    return filed


def _refuse_twice(member: Member, asked: Collection[str]) -> None:
    taken = set(db.session.scalars(_open_of([member.id]).with_only_columns(ChangeRequest.field)))
    twice = {
        name: [f"「{FIELD[name].label}」已有申请正在办理，请等办结后再申请，或先撤回"] for name in taken & set(asked)
    }
    if twice:
        raise Problems(twice)


def _own_upload(actor: User, identity: str) -> Upload:
    query = select(Upload).where(
        Upload.uuid == identity, Upload.created_by == actor.id, Upload.kind.in_(list(scans.MIMETYPES))
    )
    upload = db.session.scalars(query).one_or_none()
    if upload is None:
        raise DomainError("文件没有保存成功，请重新选择", field="evidence")
    return upload


def _file(
    actor: User,
    member: Member,
    field: str,
    asked: Mapping[str, Any],
    current: Mapping[str, Any],
    *,
    why: str,
    proof: Upload | None,
) -> ChangeRequest:
    is_own = member.user_id == actor.id
    # an operator's proposal is the branch's word already; a union that takes members itself has no branch to ask
    skips = not is_own or (member.unit.approves_members and FIELD[field].edits.branch is not NOW)
    item = ChangeRequest(
        member=member, member_id=member.id, unit=member.unit, field=field, filed_by=actor.id, evidence=proof,
        state=S.PENDING_SCHOOL if skips else S.PENDING_BRANCH,
    )  # fmt: skip
    if skips and needs_second(item) and actor.may(P.CHANGE_DECIDE, the_union(item)):
        # her own word is the first of the two: only because of the paper does she not set it by hand
        item.state, item.first_by = S.PENDING_SECOND, actor.id
        if not deciders(item):
            raise DomainError(NOBODY_ELSE, field=field)
    item.data = {
        "old": {name: kinds.plain(current[name]) for name in asked},
        "asked": {name: kinds.plain(value) for name, value in asked.items()},
        "why": why.strip()[:WHY_MOST],
    }
    db.session.add(item)
    db.session.flush()  # the trace and the notice name it by number
    audit.record(actor, "changes.ask", item, details={"field": field, "evidence": proof is not None})
    return item


def _tell(filed: list[ChangeRequest]) -> None:
    """One notice for each turn, however many fields were asked for."""
    for state in OPEN:
        items = [item for item in filed if item.state is state]
        if items:
            labels = "、".join(item.about.label for item in items)
            link = f"/changes/{items[0].id}" if len(items) == 1 else "/changes/"
            title = f"{items[0].member.name}申请修改{labels}，{state.label.removeprefix('待')}"
            notices.tell(deciders(items[0]), title[:200], link=link)


# --- reading ----------------------------------------------------------------------------------------------------------


def find(actor: User, item_id: int) -> ChangeRequest:
    """Return a request of the actor's own, or one in her scope; locked if the request writes. Raises Absent."""
    return own(actor, item_id) or CHANGES.fetch(actor, item_id)


def own(actor: User, item_id: int) -> ChangeRequest | None:
    """Return the request `item_id` about the actor herself or filed by her; None if it is none."""
    query = select(ChangeRequest).join(ChangeRequest.member).where(ChangeRequest.id == item_id)
    query = query.where(or_(Member.user_id == actor.id, ChangeRequest.filed_by == actor.id))
    if database.is_writing():
        query = access.locking(ChangeRequest, query)
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def is_own(actor: User, item: ChangeRequest) -> bool:
    """Whether the actor may take it back: it is about her, or she has filed it."""
    return actor.id in (item.member.user_id, item.filed_by)


def cancel(actor: User, item_id: int) -> ChangeRequest:
    """Take one's own request back. Raises Absent, Conflict."""
    item = own(actor, item_id)
    if item is None:
        raise Absent
    CHANGES.fire(item, "cancel", actor, own=True)
    return item


def evidence_of(actor: User, item_id: int) -> tuple[bytes, str]:
    """Leave the trace that the actor looks at the paper; return it and its type. Raises Absent.

    It is for herself, and for whoever reads her requests where she is now.
    """
    item = find(actor, item_id)
    is_hers = item.member.user_id == actor.id
    if item.evidence is None or not (is_hers or actor.may(P.CHANGE_AGREE, item.member.unit)):
        raise Absent
    audit.record(actor, "changes.evidence", item)
    return uploads.content_of(item.evidence.id), scans.MIMETYPES[item.evidence.kind]


def own_requests(actor: User) -> list[ChangeRequest]:
    """Return the requests about the actor, latest first."""
    query = select(ChangeRequest).join(ChangeRequest.member).where(Member.user_id == actor.id)
    return list(db.session.scalars(query.order_by(ChangeRequest.id.desc()).limit(PER_PAGE)))


def requests(actor: User, *, state: str = TODO, page: int = 1) -> tuple[list[ChangeRequest], int]:
    """Return a page of what the actor may read, the oldest first, and how many there are.

    `state` is a value of ChangeState, TODO for what waits for the actor, ALL for every one.
    """
    query = _listed(actor, state)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = query.order_by(ChangeRequest.id).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(rows)), total


def _listed(actor: User, state: str) -> Select[Any]:
    query: Select[Any] = access.scoped(ChangeRequest, actor, P.CHANGE_AGREE)
    if state in list(S):
        return query.where(ChangeRequest.state == state)
    return query if state == ALL else query.where(_waits_for(actor))


def _waits_for(actor: User) -> ColumnElement[bool]:
    """The condition that it is the actor's turn: the branch's people look at theirs, the union's at what has come on.

    What the union could do in a branch's place is not its turn, but for members whom it has itself.
    """
    theirs = access.in_scope(ChangeRequest, actor, P.CHANGE_DECIDE)
    house = aliased(OrgUnit)
    itself = ChangeRequest.unit_id.in_(select(house.id).where(house.approves_members))
    about = select(Member.id).where(Member.user_id == actor.id)
    return and_(
        ChangeRequest.member_id.not_in(about),
        ChangeRequest.filed_by != actor.id,
        or_(
            and_(ChangeRequest.state == S.PENDING_BRANCH, or_(~theirs, itself)),
            and_(ChangeRequest.state == S.PENDING_SCHOOL, theirs),
            and_(ChangeRequest.state == S.PENDING_SECOND, theirs, ChangeRequest.first_by.is_distinct_from(actor.id)),
        ),
    )


def todo(actor: User) -> list[Todo]:
    """Return how many requests wait for the actor, if there are any."""
    if not actor.holds(P.CHANGE_AGREE):
        return []
    count = db.session.scalar(select(func.count()).select_from(_listed(actor, TODO).subquery())) or 0
    return [Todo("信息变更申请", count, "changes.index")] if count else []


def _open_of(member_ids: Collection[int]) -> Select[Any]:
    return select(ChangeRequest).where(ChangeRequest.member_id.in_(member_ids), ChangeRequest.state.in_(OPEN))


def is_masked(item: ChangeRequest) -> bool:
    """Whether pages show what is asked in part only."""
    return any(is_secret(FIELD[name]) for name in item.asked)


# --- what the members floor asks and tells ----------------------------------------------------------------------------


def open_cases(member_ids: Collection[int]) -> Iterable[tuple[int, cases.Case]]:
    """Return the open requests of these members, with the fields that wait."""
    for item in db.session.scalars(_open_of(member_ids).order_by(ChangeRequest.id)):
        case = cases.Case(f"信息变更：{item.about.label}", "changes.detail", item.id, fields=tuple(item.asked))
        yield item.member_id, case


def end_with(actor: Actor, member: Member, change: MembershipChange) -> None:
    """Let open requests end with the membership."""
    if member.membership_status in members.LIVE:
        return
    for item in db.session.scalars(_open_of([member.id]).order_by(ChangeRequest.id).with_for_update(of=ChangeRequest)):
        CHANGES.fire(item, "lapse", actor, own=True, comment=f"会籍变化：{change.kind.label}")


def happenings(actor: User, member: Member) -> list[Happening]:
    """Tell what she has asked to have changed, to herself and to whoever may read it."""
    query = select(ChangeRequest) if member.user_id == actor.id else access.scoped(ChangeRequest, actor, P.CHANGE_AGREE)
    rows = db.session.scalars(
        query.where(ChangeRequest.member_id == member.id).options(joinedload(ChangeRequest.filer))
    )
    return [
        Happening(
            about=About.CASES, what=f"申请修改{item.about.label}", at=item.filed_at, by=item.filer.label,
            on=item.effective_on, why=item.answer, state=item.state.label, endpoint="changes.detail", id=item.id,
        )
        for item in rows
    ]  # fmt: skip


cases.declare(open_cases, cases.Door("申请修改", "changes.new", P.MEMBER_EDIT, members.LIVE))
timeline.declare(happenings)
turning.afterwards(end_with)
endings.go_along("在办的信息变更，随人转到新单位", ChangeRequest, OPEN)


hanging.stays("信息变更申请", ChangeRequest)
