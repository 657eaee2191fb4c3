"""Charts in Chromium: each kind draws without a word on the console, is saved as a picture, prints, and does without a
script. The desk fails on any message, a breach of the content policy among them."""

from __future__ import annotations

import io
import json
import unicodedata
from pathlib import Path

import pdfplumber
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.looking import look
from tests.conftest import PROOF
from tests.serving import Desk, chromium, desk, school, seeded

__all__ = ["chromium", "desk", "school", "seeded"]

UNION = "校工会操作员 GH"
KINDS = {
    "pyramid": "/query/reports/ages",
    "stacked": "/query/reports/titles",
    "grouped": "/query/reports/education?chart=grouped",
    "bar": "/query/reports/basics",
    "pie": "/query/summary?by=title_level&chart=pie",
    "line": "/query/summary?by=age&by=sex&chart=line",
}
# how many dots of the canvas are not white, and how many colours they have
INKED = """canvas => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const pen = copy.getContext("2d", {willReadFrequently: true});
  pen.drawImage(canvas, 0, 0);
  const data = pen.getImageData(0, 0, copy.width, copy.height).data, seen = new Set();
  let inked = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] && data[at] + data[at + 1] + data[at + 2] < 700) {
    inked += 1; seen.add((data[at] >> 4) * 256 + (data[at + 1] >> 4) * 16 + (data[at + 2] >> 4));
  }
  return [inked / (data.length / 4), seen.size];
}"""


def drawn(page: Page) -> None:
    """Wait for the chart and see that there is something on it."""
    expect(page.locator("[data-drawn]")).to_have_count(1)
    share, colours = page.locator("[data-canvas] canvas").evaluate(INKED)
    assert share > 0.01, page.url
    assert colours > 3, page.url


@pytest.mark.parametrize("width", [1280, 375] if PROOF else [1280])
def test_every_kind_is_drawn(desk: Desk, width: int) -> None:
    page = desk.sign_in(UNION, width)
    for kind, address in KINDS.items():
        page.goto(address)
        drawn(page)
        told = json.loads(page.locator(".chart script").text_content() or "")
        assert told["kind"] == kind
        expect(page.locator(".chart-drawing")).to_be_hidden()
    page.set_viewport_size({"width": 375, "height": 760})
    page.wait_for_function("document.querySelector('[data-canvas] canvas').clientWidth < 375")
    drawn(page)  # again in a window as wide as a phone


def test_a_chart_is_saved_copied_and_leads_to_its_people(desk: Desk) -> None:
    page = desk.sign_in(UNION)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/query/reports/education?chart=grouped")
    drawn(page)
    with page.expect_download() as coming:
        page.get_by_role("button", name="保存图片").click()
    page.get_by_role("button", name="复制这句话").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    told = json.loads(page.locator(".chart script").text_content() or "")
    box = page.locator("[data-canvas] canvas").bounding_box()
    assert box
    # the first bar: men of the first row
    page.mouse.move(box["x"] + 70, box["y"] + 48)
    with page.expect_navigation():
        page.mouse.click(box["x"] + 70, box["y"] + 48)

    assert copied.startswith("截至")
    assert f"共有会员{told['total']}人，其中" in copied
    with Image.open(Path(coming.value.path())) as picture:
        assert picture.width == 2400
        colours = picture.convert("RGB").getcolors(1 << 24) or []
        white = sum(number for number, colour in colours if colour == (255, 255, 255))
        head = picture.convert("L").crop((80, 80, 700, 150)).getextrema()
    assert coming.value.suggested_filename == "学历结构表.png"
    assert white < 0.99 * picture.width * picture.height
    assert len(colours) > 20
    assert head[0] < 80  # the title stands there
    expect(page.get_by_text(f"查到 {told['series'][0]['numbers'][0]} 人")).to_be_visible()


def test_a_chart_without_a_script_and_on_paper(desk: Desk) -> None:
    plain = desk.sign_in(UNION, 375, java_script_enabled=False)
    plain.goto("/query/reports/ages")
    expect(plain.locator(".chart-narrow svg")).to_be_visible()
    expect(plain.locator("[data-canvas]")).to_be_hidden()
    expect(plain.get_by_role("button", name="保存图片")).to_be_hidden()
    page = desk.sign_in(UNION)
    page.goto("/query/reports/ages")
    drawn(page)

    with pdfplumber.open(io.BytesIO(page.pdf(format="A4"))) as document:
        text = document.pages[0].extract_text()
        bars = [one for one in document.pages[0].rects if one["height"] > 5]
    assert len(document.pages) == 1
    assert "年龄结构表" in text
    assert "60 岁及以上" in text
    assert len(bars) > 8
    assert "用途" not in text


def test_a_branch_on_one_sheet(desk: Desk) -> None:
    page = desk.sign_in("分工会主席 GH01")
    page.get_by_role("link", name="本单位一览").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("一览")
    assert look(page) == []

    with pdfplumber.open(io.BytesIO(page.pdf(format="A4"))) as document:
        text = unicodedata.normalize("NFKC", document.pages[0].extract_text())
    assert len(document.pages) == 1
    assert [
        one for one in ("年龄", "职称", "学历", "会籍", "性别", "资料完整", "会员动态月报") if one not in text
    ] == []
