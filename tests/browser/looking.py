"""How a page is looked at: whole, accessible, no wider than its window, with a title and one heading above all."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.conftest import PROOF

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
PHONE = 375
WIDTHS = (1280, PHONE)

# the kinds of elements of the page's own part and of the frame around it, and how they lie in each other: two pages
# alike in both are alike to axe
SKELETON = """() => {
  const kind = one => [one.tagName, one.className.baseVal ?? one.className, one.getAttribute("type"),
    one.getAttribute("role"), one.getAttributeNames().filter(name => name != "aria-current").sort()].join();
  const kinds = all => [...new Set([...all].map(one => kind(one.parentElement) + ">" + kind(one)))].sort().join(";");
  return [kinds(document.querySelectorAll("main *")), kinds(document.querySelectorAll("body *:not(main *)"))];
}"""

_seen: set[tuple[int, str]] = set()  # what this process has shown to axe and found clean


@functools.cache
def axe() -> str:
    """Return the source of axe."""
    return AXE.read_text("utf-8")


def look(page: Page) -> list[str]:
    """Look at the page that is open, in the width of a desk and of a phone; return what is wrong with it."""
    page.wait_for_load_state()  # a click returns when the next page has begun, before its title has come
    found = []
    if not page.title().strip(" ·"):
        found.append("no title")
    headings = page.get_by_role("heading", level=1).count()
    if headings != 1:
        found.append(f"{headings} headings of the first level")
    usual = page.viewport_size
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found.append(f"needs {needed} px of {width}")
        main, frame = ((width, part) for part in page.evaluate(SKELETON))
        # the frame alone is another on a desk; what it holds is the same, and is looked at twice in a proof
        parts = {main, frame} if PROOF or width == PHONE else {frame}
        if not parts <= _seen:
            violations = violations_on(page)
            found += [f"{width} px: {violation}" for violation in violations]
            if not violations:
                _seen.update(parts)
    if usual:
        page.set_viewport_size(usual)
    return [f"{re.sub(r'https?://[^/]+', '', page.url)}: {problem}" for problem in found]


def violations_on(page: Page) -> list[str]:
    """Return what axe finds on the page, each with its first element."""
    # by the browser's debugger, which the page's own policy does not hold back
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe())
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [f"{one['id']} at {one['nodes'][0]['html'][:200]}" for one in result["violations"]]
