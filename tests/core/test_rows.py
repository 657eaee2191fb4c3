"""Fields of rows: what a row needs, what 「无」 means, and where each sentence belongs."""

import json

import pytest

from portal.core import kinds
from portal.core.kinds import FieldError, RowErrors
from portal.members.catalogue import FIELD


def refusal(name: str, raw: object) -> str:
    with pytest.raises(FieldError) as caught:
        kinds.parse(FIELD[name], raw)
    assert caught.value.field == name
    return caught.value.message


RESUME = [
    {"start": "2015-09", "end": "", "place": "校工会", "post": "干事", "witness": "王五"},
    {"start": "2010.09", "end": "2015年7月", "place": "河北大学", "post": "", "witness": ""},
    {"start": "", "end": " ", "place": "", "post": "", "witness": ""},
]


def test_a_resume_is_read_without_its_empty_rows_and_put_in_order() -> None:
    field = FIELD["resume"]

    rows = kinds.parse(field, RESUME)

    assert rows == [
        {"start": "2010-09", "end": "2015-07", "place": "河北大学", "post": None, "witness": None},
        {"start": "2015-09", "end": None, "place": "校工会", "post": "干事", "witness": "王五"},
    ]
    assert json.loads(json.dumps(kinds.plain(rows))) == rows
    assert kinds.table(field, rows) == [
        ["2010年9月", "2015年7月", "河北大学", "", ""],
        ["2015年9月", "至今", "校工会", "干事", "王五"],
    ]
    assert kinds.show(field, rows) == "2010年9月—2015年7月 河北大学；2015年9月—至今 校工会 干事 王五"
    assert kinds.parse(field, rows) == rows


def test_none_differs_from_not_filled() -> None:
    field = FIELD["family_members"]

    assert kinds.parse(field, []) == []
    assert kinds.parse(field, [{"name": " "}, {}]) is None
    assert (kinds.show(field, []), kinds.show(field, None)) == ("无", "")


def test_each_cell_of_a_row_gets_its_own_sentence() -> None:
    with pytest.raises(RowErrors) as caught:
        kinds.parse(
            FIELD["resume"],
            [{}, {"start": "2015-09", "end": "2014-09"}, {"start": "1990.1", "end": "至今", "place": "x"}],
        )

    assert caught.value.cells == {
        "1-place": "请填写单位/学校",
        "1-end": "止的年月早于起的年月，请核对",
        "2-start": '起（年月）"1990.1"分不清是 1 月还是 10 月，请写成 1990-01 或 1990-10',
    }
    assert caught.value.message.startswith("第 2 行请填写单位/学校；第 2 行止的年月")


@pytest.mark.parametrize(("name", "most"), [("resume", 15), ("family_members", 8), ("children", 12)])
def test_rows_have_a_limit(name: str, most: int) -> None:
    field = FIELD[name]
    row = {"start": "2015-09", "place": "校工会", "relation": "51", "name": "王五"}

    assert len(kinds.parse(field, [row] * most) or []) == most  # type: ignore[arg-type]  # rows are a list
    assert refusal(name, [row] * (most + 1)) == f"{field.label}最多填 {most} 行，现在是 {most + 1} 行"


@pytest.mark.parametrize(("name", "raw"), [("resume", "河北大学"), ("resume", ["河北大学"]), ("spouse", ["李四"])])
def test_rows_of_another_shape_are_refused(name: str, raw: object) -> None:
    assert refusal(name, raw).startswith(f"{FIELD[name].label}的写法无法识别")


def test_a_spouse_is_one_row() -> None:
    field = FIELD["spouse"]

    value = kinds.parse(field, {"name": "李 四", "is_member_here": "1", "married_on": "2010年1月1日"})

    assert value == {
        "name": "李四",
        "workplace": None,
        "phone": None,
        "is_member_here": True,
        "married_on": "2010-01-01",
    }
    assert kinds.show(field, value) == "李四 是 2010年1月1日"
    assert kinds.parse(field, {"name": "", "phone": " "}) is None
    with pytest.raises(RowErrors) as caught:
        kinds.parse(field, {"phone": "1"})
    assert set(caught.value.cells) == {"name", "phone"}


def test_children_and_honours_read_and_show() -> None:
    child = {
        "name": "王小五",
        "sex": "女",
        "birth_date": "2015-3-8",
        "position": "1",
        "id_number": "",
        "school": "二年级",
        "is_only_child": "是",
    }
    honor = {"title": "优秀教师", "level": "校", "year": "2020"}

    assert (
        kinds.show(FIELD["children"], kinds.parse(FIELD["children"], [child])) == "王小五 女 2015年3月8日 1 二年级 是"
    )
    assert kinds.show(FIELD["honors"], kinds.parse(FIELD["honors"], [honor])) == "优秀教师 校 2020"
