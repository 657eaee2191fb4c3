"""The pages: a list is brought, worked through by hand, handed back; bad files get one sentence and change nothing."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import time_machine
from sqlalchemy import func, select

from portal.comparison import service, taking
from portal.comparison.matters.models import MatterKind
from portal.comparison.models import Comparison, Finding, Kind
from portal.comparison.taking import Act, Reason
from portal.core.audit import AuditEvent
from portal.core.calendar import now
from portal.core.db import db
from portal.core.uploads import Upload
from portal.org.permissions import Role
from tests import factories
from tests.client import DistrustfulClient, find_form, form_values, links, words
from tests.comparison.conftest import compare, crowd, findings, row_of, sheet

MORE = ("staff_no", "name", "id_number", "department", "admin_duty", "mobile")


def bring(browser: DistrustfulClient, unit: Any, raw: bytes, name: str = "名单.xlsx") -> Any:
    """Upload a file as the form does."""
    return browser.post("/comparison/", data={"unit": str(unit.id), "file": (io.BytesIO(raw), name)})


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "文件是空的"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "这不是表格文件"),
        ("第一章\n今天天气很好\n".encode(), "没有认出表头"),
        ("工号,部门\n20010001,教务处\n".encode(), "名单里没有可以比对的人员"),
        ("工号,姓名\n".encode(), "表头下面没有人员"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "文件"),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_sentence(tree, client_of, operator, raw: bytes, sentence: str) -> None:
    answer = bring(client_of(operator), tree["root"], raw)

    assert answer.status_code == 422
    assert f"人事名单：{sentence}" in words(answer.text)
    assert db.session.scalar(select(func.count()).select_from(Comparison)) == 0


def unknown_headings(person: factories.Person) -> bytes:
    """A list with a column of documents and one of duties that nobody knows by their headings."""
    values = person.values
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["姓名", "证照", "现任", "部门"])
    book.active.append([values["name"], values["id_number"], "处长", values["department"]])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_columns_that_nobody_knows_are_asked_for_once(tree, client_of, operator) -> None:
    person = factories.a_person(admin_duty="科长")
    factories.make_member(tree["a"], **person.values)
    raw, browser = unknown_headings(person), client_of(operator)

    first = browser.post("/comparison/", data=form_of(browser, raw))
    item = db.session.scalars(select(Comparison)).one()
    path = f"/comparison/{item.id}/columns"
    led = browser.get(first.location)
    asked = words(browser.get(path).text)
    listed = words(browser.get("/comparison/").text)
    refused = browser.submit(path, {"field1": "", "field2": "admin_duty"}, action="columns")
    done = browser.submit(path, {"field1": "id_number", "field2": "admin_duty"}, action="columns")
    late = browser.post(path, data={"field1": "id_number"})
    again = browser.post("/comparison/", data=form_of(browser, raw))

    assert (led.location, item.waits) == (path, False)
    assert "B 列“证照”" in asked
    assert person.id_number not in browser.get(path).text
    assert "待核对列" in listed
    assert "还没有比对" in listed
    assert refused.status_code == 422
    assert "没有“身份证号”一列，也没有“工号”一列" in words(refused.text)
    assert (done.location, late.status_code) == (f"/comparison/{item.id}", 409)
    assert [(one.field, one.data["new"]) for one in findings(item, Kind.DIFFERENT)] == [("admin_duty", "处长")]
    newest = db.session.get_one(Comparison, int(again.location.rsplit("/", 1)[1]))
    assert (newest.waits, [one.field for one in findings(newest, Kind.DIFFERENT)]) == (False, ["admin_duty"])
    assert db.session.scalar(select(func.count()).select_from(Upload)) == 0


def test_a_list_that_waits_for_its_columns_may_go_or_is_forgotten(tree, client_of, operator) -> None:
    browser = client_of(operator)
    for _ in range(2):
        browser.post("/comparison/", data=form_of(browser, unknown_headings(factories.a_person())))
    first, second = db.session.scalars(select(Comparison).order_by(Comparison.id))

    gone = browser.post(f"/comparison/{first.id}/discard")
    with time_machine.travel(now() + timedelta(days=100), tick=False):
        assert service.forget_due() == 1
    db.session.commit()

    assert gone.status_code == 303
    assert (second.said, second.waits) == (None, False)
    assert db.session.scalar(select(func.count()).select_from(Upload)) == 0


def form_of(browser: DistrustfulClient, raw: bytes) -> dict[str, Any]:
    """Return what the page's form sends with this file."""
    inputs = form_values(find_form(browser.get("/comparison/").text, "/comparison/")[0])
    return inputs | {"file": (io.BytesIO(raw), "名单.xlsx")}


