"""The templates: nothing unescaped, nothing inline, no way round `value`, no piece that nobody uses."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment, nodes

from portal.app import create_app
from portal.config import Settings
from portal.core import crypto
from portal.core.fields import Seen
from portal.help import manual
from portal.members.catalogue import FIELDS
from portal.members.models import SEALED

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.html"))
PYTHON = sorted((ROOT / "portal").rglob("*.py"))

# Texts of a list, masked for the whole page at once; test_canaries.py looks at what arrives.
MASKED_BEFORE = {"members/index.html: row.mobile"}
# Writes the options of long select boxes itself, each part escaped.
ESCAPES_ITSELF = {"portal/members/forms.py: Markup"}

# Goes to the renderer of PDF alone: its style sheet is a file, its values come as text from members.printing.
PRINTED = {"members/registration_form.html", "standing/letters/paper.html"}

FORBIDDEN = {
    r"\|\s*safe\b": "unescaped text",
    r"\bMarkup\b": "unescaped text",
    r"autoescape": "escaping switched",
    r"<style\b": "an inline style sheet",
    r"\sstyle\s*=": "an inline style",
    r"\son[a-z]+\s*=\s*[\"']": "an inline handler",
    r"<script\b(?![^>]*(\bsrc=|type=\"application/json\"))": "an inline script",
    r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//": "another host",
    r"javascript:": "a script in an address",
    r"<!--": "a comment that goes out with the page",
}

# What not everyone may read reaches a page by value() alone.
GUARDED = sorted({field.name for field in FIELDS if field.seen is not Seen.OPEN} | SEALED)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, common_ring: crypto.Keys) -> Flask:
    """The app for its templates and routes alone; nothing here asks the database."""
    instance = tmp_path_factory.mktemp("templates")
    crypto.store_keys(instance / "keys.json", common_ring)
    return create_app(Settings(instance=instance, database_uri=f"sqlite:///{instance / 'none.db'}"))


@pytest.fixture(scope="module")
def pages(house: Flask) -> Environment:
    """The app's environment of templates."""
    return house.jinja_env


def source(name: str) -> str:
    """Return the text of a template."""
    return (ROOT / "templates" / name).read_text("utf-8")


def test_there_are_templates() -> None:
    assert "layout.html" in TEMPLATES


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_unescaped_or_inline(name: str) -> None:
    text = re.sub(r"\{#.*?#\}", "", source(name), flags=re.DOTALL)

    found = {what for pattern, what in FORBIDDEN.items() if re.search(pattern, text)}

    assert found == set()


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name not in PRINTED])
def test_guarded_values_come_by_value_alone(pages: Environment, name: str) -> None:
    """`member.mobile` in a template would go round the masks; `form.mobile` is an input and carries what it may."""
    tree = pages.parse(source(name))

    direct = {
        f"{name}: {node.node.name}.{node.attr}"
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.attr in GUARDED and not node.node.name.endswith("form")
    }

    assert direct - MASKED_BEFORE == set()


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_compiles_and_names_what_exists(house: Flask, pages: Environment, name: str) -> None:
    tree = pages.parse(source(name))
    pages.get_template(name)
    calls = [
        node for node in tree.find_all(nodes.Call) if isinstance(node.node, nodes.Name) and node.node.name == "url_for"
    ]
    named = {node.args[0].value for node in calls if node.args and isinstance(node.args[0], nodes.Const)}
    files = {
        keyword.value.value
        for node in calls
        for keyword in node.kwargs
        if keyword.key == "filename" and isinstance(keyword.value, nodes.Const)
    }

    assert {endpoint for endpoint in named if not endpoint.startswith(".")} - set(house.view_functions) == set()
    assert {file for file in files if not (ROOT / "static" / file).is_file()} == set()


def test_every_template_is_used() -> None:
    python = "\n".join(path.read_text("utf-8") for path in PYTHON)
    others = {name: "\n".join(source(other) for other in TEMPLATES if other != name) for name in TEMPLATES}

    tasks = {f"help/tasks/{task.name}.html" for task in manual.TASKS}  # included by the table's names

    assert [name for name in TEMPLATES if f'"{name}"' not in python + others[name] and name not in tasks] == []


def called(tree: nodes.Template) -> set[str]:
    """Return the names and dotted names that a template calls."""
    names = set()
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name):
            names.add(call.node.name)
        elif isinstance(call.node, nodes.Getattr) and isinstance(call.node.node, nodes.Name):
            names.add(f"{call.node.node.name}.{call.node.attr}")
    return names


def test_every_macro_is_called_and_every_import_used(pages: Environment) -> None:
    trees = {name: pages.parse(source(name)) for name in TEMPLATES}
    made = {(name, macro.name) for name, tree in trees.items() for macro in tree.find_all(nodes.Macro)}
    used, idle = set(), set()
    for name, tree in trees.items():
        calls = called(tree)
        used |= {(name, word) for word in calls}
        for one in tree.find_all(nodes.FromImport):
            for imported in one.names:
                macro, alias = imported if isinstance(imported, tuple) else (imported, imported)
                (used if alias in calls else idle).add((one.template.value, macro) if alias in calls else (name, alias))
        for one in tree.find_all(nodes.Import):
            used |= {(one.template.value, word.split(".")[1]) for word in calls if word.startswith(f"{one.target}.")}

    assert made - used == set()
    assert idle == set()


def test_python_makes_no_html() -> None:
    """Text becomes a page in a template, where it is escaped."""
    makers = {
        f"{path.relative_to(ROOT)}: {node.id}"
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name) and node.id in ("Markup", "render_template_string")
    }

    assert makers == ESCAPES_ITSELF


def test_static_files_ask_no_other_host() -> None:
    own = [path for path in (ROOT / "static").iterdir() if path.suffix in (".css", ".js", ".svg")]

    asking = {
        path.name
        for path in own
        if re.search(r"(?:https?:)?//(?!www\.w3\.org)[\w-]+\.\w", re.sub(r"/\*.*?\*/", "", path.read_text("utf-8")))
    }

    assert own
    assert asking == set()


def test_every_static_file_is_asked_for() -> None:
    """A style sheet or script that no page names is dead weight."""
    text = "\n".join(source(name) for name in TEMPLATES) + "\n".join(path.read_text("utf-8") for path in PYTHON)
    own = [path.name for path in (ROOT / "static").iterdir() if path.is_file()]
    sheets = "\n".join(path.read_text("utf-8") for path in (ROOT / "static").glob("*.css"))

    assert [name for name in own if name not in text + sheets] == []
