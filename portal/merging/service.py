"""Verbs of merges: find likely doubles, compare two records, merge them, and tell where a merged one went."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from portal.core import audit
from portal.core.calendar import local
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.fields import Field
from portal.core.todo import Todo
from portal.core.workflow import Step
from portal.members import beside, cases, doubles, hanging, merging, search, seeking, sight
from portal.members import service as members
from portal.members.beside import Beside
from portal.members.cases import Case, Door
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.members.timeline import happenings as timeline
from portal.members.timeline.happenings import About, Happening
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import REASON_LEAST, REASON_MOST, Merge
from .models import MergeState as S
from .workflow import MERGING, fetch, locked

audit.name_acts({"merging.propose": "提出合并重复档案"})

PER_PAGE = 20
FOUND_MOST = 20  # records that a search for the other one offers


# --- finding ----------------------------------------------------------------------------------------------------------


def listing(actor: User, *, page: int = 1) -> tuple[list[Merge], int]:
    """Return a page of the merges in the actor's reach, newest first, and how many there are."""
    query = access.scoped(Merge, actor, P.CHANGE_DECIDE)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Merge.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(ordered)), total


def find(actor: User, merge_id: int) -> Merge:
    """Return a merge in the actor's reach. Raises Absent."""
    return fetch(actor, merge_id)


def record(actor: User, member_id: int) -> Member:
    """Return a record that the actor may merge, locked if the request writes. Raises Absent, Forbidden for her own."""
    member: Member = access.fetch(Member, member_id, actor, P.MEMBER_MERGE)
    if member.user_id == actor.id:
        raise Forbidden("本人的档案请由其他经办人合并")
    return member


def named(actor: User, member: Member, text: str) -> list[Member]:
    """Return whom the actor may mean by `text` as the other record of `member`, none where there is nobody.

    A search for a whole number is counted as on the list of members. Raises DomainError on `q`, TooOften.
    """
    word = text.strip()
    if not word:
        raise DomainError("请填写另一份档案的姓名、工号或会员证号", field="q")
    if search.is_secret(word):
        seeking.take(actor, word)
    query = access.scoped(Member, actor, P.MEMBER_MERGE).where(
        search.matches(word), Member.id != member.id, Member.membership_status != MembershipStatus.MERGED.value
    )
    return list(db.session.scalars(query.order_by(Member.name_pinyin, Member.id).limit(FOUND_MOST)))


def into(actor: User, member_id: int) -> Member:
    """Return the record that `member_id` was merged into in the end, in the actor's reach. Raises Absent."""
    member = members.find(actor, member_id)
    while member.membership_status == MembershipStatus.MERGED:
        merge = _standing_of(member)
        if merge is None:
            raise Absent
        member = members.find(actor, merge.kept_id)
    return member


def _standing_of(gone: Member) -> Merge | None:
    query = select(Merge).where(Merge.gone_id == gone.id, Merge.state == S.DONE)
    return db.session.scalars(query).one_or_none()


# --- comparing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """One field of the two records as the actor may see it; `is_taken` says that the gone one's value is to hold."""

    field: Field
    kept: str
    gone: str
    is_taken: bool


@dataclass(frozen=True)
class Comparison:
    """Two records side by side, what hangs on them, what becomes of the accounts, and what stands in the way."""

    rows: Sequence[Compared]
    same: Sequence[str]
    hanging: Sequence[tuple[str, int, int, bool]]
    account: str
    doubts: Sequence[str]
    refusal: str
    needs_second: bool


def compare(actor: User, kept: Member, gone: Member, taken: Collection[str] | None = None) -> Comparison:
    """Return the two side by side; `taken` as was chosen, None for what is usual."""
    chosen = merging.usual(kept, gone) if taken is None else set(taken)
    seen = [field for field in merging.differing(kept, gone) if _may_choose(actor, field, kept, gone)]
    refusal, account = "", ""
    try:
        merging.check(actor, kept, gone)
        account = merging.account_of(kept, gone).why
    except DomainError as error:
        refusal = error.message
    return Comparison(
        [
            Compared(
                field, sight.value(actor, kept, field.name), sight.value(actor, gone, field.name), field.name in chosen
            )
            for field in seen
        ],
        [field.label for field in merging.alike(kept, gone)],
        hanging.hanging_on(kept, gone),
        account,
        merging.doubts(kept, gone),
        refusal,
        merging.needs_second(kept, chosen),
    )


def _may_choose(actor: User, field: Field, *both: Member) -> bool:
    return all(sight.can_see(actor, field, one) is not sight.Sight.HIDDEN for one in both)


# --- merging ----------------------------------------------------------------------------------------------------------


