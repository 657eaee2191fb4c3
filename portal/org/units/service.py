"""Verbs of the tree: found a unit, set it up, rename it, move it with all that is below, disable and enable it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from sqlalchemy import func, literal, select, update

from portal.core import audit
from portal.core import db as database
from portal.core.actors import Actor
from portal.core.db import db
from portal.core.errors import Absent, DomainError, Forbidden
from portal.org import access
from portal.org import service as org
from portal.org.models import SIGNATURE_MOST, JoinForm, OrgUnit, UnitKind, User
from portal.org.permissions import Permission as P

from . import kinds, population
from .models import UnitName
from .names import cleaned, refuse_namesake
from .names import rename as rename

audit.name_acts(
    {"unit.set_up": "修改单位设置", "unit.move": "调整上级单位", "unit.disable": "停用单位", "unit.enable": "启用单位"}
)

CODE = re.compile(r"[A-Z0-9-]{1,20}")
CODE_RULE = "单位代码由大写字母、数字和短横线组成，最多 20 个字符"
NUMBERED_MOST = 99  # units that get their parent's code and two digits
NAMED = 3  # units that a refusal names
PHONE_MOST = 40  # characters

SETTINGS = (
    "kind",
    "approves_members",
    "accepts_members",
    "needs_opinion",
    "join_form",
    "contact_phone",
    "sms_signature",
)


# --- finding one ------------------------------------------------------------------------------------------------------


def find(actor: User, unit_id: int) -> OrgUnit:
    """Return a unit that the actor may see. Raises Absent."""
    unit: OrgUnit = access.fetch(OrgUnit, unit_id, actor, P.UNIT_READ)
    return unit


def managed(actor: User, unit_id: int, permission: P = P.UNIT_MANAGE) -> OrgUnit:
    """Return a unit where the actor has `permission`; a request that writes then holds the tree. Raises Absent."""
    if database.is_writing():
        hold_tree()
    unit: OrgUnit = access.fetch(OrgUnit, unit_id, actor, permission)
    return unit


def hold_tree() -> None:
    """Let changes of the tree wait for each other until the end of the transaction; taken before any unit's row.

    Of two moves at once each could lead below the other, and a unit founded meanwhile would keep its parent's old path.
    """
    root = select(OrgUnit.id).where(OrgUnit.parent_id.is_(None))
    db.session.execute(root.with_for_update(key_share=True)).all()


def find_by(text: str, under: OrgUnit) -> OrgUnit | None:
    """Return the one unit at or below `under` whose code, name or old name is `text`; None for none.

    A code goes before a name, a name before an old one. Raises DomainError where several units have the name.
    """
    within = under.subtree
    word, code = text.strip(), as_code(text)
    called = select(UnitName.unit_id).where(UnitName.name == word)
    for condition in (OrgUnit.code == code, OrgUnit.name == word, OrgUnit.id.in_(called)):
        found = list(db.session.scalars(select(OrgUnit).where(within, condition).limit(2)))
        if len(found) > 1:
            raise DomainError(f"有不止一个单位叫“{word}”，请改写单位代码")
        if found:
            return found[0]
    return None


def is_strictly_below(actor: User, unit: OrgUnit) -> bool:
    """Whether the unit lies below one that the actor looks after: then its place is not the actor's own."""
    return any(top.id != unit.id and top.covers(unit) for top in access.tops(actor, P.UNIT_MANAGE))


# --- founding ---------------------------------------------------------------------------------------------------------


def as_code(text: str) -> str:
    """Return `text` as a code is written: half-width, in capitals, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def next_code(parent: OrgUnit) -> str:
    """Return the parent's code with the first two digits that are free. Raises DomainError where none is."""
    own = select(OrgUnit.code).where(OrgUnit.code.startswith(parent.code, autoescape=True))
    return numbered(parent.code, set(db.session.scalars(own)))


def numbered(code: str, taken: set[str]) -> str:
    """Return `code` with the first two digits that are not in `taken`. Raises DomainError on `code` where none is."""
    for number in range(1, NUMBERED_MOST + 1):
        new = f"{code}{number:02}"
        if new not in taken and CODE.fullmatch(new):
            return new
    raise DomainError(f"代码 {code} 后面的两位数字已经用完，或加上后太长，请自己填写单位代码", field="code")


