"""A house in which every table has rows: for the tests that walk all of it."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image
from sqlalchemy import select

from portal.core import uploads
from portal.core.actors import SHELL
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.notices import tell
from portal.joining.models import Application, ApplicationState, JoinCode
from portal.joining.questions import FULL
from portal.members import history
from portal.members.enums import PostKind
from portal.members.models import Member, SearchText, UnionPost
from portal.org import sessions
from portal.org.models import OrgUnit
from portal.org.permissions import Role
from tests import factories
from tests.factories import Canaries


@dataclass(frozen=True)
class Branch:
    """What belongs to one place: a member with canaries, an application in each state, a code."""

    unit: OrgUnit
    member: Member
    canaries: Canaries
    applicant: Canaries  # who stands in the application that waits for the branch
    applications: dict[ApplicationState, Application]
    code: JoinCode


def photo() -> io.BytesIO:
    """A picture that a phone may have taken."""
    stream = io.BytesIO()
    Image.new("RGB", (600, 800), (180, 200, 220)).save(stream, "JPEG")
    stream.seek(0)
    return stream


def branch_with(unit: OrgUnit) -> Branch:
    """Fill one unit."""
    of_member, of_applicant = factories.canaries(), factories.canaries()
    member = factories.make_member(unit, **of_member.values)
    upload = uploads.keep(SHELL, uploads.photo(photo()), kind="photo")
    history.write(member, {"photo": upload.id, "remark": "测试备注"}, SHELL, reason="测试")
    assert member.user is not None
    db.session.add(UnionPost(member=member, kind=PostKind.GROUP_LEADER, unit_id=unit.id, starts=today()))
    tell([member.user.id], "只给会员本人的一封站内信")
    sessions.open_session(member.user, address="127.0.0.1", device="Test")
    db.session.add(SearchText(token=f"search{unit.id}", user_id=member.user.id, text="20260001", created_at=now()))
    db.session.commit()
    applications = {}
    # what the form does not ask an applicant stands in nobody's application
    asked = {name: value for name, value in of_applicant.values.items() if name in FULL}
    for state in ApplicationState:
        if state is ApplicationState.DRAFT:
            continue
        # what an applicant cannot know of herself is not asked
        asked = {
            name: value
            for name, value in of_applicant.values.items()
            if name not in ("dues_base", "children", "honors")
        }
        values = asked if state is ApplicationState.SUBMITTED else {}
        applications[state] = factories.make_application(unit, state, **values)
    code = db.session.scalars(select(JoinCode).where(JoinCode.unit_id == unit.id, JoinCode.revoked_at.is_(None))).one()
    return Branch(unit, member, of_member, of_applicant, applications, code)


def fill() -> dict[str, Branch]:
    """Put a small school into the database, with rows in every table; commits and returns the branches a and b."""
    root = factories.make_unit(None, code="GH", name="海港大学工会")
    a = factories.make_unit(root, code="GH01", name="外国语学院分工会")
    b = factories.make_unit(root, code="GH02", name="机械工程学院分工会")
    for role, unit in ((Role.UNION_OPERATOR, root), (Role.BRANCH_OPERATOR, a), (Role.BRANCH_OPERATOR, b)):
        factories.make_user(role, unit)
    db.session.commit()
    return {"a": branch_with(a), "b": branch_with(b)}
