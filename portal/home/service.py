"""What the frame of the pages asks of the house."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from portal.core import settings
from portal.core.db import db
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Permission as P
from portal.org.units.names import NOT_NAMED

NO_UNION_YET = "工会"

settings.declare(
    Setting(
        "home_name", "页面上方的名称", Kind.TEXT, "", "本工会", longest=30,
        hint="留空则用最上级单位的名称，名称较长时可以写简称",
    ),
    Setting(
        "home_contact", "联系方式", Kind.TEXT, "", "本工会", longest=80,
        hint="显示在登录页和每一页的下方，例如：校工会 行政楼 203 室 0335-1234567",
    ),
)  # fmt: skip


def union_name() -> str:
    """Return what stands over the menu and on the sign-in page: as it is set, else the name of the tree's root."""
    if name := settings.value("home_name"):
        return str(name)
    return db.session.scalar(select(OrgUnit.name).where(OrgUnit.parent_id.is_(None)).limit(1)) or NO_UNION_YET


@dataclass(frozen=True)
class FirstStep:
    """One of the steps by which a union moves in; `endpoint` is "" where it is somebody else's."""

    words: str
    is_done: bool
    endpoint: str
    params: dict[str, Any] = field(default_factory=dict)


def first_steps(user: User) -> list[FirstStep]:
    """Return what a union that has no member yet does first, in its order; nothing for who does not look after it."""
    looks_after = [unit for unit in access.tops(user, P.UNIT_MANAGE) if unit.parent_id is None]
    if not looks_after or looks_after[0].kind is not UnitKind.UNION or _is_there(Member.id):
        return []
    [root] = looks_after
    has_branches = _is_there(OrgUnit.id, OrgUnit.accepts_members)
    may_bring = user.may(P.MEMBER_IMPORT_HISTORIC, root)
    bringing = "补录已经入会的老会员" if may_bring else "请校工会操作员登录，补录已经入会的老会员"
    return [
        FirstStep("写上本校工会的全称", root.name != NOT_NAMED, "units.rename", {"id": root.id}),
        FirstStep("导入分工会名单", has_branches, "unit_sheets.bring"),
        FirstStep(bringing, False, "importing.index" if may_bring else ""),
    ]


def _is_there(column: Any, *conditions: Any) -> bool:
    return db.session.scalar(select(column).where(*conditions).limit(1)) is not None
