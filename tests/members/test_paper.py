"""The printed form shows what its printer may read, and leaves its trace."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from portal.core import audit
from portal.core.actors import SHELL
from portal.members import history
from tests.members.conftest import NUMBER


@pytest.mark.parametrize(
    ("who", "number_is_whole", "salary_stands"),
    [("self", True, False), ("operator", False, False), ("union", True, True), ("chair", True, True)],
)
def test_the_form_shows_what_its_printer_may(client_of, people, member, who, number_is_whole, salary_stands):
    answer = client_of(people[who]).post(f"/members/{member.id}/registration-form")

    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'inline; filename="registration-form.pdf"'
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    for shown in ("曾晓梅", "GH-2026-00001", "13912345678", "曾父", "海港煤矿"):
        assert shown in text
    assert (NUMBER in text, NUMBER[-4:] in text) == (number_is_whole, True)
    assert ("7654.32" in text) is salary_stands
    [event] = [event for event in audit.events_of(member) if event.action == "member.print"]
    assert event.actor_id == people[who].id


@pytest.mark.parametrize("who", ["elsewhere", "nobody", "admin"])
def test_nobody_else_prints(client_of, people, member, who):
    answer = client_of(people[who]).post(f"/members/{member.id}/registration-form")

    assert answer.status_code == 404
    assert [event.action for event in audit.events_of(member)] == ["member.begin"]


def test_a_character_without_a_font_is_named_before_boxes_are_printed(client_of, people, member):
    nobodys = "\U000323af"  # the last of extension H
    history.write(member, {"name": f"曾{nobodys}"}, SHELL, reason="更正")
    browser = client_of(people["chair"])
    path = f"/members/{member.id}/registration-form"

    asked = browser.post(path)
    printed = browser.post(path, data={"with_boxes": "1"})

    assert (asked.status_code, f"字库中没有这些字：{nobodys}" in asked.text) == (422, True)
    assert (printed.status_code, printed.mimetype) == (200, "application/pdf")
    [event] = [event for event in audit.events_of(member) if event.action == "member.print"]
    assert event.details == {"missing": [nobodys]}
