"""A branch with members to print, and the person who prints them."""

from __future__ import annotations

import io
from pathlib import Path

import pdfplumber
import pytest

from portal.core.db import db
from portal.org.permissions import Role
from tests import factories


@pytest.fixture
def folder(app) -> Path:
    """Where this test's files of jobs are."""
    return Path(app.config["INSTANCE"]) / "jobs" / "prints"


@pytest.fixture
def operator(user_as, tree):
    """The operator of branch a."""
    return user_as(Role.BRANCH_OPERATOR, tree["a"], name="周操作")


@pytest.fixture
def members(tree):
    """Three members of branch a, in no order of their names."""
    made = [factories.make_member(tree["a"], name=name) for name in ("王晓梅", "陈建国", "李雅琴")]
    db.session.commit()
    return made


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page, without its spaces."""
    with pdfplumber.open(io.BytesIO(pdf)) as reader:
        return ["".join(page.extract_text().split()) for page in reader.pages]
