"""What the frame of the pages asks of the house."""

from __future__ import annotations

from sqlalchemy import select

from portal.core import settings
from portal.core.db import db
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.org.models import OrgUnit

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