def merge(
    actor: User,
    kept_id: int,
    gone_id: int,
    *,
    reason: str,
    taken: Collection[str] | None = None,
    seen: tuple[int, int] | None = None,
) -> tuple[Merge, list[str]]:
    """Merge the record `gone_id` into `kept_id`, and return it with warnings; or let it wait for a second person.

    `taken` names the fields whose value comes from the gone record (None: those that the kept one lacks); what the
    actor may not read she does not choose. `seen` are the versions that she has looked at. Raises Absent, Forbidden,
    Conflict where either was changed meanwhile, DomainError with the sentence that says what stands in the way.
    """
    for number in sorted({kept_id, gone_id}):
        record(actor, number)
    kept, gone = locked([kept_id, gone_id])
    why = " ".join(reason.split())
    if not REASON_LEAST <= len(why) <= REASON_MOST:
        raise DomainError(f"请写明怎样确认是同一个人，{REASON_LEAST} 至 {REASON_MOST} 个字", field="reason")
    merging.check(actor, kept, gone)
    marks = (members.mark_of(kept), members.mark_of(gone))
    if seen is not None and seen != marks:
        raise Conflict("两份档案在您打开页面以后有改动，请重新打开核对后再合并")
    usual = merging.usual(kept, gone)
    if taken is None:
        chosen = usual
    else:
        fields = merging.differing(kept, gone)
        free = {field.name for field in fields if _may_choose(actor, field, kept, gone)}
        chosen = (set(taken) & free) | (usual - free)
    item = Merge(
        unit=kept.unit, kept=kept, gone=gone, taken=sorted(chosen), marks=list(marks), reason=why, asked_by=actor.id
    )
    db.session.add(item)
    db.session.flush()  # the trace names it by number
    audit.record(actor, "merging.propose", item, reason=why)
    if merging.needs_second(kept, chosen):
        return item, []
    MERGING.fire(item, "agree", actor, comment=why)
    return item, list((item.united or {}).get("warnings", ()))


def steps_for(actor: User, item: Merge) -> list[Step]:
    """Return the steps that the actor may take now; an undo after its day is none."""
    return [step for step in MERGING.open_steps(item, actor) if step.action != "undo" or item.is_recent]


def told(item: Merge) -> list[tuple[str, int]]:
    """Return in words what has followed to the kept record, and how much."""
    moved = (item.united or {}).get("moved", {})
    labels = {one.word: one.label for one in hanging.holdings}
    return [(labels[place], len(ids)) for place, ids in moved.items() if place in labels]


def todo(actor: User) -> list[Todo]:
    """Return how many merges wait for the actor as the second person."""
    if not actor.holds(P.CHANGE_DECIDE):
        return []
    query = access.scoped(Merge, actor, P.CHANGE_DECIDE).where(Merge.state == S.WAITING, Merge.asked_by != actor.id)
    count = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return [Todo("重复档案待复核", count, "merging.index")] if count else []


def likely(actor: User, *, page: int = 1) -> tuple[list[doubles.Likely], int]:
    """Return a page of the groups of likely doubles, and how many groups there are."""
    found = doubles.likely(actor)
    return found[(page - 1) * PER_PAGE : page * PER_PAGE], len(found)


def like(actor: User, member: Member) -> list[tuple[Member, str]]:
    """Return who is likely the same person as `member`, with the reason."""
    return doubles.like(actor, member)


# --- what the members floor asks --------------------------------------------------------------------------------------


def _open_cases(member_ids: Collection[int]) -> Iterable[tuple[int, Case]]:
    waiting = select(Merge).where(
        Merge.state == S.WAITING, or_(Merge.kept_id.in_(member_ids), Merge.gone_id.in_(member_ids))
    )
    for item in db.session.scalars(waiting.order_by(Merge.id)):
        for number in {item.kept_id, item.gone_id} & set(member_ids):
            yield number, Case("重复档案合并（待复核）", "merging.detail", item.id, seen_by=P.CHANGE_DECIDE)


def _on_page(actor: User, member: Member) -> Iterable[Beside]:
    """Say into which record this one went, and which have come into it."""
    if member.membership_status == MembershipStatus.MERGED:
        item = _standing_of(member)
        if item is not None:
            yield Beside("并入", f"{item.kept.trace_label}，{item.kept.unit.name}", "merging.led")
        return
    query = select(Merge).where(Merge.kept_id == member.id, Merge.state == S.DONE).order_by(Merge.id)
    for item in db.session.scalars(query):
        yield Beside("并入本档案", item.gone.trace_label)


def _happenings(actor: User, member: Member) -> list[Happening]:
    """Tell the merges of this record, on both, to who may read them; to herself those that were done."""
    is_own = member.user_id == actor.id
    query = (
        select(Merge).where(Merge.state.in_((S.DONE, S.UNDONE)))
        if is_own
        else access.scoped(Merge, actor, P.CHANGE_DECIDE)
    )
    people = (Merge.kept, Merge.gone, Merge.asker)
    rows = query.where(or_(Merge.kept_id == member.id, Merge.gone_id == member.id)).options(*map(joinedload, people))
    return [
        Happening(
            about=About.CASES, what=f"合并重复档案：{item.trace_label}", at=item.asked_at, by=item.asker.label,
            on=local(item.done_at).date() if item.done_at else None, why=item.reason, state=item.state.label,
            is_correction=True, endpoint="" if is_own else "merging.detail", id=item.id,
        )
        for item in db.session.scalars(rows)
    ]  # fmt: skip


timeline.declare(_happenings)
cases.declare(
    _open_cases,
    Door("合并重复档案", "merging.of", P.MEMBER_MERGE, frozenset(MembershipStatus) - {MembershipStatus.MERGED}),
)
beside.declare(_on_page)
hanging.stays("重复档案合并（作为保留的）", Merge, column="kept_id")
hanging.stays("重复档案合并（作为并入的）", Merge, column="gone_id")
