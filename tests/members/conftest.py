"""One member with something in every section, and people of every kind around her."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.actors import SHELL
from portal.members import service
from portal.org.permissions import Role
from tests import factories

NUMBER = factories.id_number(birth=date(1985, 6, 15), sex="2", serial=321)


@pytest.fixture
def member(tree):
    """Someone of branch a with something in every section."""
    values = factories.a_person(
        name="曾晓梅",
        id_number=NUMBER,
        birth_date=date(1985, 6, 15),
        sex="2",
        staff_no="20150012",
        mobile="13912345678",
        dues_base="7654.32",
        marital_status="21",
        home_address="迎宾路一号",
        spouse={"name": "王伟", "phone": "13700009999"},
        children_count=1,
        family_members=[{"relation": "51", "name": "曾父", "workplace": "海港煤矿", "phone": "13800007777"}],
    ).values
    return service.admit(SHELL, unit=tree["a"], values=values, join_date=date(2026, 9, 1))


@pytest.fixture
def people(tree, user_as, member):
    """One of each kind."""
    return {
        "operator": user_as(Role.BRANCH_OPERATOR, tree["a"], name="李操作"),
        "elsewhere": user_as(Role.BRANCH_OPERATOR, tree["b"]),
        "union": user_as(Role.UNION_OPERATOR, tree["root"], name="张操作"),
        "chair": user_as(Role.UNION_CHAIR, tree["root"], name="赵主席"),
        "admin": user_as(Role.SUPER_ADMIN, tree["root"]),
        "nobody": user_as(),
        "self": member.user,
    }
