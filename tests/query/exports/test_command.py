"""`find --out`: the rows of the question in a file, by the same rules as on the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import cli, commands
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.shell import DONE, REFUSED
from portal.org.permissions import Role
from portal.query.exports.models import Export, ExportState
from tests import factories
from tests.query.exports import books


@pytest.fixture(autouse=True)
def _here(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "migrated", lambda settings: app)


@pytest.fixture
def question(tree, user_as, tmp_path) -> Path:
    """Everybody, in a file; there are two, an operator and somebody who may confirm."""
    user_as(Role.UNION_OPERATOR, tree["root"], username="caozuo")
    user_as(Role.UNION_CHAIR, tree["root"])
    for name, key in (("王晓梅", "a"), ("陈建国", "b")):
        factories.make_member(tree[key], name=name)
    db.session.commit()
    path = tmp_path / "question.json"
    path.write_text('{"all": []}', "utf-8")
    return path


def run(app: Flask, question: Path, *words: str) -> int:
    """Run the command as it was typed, in this process."""
    db.session.remove()
    options: Any = cli.parser().parse_args(["find", "--as", "caozuo", "--query", str(question), *words])
    return int(options.verb(app.config["SETTINGS"], options))


@pytest.mark.parametrize(("ending", "read"), [("xlsx", books.rows_in), ("csv", books.rows_of_csv)])
def test_the_rows_are_written_with_purpose_and_trace(app, question, tmp_path, capsys, ending, read):
    out = tmp_path / f"people.{ending}"

    code = run(app, question, "--out", str(out), "--columns", "name,branch", "--purpose", "年度统计名册")

    assert (code, json.loads(capsys.readouterr().out)["rows"]) == (DONE, 2)
    rows = read(out.read_bytes())
    assert rows == [["姓名", "所属分工会"], ["陈建国", "机械工程学院分工会"], ["王晓梅", "外国语学院分工会"]]
    assert out.stat().st_mode & 0o777 == 0o600
    [event] = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "exports.make"))
    assert (event.channel, event.reason) == ("cli", "年度统计名册")


def test_what_takes_a_second_person_waits_and_writes_nothing(app, question, tmp_path, capsys):
    out = tmp_path / "people.xlsx"

    code = run(app, question, "--out", str(out), "--columns", "name,id_number", "--full")

    told = capsys.readouterr()
    assert (code, told.out) == (REFUSED, "")
    assert "须由海港大学工会或上级另一位有权限的人在 24 小时内确认" in told.err
    assert db.session.scalars(select(Export)).one().state is ExportState.PENDING
    assert sorted(path.name for path in tmp_path.iterdir()) == ["question.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "people.txt"), "应以 .xlsx 或 .csv 结尾"),
        (("--out", "no/such/people.xlsx"), "不能写入"),
        (("--out", "people.xlsx", "--columns", "name,nothing"), "没有“nothing”这一"),
        (("--out", "people.xlsx", "--purpose", "用"), "请填写用途"),
    ],
)
def test_a_refusal_leaves_no_file(app, question, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DomainError, match=said):
        run(app, question, *words)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["question.json"]
    assert db.session.scalars(select(Export)).all() == []
