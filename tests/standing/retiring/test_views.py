"""The pages of the list: tick, give the days, submit; the file."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from portal.core.calendar import today
from portal.core.db import db
from portal.core.web import XLSX
from portal.org.permissions import Role
from portal.standing.models import ChangeKind, StandingChange
from tests.standing.retiring.test_service import retiring


def test_from_the_list_to_the_union(tree, user_as, client_of) -> None:
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    first, second = (retiring(tree["a"], today() + timedelta(days=days), name=name) for days, name in
                     ((5, "安小青"), (6, "白大山")))  # fmt: skip
    db.session.commit()
    ids = [first.id, second.id]

    ticked = re.findall(r'name="ids" value="(\d+)"', browser.get("/standing/retiring").text)
    asked = browser.post("/standing/retiring/submit", data={"ids": ticked}).text

    assert ticked == [str(one) for one in ids]
    assert f'value="{(today() + timedelta(days=5)).isoformat()}"' in asked
    days = {f"on{first.id}": today().isoformat(), f"on{second.id}": (today() + timedelta(days=90)).isoformat()}
    form = {"ids": ids, "act": "submit", "document_no": "海大人〔2026〕12 号"}
    refused = browser.post("/standing/retiring/submit", data=form | days)
    assert refused.status_code == 422
    assert "31 天以内" in refused.text
    assert f'value="{days[f"on{second.id}"]}"' in refused.text
    days[f"on{second.id}"] = (today() + timedelta(days=6)).isoformat()
    done = browser.post("/standing/retiring/submit", data=form | days, follow_redirects=True).text
    assert "已提交 2 人的退休" in done
    assert "没有拟退休的会员" in done
    kinds = {(item.member_id, item.kind) for item in db.session.scalars(select(StandingChange))}
    assert kinds == {(one, ChangeKind.RETIRE) for one in ids}


def test_the_list_is_a_file_with_a_purpose(tree, user_as, client_of) -> None:
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))
    retiring(tree["a"], today())
    db.session.commit()

    refused = browser.post("/standing/retiring/export?months=3", data={"purpose": "看"})
    given = browser.post("/standing/retiring/export?months=3", data={"purpose": "与人事处核对"})

    assert (refused.status_code, "请填写用途" in refused.text) == (422, True)
    assert (given.status_code, given.mimetype) == (200, XLSX)