def test_nothing_chosen_and_a_unit_that_is_not_ones_own(tree, client_of, operator) -> None:
    browser = client_of(operator)
    raw = sheet([factories.a_person().values])

    nothing = browser.post("/comparison/", data={"unit": str(tree["root"].id)})
    nowhere = browser.post("/comparison/", data={"unit": "999999", "file": (io.BytesIO(raw), "名单.xlsx")})

    assert [answer.status_code for answer in (nothing, nowhere)] == [422, 422]
    assert "请选择人事名单文件" in words(nothing.text)
    assert "请选择要比对的单位" in words(nowhere.text)


def test_one_wrong_row_never_hides_the_others(tree, client_of, operator) -> None:
    here = factories.make_member(tree["a"])
    rows = [
        {"name": "", "staff_no": "20010001"}, {"name": "殷@", "staff_no": "20010002"},
        {"name": "殷公式", "staff_no": "12"}, row_of(here), {"name": "殷新来", "staff_no": "20010003"},
    ]  # fmt: skip

    answer = bring(client_of(operator), tree["root"], sheet(rows))
    page = words(client_of(operator).get(answer.location).text)

    assert "没有可用的姓名，没有比对第 3、4 行" in page
    assert "姓名含有非法字符：‹@›第 4 行" in page
    assert "工号应为 4 至 20 位数字或字母，请核对第 5 行" in page
    assert "共 5 行，与会员对上 1 人" in page
    assert "殷新来" in page


def test_the_lists_are_worked_through_from_the_first_with_something_to_do(tree, client_of, operator) -> None:
    here = factories.make_member(tree["a"], mobile="13712345678", admin_duty="科长")
    browser = client_of(operator)
    answer = bring(browser, tree["root"], sheet([row_of(here, mobile="13787654321", admin_duty="处长")], MORE))
    page = browser.get(answer.location)
    text = words(page.text)

    assert "信息不一致2正在查看；共 2，已处理 0" in text
    assert re.search(r"职务\W*科长\W*处长", text)
    assert re.search(r"手机号码 ?\*+5678 ?\*+4321", text)
    assert "13787654321" not in page.text
    assert "按名单更新全部 2 项" not in text  # several acts: the button says how many, the box what
    assert "处理全部 2 项" in text


def test_ticks_paging_and_the_way_back(tree, client_of, operator) -> None:
    stays = factories.make_member(tree["a"])
    people = [*crowd(tree["a"], 51), *crowd(tree["b"], 1)]
    item = compare(operator, sheet([row_of(stays)]), tree["root"])
    browser = client_of(operator)
    base = f"/comparison/{item.id}?list=only_here"

    first, second = (browser.get(f"{base}&page={number}").text for number in (1, 2))
    of_b = browser.get(f"{base}&unit=GH02").text
    ticked = browser.get(f"{base}&ticked=1").text
    asked = browser.get(f"/comparison/{item.id}/settle?action=leave&list=only_here&unit=GH02&all=1")
    target = re.search(r'action="(/comparison/\d+/settle[^"]*)"', asked.text)
    assert target is not None
    done = browser.post(
        target[1].replace("&amp;", "&"),
        data={"ids": re.search(r'name="ids"[^>]*value="([\d,]+)"', asked.text)[1]},  # type: ignore[index]
    )

    assert [page.count('name="id"') for page in (first, second, of_b)] == [50, 2, 1]
    assert (first.count(" checked"), ticked.count(" checked")) == (0, 50)
    assert "共 52 条" in words(first)
    assert "拟办离职 1 项" in words(asked.text)
    assert people[-1].name in words(asked.text)
    assert done.location == f"/comparison/{item.id}?list=only_here&unit=GH02"
    after = words(browser.get(done.location).text)
    assert "拟办离职：已处理 1 项" in after
    assert "没有符合条件的内容" in after
    settled = browser.get(f"{base}&show=settled").text
    assert "已转待办 拟办离职（待办） 总操作" in words(settled)
    assert any(re.fullmatch(r"/comparison/matters/\d+", link) for link in links(settled))


