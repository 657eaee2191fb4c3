"""What is exported can be brought back: the import finds nothing to change (Shows 7)."""

from __future__ import annotations

import io
from datetime import date

import pytest
from sqlalchemy import func, select

from portal.core.db import db
from portal.members.importing import shell
from portal.members.importing.models import Import
from portal.members.models import MemberVersion
from portal.org.permissions import Role
from portal.query.asking import Asked, Sort
from portal.query.exports import service
from portal.query.exports.models import ExportFormat, Secrets
from portal.query.exports.service import Wish
from portal.query.fields import askable
from tests import factories


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_exporting_and_importing_the_same_members_changes_nothing(tree, user_as, kind):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    user_as(Role.UNION_CHAIR, tree["root"])
    for name, staff_no in (("安小青", "0012345"), ("白大山", "20260077"), ("陈·玛丽", None)):
        factories.make_member(
            tree["a"], name=name, staff_no=staff_no, remark="=1+1", admin_duty="@处长", department="_x0041_ 教研室",
            join_date=date(2015, 3, 1), home_address="-5 号楼", dues_base="8000.00", hobbies=["01", "02"],
        )  # fmt: skip
    db.session.commit()
    columns = tuple(one.name for one in askable(operator))
    chosen = service.of_question(operator, Asked(), sort=Sort(), shown=columns)
    wish = Wish(columns, kind, Secrets.FULL, "核对后导入回来")
    item, order = service._prepared(operator, chosen, wish)  # as it is once somebody has confirmed it
    out = io.BytesIO()
    service.making.write(out, order)
    before = db.session.scalar(select(func.count(MemberVersion.id)))

    report = shell.bring(operator, out.getvalue(), f"会员.{kind.value}", is_historic=True, is_meant=True)

    assert item.needs
    assert report["refused"] is None
    # known people, with nothing to say against any cell and nothing that would change
    assert [(row["verdict"], row["errors"], row["warnings"]) for row in report["rows"]] == [("update", [], [])] * 3
    assert db.session.scalars(select(Import)).one().counts["unchanged"] == 3
    assert db.session.scalar(select(func.count(MemberVersion.id))) == before
