"""A transfer seen from three desks at once: both branches and the union tell the same numbers all the time."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.looking import look
from tests.serving import Desk

OUT, IN, UNION = "分工会操作员 GH01", "分工会操作员 GH02", "校工会操作员 GH"


def numbers(page: Page) -> dict[str, int]:
    """What the first page tells: members, and who is under way; transfers and the list of members tell the same."""
    page.goto("/")
    found = {}
    for label in ("会籍正常", "在途转出", "在途转入"):
        card = page.locator(".figure-card", has=page.get_by_text(label, exact=True))
        found[label] = int(card.locator(".figure-number").inner_text())
    page.goto("/transfers/")
    for label in ("在途转出", "在途转入"):
        card = page.locator(".figure-card", has=page.get_by_text(label, exact=True))
        assert int(card.locator(".figure-number").inner_text()) == found[label]
    page.goto("/members/")
    for label in ("在途转出", "在途转入"):
        expect(page.get_by_role("main").get_by_role("link", name=f"{label} {found[label]}", exact=True)).to_be_visible()
    return found


def test_both_branches_and_the_union_tell_the_same_at_every_moment(desk: Desk) -> None:
    desks = {who: desk.sign_in(who) for who in (OUT, IN, UNION)}
    sender, receiver, union = desks.values()
    before = {who: numbers(page) for who, page in desks.items()}

    def since() -> dict[str, tuple[int, ...]]:
        """How each desk's numbers have changed: members, out, in."""
        return {
            who: tuple(number - before[who][label] for label, number in numbers(page).items())
            for who, page in desks.items()
        }

    problems = []
    sender.goto("/members/?status=active")
    sender.locator("tbody th a").first.click()
    name = sender.get_by_role("heading", level=1).inner_text()
    sender.get_by_role("link", name="校内转会", exact=True).last.click()
    problems += look(sender)
    sender.get_by_label("转入单位").select_option(index=1)
    sender.get_by_label("转会原因").select_option("岗位调动")
    sender.get_by_role("button", name="提交转会").click()
    expect(sender.get_by_role("status")).to_contain_text(f"已提交{name}的转会")
    problems += look(sender)
    address = sender.url
    assert since() == {OUT: (0, 1, 0), IN: (0, 0, 1), UNION: (0, 1, 1)}

    union.goto(address)
    union.get_by_text("同意转出", exact=True).click()
    if union.get_by_role("button", name="确认同意转出").is_visible():
        union.get_by_role("button", name="确认同意转出").click()
    expect(union.get_by_role("status")).to_contain_text("已同意转出")
    assert since() == {OUT: (0, 1, 0), IN: (0, 0, 1), UNION: (0, 1, 1)}

    receiver.goto(address)
    expect(receiver.get_by_text("接收之前，转入单位只看到这几项")).to_be_visible()
    problems += look(receiver)
    receiver.get_by_role("link", name="接收", exact=True).click()
    receiver.get_by_label("到新单位后的部门").fill("机械系")
    problems += look(receiver)
    receiver.get_by_role("button", name="确认接收").click()
    expect(receiver.get_by_role("status")).to_contain_text("已接收")
    assert since() == {OUT: (-1, 0, 0), IN: (1, 0, 0), UNION: (0, 0, 0)}
    for page, path in (
        (receiver, "/transfers/?state=all"),
        (receiver, "/transfers/incoming/"),
        (union, "/transfers/plans/"),
    ):
        page.goto(path)
        problems += look(page)
    assert problems == []
