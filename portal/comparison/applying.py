"""Write what the list says into the members, many at once: each value that is still as it was found, and allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from portal.core import audit, kinds, notices
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Problems
from portal.core.fields import NOW
from portal.members import checks, history, many
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.models import Member
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import Finding, Outcome
from .service import STATUS
from .settling import FORGOTTEN, NOT_HERE, Batch, close

audit.name_acts({"comparison.apply": "按人事名单更新会员信息"})

REASON = "人事名单比对"
BY_STEPS = "就业状况由离职、退休等手续改变，请转待办"
MOVED = "系统中的内容在比对之后有了变动，请重新比对"
TAKEN = "{}已被其他会员使用，请核对"


def apply(batch: Batch) -> None:
    """Write the new values, and tell the members which of their fields were changed."""
    by_member: dict[int, list[Finding]] = defaultdict(list)
    for finding in batch.findings:
        if finding.member_id is None:
            batch.told.skip(finding, NOT_HERE)
        elif finding.data is None:
            batch.told.skip(finding, FORGOTTEN)
        elif finding.field == STATUS:
            batch.told.skip(finding, BY_STEPS)
        else:
            by_member[finding.member_id].append(finding)
    people = {member.id: member for member in _locked(batch.actor, sorted(by_member))}
    edits: dict[int, dict[str, Any]] = {}
    done: list[Finding] = []
    already: list[Finding] = []
    for member_id, findings in by_member.items():
        member = people.get(member_id)
        if member is None:
            for finding in findings:
                batch.told.skip(finding, NOT_HERE)
            continue
        fit = []
        for finding in findings:
            why = _why_not(batch.actor, member, finding)
            if why is None:
                already.append(finding)
            elif why:
                batch.told.skip(finding, why)
            else:
                fit.append(finding)
        written, fit = _checked(batch, member, fit)
        if written:
            edits[member_id] = written
        done += fit
    _refuse_twice(batch, edits, done)
    edits = {number: written for number, written in edits.items() if written}
    many.write(edits, batch.actor, reason=REASON, batch_id=batch.batch_id)
    _tell(batch.actor, people, edits)
    close(batch, done, Outcome.APPLIED)
    close(batch, already, Outcome.RESOLVED)


def _locked(actor: User, ids: Sequence[int]) -> Iterator[Member]:
    for chunk in many.in_chunks(ids):
        query = access.scoped(Member, actor, P.MEMBER_EDIT).where(Member.id.in_(chunk)).order_by(Member.id)
        yield from db.session.scalars(query.with_for_update(of=Member).execution_options(populate_existing=True))


def _value(finding: Finding, word: str) -> Any:
    return kinds.from_plain(FIELD[finding.field], finding.data[word])


def _why_not(actor: User, member: Member, finding: Finding) -> str | None:
    """Return why the value may not be written, "" where it may, None where the member has it already."""
    field = FIELD[finding.field]
    if members.right_to(actor, member, field) is not NOW:
        own = member.user_id == actor.id
        return f"不能直接修改本人的{field.label}" if own else f"您不能直接修改{field.label}，请按规定办理"
    now = history.value_of(member, field.name)
    if checks.same(now, _value(finding, "new")):
        return None
    return "" if checks.same(now, _value(finding, "old")) else MOVED


def _checked(batch: Batch, member: Member, findings: list[Finding]) -> tuple[dict[str, Any], list[Finding]]:
    """Return what is to be written, and the findings behind it; those that break a rule are left."""
    current = members.current_of(member)
    for _ in range(2):
        if not findings:
            break
        wanted = {finding.field: _value(finding, "new") for finding in findings}
        for finding in findings:
            if finding.field == "id_number":
                wanted["id_type"] = finding.data["id_type"]
        try:
            written, _warnings = checks.check_change(current, wanted, today=today())
        except Problems as problems:
            wrong = {name: "；".join(sentences) for name, sentences in problems.errors.items()}
            named = [one for one in findings if one.field in wrong] or findings
            for finding in named:
                batch.told.skip(finding, wrong.get(finding.field) or "；".join(wrong.values()))
            findings = [one for one in findings if one not in named]
            continue
        return _free(batch, member, written, findings)
    for finding in findings:
        batch.told.skip(finding, "与其他内容矛盾，请单独修改")
    return {}, []


def _free(
    batch: Batch, member: Member, written: dict[str, Any], findings: list[Finding]
) -> tuple[dict[str, Any], list[Finding]]:
    """Leave out a 工号 or a document that another member has."""
    taken = set()
    if written.get("staff_no"):
        holder = db.session.scalars(select(Member.id).where(Member.staff_no == written["staff_no"])).first()
        taken |= {"staff_no"} if holder not in (None, member.id) else set()
    if written.get("id_number"):
        document = members.find_by_document(written.get("id_type", member.id_type), written["id_number"])
        taken |= {"id_number"} if document not in (None, member) else set()
    for name in taken:
        for finding in findings:
            if finding.field == name:
                batch.told.skip(finding, TAKEN.format(FIELD[name].label))
    if "id_number" in taken:
        taken |= {"id_type", "sex", "birth_date"}
    return (
        {name: value for name, value in written.items() if name not in taken},
        [one for one in findings if one.field not in taken],
    )


def _refuse_twice(batch: Batch, edits: dict[int, dict[str, Any]], done: list[Finding]) -> None:
    """Leave out a 工号 that two of the members would get."""
    seen: dict[str, int] = {}
    for member_id, written in edits.items():
        number = written.get("staff_no")
        if number is not None and seen.setdefault(number, member_id) != member_id:
            del written["staff_no"]
            for finding in [one for one in done if (one.member_id, one.field) == (member_id, "staff_no")]:
                done.remove(finding)
                batch.told.skip(finding, TAKEN.format(FIELD["staff_no"].label))


def _tell(actor: User, people: dict[int, Member], edits: dict[int, dict[str, Any]]) -> None:
    told: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for member_id, written in edits.items():
        user_id = people[member_id].user_id
        if user_id is not None and user_id != actor.id:
            told[tuple(FIELD[name].label for name in FIELD if name in written)].append(user_id)
    for labels, user_ids in told.items():
        body = f"依据人事部门的名单，修改的内容：{'、'.join(labels)}"
        notices.tell(user_ids, f"您的会员信息已由 {actor.label} 修改", body, "/members/me")
