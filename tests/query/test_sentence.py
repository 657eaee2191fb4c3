"""The reading of a question: plain Chinese, and the same question when it is read back."""

from __future__ import annotations

import pytest

from portal.core.kinds import options_of
from portal.core.kinds.kind import Kind
from portal.query import conditions, sentence
from portal.query.conditions import QueryError
from portal.query.fields import ASKABLE, BY_LABEL, operators_of

TEACHER = {"field": "post_category", "op": "in", "value": ["1"]}
YOUNG = {"field": "age", "op": "lt", "value": 45}


@pytest.mark.parametrize(
    ("asked", "reading"),
    [
        ({"all": []}, "全部会员"),
        ({"any": []}, "单项：满足任一（）"),
        ({"all": [YOUNG]}, "年龄 小于「45」"),
        (YOUNG, "单项：年龄 小于「45」"),
        ({"not": YOUNG}, "单项：不符合（年龄 小于「45」）"),
        ({"any": [YOUNG]}, "单项：满足任一（年龄 小于「45」）"),
        ({"all": [{"all": []}]}, "同时满足（）"),
        ({"all": [{"any": [YOUNG, TEACHER]}]}, "（年龄 小于「45」，或 岗位类别 属于「专任教师」）"),
        ({"any": [YOUNG, TEACHER]}, "年龄 小于「45」，或 岗位类别 属于「专任教师」"),
        (
            {"all": [YOUNG, TEACHER, {"any": [{"field": "title_level", "op": "in", "value": ["411", "412"]},
                                              {"not": {"field": "mobile", "op": "empty"}}]}]},
            "年龄 小于「45」，且 岗位类别 属于「专任教师」，且 "
            "（职称级别 属于「正高」、「副高」，或 不符合（手机号码 值为空））",
        ),
        ({"all": [{"field": "remark", "op": "contains", "value": "」，且 年龄 小于「45"}]},
         "备注 包含「」」，且 年龄 小于「45」"),
        ({"all": [{"field": "sex", "op": "in", "value": []}]}, "性别 属于（空名单）"),
        ({"all": [{"field": "admin_rank", "op": "eq", "value": "2"},
                  {"field": "admin_duty", "op": "eq", "value": "级别"}]},
         "职务级别 等于「正处」，且 职务 等于「级别」"),
        ({"all": [{"field": "join_date", "op": "between", "value": ["2026-01-01", "2026-12-31"]}]},
         "入会日期 介于「2026年1月1日」、「2026年12月31日」"),
        ({"all": [{"field": "birthday", "op": "between", "value": ["12-20", "01-05"]}]},
         "生日 介于「12月20日」、「1月5日」"),
        ({"all": [{"rows": "children", "age": [3, 6]}, {"post": "12"}]},
         "有子女年龄 介于「3」、「6」，且 担任「教代会代表」"),
        ({"all": [{"change": "1", "from": "2026-01-01", "to": "2026-12-31"}]},
         "会籍变化 「入会」发生于「2026年1月1日」、「2026年12月31日」"),
    ],
)  # fmt: skip
def test_a_question_reads_so_and_comes_back_the_same(asked, reading):
    node = conditions.parse(asked)

    assert sentence.reading(node) == reading
    assert conditions.plain(sentence.parse(reading)) == asked


def test_a_unit_is_read_by_its_name_and_found_by_its_code():
    node = conditions.parse({"all": [{"field": "branch", "op": "within", "value": "GH01"}]})

    reading = sentence.reading(node, {"GH01": "外国语学院（本部）分工会"}.__getitem__)

    assert reading == "所属分工会 在其及以下「外国语学院（本部）分工会（GH01）」"
    assert sentence.parse(reading) == node


@pytest.mark.parametrize(
    "text",
    ["", "年龄", "年龄 小于", "年龄 小于「45", "年龄 小于「45」，且 ",
     "年龄 小于「45」，或 性别 等于「女」，且 年龄 大于「3」",
     "（年龄 小于「45」", "工龄 小于「45」", "年龄 小于「四五」", "担任「校长」"],
)  # fmt: skip
def test_what_is_no_sentence_of_ours_is_refused(text):
    with pytest.raises(QueryError):
        sentence.parse(text)


def test_every_field_rule_and_option_comes_back():
    assert len(BY_LABEL) == len(ASKABLE)
    for field in ASKABLE:
        for op in operators_of(field):
            if field.kind in (Kind.CHOICE, Kind.MULTI_CHOICE, Kind.POSTS) and op.value in ("in", "not_in"):
                listed = [value for value, _ in options_of(field)]
                node = conditions.parse({"all": [{"field": field.name, "op": op.value, "value": listed}]})
                assert sentence.parse(sentence.reading(node)) == node
