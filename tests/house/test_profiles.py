"""The words of a city stand on no page of a school, whoever looks."""

from __future__ import annotations

import pytest

from portal.nav import CITY_WORDS, MENU, SCHOOL
from tests.client import words
from tests.house import matrix
from tests.house.walk import Walk

CITYS = {entry.label for group in MENU for entry in group.items if entry.profile not in ("", SCHOOL)}
WORDS = sorted(
    {*CITY_WORDS.values(), *CITYS}
    | {"组织机构管理员", "基层工会管理", "下载基层工会二维码", "省平台", "该用户未注册", "通知重新扫码"}
)


def test_the_words_are_those_of_the_manual() -> None:
    assert {"会员管理", "入会审核", "基层工会管理", "基层工会管理员", "组织机构管理员"} <= set(WORDS)


@pytest.mark.parametrize(
    "principal", ["stranger", "member", "operator of a", "union operator", "union chair", "super administrator"]
)
def test_no_page_of_a_school_has_a_word_of_the_city(walk: Walk, principal: str) -> None:
    pages, found = 0, []
    for endpoint, method, place, signs in matrix.rows():
        if method != "GET" or signs[principal] != ".":
            continue
        answer = walk.send(endpoint, "GET", place, principal)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            pages += 1
            text = words(answer.text) + answer.text.partition("</title>")[0]
            found += [f"{endpoint} {place}: {word}" for word in WORDS if word in text]
        answer.close()

    assert found == []
    assert pages > 5
