"""What a person says about a row and a member who may be one: it is remembered for the next list."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from portal.core import audit
from portal.core.db import db

from . import comparing
from .findings import Branches, Finder, Found, keep
from .listed import Listed, from_plain
from .models import Finding, Kind, Outcome
from .settling import FORGOTTEN, NOT_HERE, Batch, close

audit.name_acts({"comparison.judge": "比对后人工核对"})

TAKEN = "这一行或这位会员已与另一位对上，请先核对"


def are_one(batch: Batch) -> None:
    """They are one: whatever differs is found now, and the other pairs of the two are none."""
    judged = _readable(batch)
    finder = _finder(batch, judged)
    done: list[Finding] = []
    taken: set[str | int | None] = set()
    for finding in judged:
        both = {finding.row_key, finding.member_id}
        if finding.member_id not in finder.records:
            batch.told.skip(finding, NOT_HERE)
        elif both & taken:
            batch.told.skip(finding, TAKEN)
        else:
            taken |= both
            done.append(finding)
    close(batch, done, Outcome.SAME)
    settled = batch.told.done
    rest = [one for one in _open(batch) if {one.row_key, one.member_id} & taken]
    close(batch, rest, Outcome.OTHER)
    batch.told.done = settled
    found = [one for finding in done for one in finder.pair(_row(finding), _member(finding))]
    _find(batch, finder, found, rest)


def are_two(batch: Batch) -> None:
    """They are two: who has no other pair left stands alone from now on."""
    judged = _readable(batch)
    finder = _finder(batch, judged)
    close(batch, judged, Outcome.OTHER)
    _find(batch, finder, [], judged)


def _readable(batch: Batch) -> list[Finding]:
    found = []
    for finding in batch.findings:
        if finding.data is None or finding.member_id is None:
            batch.told.skip(finding, FORGOTTEN if finding.data is None else NOT_HERE)
        else:
            found.append(finding)
    return found


def _open(batch: Batch) -> list[Finding]:
    """Return the doubts of the comparison that wait, also at units of which the actor sees no list."""
    query = select(Finding).where(
        Finding.comparison_id == batch.item.id, Finding.kind == Kind.UNSURE, Finding.outcome.is_(None)
    )
    return [one for one in db.session.scalars(query.order_by(Finding.place)) if one.data is not None]


def _finder(batch: Batch, findings: Iterable[Finding]) -> Finder:
    """Return what tells the findings of these people and of those who share a pair with them."""
    ids = {one.member_id for one in (*findings, *_open(batch)) if one.member_id is not None}
    house = comparing.look(batch.actor, batch.item.unit_id, only=ids)
    return Finder(house.under, house.records, Branches(house.union), house.paths)


def _row(finding: Finding) -> Listed:
    return from_plain(finding.data["row"])


def _member(finding: Finding) -> int:
    if finding.member_id is None:
        raise LookupError("a doubt without its member")
    return finding.member_id


def _find(batch: Batch, finder: Finder, found: list[Found], parted: Iterable[Finding]) -> None:
    """Keep what was found, and rows and members that have no pair left."""
    rows: set[str | None] = set()
    people: set[int | None] = set()
    query = select(Finding.row_key, Finding.member_id).where(
        Finding.comparison_id == batch.item.id,
        Finding.kind == Kind.UNSURE,
        Finding.outcome.is_(None) | (Finding.outcome == Outcome.SAME),
    )
    for row_key, member_id in db.session.execute(query):
        rows.add(row_key)
        people.add(member_id)
    for finding in parted:
        if finding.row_key not in rows:
            rows.add(finding.row_key)
            found.append(finder.stranger(_row(finding)))
        if finding.member_id not in people and finding.member_id in finder.records:
            people.add(finding.member_id)
            found += finder.missing(_member(finding))
    last = db.session.scalar(select(func.max(Finding.place)).where(Finding.comparison_id == batch.item.id))
    keep(batch.item, found, place=last or 0)
