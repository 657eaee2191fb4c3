"""People of every kind around one member of branch a."""

from __future__ import annotations

import pytest

from portal.core.calendar import today
from portal.core.db import db
from portal.org.models import Grant
from portal.org.permissions import Role
from tests import factories


@pytest.fixture
def member(tree):
    """Someone of branch a, a lecturer."""
    made = factories.make_member(
        tree["a"], name="曾晓梅", department="外国语学院", prof_title="013", degree=None, id_type="1"
    )
    db.session.commit()
    return made


@pytest.fixture
def people(tree, user_as, member):
    """One of each kind; `colleague` is a member of the branch who is its operator too."""
    colleague = factories.make_member(tree["a"], name="何兼职").user
    db.session.add(Grant(user=colleague, role=Role.BRANCH_OPERATOR, unit=tree["a"], starts=today()))
    found = {
        "herself": member.user,
        "operator": user_as(Role.BRANCH_OPERATOR, tree["a"], name="李操作"),
        "chair": user_as(Role.BRANCH_CHAIR, tree["a"], name="王主席"),
        "elsewhere": user_as(Role.BRANCH_OPERATOR, tree["b"]),
        "union": user_as(Role.UNION_OPERATOR, tree["root"], name="张操作"),
        "union chair": user_as(Role.UNION_CHAIR, tree["root"], name="赵主席"),
        "admin": user_as(Role.SUPER_ADMIN, tree["root"]),
        "nobody": user_as(),
        "colleague": colleague,
    }
    db.session.commit()
    return found