def test_what_was_left_is_told_by_name(tree, client_of, operator) -> None:
    members = [factories.make_member(tree["a"], name=name, admin_duty="科长") for name in ("殷先", "殷后")]
    item = compare(operator, sheet([row_of(one, admin_duty="处长") for one in members], MORE), tree["root"])
    ids = ",".join(str(one.id) for one in findings(item, Kind.DIFFERENT))
    taking.take(
        operator, item.id, Act.IGNORE, [findings(item, Kind.DIFFERENT)[0].id], reason=Reason.LIST_WRONG
    )  # fmt: skip
    browser = client_of(operator)

    done = browser.post(f"/comparison/{item.id}/settle?action=apply&list=different", data={"ids": ids})

    text = words(browser.get(done.location).text)
    assert "按名单更新：已处理 1 项" in text
    assert "1 项没有处理。殷先：已由总操作处理" in text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("action=leave&list=only_here", 302),
        ("action=leave&list=only_here&id=999999", 302),
        ("action=nothing&list=only_here&all=1", 404),
        ("list=only_here&all=1", 404),
        ("action=leave&list=only_here&id=x&id=9999999999999", 302),
    ],
)
def test_nothing_chosen_leads_back_to_the_list(tree, client_of, operator, query: str, status: int) -> None:
    factories.make_member(tree["a"])
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])
    browser = client_of(operator)

    answer = browser.get(f"/comparison/{item.id}/settle?{query}")

    assert answer.status_code == status
    if status == 302:
        assert "请先勾选要处理的行" in words(browser.get(answer.location).text)


def test_a_missing_reason_stands_under_its_input_and_keeps_the_note(tree, client_of, operator) -> None:
    factories.make_member(tree["a"])
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])
    ids = str(findings(item, Kind.ONLY_HERE)[0].id)

    answer = client_of(operator).post(
        f"/comparison/{item.id}/settle?action=ignore&list=only_here", data={"ids": ids, "note": "支教一年"}
    )

    assert answer.status_code == 422
    assert "请修改下列内容后再提交 请选择忽略的原因" in words(answer.text)
    assert 'value="支教一年"' in answer.text
    assert findings(item, Kind.ONLY_HERE)[0].outcome is None


def test_a_branch_finds_its_matters_on_the_first_page_and_ends_them(tree, client_of, operator, user_as) -> None:
    gone, other = factories.make_member(tree["a"]), factories.make_member(tree["b"])
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])
    both = [one.id for one in findings(item, Kind.ONLY_HERE)]
    taking.take(operator, item.id, Act.RETIRE, both, note="九月到龄")
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"], name="方分会"))

    assert re.search(r"拟办事项1\D", words(browser.get("/").text))
    listed = browser.get("/comparison/matters")
    path = next(link for link in links(listed.text) if re.fullmatch(r"/comparison/matters/\d+", link))
    page = words(browser.get(path).text)
    refused = browser.post(f"/act/matters/{path.rsplit('/', 1)[1]}/dismiss", data={"comment": ""})
    done = browser.post(f"/act/matters/{path.rsplit('/', 1)[1]}/dismiss", data={"comment": "延迟退休，仍在岗"})

    assert (gone.name in words(listed.text), other.staff_no in listed.text) == (True, False)
    assert "拟办退休" in page
    assert "九月到龄" in page
    assert (refused.status_code, done.location) == (422, path)
    after = words(browser.get(path).text)
    assert "不予办理方分会" in after
    assert "延迟退休，仍在岗" in after
    assert "没有待办的事项" in words(browser.get("/comparison/matters").text)


# --- what leaves the house --------------------------------------------------------------------------------------------


def exported(answer: Any) -> list[list[str]]:
    """Return the texts of the workbook, read by another library than the one that wrote it."""
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return [[str(cell or "") for cell in row] for row in book.active.iter_rows(values_only=True)]


