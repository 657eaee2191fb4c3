"""Verbs of wordings: written, rewritten, found for sending."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from portal.core import audit
from portal.core.db import db
from portal.core.errors import Absent, DomainError
from portal.core.todo import Todo
from portal.members import endings
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import blanks
from .models import Wording
from .models import WordingState as S
from .shipped import SHIPPED
from .workflow import WORDINGS

audit.name_acts({"wording.write": "新建短信模板", "wording.rewrite": "修改短信模板"})

OWN, OF_HOUSE = "w", "s"  # what a word for a wording begins with


@dataclass(frozen=True)
class Wanted:
    """What is to be written; `typed` as it was typed, apart by commas or spaces."""

    name: str
    text: str
    typed: str
    template_no: str
    unit: OrgUnit | None = None


@dataclass(frozen=True)
class Ready:
    """A wording that may be sent: `ref` is the word for it, `typed` the blanks that the sender fills in.

    `template_no` is the number under which the gateway has filed it, "" for none.
    """

    ref: str
    name: str
    text: str
    typed: tuple[str, ...]
    template_no: str = ""


def places(actor: User) -> list[OrgUnit]:
    """Return the units where the actor may keep wordings."""
    return access.tops(actor, P.MESSAGE_SEND)


def find(actor: User, number: int) -> Wording:
    """Return a wording in the actor's scope. Raises Absent."""
    item: Wording = WORDINGS.fetch(actor, number)
    return item


def kept(actor: User, state: str = "") -> list[Wording]:
    """Return the wordings in the actor's scope, in `state` if given."""
    query = access.scoped(Wording, actor, P.MESSAGE_SEND).order_by(Wording.name, Wording.id)
    if state in list(S):
        query = query.where(Wording.state == state)
    return list(db.session.scalars(query))


def ready(actor: User) -> list[Ready]:
    """Return what the actor may send now: the house's, and approved ones of her units, below them and above them."""
    found = [Ready(f"{OF_HOUSE}:{one.key}", one.name, one.text, one.typed_names) for one in SHIPPED.values()]
    above = {unit.id for top in places(actor) for unit in access.upward(top)}
    query = select(Wording).where(
        Wording.state == S.APPROVED,
        or_(access.in_scope(Wording, actor, P.MESSAGE_SEND), Wording.unit_id.in_(sorted(above))),
    )
    return found + [
        Ready(f"{OWN}:{one.id}", one.name, one.text, one.typed_names, one.template_no)
        for one in db.session.scalars(query.order_by(Wording.name, Wording.id))
    ]


def of_ref(actor: User, ref: str) -> Ready:
    """Return what `ref` stands for. Raises Absent for what the actor may not send."""
    for one in ready(actor):
        if one.ref == ref:
            return one
    raise Absent


def may_edit(actor: User, item: Wording) -> bool:
    """Whether the actor may rewrite it: what the union has approved only the union rewrites."""
    if item.state in (S.DRAFT, S.RETURNED):
        return actor.may(P.MESSAGE_SEND, item.unit)
    return item.state is S.APPROVED and actor.may(P.MESSAGE_TEMPLATE, item.unit)


def write(actor: User, wanted: Wanted) -> Wording:
    """Write a wording as a draft. Raises DomainError under its input."""
    unit = wanted.unit or places(actor)[0]
    if not actor.may(P.MESSAGE_SEND, unit):
        raise DomainError("请选择您管理范围内的单位", field="unit")
    item = Wording(unit=unit, owner_id=actor.id, state=S.DRAFT)
    _fill(item, wanted)
    db.session.add(item)
    db.session.flush()  # the page that follows is named by its number
    audit.record(actor, "wording.write", item)
    return item


def rewrite(actor: User, item: Wording, wanted: Wanted) -> None:
    """Change a wording. Raises DomainError."""
    if not may_edit(actor, item):
        raise DomainError("这个模板正在审核、已停用，或由校工会审定，不能修改；请另写一个")
    before = item.text
    _fill(item, wanted)
    audit.record(actor, "wording.rewrite", item, changes={"text": (before, item.text)})


def _fill(item: Wording, wanted: Wanted) -> None:
    name, text = " ".join(wanted.name.split()), wanted.text.replace("\r", "").strip()
    if not name:
        raise DomainError("请填写模板名称，例如“领慰问品”", field="name")
    if not text:
        raise DomainError("请填写短信内容", field="words")
    typed = [one for one in re.split(r"[\s,，、;；【】]+", wanted.typed) if one]
    if len(typed) > blanks.MOST_TYPED or any(len(one) > 20 for one in typed):
        raise DomainError(f"发送时填写的空最多 {blanks.MOST_TYPED} 个，每个名称最多 20 个字", field="typed")
    if shadowed := [one for one in typed if one in blanks.fields()]:
        raise DomainError(f"“{shadowed[0]}”是会员资料中的一项，会自动填写，请从这里去掉", field="typed")
    blanks.refuse_document(text, field="words")
    blanks.check(text, typed)
    item.name, item.text, item.template_no = name, text, wanted.template_no.strip()
    item.typed = ",".join(one for one in dict.fromkeys(typed) if one in blanks.names_in(text))


def todo(actor: User) -> list[Todo]:
    """Return how many wordings wait for the actor's approval."""
    if not actor.holds(P.MESSAGE_TEMPLATE):
        return []
    query = access.scoped(Wording, actor, P.MESSAGE_TEMPLATE, func.count(Wording.id)).where(Wording.state == S.ASKED)
    count = db.session.scalar(query) or 0
    return [Todo("短信模板待审核", count, "wordings.index", {"state": S.ASKED.value})] if count else []


endings.inherit("短信模板，归新单位", Wording, Wording.state != S.RETIRED)
