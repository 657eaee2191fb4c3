"""Sheets of units: read, judged row by row, imported as a whole or not at all, by the page and by the command."""

from __future__ import annotations

import csv
import io
import random
import subprocess
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from portal.core import audit
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.org.units import bringing, reading, service
from portal.org.units.models import UnitSheet
from tests import factories, serving
from tests.client import DistrustfulClient, words
from tests.conftest import PROOF

HEAD = ("名称", "代码", "上级代码", "类型")
Units = dict[str, OrgUnit]
Rows = Sequence[Sequence[object]]


@pytest.fixture
def keeper(city: Units) -> User:
    """Who looks after the whole city."""
    return user(Role.SUPER_ADMIN, city["root"])


def user(role: Role, unit: OrgUnit) -> User:
    made = factories.make_user(role, unit)
    db.session.commit()
    return made


def workbook(rows: Rows) -> io.BytesIO:
    """A workbook as a person saves it."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    return stream


def table(rows: Rows, encoding: str = "utf-8-sig") -> io.BytesIO:
    """A csv file."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))


def sheet_of(actor: User, rows: Rows, *, code: str = "") -> UnitSheet:
    return bringing.bring(actor, workbook([HEAD, *rows]), file="单位.xlsx", code=code)


def told(actor: User, rows: Rows) -> list[str]:
    """The sentences of a sheet's wrong rows."""
    return bringing.sentences(bringing.preview(actor, sheet_of(actor, rows)))


def count() -> int:
    return db.session.scalar(select(func.count(OrgUnit.id))) or 0


def placed() -> dict[str, tuple[str, str]]:
    """Kind and way of every unit, as codes."""
    units = {unit.id: unit for unit in db.session.scalars(select(OrgUnit))}
    return {
        unit.code: (unit.kind.label, ">".join(units[int(number)].code for number in unit.path.strip("/").split("/")))
        for unit in units.values()
    }


# --- what is imported -------------------------------------------------------------------------------------------------


def test_a_child_may_stand_before_its_parent(city: Units, keeper: User) -> None:
    before, events = count(), len(db.session.scalars(select(audit.AuditEvent)).all())
    rows = [
        ("门店分工会", "WS0101", "WS01", "分工会"),
        ("西山商贸公司工会", "WS01", "WS", "基层工会"),
        ("北原县总工会", None, None, "县(区)总工会"),
        (None, None, None, None),
        ("西山区第一街道工会", "ws", "gh02", "乡镇（街道）工会"),
        ("西山物流公司工会", None, "GH02", "基层工会"),
    ]
    sheet = sheet_of(keeper, rows)
    found = bringing.preview(keeper, sheet)
    assert (found.wrong, found.kinds) == (
        [],
        [("县（区）总工会", 1), ("乡镇（街道）工会", 1), ("基层工会", 2), ("分工会", 1)],
    )
    assert count() == before

    assert bringing.write(keeper, sheet) == 5
    db.session.commit()

    new = {code: place for code, place in placed().items() if code.startswith(("WS", "GH03", "GH0201"))}
    assert new == {
        "WS": ("乡镇（街道）工会", "GH>GH02>WS"),
        "WS01": ("基层工会", "GH>GH02>WS>WS01"),
        "WS0101": ("分工会", "GH>GH02>WS>WS01>WS0101"),
        "GH03": ("县（区）总工会", "GH>GH03"),
        "GH0201": ("基层工会", "GH>GH02>GH0201"),
    }
    takes = {unit.code: (unit.approves_members, unit.accepts_members) for unit in db.session.scalars(select(OrgUnit))}
    assert [takes[code] for code in ("WS01", "WS0101", "GH0201")] == [(True, False), (False, True), (True, True)]
    trace = db.session.scalars(select(audit.AuditEvent).order_by(audit.AuditEvent.id)).all()[events:]
    assert [(event.action, event.batch_id) for event in trace] == [("unit.sheet", None), ("unit.import", sheet.uuid)]
    assert trace[1].details["units"] == 5
    assert service.found(keeper, city["west"], name="新工会", kind=city["firm"].kind).code == "GH0202"
    with pytest.raises(Conflict, match="已经导入"):
        bringing.write(keeper, sheet)


