"""Verbs of changes: ask for one or many, decide on many, and what the clock does on the day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import audit, scans, uploads
from portal.core import db as database
from portal.core.actors import CLOCK
from portal.core.calendar import show_date, today
from portal.core.db import db, new_uuid
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.members import endings, hanging
from portal.members.models import Member, UnionPost
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from . import doing, rules
from .models import OPEN, ChangeKind, StandingChange, StandingPaper
from .models import StandingState as S
from .workflow import STANDING, tell_deciders, the_union

audit.name_acts({
    "standing.ask": "提出会籍变动",
    "standing.ask_many": "批量提出会籍变动",
    "standing.agree_many": "批量同意会籍变动",
    "standing.paper": "查看会籍变动材料",
})  # fmt: skip

MOST = 500  # taken in one transaction, so that nobody else waits for long
NOBODY = "请先勾选要办理的事项"
OWN = "本人的会籍变动请由其他经办人提出"


@dataclass(frozen=True)
class Wanted:
    """A change to be asked for; `facts` by the names of `rules.FACTS`. A correction has the day of what it corrects."""

    member: Member
    kind: ChangeKind
    on: date
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """One of many: what was done about the member, or why not (`why` is empty where it was)."""

    member_id: int
    name: str
    item_id: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of each, and the number that joins their traces."""

    batch_id: str
    done: list[Taken]
    skipped: list[Taken]


# --- asking -----------------------------------------------------------------------------------------------------------


def member_for(actor: User, member_id: int) -> Member:
    """Return a member for whom the actor may ask, locked if the request writes. Raises Absent, Forbidden if himself."""
    member: Member = access.fetch(Member, member_id, actor, P.STANDING_ASK)
    if member.user_id == actor.id:
        raise Forbidden(OWN)
    return member


def kinds_for(actor: User, member: Member) -> list[ChangeKind]:
    """Return what the actor may ask for the member in her present status."""
    may_propose = actor.may(P.STANDING_ASK, access.approving_unit(member.unit))
    return [
        kind
        for kind, rule in rules.RULES.items()
        if member.membership_status in rule.sources
        and (may_propose or not rule.by_union)
        and (kind is not ChangeKind.REDATE or rules.may_redate(member))
    ]


def open_of(member: Member) -> StandingChange | None:
    """Return the change of the member that is under way."""
    query = select(StandingChange).where(StandingChange.member_id == member.id, StandingChange.state.in_(OPEN))
    return db.session.scalars(query).one_or_none()


