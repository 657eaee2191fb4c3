"""The client that distrusts us sees what it is there to see."""

from __future__ import annotations

import pytest

from tests.client import check_page

PAGE = (
    """<!doctype html><html lang="zh-CN"><head><title>工会</title></head><body><main id="top">{}</main></body></html>"""
)
GOOD = """<h1>会员</h1><a href="#top">回到页首</a><form method="post" action="/x"><input type="hidden" name="csrf_token"
value="a"><label for="name">姓名</label><input id="name" name="name" value="a > b"></form>"""


def test_a_page_that_is_whole_passes() -> None:
    check_page(PAGE.format(GOOD))
    check_page(PAGE.format(GOOD))


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ("<p><ul><li>一</ul></p>", "unexpected-end-tag"),
        ("<table><tr><p>一</p></table>", "unexpected-start-tag-implies-table-voodoo"),
        ('<h1 id="top">一</h1>', "ids twice"),
        ('<p style="color:red">一</p>', "inline on <p>"),
        ('<button onclick="go()">一</button>', "inline on <button>"),
        ("<script>go()</script>", "an inline script"),
        ('<img alt="" src="https://elsewhere.example/x.png">', "<img src="),
        ('<form method="post" action="/x"><input name="name"></form>', "a form with 0 CSRF tokens"),
        ('<a href="#nowhere">一</a>', "leads nowhere"),
        ('<label for="nothing">一</label>', "a label for nothing"),
    ],
)
def test_a_page_that_is_not_is_refused(part: str, complaint: str) -> None:
    check_page(PAGE.format(GOOD))

    with pytest.raises(AssertionError, match=complaint):
        check_page(PAGE.format(part))


@pytest.mark.parametrize(
    "page", [PAGE.replace("zh-CN", "en"), PAGE.replace("工会", " · "), PAGE.replace("<title>工会</title>", "")]
)
def test_a_page_says_its_language_and_title(page: str) -> None:
    with pytest.raises(AssertionError):
        check_page(page.format("<p>一</p>"))
