"""Look at what waits once more, as the house is now: what has come right by another way is settled."""

from __future__ import annotations

from portal.core import audit
from portal.core.db import db, new_uuid
from portal.members.enums import MembershipStatus
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from . import comparing, service
from .findings import Branches, Finder, Record
from .listed import from_plain
from .models import Finding, Kind, Outcome
from .settling import Batch, Settled, close

audit.name_acts({"comparison.recheck": "按系统现状重新核对比对结果"})

ACTIVE, RETAINED = MembershipStatus.ACTIVE.value, MembershipStatus.RETAINED.value


def recheck(actor: User, comparison_id: int) -> int:
    """Settle what waits in a comparison though it holds no more, and return how many that were. Raises Absent."""
    item = service.find(actor, comparison_id)
    query = access.scoped(Finding, actor, P.COMPARE).where(Finding.comparison_id == item.id, Finding.outcome.is_(None))
    waiting = list(db.session.scalars(query.order_by(Finding.place)))
    house = comparing.look(actor, item.unit_id)
    finder = Finder(house.under, house.records, Branches(house.union), house.paths)
    documents = {(one["id_type"], one["id_index"]) for one in house.records.values()}
    numbers = {(one["staff_no"], one["name"]) for one in house.records.values()}
    over: list[Finding] = []
    for finding in waiting:
        if finding.kind is Kind.ONLY_THERE:
            row = from_plain(finding.data["row"]) if finding.data is not None else None
            if row is not None and (row.document in documents or (row.staff_no, row.name) in numbers):
                over.append(finding)
        elif _is_over(finding, house.records.get(finding.member_id or 0), finder):
            over.append(finding)
    batch = Batch(actor, item, over, Settled(), "系统中的情况已与名单相符", new_uuid())
    close(batch, over, Outcome.RESOLVED)
    audit.record(actor, "comparison.recheck", item, batch_id=batch.batch_id, details={"resolved": len(over)})
    return len(over)


def _is_over(finding: Finding, record: Record | None, finder: Finder) -> bool:
    """Whether what was found about a member holds no more; who is no member any more is no case but of a doubt."""
    if record is None:
        return finding.kind is not Kind.UNSURE
    if finding.kind in (Kind.ONLY_HERE, Kind.DIFFERENT, Kind.MISPLACED) and record["membership_status"] != ACTIVE:
        return True
    if finding.kind is Kind.RETAINED:
        return bool(record["membership_status"] != RETAINED)
    if finding.kind is Kind.MISPLACED and finding.data is not None:
        return finder.is_at_home(record, finding.data["department"])
    return finding.kind is Kind.DIFFERENT and finding.data is not None and finder.says(record, finding)
