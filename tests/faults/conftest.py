"""Things that go wrong in the middle of an approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.core import audit
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.notices import Notice
from portal.joining.models import Application
from portal.joining.models import ApplicationState as S
from portal.members.models import Member, MembershipChange, MemberVersion, NumberCounter
from portal.org.models import User
from portal.org.permissions import Role
from tests import client as distrust
from tests import factories
from tests.client import DistrustfulClient
from tests.conftest import Prepared

# what an approval writes; the names of its tables stand in the order in which it comes to them
WRITTEN = (Application, NumberCounter, User, Member, MemberVersion, MembershipChange, Notice, AuditEvent)


@dataclass
class Scene:
    """An application that waits for the union, and two who may approve it; put back by `again`."""

    app: Flask
    prepared: Prepared
    item_id: int
    people: dict[str, str]  # their names
    browsers: dict[str, DistrustfulClient]

    @property
    def path(self) -> str:
        """Where the application is approved."""
        return f"/joining/{self.item_id}/approve"

    def again(self) -> None:
        """Put the database back to before the approval."""
        db.session.remove()
        self.prepared.put("scene")

    def state(self) -> S:
        """Return where the application stands."""
        db.session.rollback()
        return db.session.scalars(select(Application.state).where(Application.id == self.item_id)).one()

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has, and where the member numbers stand."""
        db.session.rollback()
        rows = {model.__tablename__: db.session.scalar(select(func.count()).select_from(model)) for model in WRITTEN}
        numbers = db.session.scalar(select(func.sum(NumberCounter.value)))
        return {name: int(count or 0) for name, count in rows.items()} | {"numbers given": int(numbers or 0)}

    def chain(self) -> str | None:
        """Check the trace; None if it holds."""
        db.session.rollback()
        broken = audit.verify()
        db.session.rollback()
        return broken


def one_approval(before: dict[str, int]) -> dict[str, Any]:
    """Return the counts after exactly one approval."""
    more = {"users": 1, "members": 1, "member_versions": 1, "membership_changes": 1, "numbers given": 1}
    return {name: count + more.get(name, 0) for name, count in before.items()}


@pytest.fixture
def scene(app: Flask, prepared: Prepared) -> Scene:
    """The scene, built once for each kind of server."""
    if "scene" not in prepared.memory:
        root = factories.make_unit(None, code="GH", name="海港大学工会")
        branch = factories.make_unit(root, code="GH01", name="外国语学院分工会")
        people = {
            "first": factories.make_user(Role.UNION_OPERATOR, root, name="甲操作"),
            "second": factories.make_user(Role.UNION_CHAIR, root, name="乙主席"),
        }
        factories.make_user(Role.BRANCH_OPERATOR, branch)
        factories.make_member(branch)  # so that the counter of this year is there
        db.session.commit()
        item = factories.make_application(branch, S.BRANCH_OK)
        browsers = {name: distrust.client_of(app, user) for name, user in people.items()}
        scene = Scene(app, prepared, item.id, {name: user.name for name, user in people.items()}, browsers)
        prepared.memory["scene"] = scene
        db.session.remove()  # its connection goes back before all are closed
        prepared.keep("scene")
    scene = prepared.memory["scene"]
    scene.app = app
    scene.again()
    return scene