def test_each_list_goes_out_as_a_workbook_without_numbers_of_documents(tree, client_of, operator) -> None:
    gone = factories.make_member(tree["a"], name="殷离开")
    moved = factories.make_member(tree["a"], name="殷转会", department="机械系")
    changed = factories.make_member(tree["a"], name="殷改职", admin_duty="科长")
    mistyped = factories.make_member(tree["a"], name="殷错号")
    number = factories.id_number(birth=mistyped.birth_date, sex=mistyped.sex)
    new = factories.a_person(name="=殷新来".lstrip("="), department="教务处")
    rows = [new.values, row_of(moved), row_of(changed, admin_duty="处长"), row_of(mistyped, id_number=number)]
    item = compare(operator, sheet([{**row, "mobile": None} for row in rows], MORE), tree["root"])
    browser = client_of(operator)

    books = {}
    for kind in Kind:
        answer = browser.post(f"/comparison/{item.id}/export?list={kind.value}", data={"purpose": "与人事处核对"})
        if kind is Kind.RETAINED:
            assert answer.status_code == 422
            assert "这个列表没有内容，不需要导出" in words(answer.text)
            continue
        assert answer.mimetype.endswith("spreadsheetml.sheet")
        books[kind] = exported(answer)

    told = {kind: [row[:2] + row[3:7] for row in book[2:]] for kind, book in books.items()}
    a = tree["a"].name
    assert told == {
        Kind.ONLY_THERE: [["殷新来", new.values["staff_no"], a, "名单有、系统无", "", ""]],
        Kind.ONLY_HERE: [["殷离开", gone.staff_no, a, "系统有、名单无", "", ""]],
        Kind.MISPLACED: [["殷转会", moved.staff_no, a, "部门与分工会不符", "", tree["b"].name]],
        Kind.DIFFERENT: [["殷改职", changed.staff_no, a, "职务", "科长", "处长"]],
        Kind.UNSURE: [
            [
                "殷错号", mistyped.staff_no, a, "工号和姓名相同，证件号码不同", f"殷错号、{mistyped.staff_no}、教务处",
                f"殷错号、{mistyped.staff_no}、教务处",
            ]
        ],
    }  # fmt: skip
    numbers = [gone.id_number, moved.id_number, changed.id_number, mistyped.id_number, number, new.id_number]
    assert [one for one in numbers if one in str(books)] == []
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "comparison.export")).all()
    assert [(event.reason, event.details) for event in events] == [
        ("与人事处核对", {"list": kind.label, "rows": 1}) for kind in books
    ]


@pytest.mark.parametrize("purpose", ["", "  ", "看看", "长" * 101])
def test_without_a_purpose_nothing_goes_out(tree, client_of, operator, purpose: str) -> None:
    factories.make_member(tree["a"])
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])

    answer = client_of(operator).post(f"/comparison/{item.id}/export?list=only_here", data={"purpose": purpose})

    assert answer.status_code == 422
    assert "请填写用途，4 至 100 个字" in words(answer.text)
    assert db.session.scalar(select(func.count()).where(AuditEvent.action == "comparison.export")) == 0


def test_what_comes_of_the_buttons_beside_the_lists(tree, client_of, operator) -> None:
    factories.make_member(tree["a"], name="殷离开")
    item = compare(operator, sheet([factories.a_person().values]), tree["root"])
    one = findings(item, Kind.ONLY_HERE)[0]
    browser = client_of(operator)

    nothing = browser.post(f"/comparison/{item.id}/recheck", follow_redirects=True)
    browser.post(
        f"/comparison/{item.id}/settle?action=ignore&list=only_here", data={"ids": str(one.id), "reason": "seconded"}
    )
    kept = browser.post(f"/comparison/{item.id}/discard")
    listed = browser.get(f"/comparison/{item.id}?list=only_here&show=settled").text
    back = browser.post(f"/comparison/{item.id}/settle?action=reopen&list=only_here", data={"ids": str(one.id)})
    gone = browser.post(f"/comparison/{item.id}/discard", follow_redirects=True)

    assert "没有变化：列出的各项与现在的系统仍不一致" in words(nothing.text)
    assert kept.status_code == 409
    assert "改回未处理所选" in words(listed)
    assert back.status_code == 303
    assert "还没有比对过" in words(gone.text)
    assert db.session.scalar(select(func.count()).select_from(Finding)) == 0


def test_a_matter_opens_the_form_that_does_it(tree, user_as, client_of) -> None:
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    matter = factories.make_matter(tree["a"])
    leaving = browser.get(f"/comparison/matters/{matter.id}").text
    matter.kind = MatterKind.TRANSFER
    db.session.commit()

    moving = browser.get(f"/comparison/matters/{matter.id}").text

    door = f'href="/transfers/new/{matter.member_id}"'
    assert (door in leaving, door in moving) == (False, True)
