"""A small school with its officers, for the tests of handing over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.core.db import db
from portal.org.models import Grant, OrgUnit, User
from portal.org.permissions import Role


@pytest.fixture
def people(tree: dict[str, OrgUnit], user_as: Callable[..., User]) -> dict[str, User]:
    """The officers: `leaver` chairs branch a, `coming` works there."""
    return {
        "admin": user_as(Role.SUPER_ADMIN, tree["root"], username="admin", name="吴技术"),
        "second": user_as(Role.SUPER_ADMIN, tree["root"], username="admin2", name="郑技术"),
        "operator": user_as(Role.UNION_OPERATOR, tree["root"], username="caozuo", name="钱操作"),
        "chair": user_as(Role.UNION_CHAIR, tree["root"], username="zhuxi", name="孙主席"),
        "leaver": user_as(Role.BRANCH_CHAIR, tree["a"], username="likai", name="李离开"),
        "coming": user_as(Role.BRANCH_OPERATOR, tree["a"], username="jieren", name="周接任"),
        "foreign": user_as(Role.BRANCH_CHAIR, tree["b"], username="erhui", name="冯外人"),
    }


@pytest.fixture
def term_of() -> Callable[[User], list[tuple[str, str, object, object, bool]]]:
    """`term_of(user)`: role, unit, first and last day of each office, and whether it was revoked."""

    def read(user: User) -> list[tuple[str, str, object, object, bool]]:
        db.session.expire_all()
        rows = db.session.query(Grant).where(Grant.user_id == user.id).order_by(Grant.id)
        return [(one.role.value, one.unit.code, one.starts, one.ends, one.revoked_at is not None) for one in rows]

    return read
