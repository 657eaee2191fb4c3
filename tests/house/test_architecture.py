"""What the import contracts cannot see: who commits, who names roles, how long a file is, what a docstring owes."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.app import create_app
from portal.core.db import Base
from portal.members import hanging
from portal.members.models import Member

ROOT = Path(__file__).resolve().parents[2]
PORTAL = ROOT / "portal"
MODULES = sorted(PORTAL.rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in MODULES]

# The request's wrapper, the short transaction apart, the clock and the shell: nobody else ends a transaction.
# The workers of prints and exports are threads of the clock: each claims a row, commits, and only then works.
COMMITTING = {
    "portal/core/db.py",
    "portal/core/web.py",
    "portal/core/clock.py",
    "portal/cli.py",
    "portal/commands.py",
    "portal/operations/backup.py",
    "portal/operations/restore.py",
    "portal/prints/worker.py",
    "portal/query/rosters/worker.py",
    "portal/query/exports/worker.py",
    "portal/query/slow/worker.py",
    "portal/messaging/sending/worker.py",
    "portal/messaging/composing/worker.py",
}
# A print job is a row of the queue, not a case that people judge: its state says how far the machine is. So is an
# export, once nobody has to confirm it any more, and a question that waits for the clock.
QUEUES = {
    "portal/prints/service.py",
    "portal/prints/worker.py",
    "portal/query/exports/worker.py",
    "portal/query/slow/worker.py",
}
# The role table, and those who give roles to the first people of an empty house.
NAMING_ROLES = {"portal/org/permissions.py", "portal/cli.py"}
OTHERS = [name for name in NAMES if not name.startswith(("portal/demo/", "portal/bench/"))]
VAGUE = {"utils", "helpers", "common", "manager", "misc", "data2", "base"}


def tree(name: str) -> ast.Module:
    """Return the parsed module."""
    return ast.parse((ROOT / name).read_text("utf-8"))


def calls(name: str, attribute: str) -> list[int]:
    """Return the lines where a module calls `.attribute()`."""
    return [
        node.lineno
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == attribute
    ]


@pytest.mark.parametrize("name", [name for name in OTHERS if name not in COMMITTING])
def test_nobody_else_commits(name: str) -> None:
    assert calls(name, "commit") == []


@pytest.mark.parametrize("name", [name for name in OTHERS if name not in NAMING_ROLES])
def test_roles_are_named_in_one_place(name: str) -> None:
    """Elsewhere a permission is asked, so that a new role is one line."""
    roles = {
        node.attr
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Role"
    }

    assert roles == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_module_is_too_long_or_vague(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= 400
    assert Path(name).stem not in VAGUE


def test_whatever_answers_requests_keeps_the_contract_of_views() -> None:
    """import-linter takes no `*_views`, so the contract names each; a module with a blueprint is one of them."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in told if one["id"] == "views")
    kept = {source.rpartition(".")[2] for source in contract["source_modules"]}

    answering = {Path(name).stem for name in NAMES if re.search(r"^bp = ", (ROOT / name).read_text("utf-8"), re.M)}

    assert answering == kept


def public_things(module: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield the public functions, classes and methods of a module."""
    for node in module.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (
                    part for part in node.body if isinstance(part, ast.FunctionDef) and not part.name.startswith("_")
                )


@pytest.mark.parametrize("name", NAMES)
def test_every_public_thing_says_what_it_is(name: str) -> None:
    module = tree(name)
    # the names that a library calls by its own rules have the library's meaning
    theirs = {"process_bind_param", "process_result_value", "process_formdata", "process", "validate", "pre_validate"}

    silent = {node.name for node in public_things(module) if not ast.get_docstring(node) and node.name not in theirs}

    if (ROOT / name).read_text("utf-8").strip():
        assert ast.get_docstring(module)
    assert silent == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in QUEUES])
def test_states_move_by_fire_alone(name: str) -> None:
    """Nobody assigns `.state`; the workflow's conditional UPDATE does."""
    assigned = [
        node.lineno
        for node in ast.walk(tree(name))
        if isinstance(node, (ast.Assign, ast.AugAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute) and target.attr == "state"
    ]

    assert assigned == []


def test_members_are_written_in_one_place() -> None:
    """Columns of Member and MemberVersion are set in members.history, so that every change makes a version."""
    makers = {
        name
        for name in NAMES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Member", "MemberVersion")
    }

    assert makers == {"portal/members/history.py"}


@pytest.mark.parametrize("name", NAMES)
def test_marks_for_the_checkers_carry_their_reason(name: str) -> None:
    bare = [
        line.strip()
        for line in (ROOT / name).read_text("utf-8").splitlines()
        if re.search(r"#\s*noqa(?!:\s*[\w, ]+\s+(--|#))", line)
        or re.search(r"#\s*type:\s*ignore(?!\[[\w, -]+\]\s+#\s*\w)", line)
    ]

    assert bare == []


def test_no_file_names_the_machine_it_was_written_on() -> None:
    kinds = ("*.py", "*.html", "*.css", "*.js", "*.toml", "*.md", "*.csv")
    files = [
        path
        for kind in kinds
        for folder in ("portal", "templates", "static", "tests", "migrations")
        for path in (ROOT / folder).rglob(kind)
        if "vendor" not in path.parts
    ] + [path for path in (ROOT / "README.md", ROOT / "pyproject.toml") if path.exists()]

    places = re.compile(r"(?<![\w/.])/(?:root|home/\w+|work)/")
    assert [str(path.relative_to(ROOT)) for path in files if places.search(path.read_text("utf-8"))] == []


def test_every_row_that_names_a_member_says_what_becomes_of_it_in_a_merge() -> None:
    """A new table with a member in it declares `hanging.follows` or `hanging.stays` at the end of its service."""
    assert create_app  # every room is loaded
    naming = {
        (table.name, foreign.parent.name)
        for table in Base.metadata.sorted_tables
        for foreign in table.foreign_keys
        if foreign.column.table is Member.__table__
    }

    assert naming == set(hanging.declared())
