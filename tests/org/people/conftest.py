"""A school and a city with their officers, for the tests of accounts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from portal.core.db import db
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Role
from tests import factories


@pytest.fixture
def city(as_city: None) -> dict[str, OrgUnit]:
    """A city: two counties, a town, and two unions of which one has a branch."""
    make, kinds = factories.make_unit, UnitKind
    no_members = {"accepts_members": False, "contact_phone": ""}
    top = make(None, code="GH", name="滨海市总工会", kind=kinds.CITY, approves_members=False, needs_opinion=False)
    east = make(top, code="GH01", name="东港区总工会", kind=kinds.COUNTY, **no_members)
    west = make(top, code="GH02", name="西山区总工会", kind=kinds.COUNTY, **no_members)
    town = make(east, code="GH0101", name="东港区第一街道工会", kind=kinds.TOWN, **no_members)
    union = make(town, code="GH010101", name="第一港务有限公司工会", kind=kinds.UNION, approves_members=True)
    other = make(west, code="GH0201", name="第二食品有限公司工会", kind=kinds.UNION, approves_members=True)
    branch = make(union, code="GH01010101", name="装卸一队分工会", accepts_members=False)
    db.session.commit()
    return {"top": top, "east": east, "west": west, "town": town, "union": union, "other": other, "branch": branch}


@pytest.fixture
def officer(app: Flask) -> Callable[..., User]:
    """`officer(Role.UNIT_ADMIN, unit)`: an account with that office; its other columns as named."""

    def make(role: Role, unit: OrgUnit, **columns: object) -> User:
        user = factories.make_user(role, unit, **columns)
        db.session.commit()
        return user

    return make