def test_every_wrong_row_says_what_is_wrong_with_it(city: Units, keeper: User) -> None:
    service.disable(keeper, city["other"])
    db.session.commit()
    rows = [
        ("好的工会", "A1", "GH02", "基层工会"),  # row 2
        ("代码已用工会", "GH01", "", "县（区）总工会"),
        ("重复代码工会", "A1", "GH02", "基层工会"),
        ("没有类型工会", "A3", "GH02", ""),
        ("不明类型工会", "A4", "GH02", "星际工会"),
        ("", "A5", "GH02", "基层工会"),
        ("没有上级工会", "A6", "NOWHERE", "基层工会"),
        ("放错地方工会", "A7", "GH", "分工会"),
        ("同名工会", "A8", "GH02", "基层工会"),
        ("同名工会", "A9", "GH02", "基层工会"),
        ("海港机械公司工会", "A10", "GH0101", "基层工会"),
        ("循环甲工会", "B1", "B2", "基层工会"),
        ("循环乙工会", "B2", "B1", "分工会"),
        ("自己工会", "B3", "B3", "工会小组"),
        ("坏代码工会", "a_1", "GH02", "基层工会"),
        ("='x'", "A11", "GH02", "基层工会"),
        ("停用之下分工会", "A12", "GH010102", "分工会"),
        ("循环之下小组", "B4", "B2", "工会小组"),
    ]

    sentences = told(keeper, rows)

    kinds = "市总工会、县（区）总工会、系统工会、产业工会、乡镇（街道）工会、基层工会、分工会、工会小组"
    assert sentences == [
        "第 3 行 代码已用工会：代码 GH01 已被使用，请换一个",
        "第 4 行 重复代码工会：代码 A1 与第 2 行重复",
        f"第 5 行 没有类型工会：请填写类型（可以填：{kinds}）",
        f"第 6 行 不明类型工会：没有“星际工会”这种类型（可以填：{kinds}）",
        "第 7 行 （没有名称）：请填写名称",
        "第 8 行 没有上级工会：上级代码 NOWHERE 不存在，也不在您的管理范围内；表格里也没有这个代码",
        "第 9 行 放错地方工会：分工会不能设在市总工会下面"
        "（市总工会下面可以设：县（区）总工会、系统工会、产业工会、基层工会）",
        "第 11 行 同名工会：名称与第 10 行相同，而且上级也相同",
        "第 12 行 海港机械公司工会：同一上级下面已经有这个名称的单位",
        "第 13 行 循环甲工会：第 13、14 行互为上级，请改正上级代码；"
        "基层工会不能设在分工会下面（分工会下面可以设：工会小组）",
        "第 14 行 循环乙工会：第 13、14 行互为上级，请改正上级代码",
        "第 15 行 自己工会：上级就是它自己，请改正上级代码；"
        "工会小组不能设在工会小组下面（工会小组下面可以设：没有下级的类型）",
        "第 16 行 坏代码工会：单位代码由大写字母、数字和短横线组成，最多 20 个字符",
        "第 17 行 ='x'：名称是公式，请粘贴为数值后再试",
        "第 18 行 停用之下分工会：上级 GH010102 已停用，请先启用它",
    ]
    before = count()
    with pytest.raises(DomainError, match="有 15 行需要修改，没有导入任何单位"):
        bringing.write(keeper, sheet_of(keeper, rows))
    assert count() == before


def test_a_parent_beyond_ones_own_is_as_if_absent(city: Units) -> None:
    eastern = user(Role.ORG_ADMIN, city["east"])
    same = "上级代码 {} 不存在，也不在您的管理范围内；表格里也没有这个代码"

    assert told(eastern, [("甲工会", "A1", "GH02", "基层工会"), ("乙工会", "A2", "XX", "基层工会")]) == [
        f"第 2 行 甲工会：{same.format('GH02')}", f"第 3 行 乙工会：{same.format('XX')}",
    ]  # fmt: skip
    sheet = sheet_of(eastern, [("丙工会", "", "", "基层工会")])
    bringing.write(eastern, sheet)
    db.session.flush()
    assert placed()["GH0102"] == ("基层工会", "GH>GH01>GH0102")


