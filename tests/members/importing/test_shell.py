"""The import as a command: the report is written in any case, and says what the page would say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.joining.models import Application
from portal.members.importing.models import Import
from portal.members.models import Member
from portal.org.permissions import Role
from tests import factories, serving
from tests.members.importing.lists import JOINED, a_historic, line, table

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(app, tmp_path) -> Command:
    """`command(raw, "--as", name)`: the command over this test's own database."""

    def run(raw: bytes, *words: str, name: str = "名单.csv") -> subprocess.CompletedProcess[str]:
        file = tmp_path / name
        file.write_bytes(raw)
        db.session.commit()
        done = serving.command(
            Path(app.instance_path), "import", str(file), *words, uri=app.config["SQLALCHEMY_DATABASE_URI"]
        )
        db.session.expire_all()
        return done

    return run


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_the_report_of_the_contract(command, tree, union, tmp_path):
    """A title row, headings in the third row, a total at the end; five people of every kind."""
    here, elsewhere = factories.make_member(tree["a"]), factories.make_member(tree["b"])
    first, second, wrong = (factories.a_person() for _ in range(3))
    number = wrong.id_number[:-1] + ("0" if wrong.id_number[-1] != "0" else "1")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    rows = [
        ("海港大学2026年会员名册",), (), ("分工会", "姓名", "身份证号码", "移动电话", "备注"),
        ("GH01", first.name, first.id_number, first.values["mobile"], ""),
        ("外国语学院分工会", second.name, second.id_number, second.values["mobile"], ""),
        ("GH01", wrong.name, number, wrong.values["mobile"], ""),
        ("GH01", here.name, here.id_number, "", "新备注"),
        ("GH01", elsewhere.name, elsewhere.id_number, "", ""),
        ("合计", "5人"),
    ]  # fmt: skip
    for row in rows:
        sheet.append(list(row))
    file, out = tmp_path / "a.xlsx", tmp_path / "out.json"
    book.save(file)

    done = command(file.read_bytes(), "--as", union.username, "--report", str(out), name="a.xlsx")

    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    report = json.loads(out.read_text("utf-8"))
    counts = {"total": 5, "new": 2, "update": 1, "transfer": 1, "duplicate": 0, "error": 1}
    assert {name: report[name] for name in ("file", "refused", *counts)} == {
        "file": "a.xlsx",
        "refused": None,
        **counts,
    }
    assert [(row["row"], row["verdict"]) for row in report["rows"]] == [
        (4, "new"), (5, "new"), (6, "error"), (7, "update"), (8, "transfer"),
    ]  # fmt: skip
    assert report["rows"][2] == {
        "row": 6,
        "verdict": "error",
        "errors": [{"field": "id_number", "message": "身份证号码校验位错误，请核对"}],
        "warnings": [],
    }
    assert "第 9 行（合计行）" in done.stderr
    assert (count(Import), count(Application), here.remark) == (0, 0, None)
    assert number not in done.stderr + out.read_text("utf-8")


def test_nothing_is_written_while_a_row_is_wrong_and_all_where_none_is(command, tree, union):
    right, wrong = factories.a_person(), factories.a_person(mobile="12")

    refused = command(table([line(right), line(wrong)]), "--as", union.username, "--commit")
    assert (refused.returncode, json.loads(refused.stdout)["error"]) == (1, 1)
    assert (count(Application), count(Import)) == (0, 0)

    done = command(table([line(right)]), "--as", union.username, "--commit")
    assert (done.returncode, json.loads(done.stdout)["new"]) == (0, 1), done.stderr
    assert [form.name for form in db.session.scalars(select(Application))] == [right.name]
    [event] = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "import.commit"))
    assert (event.channel, event.actor_id) == ("cli", union.id)


def test_history_by_the_command(command, tree, union):
    people = [a_historic(), a_historic(mobile=None)]

    done = command(table([line(one) for one in people]), "--as", union.username, "--historic", "--commit")

    report = json.loads(done.stdout)
    assert (done.returncode, report["new"]) == (0, 2), done.stderr
    assert [bool(row["warnings"]) for row in report["rows"]] == [False, True]
    assert [one.join_date for one in db.session.scalars(select(Member))] == [JOINED, JOINED]


def test_what_is_refused_is_reported_too_and_changes_nothing(command, tree, union, clerk, user_as, tmp_path):
    chair = user_as(Role.UNION_CHAIR, tree["root"])
    good = table([line(a_historic())])
    tries = {
        "broken": (b"PK\x03\x04 nothing", "--as", union.username),
        "no headings": ("甲,乙\n1,2\n".encode(), "--as", union.username),
        "stranger": (good, "--as", "nobody"),
        "powerless": (good, "--as", chair.username),
        "no history": (good, "--as", clerk.username, "--historic", "--commit"),
        "another unit": (good, "--as", clerk.username, "--under", "GH02", "--commit"),
    }
    for number, (what, (raw, *words)) in enumerate(tries.items()):
        out = tmp_path / f"{number}.json"
        done = command(raw, *words, "--report", str(out))
        report = json.loads(out.read_text("utf-8"))
        assert (what, done.returncode, done.stdout) == (what, 2, "")
        assert report["refused"], what
        assert report["refused"] in done.stderr
        assert {
            name: report[name] for name in ("total", "new", "update", "transfer", "duplicate", "error")
        } == dict.fromkeys(("total", "new", "update", "transfer", "duplicate", "error"), 0)
        assert report["rows"] == []
        assert "Traceback" not in done.stderr
    assert (count(Member), count(Application), count(Import)) == (0, 0, 0)


def test_a_file_that_is_not_there(command, tree, union, tmp_path):
    done = command(b"", "--as", union.username, "--report", str(tmp_path / "nowhere" / "out.json"))
    assert (done.returncode, "不能写入" in done.stderr) == (2, True)


def test_numbers_and_days_count_as_on_the_page(command, tree, union):
    """In a csv the heading is row 1, whatever stands above it."""
    raw = "名册,,,,\n".encode() + table([line(factories.a_person(), 饭卡="07"), line(factories.a_person())])

    done = command(raw, "--as", union.username)

    assert [row["row"] for row in json.loads(done.stdout)["rows"]] == [2, 3]
    assert "“饭卡”不认识，没有读取" in done.stderr