def ask(actor: User, wanted: Wanted, *, batch_id: str | None = None, papers: Sequence[Paper] = ()) -> StandingChange:
    """Ask for a change and return it; the deciders are told. The caller has locked the member (`member_for`).

    Raises Forbidden without the right, or for oneself, Conflict where one is under way, DomainError and Problems as
    `rules.check` and `rules.check_facts`.
    """
    member, kind = wanted.member, wanted.kind
    if member.user_id == actor.id:
        raise Forbidden(OWN)
    union = access.approving_unit(member.unit)
    if not actor.may(P.STANDING_ASK, union if kind in rules.BY_UNION else member.unit):
        raise Forbidden(f"{kind.label}由校工会提出，请联系校工会")
    if (other := open_of(member)) is not None:
        how = "由校工会办理" if other.kind in rules.CLOSED else f"{other.kind.label}，{other.state.label}"
        raise Conflict(f"{member.name}已有一件会籍变动在办理（{how}），请先办完")
    rules.check(member, kind, wanted.on)
    facts = rules.check_facts(kind, wanted.facts)
    line = doing.line_for(member, kind)
    item = StandingChange(
        member=member, unit=member.unit, kind=kind, effective_on=doing.day_for(kind, line, wanted.on), data=facts,
        asked_by=actor.id, batch_id=batch_id, line=line,
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()  # the trace, the papers and the notice name it by number
    for paper in papers:
        add_paper(actor, item, paper)
    changes = {"kind": ("", kind.label), "effective_on": ("", show_date(item.effective_on))}
    audit.record(actor, "standing.ask", item, changes=changes, batch_id=batch_id)
    if batch_id is None:
        tell_deciders(item, actor)
    return item


def submit(
    actor: User,
    member_id: int,
    kind: ChangeKind,
    on: date | None,
    facts: Mapping[str, Any],
    *,
    scan: IO[bytes] | None = None,
    scan_name: str = "",
    at_once: bool = False,
) -> StandingChange:
    """Ask for a change with a `scan` beside it, and agree to it `at_once` if wished; `on` None is today.

    The scan is read with no transaction open. Raises as `ask` and `Workflow.fire`, DomainError on `paper`.
    """
    member_for(actor, member_id)
    papers = read_scan(scan, scan_name)
    database.writes()
    member = member_for(actor, member_id)
    item = ask(actor, Wanted(member, kind, on or today(), facts), papers=papers)
    if at_once:
        STANDING.fire(item, "agree", actor)
    return item


def resubmit(
    actor: User,
    item_id: int,
    on: date | None,
    facts: Mapping[str, Any],
    *,
    scan: IO[bytes] | None = None,
    scan_name: str = "",
) -> StandingChange:
    """Send a returned change again, as `submit`."""
    find(actor, item_id)
    papers = read_scan(scan, scan_name)
    database.writes()
    item = find(actor, item_id)
    STANDING.fire(item, "resubmit", actor, effective_on=on or item.effective_on, facts=facts)
    for paper in papers:
        add_paper(actor, item, paper)
    return item


def read_scan(scan: IO[bytes] | None, name: str) -> list[Paper]:
    """Return what was uploaded as it is kept, read with no transaction open. Raises DomainError on `paper`."""
    database.release()
    if scan is None:
        return []
    kind, content = scans.read(scan, field="paper")
    return [Paper(kind, content, name.strip() or "证明材料")]


def find(actor: User, item_id: int) -> StandingChange:
    """Return a change in the actor's reach, locked if the request writes. Raises Absent."""
    item: StandingChange = STANDING.fetch(actor, item_id)
    return item


def held_posts(member: Member) -> list[UnionPost]:
    """Return the posts that end with the membership: those that are held or will be."""
    return [post for post in member.posts if post.ends is None or post.ends >= today()]


def ask_many(actor: User, wanted: Sequence[Wanted]) -> Outcome:
    """Ask for all of them at once, as `ask`; what is refused is left out with its sentence.

    Each leaves its own trace, all with one batch number, and the batch leaves one. Raises DomainError for none, or for
    more than MOST.
    """
    _count(wanted)
    numbers = [one.member.id for one in wanted]
    lock = select(Member.id).where(Member.id.in_(numbers)).order_by(Member.id)
    db.session.execute(lock.with_for_update())
    outcome = Outcome(new_uuid(), [], [])
    for one in wanted:
        try:
            with db.session.begin_nested():
                item = ask(actor, one, batch_id=outcome.batch_id)
        except DomainError as error:
            outcome.skipped.append(Taken(one.member.id, one.member.name, why=error.message))
        else:
            outcome.done.append(Taken(one.member.id, one.member.name, item.id))
    _trace(actor, "ask_many", outcome, access.approving_unit(wanted[0].member.unit))
    if outcome.done:
        first = db.session.get_one(StandingChange, outcome.done[0].item_id)
        tell_deciders(first, actor, together=len(outcome.done))
    return outcome


# --- deciding on many -------------------------------------------------------------------------------------------------


def chosen(actor: User, ids: Collection[int]) -> list[StandingChange]:
    """Return those of `ids` that the actor could agree to now, by number, at most MOST."""
    query = access.scoped(StandingChange, actor, P.STANDING_DECIDE).where(
        StandingChange.id.in_(list(ids)[:MOST]), StandingChange.state == S.SUBMITTED
    )
    agree = STANDING.step("agree")
    found = list(db.session.scalars(query.order_by(StandingChange.id)))
    return [item for item in found if agree in STANDING.open_steps(item, actor)]


def agree_many(actor: User, ids: Collection[int], *, comment: str = "") -> Outcome:
    """Agree to each of `ids`; what cannot be agreed to is skipped with its sentence. One batch, as `ask_many`."""
    _count(ids)
    query = access.scoped(StandingChange, actor, P.STANDING_DECIDE).where(StandingChange.id.in_(ids))
    items = list(db.session.scalars(access.locking(StandingChange, query.order_by(StandingChange.id))))
    if not items:
        raise DomainError(NOBODY)
    outcome, union = Outcome(new_uuid(), [], []), the_union(items[0])
    told = [Taken(item.member_id, item.member.name, item.id) for item in items]
    for item, one in zip(items, told, strict=True):
        try:
            with db.session.begin_nested():
                STANDING.fire(
                    item, "agree", actor, comment=comment, batch_id=outcome.batch_id, batch=outcome.batch_id
                )  # fmt: skip
        except DomainError as error:
            outcome.skipped.append(Taken(one.member_id, one.name, one.item_id, error.message))
        except IntegrityError:
            outcome.skipped.append(Taken(one.member_id, one.name, one.item_id, "数据刚刚被他人改动，请单独办理"))
        else:
            outcome.done.append(one)
    _trace(actor, "agree_many", outcome, union)
    return outcome


def _count(things: Collection[Any]) -> None:
    if not things:
        raise DomainError(NOBODY)
    if len(things) > MOST:
        raise DomainError(f"一次最多办理 {MOST} 件，请分几次办理")


def _trace(actor: User, verb: str, outcome: Outcome, union: Any) -> None:
    audit.record(
        actor, f"standing.{verb}", union, batch_id=outcome.batch_id,
        details={
            "done": [one.item_id for one in outcome.done],
            "skipped": {str(one.item_id or one.member_id): one.why for one in outcome.skipped},
        },
    )  # fmt: skip


# --- papers -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """A scan as `scans.read` has read it, and what it is called."""

    kind: str
    content: bytes
    name: str = "证明材料"


def add_paper(actor: User, item: StandingChange, paper: Paper) -> StandingPaper:
    """Keep a scan with the change."""
    upload = scans.keep(actor, paper.kind, paper.content)
    row = StandingPaper(change=item, upload=upload, name=paper.name[:60], added_by=actor.id)
    db.session.add(row)
    return row


def paper_of(actor: User, paper_id: int) -> tuple[bytes, str, StandingPaper]:
    """Leave the trace that the actor opens a paper; return its content, its type and its row. Raises Absent."""
    paper = db.session.get(StandingPaper, paper_id)
    if paper is None:
        raise Absent
    item = find(actor, paper.change_id)
    audit.record(actor, "standing.paper", item, details={"paper": paper.id})
    return uploads.content_of(paper.upload_id), scans.MIMETYPES[paper.upload.kind], paper


# --- the clock --------------------------------------------------------------------------------------------------------


def apply_due() -> int:
    """Let happen what was agreed to and whose day has come, each by itself; return how many did.

    What cannot happen any more goes back to whoever asked, with the sentence that says why.
    """
    query = select(StandingChange).where(StandingChange.state == S.SCHEDULED, StandingChange.effective_on <= today())
    done = 0
    for item in db.session.scalars(access.locking(StandingChange, query.order_by(StandingChange.id))).all():
        try:
            with db.session.begin_nested():
                STANDING.fire(item, "apply", CLOCK, own=True)
        except DomainError as error:
            STANDING.fire(item, "give_back", CLOCK, own=True, comment=error.message)
        else:
            done += 1
    return done


endings.go_along("在办的会籍变动，随人转到新单位", StandingChange, OPEN)


hanging.stays("会籍变动", StandingChange)
