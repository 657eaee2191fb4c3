"""The command `print`: the registration forms of whom a question finds, in one PDF, as the user may print them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import cli, commands
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.shell import DONE
from portal.org.permissions import Role
from tests import factories
from tests.prints.conftest import pages_of

BORN = date(1985, 6, 15)
WOMEN = {"all": [{"field": "sex", "op": "eq", "value": "2"}]}


@pytest.fixture
def women(tree) -> list[str]:
    """The names of two women of branch a, in the order of a list; beside them a man, and a woman of branch b."""
    for name, sex, unit in (("王晓梅", "2", "a"), ("陈建国", "1", "a"), ("李雅琴", "2", "a"), ("张文博", "2", "b")):
        number = factories.id_number(birth=BORN, sex=sex)
        factories.make_member(tree[unit], name=name, sex=sex, birth_date=BORN, id_number=number)
    db.session.commit()
    return ["李雅琴", "王晓梅"]


@pytest.fixture(autouse=True)
def _here(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command find the app of this test, whose connections are closed with it."""
    monkeypatch.setattr(commands, "migrated", lambda settings: app)


def run(app: Flask, username: str, question: Path, out: Path) -> int:
    """Run the command as it was typed, in this process."""
    db.session.remove()
    words = ["print", "--as", username, "--query", str(question), "--out", str(out)]
    options: Any = cli.parser().parse_args(words)
    return int(options.verb(app.config["SETTINGS"], options))


def test_the_forms_of_a_question_are_one_pdf(app, user_as, tree, women, tmp_path, capsys):
    operator = user_as(Role.BRANCH_OPERATOR, tree["a"], username="caozuo").username
    question, out = tmp_path / "question.json", tmp_path / "forms.pdf"
    question.write_text(json.dumps([WOMEN, WOMEN]), "utf-8")  # a list of questions: nobody is printed twice

    code = run(app, operator, question, out)

    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert (code, answer["printed"], answer["skipped"], answer["broken"]) == (DONE, 2, 0, 0)
    assert out.stat().st_mode & 0o077 == 0
    assert "已完成：2 / 2 人" in told.err
    forms = [text for text in pages_of(out.read_bytes()) if "续页" not in text]
    assert [name in text for name, text in zip(women, forms, strict=True)] == [True, True]
    acts = db.session.scalars(
        select(AuditEvent.action).where(AuditEvent.action.startswith("print.")).order_by(AuditEvent.id)
    )
    assert acts.all() == ["print.start", "print.finish"]


def test_who_may_not_print_makes_no_file(app, user_as, tree, women, tmp_path):
    technician = user_as(Role.SUPER_ADMIN, tree["root"], username="jishu").username
    question, out = tmp_path / "question.json", tmp_path / "forms.pdf"
    question.write_text(json.dumps(WOMEN), "utf-8")

    with pytest.raises(DomainError, match="没有打印登记表的权限"):
        run(app, technician, question, out)

    assert not out.exists()


def test_what_cannot_be_read_or_written_is_named(app, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text('{"all": [', "utf-8")

    for question, out, named in (
        (broken, tmp_path / "a.pdf", broken),
        (tmp_path / "none.json", tmp_path / "a.pdf", tmp_path / "none.json"),
        (broken, tmp_path, tmp_path),
    ):
        with pytest.raises(DomainError) as refused:
            run(app, "caozuo", question, out)
        assert str(named) in refused.value.message
