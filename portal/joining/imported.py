"""Applications that an import brings: written many at once, as an operator's entries that await the person's word.

It stands behind the door `members.importing.door`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, insert, select, update

from portal.core import crypto, kinds, notices
from portal.core.calendar import now
from portal.core.db import db, new_uuid
from portal.members import many
from portal.members.importing.door import Applicant, Document, Waiting
from portal.org import access
from portal.org.models import JoinForm, OrgUnit, User
from portal.org.permissions import Permission as P

from .entry_models import Entry
from .expected import matching
from .expected.models import ExpectedList
from .models import LIVE, Application
from .models import ApplicationState as S
from .questions import FULL, JOIN_PLEDGE, PLEDGE_VERSION, consent_of
from .workflow import JOINING

asked: Collection[str] = FULL

_WAITING = frozenset({*LIVE, S.ALREADY_HERE})
TOUCHED = "这份入会申请在导入后已有人办理"
_APPLICATIONS, _ENTRIES = cast(Table, Application.__table__), cast(Table, Entry.__table__)


def waiting(indexes: Sequence[str]) -> Mapping[Document, Waiting]:
    """Return by document the applications under way whose number has one of these keyed `indexes`."""
    found: dict[Document, Waiting] = {}
    for chunk in many.in_chunks(indexes):
        columns = (Application.id, Application.unit_id, Application.state, Application.id_type, Application.id_index)
        query = select(*columns).where(Application.id_index.in_(chunk))
        for row in db.session.execute(query):  # with the state in the condition SQLite reads all that are under way
            if row.state in _WAITING:
                found[row.id_type, row.id_index] = Waiting(row.id, row.unit_id, row.state.label)
    return found


def enter(actor: User, people: Sequence[Applicant], *, has_consent: bool) -> list[int]:
    """Write an application for each, sent and waiting for the branch (or the union), and return their numbers.

    Nobody can approve one before the signed form is there or the person has confirmed it (《工会会员会籍管理办法》
    article 5). `has_consent` says that the operator has got the separate consent to the family's fields.
    """
    units = {place: db.session.get_one(OrgUnit, place) for place in {one.unit_id for one in people}}
    told = {place: (_first_state(unit), consent_of(unit).version) for place, unit in units.items()}
    at = now()
    rows = [_row(one, *told[one.unit_id]) | {"created_at": at} for one in people]
    for row in rows:
        row |= {"consented_at": at, "submitted_at": at, "asked_at": at}
        row["sensitive_consented_at"] = at if has_consent else None
    db.session.execute(insert(_APPLICATIONS), rows)
    numbers: dict[str, int] = {}
    for chunk in many.in_chunks(row["uuid"] for row in rows):
        query = select(_APPLICATIONS.c.uuid, _APPLICATIONS.c.id).where(_APPLICATIONS.c.uuid.in_(chunk))
        numbers |= {row.uuid: row.id for row in db.session.execute(query)}
    ids = [numbers[row["uuid"]] for row in rows]
    entries = [{"application_id": number, "entered_by": actor.id, "entered_at": at} for number in ids]
    db.session.execute(insert(_ENTRIES), entries)
    return ids


def _first_state(unit: OrgUnit) -> S:
    """Return where an application to this unit begins to wait, as its own step would take it."""
    step = JOINING.step("submit" if access.opinion_needed(unit) else "submit_directly")
    return S(step.target)  # type: ignore[call-arg]  # by its value alone


def _row(one: Applicant, state: S, consent_version: str) -> dict[str, Any]:
    identity = new_uuid()
    said = json.dumps(kinds.plain(dict(one.values)), ensure_ascii=False, separators=(",", ":")).encode()
    return {
        "uuid": identity,
        "unit_id": one.unit_id,
        "state": state,
        "form": JoinForm.FULL,
        "data_sealed": crypto.seal(said, bound_to=f"{Application.SEAL_FAMILY}|data|{identity}"),
        "name": one.values["name"],
        "id_type": one.values["id_type"],
        "id_index": crypto.index("id_number", str(one.values["id_number"])),
        "wrong_fields": [],
        "pledge_version": PLEDGE_VERSION,
        "pledge_text": JOIN_PLEDGE,
        "consent_version": consent_version,
        "answer": "",
        "meeting": "",
    }


def tell(actor: User, unit_ids: Mapping[int, int]) -> None:
    """Tell those whose turn it is how many applications (by unit) have come, and find them on the open lists."""
    for unit_id, count in sorted(unit_ids.items()):
        unit = db.session.get_one(OrgUnit, unit_id)
        union = access.people_with(P.JOINING_APPROVE, access.approving_unit(unit))
        branch = access.people_with(P.JOINING_OPINE, unit, at_unit_only=True)
        turn = branch or union if access.opinion_needed(unit) else union
        asked_for = "请给出分工会意见" if access.opinion_needed(unit) else "请审批"
        title = f"{actor.label}导入了 {count} 份加入{unit.name}的入会申请，{asked_for}"
        notices.tell(set(turn) - {actor.id}, title, "批准前须上传签字申请表，或由本人确认。", "/joining/")
    areas = [db.session.get_one(OrgUnit, unit_id) for unit_id in unit_ids]
    for roll in db.session.scalars(select(ExpectedList).where(ExpectedList.closed_at.is_(None))):
        if any(matching.area(roll.unit).covers(unit) for unit in areas):
            matching.match_list(roll)


def withdraw(actor: User, ids: Collection[int]) -> dict[int, str]:
    """Withdraw the applications that nobody has touched since they were entered, and return why the others stay."""
    kept: dict[int, str] = {}
    for chunk in many.in_chunks(sorted(ids)):
        untouched = _untouched(chunk)
        kept |= {number: TOUCHED for number in chunk if number not in untouched}
        step = JOINING.step("withdraw")
        moved = update(_APPLICATIONS).where(_APPLICATIONS.c.id.in_(untouched), _APPLICATIONS.c.state.in_(step.sources))
        db.session.execute(moved.values(state=step.target))
    return kept


def _untouched(ids: Iterable[int]) -> list[int]:
    """Return those in the state in which they were entered, with no paper, no link and no word of the person."""
    query = (
        select(Application, Entry)
        .join(Entry, Entry.application_id == Application.id)
        .where(Application.id.in_(list(ids)), Application.state.in_((S.SUBMITTED, S.BRANCH_OK)))
        .with_for_update(of=Application)
        .execution_options(populate_existing=True)
    )
    return [
        item.id
        for item, entry in db.session.execute(query)
        if item.opinion_at is None
        and item.asked_at == item.submitted_at
        and entry.evidence_id is None
        and entry.link_id is None
        and entry.confirmed_at is None
    ]
