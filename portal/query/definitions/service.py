"""Verbs of saved questions: list, find, save, write a new version, withdraw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from portal.core import audit
from portal.core import db as database
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, DomainError, Forbidden
from portal.members import endings
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from .. import asking, conditions
from ..asking import Sort
from . import blanks, offers
from .models import Definition, DefinitionVersion, Reach
from .presets import BY_KEY, COMMON, PRESETS
from .questions import Question, keeps_number, may_open, opened

audit.name_acts({"definition.save": "保存口径", "definition.revise": "修改口径", "definition.withdraw": "停用口径"})

P = Permission
MOST_OWNED = 200
COUNTED_AT_ONCE = 20_000  # members that the first page reads for its numbers


@dataclass(frozen=True)
class Wanted:
    """What is to be saved: the unit for a shared one, else None; `ticked` are the offers of blanks that are taken."""

    name: str
    note: str
    reach: Reach
    unit: OrgUnit | None
    draft: offers.Draft
    ticked: frozenset[str]


# --- finding ----------------------------------------------------------------------------------------------------------


def question_of(definition: Definition) -> Question:
    """Return the question that a definition asks now."""
    present = definition.present
    return Question(
        key=str(definition.id),
        name=definition.name,
        note=definition.note,
        template=present.question,
        blanks=tuple(blanks.from_plain(one) for one in present.blanks),
        columns=tuple(present.columns),
        sort=present.sort,
        number=definition.id,
    )


def preset(key: str) -> Question:
    """Return the preset with this key. Raises Absent."""
    if key not in BY_KEY:
        raise Absent
    return BY_KEY[key]


def find(actor: User, number: int) -> Definition:
    """Return a definition that the actor may see, locked if the request writes. Raises Absent."""
    query = select(Definition).where(Definition.id == number, Definition.withdrawn_at.is_(None))
    if database.is_writing():
        query = query.with_for_update(of=Definition)
    found = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None or not _is_seen(actor, found):
        raise Absent
    return found


def _is_seen(actor: User, definition: Definition) -> bool:
    """Whether the definition is her own, official, or shared where she works: there, above it or below it."""
    if definition.owner_id == actor.id or definition.reach is Reach.OFFICIAL:
        return True
    places = [grant.unit for grant in actor.giving(P.MEMBER_READ)]
    shared = definition.reach is Reach.SHARED
    return shared and any(one.covers(definition.unit) or definition.unit.covers(one) for one in places)


def saved(actor: User) -> list[Definition]:
    """Return the definitions that the actor sees and may open, her own first, then by reach and name."""
    reaches = [Reach.OFFICIAL, Reach.SHARED]
    query = select(Definition).where(
        Definition.withdrawn_at.is_(None), or_(Definition.owner_id == actor.id, Definition.reach.in_(reaches))
    )
    found = [one for one in db.session.scalars(query) if _is_seen(actor, one) and may_open(actor, question_of(one))]
    return sorted(found, key=lambda one: (one.owner_id != actor.id, one.reach is Reach.SHARED, one.name, one.id))


def presets(actor: User) -> list[Question]:
    """Return the official questions of the house that the actor may ask."""
    return [one for one in PRESETS if may_open(actor, one)]


def common(actor: User) -> list[tuple[Question, int | None, str]]:
    """Return the questions of the first page with their numbers and definitions in words; none that she may not ask.

    Where so many members are in scope that the page would wait for them, there are no numbers (None).
    """
    if not actor.holds(P.MEMBER_READ):
        return []
    found = [opened(actor, BY_KEY[key], {}) for key in COMMON if may_open(actor, BY_KEY[key])]
    in_scope = access.scoped(Member, actor, P.MEMBER_READ, func.count(Member.id))
    numbers: list[int] | list[None] = [None] * len(found)
    if (db.session.scalar(in_scope) or 0) <= COUNTED_AT_ONCE:
        numbers = asking.counts(actor, [one.asked for one in found])
    return [(one.question, number, one.caption) for one, number in zip(found, numbers, strict=True)]


# --- who may ----------------------------------------------------------------------------------------------------------


def may_change(actor: User, definition: Definition) -> bool:
    """Whether the actor may write over the definition: her own, or all but private ones as a keeper."""
    if definition.reach is not Reach.PRIVATE and is_keeper(actor):
        return True
    return definition.owner_id == actor.id and definition.reach is not Reach.OFFICIAL


def is_keeper(actor: User) -> bool:
    """Whether the actor keeps the official definitions: by a right at the root."""
    return any(grant.unit.parent_id is None for grant in actor.giving(P.QUERY_OFFICIAL))


def places(actor: User) -> list[OrgUnit]:
    """Return the units in which the actor may share."""
    return access.tops(actor, P.MEMBER_READ)


def check_change(actor: User, definition: Definition) -> None:
    """Raise Forbidden for whoever may not write over the definition."""
    if not may_change(actor, definition):
        raise Forbidden("这个口径由他人共用或是官方口径，不能直接修改，请用“另存为”保存一份自己的")


def _place(actor: User, wanted: Wanted) -> OrgUnit:
    """Return the unit that the definition stands at. Raises DomainError, Forbidden."""
    tops = places(actor)
    if wanted.reach is Reach.OFFICIAL:
        if not is_keeper(actor):
            raise Forbidden("官方口径由校工会操作员和主席保存，请改选“仅自己”或“本单位及以下共用”")
        return next(unit for unit in tops if unit.parent_id is None)
    if wanted.unit is None:
        return tops[0]
    if not actor.may(P.MEMBER_READ, wanted.unit):
        raise DomainError("请选择您管理范围内的单位", field="unit")
    return wanted.unit


# --- writing ----------------------------------------------------------------------------------------------------------


def save(actor: User, wanted: Wanted) -> Definition:
    """Save a question under a name. Raises DomainError, and QueryError for what the actor herself may not ask."""
    number = len(db.session.scalars(select(Definition.id).where(Definition.owner_id == actor.id)).all())
    if number >= MOST_OWNED:
        raise DomainError(f"一个账号最多保存 {MOST_OWNED} 个口径，请先停用不再使用的")
    definition = Definition(
        name=_name(wanted), note=wanted.note.strip(), reach=wanted.reach, unit=_place(actor, wanted), owner_id=actor.id
    )
    _add_version(actor, definition, wanted)
    db.session.add(definition)
    audit.record(actor, "definition.save", definition, details={"reach": wanted.reach.label})
    return definition


def revise(actor: User, definition: Definition, wanted: Wanted) -> None:
    """Write name, note and reach, and a new version where the question has changed. Raises as `save` does."""
    check_change(actor, definition)
    if definition.reach is Reach.OFFICIAL and wanted.reach is not Reach.OFFICIAL:
        raise DomainError("官方口径不能改为个人或共用，请另存一份，再停用这一份", field="reach")
    new = {"name": _name(wanted), "note": wanted.note.strip(), "reach": wanted.reach}
    old = {name: getattr(definition, name) for name in new}
    definition.unit = _place(actor, wanted)
    for name, value in new.items():
        setattr(definition, name, value)
    present = definition.present
    before = (present.question, present.blanks, present.columns, present.sort)
    question, blank_list = wanted.draft.taken(wanted.ticked)
    changes = {name: (str(old[name]), str(value)) for name, value in new.items() if old[name] != value}
    if before != (question, blank_list, list(wanted.draft.columns), wanted.draft.sort):
        _add_version(actor, definition, wanted)
        changes["version"] = (str(present.number), str(present.number + 1))
    audit.record(actor, "definition.revise", definition, changes=changes)


def withdraw(actor: User, definition: Definition) -> None:
    """Take the definition out of every list. Raises Forbidden."""
    check_change(actor, definition)
    definition.withdrawn_at = now()
    audit.record(actor, "definition.withdraw", definition)


def _name(wanted: Wanted) -> str:
    name = " ".join(wanted.name.split())
    if not name:
        raise DomainError("请填写名称", field="name")
    return name


def _add_version(actor: User, definition: Definition, wanted: Wanted) -> None:
    question, blank_list = wanted.draft.taken(wanted.ticked)
    _check(actor, wanted, question, blank_list)
    number = definition.present.number + 1 if definition.versions else 1
    definition.versions.append(
        DefinitionVersion(
            number=number,
            question=question,
            blanks=blank_list,
            columns=list(wanted.draft.columns),
            sort=wanted.draft.sort,
            recorded_by=actor.id,
        )
    )


def _check(actor: User, wanted: Wanted, question: Any, blank_list: Iterable[dict[str, Any]]) -> None:
    """Open what is to be saved as it will be opened: nobody saves what she may not ask."""
    if keeps_number(conditions.parse(wanted.draft.data)):
        raise DomainError("口径中不能保存证件号码或手机号码，请改用姓名、工号等条件", field="sentence")
    if wanted.draft.sort:
        Sort.read(wanted.draft.sort)
    if gone := blanks.unfilled(wanted.note, {one["name"] for one in blank_list}):
        raise DomainError(f"说明中的“{{{gone}}}”没有对应的填空项，请勾选它，或改写说明", field="note")
    trial = Question(
        "", wanted.name, wanted.note, question, tuple(blanks.from_plain(one) for one in blank_list),
        columns=wanted.draft.columns, sort=wanted.draft.sort,
    )  # fmt: skip
    opened(actor, trial, {})


endings.inherit("常用查询（口径），归新单位", Definition, Definition.withdrawn_at.is_(None))