def found(
    actor: User,
    parent: OrgUnit,
    *,
    name: str,
    kind: UnitKind,
    code: str = "",
    approves_members: bool | None = None,
    accepts_members: bool | None = None,
    needs_opinion: bool | None = None,
    join_form: JoinForm | None = None,
    contact_phone: str = "",
    sms_signature: str = "",
) -> OrgUnit:
    """Add a unit below `parent` and return it.

    `code` is `[A-Z0-9-]{1,20}` and unique; empty, the parent's with two digits. `approves_members` and
    `accepts_members` are None for what is usual for `kind`; `needs_opinion` and `join_form` None for 同上级. Raises
    Absent outside the actor's subtree, DomainError naming the field.
    """
    if not actor.may(P.UNIT_MANAGE, parent):
        raise Absent
    if not parent.is_enabled:
        raise DomainError(f"{parent.name}已停用，请先启用它再新增下级")
    name = cleaned(name)
    kinds.refuse_misfit(kind, parent, field="kind")
    refuse_namesake(parent, name)
    return org.found_unit(
        actor,
        parent=parent,
        code=_free_code(code, parent),
        name=name,
        kind=kind,
        approves_members=kinds.approves(kind) if approves_members is None else approves_members,
        accepts_members=kinds.accepts(kind) if accepts_members is None else accepts_members,
        needs_opinion=needs_opinion,
        join_form=join_form,
        contact_phone=_phone(contact_phone),
        sms_signature=_signature(sms_signature),
    )


def _free_code(text: str, parent: OrgUnit) -> str:
    code = as_code(text)
    if not code:
        return next_code(parent)
    if not CODE.fullmatch(code):
        raise DomainError(CODE_RULE, field="code")
    if db.session.scalars(select(OrgUnit.id).where(OrgUnit.code == code)).first() is not None:
        raise DomainError(f"单位代码 {code} 已被使用，请换一个；不填则自动编号", field="code")
    return code


def _phone(text: str) -> str:
    phone = " ".join(text.split())
    if len(phone) > PHONE_MOST:
        raise DomainError(f"联系电话最多 {PHONE_MOST} 个字符，请缩短", field="contact_phone")
    return phone


def _signature(text: str) -> str:
    signature = " ".join(text.split()).removeprefix("【").removesuffix("】").strip()
    if len(signature) > SIGNATURE_MOST or "【" in signature or "】" in signature:
        raise DomainError(f"短信签名最多 {SIGNATURE_MOST} 个字，不带【】，请改短", field="sms_signature")
    return signature


def set_up(
    actor: User,
    unit: OrgUnit,
    *,
    kind: UnitKind,
    approves_members: bool,
    accepts_members: bool,
    needs_opinion: bool | None,
    join_form: JoinForm | None,
    contact_phone: str,
    sms_signature: str,
) -> None:
    """Change what the unit is and does; None in an inherited setting means 同上级.

    Raises Absent outside the actor's subtree, Forbidden for the kind of the actor's own unit, DomainError where the
    kind does not fit its parent or what stands below it, or where nothing is changed.
    """
    if not actor.may(P.UNIT_MANAGE, unit):
        raise Absent
    if kind is not unit.kind:
        _refuse_own(actor, unit, "类型")
        if unit.parent is not None:
            kinds.refuse_misfit(kind, unit.parent, field="kind")
        below = select(OrgUnit.kind).where(OrgUnit.parent_id == unit.id).distinct()
        for child in db.session.scalars(below):
            if kinds.misfit(child, kind):
                raise DomainError(f"它的下级有{child.label}，不能改为{kind.label}；请先调整下级", field="kind")
    new: dict[str, Any] = {
        "kind": kind,
        "approves_members": approves_members,
        "accepts_members": accepts_members,
        "needs_opinion": needs_opinion,
        "join_form": join_form,
        "contact_phone": _phone(contact_phone),
        "sms_signature": _signature(sms_signature),
    }
    changes = {one: (getattr(unit, one), new[one]) for one in SETTINGS if getattr(unit, one) != new[one]}
    if not changes:
        raise DomainError("没有改动任何设置")
    for one, (_, value) in changes.items():
        setattr(unit, one, value)
    audit.record(actor, "unit.set_up", unit, changes=changes)


def _refuse_own(actor: User, unit: OrgUnit, what: str) -> None:
    if not is_strictly_below(actor, unit):
        raise Forbidden(f"{unit.name}是您自己所在的单位，您不能改动它的{what}，请由上级单位办理")


# --- moving -----------------------------------------------------------------------------------------------------------


