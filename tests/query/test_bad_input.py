"""Whatever stands in an address or a form: one sentence or the exact answer, never a wider one and never a 500."""

from __future__ import annotations

import html
import json
from typing import Any
from urllib.parse import quote

import pytest

from portal.core.db import db
from portal.org.permissions import Role
from portal.query.conditions import DEEPEST, MOST_CONDITIONS
from tests import factories
from tests.query.test_views import found

AGE = {"field": "age", "op": "lt", "value": 45}
EVERYBODY = quote('{"all":[]}')
ODD = ("百分%号", "下划_线", "反斜\\杠", "单'引号", '双"引号', "尖<括>号", "括)号--")


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = AGE
    for _ in range(depth):
        node = {"not": node}
    return node


@pytest.fixture
def operator(tree, user_as, client_of):
    """The browser of the union's operator, and members with odd letters in what is written of them."""
    for place, word in enumerate(ODD):
        factories.make_member(tree["a"], name=f"殷{'甲乙丙丁戊己庚'[place]}", remark=f"前{word}后", department="处")
    factories.make_member(tree["b"], name="殷平常", remark="前百分之号后", department="处")
    db.session.commit()
    return client_of(user_as(Role.UNION_OPERATOR, tree["root"]))


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ('{"all":[{"field":"shoe_size","op":"eq","value":1}]}', "第 1 个条件：没有“shoe_size”这一项，或您无权使用它"),
        ('{"field":"age","op":"lt","value":"x"}', "第 1 个条件“年龄 小于”：年龄应是 0 至 999 的整数"),
        ('{"field":"age","op":"lt","value":{"all":[]}}', "第 1 个条件“年龄 小于”：请填写值"),
        ('{"field":"age","op":"lt","value":NaN}', "第 1 个条件“年龄 小于”：年龄应是 0 至 999 的整数"),
        ('{"field":"birth_date","op":"eq","value":"2026-02-30"}', "不是真实存在的日期"),
        ('{"field":"branch","op":"within","value":"\' OR 1=1 --"}', "没有代码为“' OR 1=1 --”的单位"),
        (json.dumps({"all": [AGE] * (MOST_CONDITIONS + 1)}), f"第 {MOST_CONDITIONS + 1} 个条件超过了一次查询最多"),
        (json.dumps(nested(50)), f"第 1 个条件嵌套超过 {DEEPEST} 层"),
        ("null", "应是 all、any、not 或一个字段的条件"),
        ('"; DROP TABLE members', "不是有效的 JSON"),
        ("~" + "A" * 22, "没有保留下来"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_is_one_sentence_and_nobody(operator, question, sentence):
    answer = operator.get(f"/query/?q={quote(question)}")

    page = html.unescape(answer.text)
    assert (answer.status_code, sentence in page, found(answer.text)) == (422, True, [])


def test_ten_thousand_conditions_in_a_form_are_refused(operator):
    parts = [f"row:{number}" for number in range(2_000)]
    form: dict[str, Any] = {"mode": "all", "part": parts}
    form |= {f"f-{number}": "age" for number in range(2_000)}

    answer = operator.post("/query/run", data=form)

    assert answer.status_code in (413, 422)
    assert found(answer.text) == []


@pytest.mark.parametrize(
    "words",
    ["as_of=2026-02-30", "as_of=%00", "sort=%27", "sort=--name", "columns=a%27,b", "per_page=x&page=y&sort=;"],
)
def test_other_words_of_the_address_are_refused_too(operator, words):
    answer = operator.get(f"/query/?q={EVERYBODY}&{words}")

    assert (answer.status_code, found(answer.text)) == (422, [])


@pytest.mark.parametrize("words", ["page=0", "page=-3", "per_page=-1", "per_page=100000", "after=x", "page=x"])
def test_a_number_out_of_its_limits_is_taken_as_the_nearest(operator, words):
    answer = operator.get(f"/query/?q={EVERYBODY}&{words}")

    assert (answer.status_code, len(found(answer.text)) > 0) == (200, True)


@pytest.mark.parametrize("word", ODD)
def test_odd_letters_mean_themselves(operator, word):
    one = "殷" + "甲乙丙丁戊己庚"[ODD.index(word)]
    for op, value in (("contains", word), ("starts", f"前{word}"), ("eq", f"前{word}后")):
        question = json.dumps({"field": "remark", "op": op, "value": value})

        assert found(operator.get(f"/query/?q={quote(question)}").text) == [one]


def test_a_wildcard_finds_those_alone_who_have_it(operator):
    for letter, number in (("%", 1), ("_", 1), ("\\", 1), ("'", 1)):
        question = json.dumps({"field": "remark", "op": "contains", "value": letter})

        assert len(found(operator.get(f"/query/?q={quote(question)}").text)) == number
