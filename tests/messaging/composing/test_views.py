"""A branch's chair tells her people in four screens; who has no number stands on the sheet of calls."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pdfplumber
import time_machine
from sqlalchemy import func, select

from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history
from portal.messaging.composing.models import Sms, SmsPerson, SmsState
from portal.messaging.sending.models import Message
from portal.org.permissions import Role
from tests import factories

TEN = datetime(2027, 1, 20, 2, 0, tzinfo=UTC)


def test_eighty_people_in_four_screens(tree, user_as, client_of) -> None:
    with time_machine.travel(TEN):
        chair = user_as(Role.BRANCH_CHAIR, tree["a"])
        people = [factories.make_member(tree["a"]) for _ in range(80)]
        for member in people[:3]:
            history.write(member, {"mobile": None}, SHELL, reason="测试")
        db.session.commit()
        browser = client_of(chair)

        page = browser.submit(
            "/messaging/plans/new", {"groups": "b:everyone", "wording": "s:gift"}, action="new", follow_redirects=True
        )
        path = page.request.path
        assert "请填写【地点】" in page.text
        typed = {f"blank-{place}": "周三" for place in range(4)}
        checked = browser.submit(path, typed | {"asks_receipt": "y"}, action="fill", follow_redirects=True)
        assert "发给 77 人" in checked.text
        sheet = browser.submit(path, {}, action="calls")
        done = browser.submit(path, {}, action="send", follow_redirects=True)

    plan = db.session.scalars(select(Sms)).one()
    assert plan.state is SmsState.SENT
    assert "已交发送，77 人" in done.text
    assert db.session.scalar(select(func.count(Message.id))) == 77
    with pdfplumber.open(io.BytesIO(sheet.data)) as pdf:
        printed = "".join(pdf.pages[0].extract_text().split())
    assert [member.name in printed for member in people[:3]] == [True, True, True]
    assert "共3人没有手机号码" in printed


def test_a_stranger_says_in_one_tap_that_she_has_got_it(tree, user_as, client_of, client) -> None:
    with time_machine.travel(TEN):
        chair = user_as(Role.BRANCH_CHAIR, tree["a"])
        factories.make_member(tree["a"])
        db.session.commit()
        browser = client_of(chair)
        path = browser.submit("/messaging/plans/new", {"groups": "b:everyone", "wording": "s:birthday"}, action="new")
        address = path.location
        browser.submit(address, {"asks_receipt": "y"}, action="fill")
        browser.submit(address, {}, action="send")
        row = db.session.scalars(select(SmsPerson)).one()

        page = client.submit(f"/r/{row.token}", {}, follow_redirects=True)

    assert "已确认收到" in page.text
    assert db.session.scalars(select(SmsPerson)).one().confirmed_at is not None
    assert client.get("/r/nobody").status_code == 404