def test_what_became_of_the_tree_meanwhile_counts(city: Units, keeper: User) -> None:
    sheet = sheet_of(keeper, [("西山工会", "W1", "GH02", "基层工会")])
    assert bringing.preview(keeper, sheet).wrong == []
    service.found(keeper, city["west"], name="抢先工会", kind=city["firm"].kind, code="W1")

    with pytest.raises(DomainError, match="有 1 行需要修改"):
        bringing.write(keeper, sheet)


def test_a_sheet_is_its_bringers_own_and_kept_a_day(city: Units, keeper: User) -> None:
    other = user(Role.SUPER_ADMIN, city["root"])
    sheet = sheet_of(keeper, [("西山工会", "W1", "GH02", "基层工会")])
    db.session.commit()
    with pytest.raises(Absent):
        bringing.find(other, sheet.id)
    uuid = sheet.uuid

    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        newer = sheet_of(other, [("西山工会", "W1", "GH02", "基层工会")])

    assert db.session.scalars(select(UnitSheet.uuid)).all() == [newer.uuid] != [uuid]


def test_someone_with_several_units_says_which(city: Units) -> None:
    from portal.org import service as org

    both = user(Role.ORG_ADMIN, city["west"])
    org.give(both, both, Role.ORG_ADMIN, city["town"])
    db.session.commit()
    line = [("新工会", "", "", "基层工会")]
    with pytest.raises(DomainError, match="您管理不止一个单位"):
        sheet_of(both, line)

    assert sheet_of(both, line, code="GH0101").unit == city["town"]
    with pytest.raises(Forbidden, match="没有管理组织机构的权限"):
        sheet_of(user(Role.UNION_CHAIR, city["root"]), line)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "没有认出列名"),
        ([("甲", "乙")], "没有认出列名"),
        ([("名称", "代码")], "没有认出列名"),
        ([("名称", "类型", "单位名称")], "第 1 行有两列“名称”"),
        ([HEAD], "表格里没有单位"),
        ([HEAD, (None, " ")], "表格里没有单位"),
    ],
)
def test_a_sheet_that_cannot_be_read(city: Units, keeper: User, rows: Rows, sentence: str) -> None:
    with pytest.raises(DomainError, match=sentence) as refused:
        reading.read([["" if cell is None else str(cell) for cell in row] for row in rows])

    assert refused.value.field == "file"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_file_with_other_headings_and_remarks(city: Units, keeper: User, encoding: str) -> None:
    rows = [
        ("2026年组织名单", "", "", "", ""),
        ("单位类型", "序号", "联系电话", "单位名称", "上级"),
        ("基层", "1", "0335-1", "新工会", "GH02"),
    ]

    sheet = bringing.bring(keeper, table(rows, encoding), file="名单.csv")
    bringing.write(keeper, sheet)

    made = db.session.scalars(select(OrgUnit).where(OrgUnit.name == "新工会")).one()
    assert (made.code, made.contact_phone, made.kind.label) == ("GH0201", "0335-1", "基层工会")


