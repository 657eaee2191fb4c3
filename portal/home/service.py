"""What the frame of the pages asks of the house."""

from __future__ import annotations

from sqlalchemy import select

from portal.core.db import db
from portal.org.models import OrgUnit

NO_UNION_YET = "工会"


def union_name() -> str:
    """Return the name of the root of the tree, which stands over the menu and on the sign-in page."""
    return db.session.scalar(select(OrgUnit.name).where(OrgUnit.parent_id.is_(None)).limit(1)) or NO_UNION_YET
