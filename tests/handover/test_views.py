"""The pages of handing over, what two do at once, and the list to sign."""

from __future__ import annotations

import io
from datetime import timedelta

import pypdf
from flask import Flask
from sqlalchemy import select

from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.handover import service
from portal.handover.models import Handover, HandoverState
from portal.org.models import Grant, OrgUnit
from portal.org.permissions import Role
from tests import factories
from tests.client import id_numbers_in, words
from tests.faults.test_at_once import at_once
from tests.org.people.test_accounts import PASSWORD, password_on

NEW = "/handover/new?from_username={}"


def test_looked_up_checked_and_handed_over(people, client_of) -> None:
    browser = client_of(people["operator"])

    seen = browser.get(NEW.format("LIKAI"))
    answer = browser.submit(NEW.format("likai"), {"to_username": "jieren", "reason": "岗位调整"}, action="new")

    assert "李离开（likai）将移交" in words(seen.text)
    assert "分工会主席外国语学院分工会" in words(seen.text).replace(" ", "")
    page = browser.get(answer.location)
    assert "李离开的工作已交接" in words(page.text)
    assert "李离开 → 周接任" in words(page.text)
    assert db.session.scalars(select(Handover.state)).all() == [HandoverState.DONE]
    assert not people["leaver"].is_enabled


def test_a_new_account_comes_with_its_slip_and_works_on_the_day(people, client_of, client) -> None:
    form = {"to_username": "xinren", "to_name": "殷新人"}

    answer = client_of(people["operator"]).submit(NEW.format("likai"), form, action="new")

    password = password_on(answer.text)
    signed_in = client.submit("/login", {"username": "xinren", "password": password})
    assert client.get(signed_in.location).location == "/password"
    client.submit("/password", {"current": password, "new": PASSWORD, "again": PASSWORD}, action="password")
    assert "外国语学院分工会 分工会主席" in words(client.get("/").text)


def test_cancelled_on_its_page(people, client_of) -> None:
    item, _ = service.arrange(people["operator"], people["leaver"], "jieren", day=today() + timedelta(days=9))
    db.session.commit()
    browser, path = client_of(people["operator"]), f"/handover/{item.id}"

    assert "取消交接" in words(browser.get(path).text)
    browser.submit(path, action="cancel")

    assert item.state is HandoverState.CANCELLED
    assert people["leaver"].grants[0].ends is None
    page = words(browser.get(path).text)
    assert ("已取消交接" in page, page.count("取消交接")) == (True, 1)


def test_out_of_sight_is_a_sentence_and_out_of_scope_is_absent(people, client_of, user_as) -> None:
    user_as(username="putong", name="卫普通")
    item, _ = service.arrange(people["admin"], people["foreign"], "jieren", day=today() + timedelta(days=9))
    db.session.commit()
    operator = client_of(people["operator"])

    answers = {name: operator.get(NEW.format(name)) for name in ("putong", "nobody", "a/b", "caozuo", "zhuxi")}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 422)
    unknown = [
        "您的管理范围内没有这个用户名，请核对" in words(answers[name].text) for name in ("putong", "nobody", "a/b")
    ]
    assert unknown == [True] * 3
    assert "不能办理自己的交接" in words(answers["caozuo"].text)
    assert "孙主席的职责由上级设置，请由上级办理交接" in words(answers["zhuxi"].text)
    assert operator.get(f"/handover/{item.id}").status_code == 200
    assert client_of(people["leaver"]).get(f"/handover/{item.id}").status_code == 403


def test_a_refusal_keeps_what_was_typed_and_changes_nothing(people, client_of) -> None:
    browser, path = client_of(people["operator"]), NEW.format("likai")
    form = {"to_username": "mei-you", "day": "2020-01-01", "reason": "换届选举"}

    answer = browser.submit(path, form, action="new")
    second = browser.submit(path, form | {"day": today().isoformat()}, action="new")

    assert (answer.status_code, second.status_code) == (422, 422)
    assert "交接日应在今天以后一年以内，请核对" in words(answer.text)
    assert "接任人还没有账号的，请同时填写姓名" in words(second.text)
    assert 'value="换届选举"' in second.text
    assert [grant.revoked_at for grant in people["leaver"].grants] == [None]


def test_two_who_arrange_it_at_once(app: Flask, tree, people, client_of) -> None:
    """Today and in the future alike: one does it, the other is told, and the office passes once."""
    first, second = client_of(people["admin"]), client_of(people["second"])
    unit_id = tree["a"].id
    for number, days in enumerate((0, 5, 0, 5)):
        leaver = factories.make_user(Role.BRANCH_CHAIR, db.session.get_one(OrgUnit, unit_id), username=f"likai{number}")
        db.session.commit()
        path, day = NEW.format(leaver.username), (today() + timedelta(days=days)).isoformat()
        user_id = leaver.id

        answers = at_once(
            app,
            lambda: first.post(path, data={"to_username": "jieren", "day": day}),  # noqa: B023 -- sent within the round
            lambda: second.post(path, data={"to_username": "erhui", "day": day}),  # noqa: B023 -- as above
        )

        (late,) = (answer for answer in answers if answer.status_code != 302)
        assert late.status_code in (409, 422)
        assert "已由他人安排" in words(late.text) or "没有职责可以移交" in words(late.text)
        assert len(db.session.scalars(select(Handover).where(Handover.from_user_id == user_id)).all()) == 1
        begun = select(Grant).where(
            Grant.role == Role.BRANCH_CHAIR, Grant.starts >= today(), Grant.revoked_at.is_(None)
        )
        for grant in db.session.scalars(begun).all():
            db.session.delete(grant)
        for item in db.session.scalars(select(Handover)).all():
            db.session.delete(item)
        db.session.commit()


def test_the_list_to_sign(people, tree, client_of) -> None:
    """Who, what, when, and lines to sign; read back from the PDF, without any ID number."""
    factories.make_member(tree["a"], name="杨会员")
    factories.make_application(tree["a"])
    item, _ = service.arrange(
        people["operator"], people["leaver"], "jieren", day=today() + timedelta(days=9), reason="换届"
    )
    db.session.commit()

    answer = client_of(people["operator"]).post(f"/handover/{item.id}/list")

    reader = pypdf.PdfReader(io.BytesIO(answer.data), strict=True)
    text = "".join("".join((page.extract_text() or "").split()) for page in reader.pages)
    assert len(reader.pages) == 1
    for part in (
        "工会工作交接清单", "李离开（likai）", "周接任（jieren）", "外国语学院分工会", "分工会主席", "换届",
        show_date(today() + timedelta(days=9)), "移交人（签字）", "接任人（签字）", "监交人（签字）", "操作员：钱操作",
    ):  # fmt: skip
        assert part in text, part
    assert "入会审核" in text or "入会" in text
    assert id_numbers_in(text) == set()