def test_thousands_of_rows_in_any_order(city: Units, keeper: User) -> None:
    towns, unions = (150, 15_000) if PROOF else (12, 400)
    rows = [(f"第{number}街道工会", f"T{number}", "GH02", "乡镇街道工会") for number in range(towns)]
    rows += [(f"第{number}公司工会", f"U{number}", f"T{number % towns}", "基层工会") for number in range(unions)]
    random.Random(7).shuffle(rows)
    before = count()

    bringing.write(keeper, sheet_of(keeper, rows))

    assert count() == before + towns + unions
    wrong = select(func.count()).select_from(OrgUnit).where(OrgUnit.path.not_like("/%/"))
    assert db.session.scalar(wrong) == 0
    found = placed()
    assert found["U17"] == ("基层工会", f"GH>GH02>T{17 % towns}>U17")
    assert all(way.endswith(f">{code}") or way == code for code, (_, way) in found.items())


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_previews_and_then_imports(
    client_of: Callable[[User | None], DistrustfulClient], city: Units, keeper: User
) -> None:
    browser = client_of(keeper)
    before = count()
    wrong = browser.submit(
        "/units/import", {"file": (workbook([HEAD, ("坏工会", "GH01", "", "基层工会")]), "单位.xlsx")}
    )
    page = browser.get(wrong.location).text
    assert "第 2 行" not in words(page)
    assert "坏工会 GH01 海港市总工会（GH） 基层工会 代码 GH01 已被使用，请换一个" in words(page)
    assert "确认导入" not in page
    assert browser.post(wrong.location).status_code == 422

    rows = [("西山工会", "", "GH02", "基层工会"), ("西山分工会", "W1", "", "基层工会")]
    good = browser.submit("/units/import", {"file": (workbook([HEAD, *rows]), "单位.xlsx")})
    page = browser.get(good.location).text
    assert "没有发现错误，还没有导入" in words(page)
    assert "西山工会 GH0201 自动 西山区总工会（GH02）" in words(page)
    assert count() == before

    answer = browser.submit(good.location)

    assert answer.location == "/units/"
    assert count() == before + 2
    assert "共 2 个单位" in words(browser.get(good.location).text)
    assert browser.post(good.location).status_code == 409


def test_the_page_refuses_what_is_no_sheet(
    client_of: Callable[[User | None], DistrustfulClient], city: Units, keeper: User
) -> None:
    browser = client_of(keeper)

    for content, name in ((b"", "a.xlsx"), (b"PK\x03\x04 nonsense", "a.xlsx"), ("只有一列\n甲".encode(), "a.csv")):
        answer = browser.submit("/units/import", {"file": (io.BytesIO(content), name)})
        assert (name, answer.status_code) == (name, 422)
    answer = browser.submit("/units/import", {})
    assert "请选择要上传的文件" in words(answer.text)
    assert db.session.scalars(select(UnitSheet)).all() == []


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(app: Flask, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`command(rows, "--as", name)`: the command over this test's own database."""

    def run(rows: Rows, *words_: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "单位.xlsx"
        file.write_bytes(workbook([HEAD, *rows]).getvalue())
        db.session.commit()
        return serving.command(
            Path(app.instance_path), "units", str(file), *words_, uri=app.config["SQLALCHEMY_DATABASE_URI"]
        )

    return run


def test_the_command_imports_and_says_so(
    city: Units, keeper: User, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    rows = [("门店分工会", "W101", "W1", "分工会"), ("西山工会", "W1", "GH02", "基层工会")]

    done = command(rows, "--as", keeper.username)

    assert (done.returncode, done.stdout) == (0, "已导入 2 个单位\n"), done.stderr
    db.session.expire_all()
    assert placed()["W101"] == ("分工会", "GH>GH02>W1>W101")
    event = db.session.scalars(select(audit.AuditEvent).order_by(audit.AuditEvent.id.desc())).first()
    assert event is not None
    assert (event.action, event.channel, event.actor_id) == ("unit.import", "cli", keeper.id)


def test_the_command_says_no_and_refuses(
    city: Units, keeper: User, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    chair = user(Role.UNION_CHAIR, city["root"])
    good = [("西山工会", "W1", "GH02", "基层工会")]
    before = count()

    wrong = command([*good, ("坏工会", "GH01", "", "基层工会")], "--as", keeper.username)
    stranger = command(good, "--as", "nobody")
    powerless = command(good, "--as", chair.username)
    empty = command([], "--as", keeper.username)

    assert (wrong.returncode, wrong.stdout) == (1, "第 3 行 坏工会：代码 GH01 已被使用，请换一个\n")
    assert "没有导入任何单位" in wrong.stderr
    assert [(one.returncode, one.stdout) for one in (stranger, powerless, empty)] == [(2, "")] * 3
    assert "没有用户名为 nobody 的启用账号" in stranger.stderr
    assert "没有管理组织机构的权限" in powerless.stderr
    assert "表格里没有单位" in empty.stderr
    db.session.expire_all()
    assert count() == before
    assert db.session.scalars(select(UnitSheet)).all() == []
