"""The ready exports: columns and words as the platforms take them, what is missing, and how many are complete."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal.core.calendar import today
from portal.core.db import db
from portal.members.enums import ChangeReason, ChangeType
from portal.members.models import MembershipChange
from portal.org.permissions import Role
from portal.query import asking
from portal.query.asking import Asked
from portal.query.exports import ready, worker
from portal.query.exports.models import Export
from tests import factories
from tests.query.exports import books
from tests.query.exports.test_views import export, selected

# F:3, a province's result sheet, without its last two columns
NATIONAL = [
    "序号",
    "姓名",
    "性别",
    "出生日期",
    "民族",
    "就业状况",
    "有效证件类别",
    "证件号码",
    "学历",
    "技能等级",
    "移动电话",
    "户籍类型",
    "户籍所在地",
    "会籍变化类型",
    "会籍变化日期",
    "会籍变化原因",
    "政治面貌",
    "工作单位",
    "籍贯",
    "是否农民工",
    "缺项",
]
BORN = date(1990, 5, 1)
WHOLE = {
    "name": "安齐全", "birth_date": BORN, "sex": "2", "ethnicity": "01", "education": "21", "household_type": "L1",
    "household_place": "河北秦皇岛", "political_status": "01", "department": "教务处", "native_place": "河北秦皇岛",
    "is_migrant_worker": False, "mobile": "13800000009", "employment_status": "1",
}  # fmt: skip


@pytest.fixture
def people(tree):
    whole = factories.make_member(tree["a"], id_number=factories.id_number(birth=BORN), **WHOLE)
    gaps = factories.make_member(tree["a"], name="白有缺", native_place=None, political_status=None, education=None)
    db.session.execute(MembershipChange.__table__.delete())
    for kind, on, reason in (
        (ChangeType.JOINED, date(2015, 3, 1), None),
        (ChangeType.RETAINED, date(2020, 6, 1), ChangeReason.LAID_OFF),
        (ChangeType.RESTORED, date(2021, 6, 1), None),  # which the national list does not know
    ):
        db.session.add(MembershipChange(member=whole, kind=kind, on_date=on, reason=reason))
    db.session.commit()
    return whole, gaps


def test_the_national_columns_in_order_with_what_is_missing(tree, user_as, client_of, people):
    user_as(Role.UNION_CHAIR, tree["root"])
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))
    where = selected(browser)
    assert "全总实名制模板：2 人中 1 人各项齐全" in browser.get(where).text

    rows = books.rows_in(export(browser, where, template="acftu", secrets="contact").data)

    assert rows[0] == NATIONAL
    number = people[0].id_number
    assert rows[1] == [
        "1", "安齐全", "女", "1990-05-01", "汉族", "在岗", "居民身份证", f"{'*' * 14}{number[-4:]}", "大学本科毕业", "",
        "13800000009", "其他户口", "河北秦皇岛", "保留会籍", "2020-06-01", "在本单位下岗后待岗", "中共党员", "教务处",
        "河北秦皇岛", "否", "",
    ]  # fmt: skip
    assert rows[2][:2] == ["2", "白有缺"]
    assert {"学历", "会籍变化类型", "会籍变化日期", "政治面貌", "籍贯"} <= set(rows[2][-1].split("、"))
    assert not {"技能等级", "会籍变化原因"} & set(rows[2][-1].split("、"))
    item = db.session.scalars(select(Export)).one()
    assert "全总实名制模板" in books.about(browser.post("/query/export", data={
        "q": '{"all":[]}', "template": "acftu", "purpose": "报送实名制名册", "format": "xlsx",
    }).data)["格式"]  # fmt: skip
    assert "会籍变化类型" in browser.get(f"/query/exports/{item.id}").text


def test_a_list_for_the_platform_is_taken_by_our_own_import(tree, user_as, client_of, people):
    chair = client_of(user_as(Role.UNION_CHAIR, tree["root"]))
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    asked = export(browser, selected(browser), template="qingong", secrets="full")

    chair.post(f"/act/exports/{db.session.scalars(select(Export.id)).one()}/confirm")
    db.session.rollback()
    worker.work()
    db.session.rollback()
    rows = books.rows_in(browser.submit(asked.location, action="file").data)
    assert rows[0][:5] == ["姓名", "证件类型", "身份证号", "手机号", "所属分工会"]
    assert rows[1][:5] == ["安齐全", "居民身份证", people[0].id_number, "13800000009", "外国语学院分工会"]
    assert rows[1][-1] == ""


def test_what_is_counted_before_is_what_the_file_finds_complete(tree, user_as, people):
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    ids = asking.ids(actor, Asked())
    for template in ready.TEMPLATES.values():
        shaper = ready.Shaper(template)
        reader = ready_reader(actor, template)
        turns = ready.turns_of(ids, today())
        for one, texts in reader.rows(ids):
            shaper.row(texts, turns.get(one, ready.Turn()))

        assert ready.complete(actor, [template], ids, today()) == [shaper.complete] > [0]


def ready_reader(actor, template):
    from portal.query.exports.reading import Reader

    return Reader(actor, template.fields, today())
