"""The pages of an import, as an operator walks through them."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from sqlalchemy import func, select

from portal.core.db import db
from portal.joining.models import Application
from portal.members.importing.models import ColumnMapping, Import, ImportRow
from portal.members.models import Member
from portal.org.permissions import Role
from tests import factories
from tests.client import words
from tests.members.importing.lists import a_historic, bring, commit, line, table


@pytest.fixture
def page(client_of, union):
    """The browser of the union's operator."""
    return client_of(union)


def upload(browser, *rows, raw: bytes = b"", name: str = "名单.csv", **inputs):
    """Send a file by the page and return the answer."""
    return browser.submit("/members/import", {"file": (io.BytesIO(raw or table(rows)), name), **inputs})


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_from_the_file_to_members_and_back(page, tree):
    member = factories.make_member(tree["a"], mobile="13912345678")
    person = a_historic()

    answer = upload(
        page,
        line(person),
        line({"name": member.name, "id_number": member.id_number}, 手机号码="13812345678"),
        is_historic="y",
    )

    assert answer.status_code == 303
    shown = page.get(answer.location)
    said = words(shown.text)
    assert "导入预览" in said
    assert "手机号码：*******5678 → *******5678" in said
    assert person.name in said
    assert "*" * 14 + person.id_number[-4:] in said
    assert "导入 2 行" in said
    assert count(Member) == 1

    done = page.submit(answer.location, action="commit", follow_redirects=True)

    assert "导入完成" in words(done.text)
    assert (count(Member), member.mobile) == (2, "13812345678")
    undone = page.submit(answer.location, action="undo", follow_redirects=True)
    assert "已全部撤销" in words(undone.text)
    assert (count(Member), member.mobile) == (1, "13912345678")
    assert "已撤销" in words(page.get("/members/import").text)


def test_wrong_rows_stand_first_and_stop_all_unless_that_is_chosen(page, tree):
    people = [factories.a_person() for _ in range(60)]
    rows = [line(person) for person in people]
    answer = upload(page, *rows[:55], line(people[55], 手机号码="12"), *rows[56:])

    said = words(page.get(answer.location).text)
    assert said.index("手机号码应为 11 位数字") < said.index(people[0].name)
    assert "共 60 条" in said
    assert "手机号码应为" not in words(page.get(f"{answer.location}?only=new&page=2").text)
    refused = page.submit(answer.location, action="commit")
    assert refused.status_code == 422
    assert "有 1 行错误，没有导入" in words(refused.text)
    assert count(Application) == 0

    page.submit(answer.location, {"only_right": "y"}, action="commit")

    assert count(Application) == 59


def test_columns_are_asked_for_once(page, tree, client_of, union):
    person, later = factories.a_person(), factories.a_person()

    def sheet(one):
        return {
            "尊姓大名": one.name,
            "身份证号": one.id_number,
            "手机": one.values["mobile"],
            "分工会": "GH01",
            "饭卡": "07",
        }

    answer = upload(page, sheet(person))
    assert answer.location.endswith("/columns")
    said = words(page.get(answer.location).text)
    assert "尊姓大名" in said
    assert "内容如：07" in said
    assert person.id_number not in said

    confirmed = page.submit(answer.location, {"field0": "name", "field4": ""}, action="columns")
    assert confirmed.status_code == 303
    assert person.name in words(page.get(confirmed.location).text)
    assert count(ColumnMapping) == 1
    again = upload(page, sheet(later))

    assert re.fullmatch(r"/members/import/\d+", again.location)
    assert later.name in words(page.get(again.location).text)


def test_one_field_for_two_columns_is_refused_and_what_was_chosen_stays(page, tree):
    person = factories.a_person()
    answer = upload(page, line(person, 绰号="阿明"))

    refused = page.submit(answer.location, {"field0": "name", "field7": "name"}, action="columns")

    assert refused.status_code == 422
    assert "姓名有重复的列" in words(refused.text)
    assert count(ImportRow) == 0


def test_a_bad_file_is_one_sentence_and_leaves_nothing(page, tree):
    nothing = page.submit("/members/import")
    broken = upload(page, raw=b"PK\x03\x04 no sheet", name="broken.xlsx")
    headless = upload(page, raw="甲,乙\n1,2\n".encode())

    assert [one.status_code for one in (nothing, broken, headless)] == [422, 422, 422]
    assert "请选择要导入的文件" in words(nothing.text)
    assert "文件无法读取，可能已损坏" in words(broken.text)
    assert "没有认出表头" in words(headless.text)
    assert count(Import) == 0


