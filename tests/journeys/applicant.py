"""Somebody who fills in the joining form, and the form as she types it."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests import factories
from tests.serving import School

BRANCH = "GH01"


@dataclass(frozen=True)
class Applicant:
    """Who she is, as she types it: inputs by their names; a list of texts is a choice of several boxes."""

    inputs: dict[str, Any]
    id_number: str

    @property
    def name(self) -> str:
        """Her name."""
        return str(self.inputs["name"])


def somebody(name: str, **inputs: Any) -> Applicant:
    """Return somebody with all that the form must have, and with `inputs`."""
    number = factories.id_number(birth=date(1990, 5, 1), sex="2")
    must = {
        "name": name,
        "ethnicity": "01",
        "native_place": "河北秦皇岛",
        "political_status": "13",
        "id_type": "1",
        "id_number": number,
        "staff_no": f"X{number[-5:-1]}{len(name)}",
        "department": "计算机科学与技术学院",
        "employment_form": "1",
        "post_category": "1",
        "work_start_date": "2014-07",
        "education": "14",
        "mobile": f"1390335{number[-5:-1]}",
        "resume-0-start": "2014-07",
        "resume-0-place": "海港大学",
        "resume-0-post": "教师",
    }
    return Applicant(must | inputs, number)


def address_of(school: School, branch: str = BRANCH) -> str:
    """Return what the branch's code says, without looking at the picture."""
    database = sqlite3.connect(school.server.instance / "portal.db")
    query = (
        "SELECT token FROM join_codes JOIN org_units ON org_units.id = unit_id WHERE code = ? AND revoked_at IS NULL"
    )
    (token,) = database.execute(query, (branch,)).fetchone()
    database.close()
    return f"{school.address}/joining/apply/{token}"


def fill(page: Page, inputs: dict[str, Any]) -> None:
    """Type `inputs` into the form that is open."""
    for name, value in inputs.items():
        one = page.locator(f'main [name="{name}"]')
        if isinstance(value, list):
            for choice in value:
                page.locator(f'main [name="{name}"][value="{choice}"]').check()
        elif isinstance(value, Path):
            one.set_input_files(value)
        elif value is True:
            one.check()
        elif one.evaluate("element => element.tagName") == "SELECT":
            one.select_option(value)
        else:
            one.fill(value)


def apply(page: Page, address: str, who: Applicant) -> str:
    """Fill the form behind `address`, send it, and return the receipt code."""
    page.goto(address)
    fill(page, {**who.inputs, "consent": True})
    return send(page)


def send(page: Page) -> str:
    """Send the form that is open, and return the receipt code; a form that is refused fails with its sentences."""
    page.get_by_role("button", name="提交申请").click()
    expect(page.locator(".receipt-code").or_(page.get_by_role("alert"))).to_be_visible()
    assert page.get_by_role("alert").all_inner_texts() == []
    return page.locator(".receipt-code").inner_text().strip()


def portrait(folder: Path) -> Path:
    """Draw a photo as a phone takes it."""
    picture = Image.new("RGB", (900, 1260), (96, 140, 190))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((290, 260, 610, 660), fill=(240, 205, 175))
    draw.ellipse((120, 720, 780, 1600), fill=(40, 50, 70))
    picture.save(folder / "me.jpg", "JPEG")
    return folder / "me.jpg"


def take(page: Page, label: str) -> None:
    """Take the step `label` of the application that is open; where it opens to ask again, say yes."""
    button = page.get_by_role("main").locator("summary, button").filter(has_text=re.compile(f"^{label}$"))
    asks_again = button.evaluate("element => element.tagName") == "SUMMARY"
    button.click()
    if asks_again:
        page.get_by_role("button", name=f"确认{label}").click()