def move(actor: User, unit: OrgUnit, parent: OrgUnit) -> None:
    """Put the unit, with everything below it, under another parent from today on.

    Only paths of units are rewritten; members, codes and grants stay with their units. Raises Absent where the actor
    looks after either side no more, Forbidden for the actor's own unit, DomainError where `parent` is the unit itself,
    lies below it, is disabled, or may not hold its kind.
    """
    if not (actor.may(P.UNIT_MANAGE, unit) and actor.may(P.UNIT_MANAGE, parent)):
        raise Absent
    _refuse_own(actor, unit, "上级")
    if unit.covers(parent):
        what = "它自己" if parent.id == unit.id else "它自己的下级"
        raise DomainError(f"不能把{unit.name}移到{what}下面，请另选上级", field="parent")
    if parent.id == unit.parent_id:
        raise DomainError(f"{unit.name}已经在{parent.name}下面，不用移动", field="parent")
    if not parent.is_enabled and unit.is_enabled:
        raise DomainError(f"{parent.name}已停用，不能移到它下面", field="parent")
    kinds.refuse_misfit(unit.kind, parent, field="parent")
    refuse_namesake(parent, unit.name, field="parent")
    before, old, old_end = unit.parent, unit.path, unit.path_end
    new = f"{parent.path}{unit.id}/"
    unit.parent = parent
    # flushed first, so that the rows that are loaded again below have nothing left to write
    db.session.flush()
    rest = func.substr(OrgUnit.path, len(old) + 1)
    moved = db.session.execute(
        update(OrgUnit)
        .where(OrgUnit.path >= old, OrgUnit.path < old_end)
        .values(path=literal(new) + rest)
        .execution_options(synchronize_session=False)
    )
    for one in list(db.session.identity_map.values()):
        if isinstance(one, OrgUnit):
            db.session.expire(one)
    changes = {"parent": (_named(before), _named(parent)), "path": (old, new)}
    audit.record(actor, "unit.move", unit, changes=changes, details={"units": moved.rowcount})  # type: ignore[attr-defined]  # an UPDATE has one


def _named(unit: OrgUnit | None) -> str:
    return f"{unit.name}（{unit.code}）" if unit is not None else ""


# --- disabling --------------------------------------------------------------------------------------------------------


def disable(actor: User, unit: OrgUnit) -> int:
    """Close the unit and what is below it, so that they take no applications; return how many units were closed.

    Raises Absent, Forbidden for the actor's own unit, DomainError where members are left or applications undecided:
    nobody is left without a union, and a unit that had members is never deleted.
    """
    if not actor.may(P.UNIT_MANAGE, unit):
        raise Absent
    _refuse_own(actor, unit, "启用状态")
    if not unit.is_enabled:
        raise DomainError(f"{unit.name}已经停用")
    return close(actor, unit)


def close(actor: Actor, unit: OrgUnit) -> int:
    """Close the unit and what is below it, for a verb that has asked for the right; return how many units.

    Raises DomainError where members are left or applications undecided.
    """
    sentence = why_not_disabled(unit)
    if sentence:
        raise DomainError(sentence)
    return _switch(actor, unit, "unit.disable", on=False, below=True)


def why_not_disabled(unit: OrgUnit) -> str:
    """Return who is in the way of closing the unit and what to do about it; nothing where nobody is."""
    return "。".join(sentence for sentence in (_members_left(unit), _applications_left(unit)) if sentence)


def _applications_left(unit: OrgUnit) -> str:
    count = population.undecided(unit)
    if not count:
        return ""
    return (
        f"{unit.name}（含下级）还有 {count} 份入会申请没有办结，不能停用。"
        "请先审批或退回，或把申请转到其他单位，全部办结后再停用"
    )


def _members_left(unit: OrgUnit) -> str:
    count = population.living_below(unit)
    if not count:
        return ""
    below = select(OrgUnit.id, OrgUnit.name).where(OrgUnit.parent_id == unit.id).order_by(OrgUnit.code)
    rows = db.session.execute(below).all()
    living = population.living([row.id for row in rows])
    holding = [f"{row.name} {living[row.id]} 人" for row in rows if living[row.id]]
    where = f"（其中：{'、'.join(holding[:NAMED])}{' 等' if len(holding) > NAMED else ''}）" if holding else ""
    return (
        f"{unit.name}{'及其下级' if holding else ''}还有 {count} 名会员{where}，不能停用。"
        "请用“撤并方案”把他们一次转到其他单位，或逐个转出，然后再停用"
    )


def enable(actor: User, unit: OrgUnit, *, below: bool = False) -> int:
    """Open the unit again, with all that is `below` it if wanted; return how many units were opened.

    Raises Absent, Forbidden for the actor's own unit, DomainError while its parent is disabled.
    """
    if not actor.may(P.UNIT_MANAGE, unit):
        raise Absent
    _refuse_own(actor, unit, "启用状态")
    if unit.is_enabled:
        raise DomainError(f"{unit.name}没有停用")
    if unit.parent is not None and not unit.parent.is_enabled:
        raise DomainError(f"上级{unit.parent.name}已停用，请先启用上级")
    return _switch(actor, unit, "unit.enable", on=True, below=below)


def _switch(actor: Actor, unit: OrgUnit, act: str, *, on: bool, below: bool) -> int:
    rows = update(OrgUnit).where(OrgUnit.is_enabled.is_not(on))
    rows = rows.where(unit.subtree) if below else rows.where(OrgUnit.id == unit.id)
    switched = db.session.execute(rows.values(is_enabled=on).execution_options(synchronize_session="fetch"))
    count = int(switched.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one
    audit.record(actor, act, unit, changes={"is_enabled": (not on, on)}, details={"units": count})
    return count
