"""What a unit is called: renamed from a day on, called back by any day, found by what it was called before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from portal.core import audit
from portal.core.actors import CLOCK
from portal.core.calendar import show_date, today
from portal.core.db import OPEN_END, db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.kinds import cleaning
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from .models import BEGINNING, NAME_MOST, UnitName

audit.name_acts(
    {"unit.rename": "单位更名", "unit.rename_cancel": "撤销未生效的更名", "unit.rename_due": "更名到期生效"}
)

NOT_NAMED = "本工会"  # of a root that nobody has given its name yet
NAME_LEAST = 2  # characters
EARLIEST = date(1921, 1, 1)  # no union of ours is older


def cleaned(name: str, *, field: str = "name") -> str:
    """Return `name` without invisible characters and needless spaces. Raises DomainError for a length that is none."""
    kept = cleaning.for_name(name)
    if not NAME_LEAST <= len(kept) <= NAME_MOST:
        raise DomainError(f"单位名称应为 {NAME_LEAST} 至 {NAME_MOST} 个字，现在是 {len(kept)} 个", field=field)
    return kept


def refuse_namesake(parent: OrgUnit | None, name: str, *, but: OrgUnit | None = None, field: str = "name") -> None:
    """Raise DomainError where another unit right below `parent` than `but` has this name: nobody could tell them."""
    same = select(OrgUnit).where(OrgUnit.parent_id == (parent.id if parent else None), OrgUnit.name == name)
    for other in db.session.scalars(same):
        if but is None or other.id != but.id:
            raise DomainError(f"同一上级下面已经有“{name}”（代码 {other.code}），请换一个名称", field=field)


def names_of(unit: OrgUnit) -> list[UnitName]:
    """Return the names of a unit in the order of their days, those of the future too; none if it was never renamed."""
    query = select(UnitName).where(UnitName.unit_id == unit.id).order_by(UnitName.valid_from)
    return list(db.session.scalars(query))


def on_day(units: Iterable[OrgUnit], day: date) -> dict[int, str]:
    """Return what each of the units was called on `day`, by its number."""
    found = {unit.id: unit.name for unit in units}
    lines = select(UnitName.unit_id, UnitName.name).where(
        UnitName.unit_id.in_(found), UnitName.valid_from <= day, UnitName.valid_to > day
    )
    return found | {one.unit_id: one.name for one in db.session.execute(lines)}


def rename(actor: User, unit: OrgUnit, name: str, *, on: date | None = None) -> None:
    """Call the unit `name` from the day `on` (default today) until the next day on which a name is written down.

    A day to come waits until the clock applies it; a second name from the same day corrects the first. The name as of
    any day stays readable. Raises Absent outside the actor's subtree, DomainError for a name or a day that cannot be.
    """
    if not actor.may(Permission.UNIT_MANAGE, unit):
        raise Absent
    name, day = cleaned(name), on or today()
    if not EARLIEST <= day < OPEN_END:
        raise DomainError(f"更名日期应在{show_date(EARLIEST)}之后，请核对年份", field="on")
    lines = names_of(unit) or [_first_line(unit)]
    place = next(number for number, line in enumerate(lines) if line.valid_from <= day < line.valid_to)
    holder = lines[place]
    if holder.name == name:
        raise DomainError(f"{show_date(day)}的名称已经是“{name}”，不用更改", field="name")
    refuse_namesake(unit.parent, name, but=unit)
    if holder.valid_from == day:
        old, holder.name, end = holder.name, name, holder.valid_to
        if place and lines[place - 1].name == name:  # it is called again what it was called before
            lines[place - 1].valid_to = end
            db.session.delete(holder)
    else:
        old, end = holder.name, holder.valid_to
        holder.valid_to = day
        db.session.add(UnitName(unit=unit, unit_id=unit.id, name=name, valid_from=day, valid_to=end))
    if day <= today() < end:
        unit.name = name
    audit.record(actor, "unit.rename", unit, changes={"name": (old, name)}, details={"on": day.isoformat()})


def _first_line(unit: OrgUnit) -> UnitName:
    line = UnitName(unit=unit, unit_id=unit.id, name=unit.name, valid_from=BEGINNING, valid_to=OPEN_END)
    db.session.add(line)
    return line


def cancel(actor: User, name_id: int) -> OrgUnit:
    """Take back a name of the future and return its unit. Raises Absent, Conflict for a name that holds already."""
    line: UnitName = access.fetch(UnitName, name_id, actor, Permission.UNIT_MANAGE)
    unit = line.unit
    if line.valid_from <= today():
        raise Conflict("这个名称已经生效，不能撤销；如果写错了，请再更名一次，日期写同一天")
    before = next(one for one in names_of(unit) if one.valid_to == line.valid_from)
    audit.record(
        actor, "unit.rename_cancel", unit, changes={"name": (line.name, before.name)},
        details={"on": line.valid_from.isoformat()},
    )  # fmt: skip
    before.valid_to = line.valid_to
    db.session.delete(line)
    return unit


def apply_due() -> int:
    """Give the units the names that hold today, and return how many: for the clock, which may come twice."""
    day = today()
    due = (
        select(UnitName, OrgUnit)
        .join(OrgUnit, OrgUnit.id == UnitName.unit_id)
        .where(UnitName.valid_from <= day, UnitName.valid_to > day, UnitName.name != OrgUnit.name)
    )
    rows = db.session.execute(due).all()
    for line, unit in rows:
        old, unit.name = unit.name, line.name
        audit.record(
            CLOCK, "unit.rename_due", unit, changes={"name": (old, line.name)},
            details={"on": line.valid_from.isoformat()},
        )  # fmt: skip
    return len(rows)
