"""A small city beside the small school: counties, a town, unions with branches."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.core.db import db
from portal.org.models import OrgUnit, UnitKind
from tests import factories

K = UnitKind


@pytest.fixture
def city(app: Flask) -> dict[str, OrgUnit]:
    """市总工会 with two counties; the east one has a town with two unions, the first of them with two branches."""
    root = factories.make_unit(None, code="GH", name="海港市总工会", kind=K.CITY, approves_members=False)

    def below(parent: OrgUnit, code: str, name: str, kind: UnitKind) -> OrgUnit:
        takes = kind in (K.UNION, K.BRANCH)
        return factories.make_unit(
            parent, code=code, name=name, kind=kind, accepts_members=takes, approves_members=kind is K.UNION
        )

    east = below(root, "GH01", "东港区总工会", K.COUNTY)
    west = below(root, "GH02", "西山区总工会", K.COUNTY)
    town = below(east, "GH0101", "东港区第一街道工会", K.TOWN)
    firm = below(town, "GH010101", "海港机械公司工会", K.UNION)
    other = below(town, "GH010102", "海港食品公司工会", K.UNION)
    shop = below(firm, "GH01010101", "一车间分工会", K.BRANCH)
    office = below(firm, "GH01010102", "机关分工会", K.BRANCH)
    db.session.commit()
    return {
        "root": root, "east": east, "west": west, "town": town, "firm": firm, "other": other, "shop": shop,
        "office": office,
    }  # fmt: skip
