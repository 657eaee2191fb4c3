"""Questions as JSON: read whole or refused in one sentence that names the condition, and written back as they were."""

from __future__ import annotations

from typing import Any

import pytest

from portal.query import conditions
from portal.query.conditions import DEEPEST, MOST_CONDITIONS, QueryError
from portal.query.values import LONGEST_LIST

AGE = {"field": "age", "op": "lt", "value": 45}


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = AGE
    for _ in range(depth):
        node = {"all": [node]}
    return node


def refused(data: object) -> str:
    with pytest.raises(QueryError) as caught:
        conditions.parse(data)
    return caught.value.message


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"field": "salary", "op": "eq", "value": 1},
         "第 1 个条件：没有“salary”这一项，或您无权使用它，请从字段列表中选择"),
        ({"all": [AGE, {"field": "age", "op": "contains", "value": 4}]},
         "第 2 个条件：“年龄”不能用“contains”，可用的有："
         "小于、小于等于、大于、大于等于、介于、等于、不等于、属于、不属于、值为空、值不为空"),
        ({"field": "birth_date", "op": "eq", "value": "2026-02-30"},
         "第 1 个条件“出生日期 等于”：出生日期\"2026-02-30\"不是真实存在的日期，请核对"),
        ({"field": "age", "op": "lt", "value": "四十五"}, "第 1 个条件“年龄 小于”：年龄应是 0 至 999 的整数"),
        ({"field": "age", "op": "lt", "value": True}, "第 1 个条件“年龄 小于”：年龄应是 0 至 999 的整数"),
        ({"field": "age", "op": "lt", "value": 44.5}, "第 1 个条件“年龄 小于”：年龄应是 0 至 999 的整数"),
        ({"field": "age", "op": "lt", "value": [45]}, "第 1 个条件“年龄 小于”：请填写值"),
        ({"field": "age", "op": "lt"}, "第 1 个条件“年龄 小于”：请填写值"),
        ({"field": "age", "op": "between", "value": [45, 30]}, "第 1 个条件“年龄 介于”：起始值大于截止值，请对调"),
        ({"field": "age", "op": "between", "value": [45]}, "第 1 个条件“年龄 介于”：请给出起、止两个值"),
        ({"field": "age", "op": "in", "value": 45}, "第 1 个条件“年龄 属于”：请给出一组值"),
        ({"field": "sex", "op": "eq", "value": "3"}, "第 1 个条件“性别 等于”：性别\"3\"不是可选项，请从列表中选择"),
        ({"field": "sex", "op": "empty", "value": "1"}, "第 1 个条件“性别 值为空”：这条规则不需要填值，请删去"),
        ({"field": "dues_base", "op": "gt", "value": "5000"},
         "第 1 个条件：“工资（会费计缴基数）”不能用“gt”，可用的有：值为空、值不为空"),
        ({"field": "id_number", "op": "tail", "value": "12"}, "第 1 个条件“证件号码 尾号是”：请填写末四位"),
        ({"field": "birthday", "op": "eq", "value": "02-30"}, "第 1 个条件“生日 等于”：生日请写成月-日，例如 05-01"),
        ({"field": "name", "op": "contains", "value": "张" * 101}, "第 1 个条件“姓名 包含”：最多 100 个字，请缩短"),
        ({"field": "name", "op": "in", "value": ["张"] * (LONGEST_LIST + 1)},
         "第 1 个条件“姓名 属于”：一次最多 5000 个值，现在是 5001 个"),
        ({"field": "age", "op": "lt", "value": 45, "or": 1}, "第 1 个条件多出了“or”，请删去或分成两个条件"),
        ({"all": [AGE], "any": [AGE]}, "第 1 个条件多出了“any”，请删去或分成两个条件"),
        ({"all": AGE}, "第 1 个条件写法不对：all 后面应是一组条件"),
        ([AGE], "第 1 个条件写法不对：应是 all、any、not 或一个字段的条件"),
        ({"field": ["age"], "op": "lt", "value": 45},
         "第 1 个条件：没有“['age']”这一项，或您无权使用它，请从字段列表中选择"),
        ({"rows": "children", "age": [9, 3]}, "第 1 个条件“子女年龄”应从小到大，在 0 至 120 周岁之间"),
        ({"rows": "resume", "age": [1, 3]}, "第 1 个条件：没有“resume”这一项，或您无权使用它，请从字段列表中选择"),
        ({"post": "99"}, "第 1 个条件：工会职务中没有“99”，请从列表中选择"),
        ({"change": "1", "from": "2026-09-01", "to": "2026-02-30"},
         "第 1 个条件“会籍变化”：日期\"2026-02-30\"不是真实存在的日期，请核对"),
        ({"change": "1", "from": "2026-09-02", "to": "2026-09-01"},
         "第 1 个条件“会籍变化”的起始日期晚于截止日期，请对调"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_one_sentence_that_names_it(data, sentence):
    assert refused(data) == sentence


def test_too_many_and_too_deep_are_refused():
    assert refused({"all": [AGE] * 10_000}) == (
        f"第 {MOST_CONDITIONS + 1} 个条件超过了一次查询最多 {MOST_CONDITIONS} 个条件的限制，请用“属于”代替多个“等于”"
    )
    assert refused(nested(50)) == f"第 1 个条件嵌套超过 {DEEPEST} 层，请减少括号"
    with pytest.raises(QueryError, match="不是有效的 JSON"):
        conditions.from_text("[" * 100_000)


def test_what_is_read_is_written_back_as_it_was():
    asked = {
        "all": [
            AGE,
            {"any": [{"field": "title_level", "op": "in", "value": ["411", "412"]}, {"not": {"post": "12"}}]},
            {"field": "birthday", "op": "between", "value": ["12-20", "01-05"]},
            {"field": "branch", "op": "within", "value": "GH01"},
            {"rows": "children", "age": [3, 6]},
            {"change": "1", "from": "2026-01-01", "to": "2026-12-31"},
            {"field": "mobile", "op": "empty"},
            {"any": []},
        ]
    }

    assert conditions.plain(conditions.parse(asked)) == asked


def test_labels_and_other_ways_of_writing_come_out_as_codes():
    asked = {"all": [{"field": "sex", "op": "eq", "value": "女"}, {"field": "age", "op": "ge", "value": "４５"}]}

    assert conditions.plain(conditions.parse(asked)) == {
        "all": [{"field": "sex", "op": "eq", "value": "2"}, {"field": "age", "op": "ge", "value": 45}]
    }
