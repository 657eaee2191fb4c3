"""Verbs on what was found, one by one or many at once: invite, put on the to-do list, ignore, open again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, select, update

from portal.core import audit
from portal.core.calendar import local, now
from portal.core.db import db
from portal.members import service as members
from portal.members.models import Member
from portal.org.models import User

from .door import Invitee, invitations
from .matters import service as matters
from .matters.models import MatterKind
from .matters.service import Intent
from .models import Comparison, Finding, Outcome
from .service import STATUS

audit.name_acts({
    "comparison.invite": "比对后邀请入会",
    "comparison.intend": "比对后转待办",
    "comparison.ignore": "比对后忽略",
    "comparison.reopen": "比对结果改回未处理",
})  # fmt: skip

FORGOTTEN = "名单内容已按规定清除，请重新上传名单比对"
NOT_HERE = "已不是在册会员，或不在您的管理范围内"

_FINDINGS = cast(Table, Finding.__table__)


@dataclass(slots=True)
class Settled:
    """What became of each: how many were settled, and the others with a sentence. `roll` is the list of invitees."""

    done: int = 0
    skipped: list[tuple[Finding, str]] = field(default_factory=list)
    roll: str = ""

    def skip(self, finding: Finding, why: str) -> None:
        """Leave one as it is."""
        self.skipped.append((finding, why))


@dataclass(frozen=True, slots=True)
class Batch:
    """What a verb works on: the comparison, the findings that wait for this act, and one number for all traces."""

    actor: User
    item: Comparison
    findings: Sequence[Finding]
    told: Settled
    note: str
    batch_id: str


def close(batch: Batch, findings: Sequence[Finding], outcome: Outcome, *, note: str | None = None) -> None:
    """Write how the findings were settled, on equal ones of other comparisons too."""
    at = now()
    for finding in findings:
        finding.outcome, finding.note = outcome, batch.note if note is None else note
        finding.settled_at, finding.settled_by = at, batch.actor.id
    db.session.flush()  # the twins are found by what is open in the database
    twins = {finding.key: finding for finding in findings}
    keys = sorted(twins)
    for first in range(0, len(keys), 500):
        query = select(Finding).where(Finding.key.in_(keys[first : first + 500]), Finding.outcome.is_(None))
        for twin in db.session.scalars(query):
            settled = twins[twin.key]
            twin.outcome, twin.note, twin.matter_id = outcome, settled.note, settled.matter_id
            twin.settled_at, twin.settled_by, twin.is_carried = at, batch.actor.id, True
    batch.told.done += len(findings)


def ignore(batch: Batch) -> None:
    """Leave it as it is, with the reason that the note tells."""
    close(batch, batch.findings, Outcome.IGNORED)


def reopen(batch: Batch) -> None:
    """Let what was ignored wait again, wherever it was found; the next comparison finds it open."""
    keys = sorted({finding.key for finding in batch.findings})
    nothing: dict[str, Any] = {"outcome": None, "note": "", "settled_at": None, "settled_by": None, "is_carried": False}
    for first in range(0, len(keys), 500):
        ignored = _FINDINGS.c.key.in_(keys[first : first + 500]) & (_FINDINGS.c.outcome == Outcome.IGNORED)
        db.session.execute(update(_FINDINGS).where(ignored).values(**nothing))
    for finding in batch.findings:
        db.session.expire(finding)
    batch.told.done += len(batch.findings)


# --- who is not here yet ----------------------------------------------------------------------------------------------


def invite(batch: Batch) -> None:
    """Put them on the list of those who ought to join, one list for each comparison."""
    people: list[tuple[Finding, Invitee]] = []
    for finding in batch.findings:
        if finding.data is None:
            batch.told.skip(finding, FORGOTTEN)
            continue
        row = finding.data["row"]
        home = finding.unit if finding.unit.accepts_members else batch.item.unit
        number = None if finding.data["is_reused"] else row["values"].get("staff_no")
        people.append((finding, Invitee(row["values"]["name"], number, row["department"], home)))
    if not people:
        return
    name = f"人事名单比对 {local(batch.item.created_at):%Y-%m-%d}（{batch.item.id}）"
    invited = invitations().enlist(batch.actor, batch.item.unit, [person for _, person in people], name=name)
    done = []
    for (finding, _), why in zip(people, invited.refused, strict=True):
        if why:
            batch.told.skip(finding, why)
        else:
            done.append(finding)
    batch.told.roll = invited.name
    close(batch, done, Outcome.INVITED)


# --- who seems to be gone, or elsewhere -------------------------------------------------------------------------------


def intend(kind: MatterKind) -> Callable[[Batch], None]:
    """Return the verb that puts members on the to-do list."""

    def verb(batch: Batch) -> None:
        """Put each member on the to-do list of the operators; nothing of hers changes."""
        fit = []
        living = _living([one.member_id for one in batch.findings if one.member_id is not None])
        for finding in batch.findings:
            if finding.field not in ("", STATUS):
                batch.told.skip(finding, "只有“就业状况”不一致的可以转待办")
            elif finding.member_id not in living:
                batch.told.skip(finding, NOT_HERE)
            else:
                fit.append(finding)
        intents = [Intent(cast(int, one.member_id), one.to_unit_id) for one in fit]
        opened = matters.open_for(batch.actor, kind, intents, note=batch.note)
        done = []
        for finding in fit:
            matter = opened.get(cast(int, finding.member_id))
            if matter is None:
                batch.told.skip(finding, NOT_HERE)
            else:
                finding.matter_id = matter.id
                done.append(finding)
        close(batch, done, Outcome.MATTER, note=f"{kind.label}{f'：{batch.note}' if batch.note else ''}")

    return verb


def _living(ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for first in range(0, len(ids), 500):
        query = select(Member.id).where(
            Member.id.in_(ids[first : first + 500]), Member.membership_status.in_(members.LIVE)
        )
        found |= set(db.session.scalars(query))
    return found
