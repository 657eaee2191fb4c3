"""The pages of change requests, as a member and her branch and union use them."""

from __future__ import annotations

import io
import re

from PIL import Image

from portal.changes.models import ChangeRequest
from portal.changes.models import ChangeState as S
from portal.core.db import db
from portal.members import history
from portal.members.models import Member
from tests import factories
from tests.client import links, words


def a_paper() -> tuple[io.BytesIO, str]:
    """A photo of a certificate."""
    stream = io.BytesIO()
    Image.new("RGB", (300, 400), (240, 240, 230)).save(stream, "JPEG")
    stream.seek(0)
    return stream, "cert.jpg"


def test_a_member_asks_for_a_new_title_and_the_union_agrees(tree, client_of, people, member) -> None:
    number = member.id
    hers = client_of(member.user)
    asking = f"/changes/new/{number}?f=prof_title&f=mobile"
    assert "下一步" in hers.get(f"/changes/new/{number}").text

    refused = hers.post(asking, data={"prof_title": "012", "mobile": "13900001111", "why": "六月评审通过"})
    sent = hers.post(asking, data={"prof_title": "012", "mobile": "13900001111", "evidence": a_paper()})

    assert (refused.status_code, "请上传证明材料" in refused.text, "六月评审通过" in refused.text) == (422, True, True)
    assert (sent.status_code, sent.location) == (303, "/changes/mine")
    assert words(hers.get("/members/me").text).count("待审核") == 2
    title = next(link for link in links(hers.get("/changes/mine").text) if re.fullmatch(r"/changes/\d+", link))
    assert "撤回" in hers.get(title).text

    operator, union = client_of(people["operator"]), client_of(people["union"])
    assert "待审核" in words(operator.get(f"/members/{number}").text)
    listed = operator.get("/changes/")
    assert words(listed.text).count("待分工会审核") >= 2
    items = {item.field: item.id for item in db.session.query(ChangeRequest)}
    db.session.rollback()
    page = operator.get(f"/changes/{items['prof_title']}")
    assert ("讲师" in page.text, "副教授" in page.text) == (True, True)
    assert operator.post(f"/changes/{items['prof_title']}/evidence").mimetype == "image/jpeg"
    assert operator.post(f"/act/changes/{items['prof_title']}/pass_on").status_code == 302
    done = union.submit(f"/changes/{items['prof_title']}/approve", {"document_no": "冀人社〔2026〕5号"})

    assert done.status_code == 303
    assert (db.session.get(Member, number).prof_title, db.session.get(ChangeRequest, items["prof_title"]).state) == (
        "012", S.APPLIED,
    )  # fmt: skip
    assert "本人申请修改职称，文号：冀人社〔2026〕5号" in hers.get("/members/me").text


def test_three_values_stand_side_by_side_when_the_record_has_moved(tree, client_of, people, member) -> None:
    item = factories.make_change(tree["a"], member=member, political_status="01")
    history.write(member, {"political_status": "02"}, people["union"], reason="更正")
    db.session.commit()
    path, browser = f"/changes/{item.id}/agree", client_of(people["operator"])
    page = browser.get(path)
    labels = [text in words(page.text) for text in ("中共党员", "中共预备党员", "群众")]

    refused = browser.submit(path)
    done = browser.submit(path, {"has_seen": "y"})

    assert all(labels)
    assert (refused.status_code, "已核对现在登记的内容" in refused.text) == (422, True)
    assert done.status_code == 303


def test_a_union_reads_a_number_masked(tree, client_of, people, member) -> None:
    number = factories.id_number()
    before = member.id_number
    item = factories.make_change(tree["a"], member=member, id_number=number)

    page = client_of(people["operator"]).get(f"/changes/{item.id}")

    assert [text in page.text for text in (number, before, number[-4:], before[-4:])] == [False, False, True, True]


def test_an_answer_that_is_too_long_for_its_column_is_refused(tree, client_of, people, member) -> None:
    item = factories.make_change(tree["a"], member=member, mobile="13912340000")
    db.session.commit()
    number, operator = item.id, client_of(people["operator"])

    refused = operator.post(f"/act/changes/{number}/refuse", data={"comment": "长" * 501})
    taken = operator.post(f"/act/changes/{number}/refuse", data={"comment": "长" * 500})

    assert (refused.status_code, "意见最多 500 个字" in refused.text, taken.status_code) == (422, True, 302)
    assert db.session.get(ChangeRequest, number).answer == "长" * 500
