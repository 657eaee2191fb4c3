"""The pieces that pages are made of: what is wrong is said where it can be mended, and every picture exists."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, render_template_string
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import MultiDict

from portal import nav
from portal.config import ROOT
from portal.core.forms import PortalForm, form_class
from portal.members.catalogue import FIELD
from tests.client import XHTML, find_form, form_values, parse, words

PAGE = """{% from "macros/form.html" import csrf, errors, field, section, submit %}
<!doctype html><html lang="zh-CN"><head><title>表单</title></head><body><main>
<form method="post" novalidate>{{ csrf(form) }}{{ errors(form) }}
{% call section("信息", 1) %}
{% for input in form if input.short_name != "csrf_token" %}{{ field(input) }}{% endfor %}
{% endcall %}
{{ submit("提交") }}</form></main></body></html>"""

NAMES = ("name", "ethnicity", "birth_date", "photo", "hobbies", "spouse", "family_members", "resume", "remark")


def _page(app: Flask, typed: dict[str, str], required: tuple[str, ...] = ()) -> str:
    made: type[PortalForm] = form_class("Sample", [FIELD[name] for name in NAMES], required=required)
    with app.test_request_context("/", method="POST"):
        form = made(MultiDict({**typed, "csrf_token": generate_csrf()}))
        form.validate()
        return render_template_string(PAGE, form=form)


def test_every_input_of_every_kind_has_its_label_and_keeps_what_was_typed(app: Flask) -> None:
    typed = {
        "name": "陈思远",
        "ethnicity": "01",
        "birth_date": "1990-05-01",
        "spouse-name": "林雨桐",
        "family_members-0-relation": "10",
        "family_members-0-name": "林雨桐",
        "resume-0-start": "2015-07",
        "resume-0-place": "海港大学",
        "remark": "借调",
    }

    text = _page(app, typed)

    form, _ = find_form(text, "/")
    values = {name: value[0] if isinstance(value, list) else value for name, value in form_values(form).items()}
    assert {name: values[name] for name in typed} == typed
    labelled = {label.get("for") for label in form.iter(f"{XHTML}label")}
    bare = [
        one.get("id")
        for kind in ("input", "select", "textarea")
        for one in form.iter(f"{XHTML}{kind}")
        if one.get("type") != "hidden" and one.get("id") not in labelled
    ]
    assert [name for name in bare if not str(name).startswith("hobbies-")] == []  # a choice stands inside its label


def test_each_sentence_of_the_summary_leads_to_its_input(app: Flask) -> None:
    text = _page(app, {"resume-0-place": "海港大学", "birth_date": "1990-13-01"}, required=("name",))

    root = parse(text)
    ids = {one.get("id"): one for one in root.iter() if one.get("id")}
    summary = next(one for one in root.iter(f"{XHTML}div") if one.get("class") == "problems")
    ways = [link.get("href", "")[1:] for link in summary.iter(f"{XHTML}a")]
    assert ways == ["name", "birth_date", "resume-0-start"]
    for way in ways:
        assert ids[way].get("aria-invalid") == "true"
        assert f"{way}-error" in ids[way].get("aria-describedby", "").split()
        assert f"{way}-error" in ids


def test_form_without_mistakes_has_no_summary(app: Flask) -> None:
    assert "请修改下列内容后再提交" not in _page(app, {"name": "陈思远"})


def test_timeline_tells_who_did_what_and_why(app: Flask) -> None:
    event = SimpleNamespace(
        action_label="退回修改", actor_label="刘敏", reason="简历缺一段", at=datetime(2026, 9, 1, 0, 5, tzinfo=UTC)
    )
    page = """{% from "macros/page.html" import timeline %}<!doctype html><title>记录</title>{{ timeline(events) }}"""

    with app.test_request_context("/"):
        text = render_template_string(page, events=[event])

    assert words(text) == "退回修改刘敏2026-09-01 08:05 简历缺一段"


def test_every_picture_named_is_in_the_sprite() -> None:
    there = set(re.findall(r'id="icon-([\w-]+)"', (ROOT / "static/vendor/icons.svg").read_text("utf-8")))
    templates: list[Path] = sorted((ROOT / "templates").rglob("*.html"))
    named = {name for path in templates for name in re.findall(r'icon\("([\w-]+)"\)', path.read_text("utf-8"))}
    named |= {entry.icon for group in nav.MENU for entry in group.items}

    assert len(named) > 10
    assert named - there == set()
