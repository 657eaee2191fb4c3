"""Two people change the tree at the same moment: the paths stay those of the tree, and a code is given once."""

from __future__ import annotations

from sqlalchemy import select

from portal.core.db import db
from portal.org.models import OrgUnit, UnitKind, User
from portal.org.permissions import Role
from tests import factories
from tests.client import client_of
from tests.faults.test_at_once import at_once

K = UnitKind
ROUNDS = 4
Units = dict[str, OrgUnit]


def people(city: Units) -> list[User]:
    users = [factories.make_user(Role.SUPER_ADMIN, city["root"]) for _ in range(2)]
    db.session.commit()
    return users


def strays() -> list[str]:
    """The codes of the units whose path is not their parent's and their own number."""
    units = {unit.id: unit for unit in db.session.scalars(select(OrgUnit))}
    return [
        unit.code
        for unit in units.values()
        if unit.path != f"{units[unit.parent_id].path if unit.parent_id else '/'}{unit.id}/"
    ]


def test_a_unit_founded_while_its_union_moves_has_the_new_path(app, city: Units) -> None:
    first, second = (client_of(app, user) for user in people(city))
    firm, places = city["firm"].id, [city["west"].id, city["town"].id]

    for number in range(ROUNDS):
        answers = at_once(
            app,
            lambda number=number: first.post(f"/units/{firm}/move", data={"parent": places[number % 2]}),
            lambda number=number: second.post(f"/units/{firm}/new", data={"name": f"第{number}车间", "kind": "branch"}),
        )
        assert [answer.status_code for answer in answers] == [302, 302]
        db.session.expire_all()
        assert strays() == []

    assert len(db.session.scalars(select(OrgUnit).where(OrgUnit.parent_id == firm)).all()) == 2 + ROUNDS


def test_two_who_found_at_once_get_two_codes(app, city: Units) -> None:
    first, second = (client_of(app, user) for user in people(city))
    town = city["town"].id

    for number in range(ROUNDS):
        answers = at_once(
            app,
            lambda number=number: first.post(f"/units/{town}/new", data={"name": f"甲{number}工会", "kind": "union"}),
            lambda number=number: second.post(f"/units/{town}/new", data={"name": f"乙{number}工会", "kind": "union"}),
        )
        assert [answer.status_code for answer in answers] == [302, 302]
    same = at_once(
        app,
        lambda: first.post(f"/units/{town}/new", data={"name": "丙工会", "kind": "union", "code": "SAME"}),
        lambda: second.post(f"/units/{town}/new", data={"name": "丁工会", "kind": "union", "code": "SAME"}),
    )

    assert sorted(answer.status_code for answer in same) == [302, 422]
    made = select(OrgUnit.code).where(OrgUnit.parent_id == town).order_by(OrgUnit.code)
    assert db.session.scalars(made).all() == [f"GH0101{number:02}" for number in range(1, 3 + 2 * ROUNDS)] + ["SAME"]
