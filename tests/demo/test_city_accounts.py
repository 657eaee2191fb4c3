"""A seeded city has its administrators: of the city, of a county, and of unions."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import select

from portal import demo
from portal.core.db import db
from portal.joining.models import JoinCode
from portal.org.models import Grant, OrgUnit, UnitKind, User
from portal.org.people import reach
from portal.org.permissions import Role


def test_a_city_has_administrators_level_by_level(app: Flask, tmp_path: Path) -> None:
    accounts = demo.populate(members=300, units=30, seed=1, profile="city", say=lambda words: None, uploads=tmp_path)

    made = [(role, unit) for role, _, _, unit in accounts if "管理员" in role]
    assert [role for role, _ in made] == ["超级管理员", *["组织机构管理员"] * 2, *["基层工会管理员"] * 2]
    (_, top), (_, level), (_, first) = made[1:4]
    assert (top, unit_of(level).parent, unit_of(first).approves_members) == ("GH", unit_of("GH"), True)
    assert unit_of(level).covers(unit_of(first))
    county, union = (
        db.session.scalars(
            select(User).join(User.grants).where(Grant.role == role, Grant.unit_id == unit_of(code).id)
        ).one()
        for role, code in ((Role.ORG_ADMIN, level), (Role.UNIT_ADMIN, first))
    )
    assert reach.may_look_after(county, union)
    assert not reach.may_look_after(union, county)


def unit_of(code: str) -> OrgUnit:
    return db.session.scalars(select(OrgUnit).where(OrgUnit.code == code)).one()


def test_every_union_of_a_city_has_one_code_and_nothing_else_has(app: Flask, tmp_path: Path) -> None:
    demo.populate(members=40, units=30, seed=1, profile="city", say=lambda words: None, uploads=tmp_path)

    unions = sorted(db.session.scalars(select(OrgUnit.id).where(OrgUnit.kind == UnitKind.UNION)))
    assert sorted(db.session.scalars(select(JoinCode.unit_id).where(JoinCode.revoked_at.is_(None)))) == unions