def test_a_branch_is_not_offered_history_and_does_not_get_it(client_of, clerk, tree):
    browser = client_of(clerk)

    assert "历史会员补录" not in words(browser.get("/members/import").text)
    answer = browser.post(
        "/members/import", data={"file": (io.BytesIO(table([line(a_historic())])), "a.csv"), "is_historic": "y"}
    )
    assert answer.status_code == 403
    assert count(Import) == 0


def test_the_same_file_twice_is_said(page, tree, union):
    raw = table([line(factories.a_person())])
    commit(union, bring(union, tree["root"], raw=raw))

    answer = upload(page, raw=raw)

    assert "这个文件已由校工会操作员于" in words(page.get(answer.location).text)


def test_a_competing_change_is_named_on_the_page_and_nothing_is_written(page, tree, union):
    person = factories.a_person()
    answer = upload(page, line(person), line(factories.a_person()))
    factories.make_member(tree["b"], **person.values)

    refused = page.submit(answer.location, action="commit")

    assert refused.status_code == 409
    assert "第 2 行（共 1 行）" in words(refused.text)
    assert count(Application) == 0


def test_a_preview_is_given_up_with_its_file(page, tree, prepared):
    answer = upload(page, line(factories.a_person()))

    page.submit(answer.location, action="discard", follow_redirects=True)

    assert count(ImportRow) == 0
    assert list((prepared.instance / "uploads").iterdir()) == []
    assert "已过期" in words(page.get("/members/import").text)
    assert page.post(f"{answer.location}/commit", data={}).status_code == 409


def test_another_operators_preview_is_as_absent(client_of, user_as, tree, page):
    answer = upload(page, line(factories.a_person()))
    colleague = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    assert colleague.get(answer.location).status_code == 404
    assert answer.location not in colleague.get("/members/import").text


def test_someone_with_two_offices_chooses_where_to(client_of, user_as, tree):
    both = factories.make_user(Role.BRANCH_OPERATOR, tree["a"])
    db.session.add(factories.Grant(user=both, role=Role.BRANCH_OPERATOR, unit=tree["b"], starts=both.grants[0].starts))
    db.session.commit()
    browser = client_of(both)

    answer = upload(browser, line(factories.a_person(), "GH02"), unit=str(tree["b"].id))

    assert db.session.scalars(select(Import.unit_id)).all() == [tree["b"].id]
    assert answer.status_code == 303


def test_rows_that_are_no_people_are_named(page, tree):
    raw = "2026年教职工名册,,,\n" + table([line(factories.a_person())]).decode() + "合计,1人,,\n"

    answer = upload(page, raw=raw.encode())

    assert "不是人员、没有读取的行：第 3 行（合计行）" in words(page.get(answer.location).text)


def test_the_file_comes_back_with_what_is_wrong_beside_each_row(page, tree):
    right, wrong = factories.a_person(), factories.a_person(mobile="12")
    answer = upload(page, line(right), line(wrong))

    back = page.submit(answer.location, action="file")

    assert back.headers["Content-Disposition"].startswith("attachment")
    sheet = openpyxl.load_workbook(io.BytesIO(back.data)).worksheets[0]
    headings, first, second = ([cell.value or "" for cell in row] for row in sheet.iter_rows())
    place = headings.index("错误原因")
    assert (first[0], first[place]) == (right.name, "")
    assert (second[0], second[place]) == (wrong.name, "错误：手机号码应为 11 位数字，以 13 至 19 开头，请核对")
    assert second[headings.index("证件号码")] == wrong.id_number


def test_the_template_can_be_filled_in_and_brought(page, tree, union):
    person = a_historic()
    book = openpyxl.load_workbook(io.BytesIO(page.get("/members/import/template").data))
    sheet = book.worksheets[0]
    headings = {cell.value: cell.column for cell in sheet[1]}
    filled = {
        "姓名": person.name, "证件号码": person.id_number, "移动电话": person.values["mobile"], "学历": "大学本科毕业",
        "会籍变化类型": "入会", "会籍变化日期": "2020-05-01", "所属分工会": "外国语学院分工会", "工号": "00012345",
    }  # fmt: skip
    for heading, text in filled.items():
        sheet.cell(2, headings[heading], text)
    out = io.BytesIO()
    book.save(out)

    answer = upload(page, raw=out.getvalue(), name="模板.xlsx", is_historic="y")
    page.submit(answer.location, action="commit")

    [member] = db.session.scalars(select(Member))
    assert (member.name, member.staff_no, member.education) == (person.name, "00012345", "21")
    assert (member.join_date, member.unit) == (person.values["join_date"], tree["a"])
