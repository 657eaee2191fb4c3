"""The questions that every union asks, ready to use: official definitions kept in code, where they cannot drift.

They are Q1 to Q20 of the union's list, as far as the columns reach. Left out: 本人同意 of Q7 (no record of it yet, so
the caption says that it has to be asked for), the policy of Q13 on retained members (a blank chooses), and
困难职工在档 (no such record yet). All but the questions of status itself begin with the visible
conditions 会籍状态=正常 and 在本单位统计=是.
"""

from __future__ import annotations

from typing import Any

from portal.members.catalogue import DEGREE, EDUCATION, REQUIRED_FULL
from portal.members.enums import MARRIED, ChangeType, EmploymentForm, FamilyPlanning, Marital, PostCategory, Sex
from portal.members.enums import MembershipStatus as Status
from portal.members.enums import TitleLevel as Title

from ..fields import BY_NAME, operators_of
from .blanks import EXCLUDED, INCLUDED, Blank, BlankKind, Option
from .questions import Beside, Question

_K = BlankKind
_COUNTED = {"field": "counted_here", "op": "eq", "value": True}
HIGH = [Title.FULL.value, Title.ASSOCIATE.value]
MASTER, DOCTOR = "3", "2"  # what their codes of GB/T 6864 begin with
GRADUATED = ["11", "14", "17"]  # 研究生毕业 of GB/T 4658
MINORITY_PARTIES = [f"{code:02d}" for code in range(4, 12)]


def _status(status: Status) -> dict[str, Any]:
    return {"field": "membership_status", "op": "eq", "value": status.value}


def _of(*parts: Any) -> dict[str, Any]:
    """Return the question about members in good standing who are counted here."""
    return {"all": [_status(Status.ACTIVE), _COUNTED, *parts]}


def _is(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


def _blank(name: str) -> dict[str, str]:
    return {"blank": name}


def _below(age: str, included: str) -> tuple[Blank, ...]:
    """Return the blanks of a question that says 以下: the age, and whether it is included (《民法典》1259 条)."""
    return Blank("age", "年龄（周岁）", _K.NUMBER, age), Blank("inclusive", "含本数", _K.INCLUSIVE, included)


_BELOW_AGE = {"field": "age", "op": _blank("inclusive"), "value": _blank("age")}
_BELOW_WORDS = "{age}周岁以下（{inclusive}{age}）"
_SINGLE_BLANK = Blank("single", "范围", _K.CHOICE, "single", (
    Option("single", "未婚", [Marital.SINGLE.value]),
    Option("alone", "未婚、离婚、丧偶", [Marital.SINGLE.value, Marital.WIDOWED.value, Marital.DIVORCED.value]),
))  # fmt: skip
_ANYBODY: dict[str, Any] = {"all": []}
_SEX = Blank("sex", "性别", _K.CHOICE, "both", (
    Option("both", "男女不限", _ANYBODY),
    Option("man", "男", _is("sex", "eq", Sex.MALE.value)),
    Option("woman", "女", _is("sex", "eq", Sex.FEMALE.value)),
))  # fmt: skip
_SPAN = (Blank("from_age", "最小年龄", _K.NUMBER, "20"), Blank("to_age", "最大年龄", _K.NUMBER, "45"))
_FROM_AGE = {"field": "age", "op": "ge", "value": _blank("age")}
_MARRIED = sorted(status.value for status in MARRIED)


def _months(last: str) -> tuple[Blank, Blank]:
    return Blank("first", "起始年月", _K.MONTH, "@month"), Blank("last", "截止年月", _K.MONTH, last)


_RETIRES = _of(_is("predicted_retirement", "between", [_blank("first"), _blank("last")]))
_RETIRES_WORDS = (
    "预计退休月份在 {first} 至 {last} 之间（含首尾两月），按渐进式延迟退休办法推算，人事部门核定了日期的以核定的为准"
)
_PERIOD = (
    Blank("from_day", "变化日期起", _K.DAY, "@year_start"),
    Blank("to_day", "变化日期止", _K.DAY, "@day"),
)


def _changed(*kinds: ChangeType) -> dict[str, Any]:
    between = {"from": _blank("from_day"), "to": _blank("to_day")}
    return {"all": [_COUNTED, {"any": [{"change": kind.value, **between} for kind in kinds]}]}


_CHECKUP_AGE = Blank("age", "年龄", _K.CHOICE, "all", (
    Option("all", "年龄不限", _ANYBODY),
    Option("40", "40 周岁以上（含40）", _is("age", "ge", 40)),
    Option("50", "50 周岁以上（含50）", _is("age", "ge", 50)),
))  # fmt: skip
_CHECKUP = "，{age}，年龄按当年 12 月 31 日计（即截至日期）"


def _children(low: Any, high: Any) -> dict[str, Any]:
    return _of({"rows": "children", "age": [low, high]})


_SCHOOL_AGE = Blank("school", "入学", _K.CHOICE, "primary", (
    Option("kindergarten", "幼儿园（满 3 周岁）", [3, 3]),
    Option("primary", "小学（满 6 周岁）", [6, 6]),
    Option("middle", "初中（满 12 周岁）", [12, 12]),
))  # fmt: skip
_HIGHER_DEGREES = [code for code, _ in DEGREE.choices() if code.startswith((DOCTOR, MASTER))]
_GRADUATES = Blank("unfinished", "结业、肄业", _K.CHOICE, "without", (
    Option("without", "不含结业肄业", GRADUATED),
    Option("with", "含结业肄业", [code for code, _ in EDUCATION.choices() if code.startswith("1")]),
))  # fmt: skip
_REQUIRED = [name for name in REQUIRED_FULL if any(op.value == "empty" for op in operators_of(BY_NAME[name]))]
_PAID = Blank("also", "发放范围", _K.CHOICE, "active", (
    Option("active", "会籍正常", [Status.ACTIVE.value]),
    Option("retained", "会籍正常和保留会籍", [Status.ACTIVE.value, Status.RETAINED.value]),
))  # fmt: skip
_STANDING = "会籍正常、在本单位统计"

PRESETS: tuple[Question, ...] = (
    Question(
        "q1", "分工会会员人数", f"{_STANDING}的会员，按分工会和性别分列；直属本级的单列一行",
        _of(), by=("branch", "sex"),
    ),
    Question(
        "q2", "45岁以下青年教师", f"专任教师，{_BELOW_WORDS}",
        _of(_is("post_category", "eq", PostCategory.TEACHER.value), _BELOW_AGE), _below("45", EXCLUDED),
    ),
    Question("q3", "青年职工（35岁以下）", f"各类岗位，{_BELOW_WORDS}", _of(_BELOW_AGE), _below("35", INCLUDED)),
    Question(
        "q4", "高职称职工", "职称级别为正高、副高；“高级（未分正副）”的不计入", _of(_is("title_level", "in", HIGH)),
    ),
    Question("q5", "职称级别分布", "按职称级别分列；没有填写的计入“未填”，不计入其他级别", _of(), by=("title_level",)),
    Question(
        "q6", "未婚人员", "婚姻状况为{single}，年满 {age} 周岁（含{age}）；没有填写婚姻状况的不计入",
        _of(_is("marital_status", "in", _blank("single")), _FROM_AGE),
        (_SINGLE_BLANK, Blank("age", "最小年龄", _K.NUMBER, "20")),
    ),
    Question(
        "q7", "未婚联谊活动人选", "婚姻状况为{single}，{from_age} 至 {to_age} 周岁（含首尾），{sex}；"
        "本系统还没有本人意愿的记录，联系前请先征得本人同意",
        _of(
            _is("marital_status", "in", _blank("single")),
            _is("age", "between", [_blank("from_age"), _blank("to_age")]),
            _blank("sex"),
        ),
        (_SINGLE_BLANK, *_SPAN, _SEX),
    ),
    Question(
        "q8", "一孩职工", "子女数为 1；先计人数，再计家庭数",
        _of(_is("children_count", "eq", 1)), beside=Beside.FAMILIES,
    ),
    Question("q9", "二孩及以上职工", "子女数为 2 及以上", _of(_is("children_count", "ge", 2)), beside=Beside.FAMILIES),
    Question(
        "q9-none", "已婚无子女职工", "婚姻状况为已婚（含初婚、再婚、复婚），子女数填写为 0；没有填写子女数的不计入",
        _of(_is("marital_status", "in", _MARRIED), _is("children_count", "eq", 0)), beside=Beside.FAMILIES,
    ),
    Question(
        "q10", "持独生子女证职工", "计划生育信息为持《独生子女父母光荣证》",
        _of(_is("family_planning", "eq", FamilyPlanning.ONLY_CHILD_CERTIFICATE.value)), beside=Beside.FAMILIES,
    ),
    Question(
        "q11", "本月生日", "生日在{month}；2 月 29 日出生的计入 2 月",
        _of(_is("birthday", "between", _blank("month"))), (Blank("month", "月份", _K.BIRTH_MONTH, "@birth_month"),),
    ),
    Question(
        "q11-next", "下月生日", "生日在{month}；2 月 29 日出生的计入 2 月",
        _of(_is("birthday", "between", _blank("month"))),
        (Blank("month", "月份", _K.BIRTH_MONTH, "@next_birth_month"),),
    ),
    Question(
        "q12-men", "体检名单：男", f"男职工{_CHECKUP}",
        _of(_is("sex", "eq", Sex.MALE.value), _blank("age")), (_CHECKUP_AGE,), day="@year_end",
    ),
    Question(
        "q12-single", "体检名单：女（未婚）", f"女职工，婚姻状况为未婚{_CHECKUP}",
        _of(_is("sex", "eq", Sex.FEMALE.value), _is("marital_status", "eq", Marital.SINGLE.value), _blank("age")),
        (_CHECKUP_AGE,), day="@year_end",
    ),
    Question(
        "q12-married", "体检名单：女（已婚）",
        f"女职工，婚姻状况为已婚、离婚、丧偶；没有填写婚姻状况的两份名单都不计入，请先补填{_CHECKUP}",
        _of(
            _is("sex", "eq", Sex.FEMALE.value),
            _is("marital_status", "in", [*_MARRIED, Marital.WIDOWED.value, Marital.DIVORCED.value]),
            _blank("age"),
        ),
        (_CHECKUP_AGE,), day="@year_end",
    ),
    Question(
        "q13", "节日慰问发放名单", "截至日期当天{also}、在本单位统计的会员；截至日期即冻结名单的日期",
        {"all": [_is("membership_status", "in", _blank("also")), _COUNTED]}, (_PAID,),
    ),
    Question(
        "q14", "亲子活动适龄职工",
        "至少有一个孩子在截至日期（即活动当天）{low} 至 {high} 周岁（含首尾）；按填写的子女出生日期计算",
        _children(_blank("low"), _blank("high")),
        (Blank("low", "孩子最小年龄", _K.NUMBER, "3"), Blank("high", "孩子最大年龄", _K.NUMBER, "12")),
        beside=Beside.FAMILIES,
    ),
    Question(
        "q15", "子女入学适龄职工",
        "至少有一个孩子在截至日期达到入学年龄：{school}，未满下一岁；截至日期请填入学那年的 8 月 31 日",
        _of({"rows": "children", "age": _blank("school")}), (_SCHOOL_AGE,), day="@school_year", beside=Beside.FAMILIES,
    ),
    Question("q16", "拟退休人员（6 个月内）", _RETIRES_WORDS, _RETIRES, _months("@month+5")),
    Question("q16-year", "拟退休人员（12 个月内）", _RETIRES_WORDS, _RETIRES, _months("@month+11")),
    Question(
        "q17", "保留会籍人员", "会籍状态为保留会籍，在本单位统计；按最近一次保留会籍的原因分列",
        {"all": [_status(Status.RETAINED), _COUNTED]}, beside=Beside.REASONS,
    ),
    Question(
        "q18", "新入会人员", "{from_day}至{to_day}有“入会”或“转入”的会籍变化，按变化的日期计，不论现在的会籍状态",
        _changed(ChangeType.JOINED, ChangeType.TRANSFERRED_IN), _PERIOD,
    ),
    Question(
        "q18-left", "离会人员",
        "{from_day}至{to_day}有“转出”“除名”“退会”或“去世”的会籍变化，按变化的日期计，不论现在的会籍状态",
        _changed(ChangeType.TRANSFERRED_OUT, ChangeType.EXPELLED, ChangeType.WITHDRAWN, ChangeType.DIED), _PERIOD,
    ),
    Question("q19", "少数民族职工", "民族不是汉族；没有填写民族的不计入", _of(_is("ethnicity", "ne", "01"))),
    Question("q19-parties", "民主党派成员", "政治面貌为各民主党派（代码 04 至 11）；无党派人士和没有填写的不计入",
             _of(_is("political_status", "in", MINORITY_PARTIES))),
    Question(
        "q19-party", "中共党员", "政治面貌为中共党员、中共预备党员",
        _of(_is("political_status", "in", ["01", "02"])),
    ),
    Question(
        "q20", "信息不完整的会员", "44 项资料中填写的不足 {least} 项；明确填“无”的算已填",
        _of(_is("completeness", "lt", _blank("least"))), (Blank("least", "应填项数", _K.NUMBER, "44"),),
    ),
    Question(
        "q20-required", "必填项有空缺的会员", "入会申请表的必填项至少有一项没有填写",
        _of({"any": [_is(name, "empty") for name in _REQUIRED]}),
    ),
    Question(
        "q20-confirm", "资料待本人核对的会员", "本人从没有核对过资料，或最近一次核对早于{before}",
        _of({"any": [_is("confirmed_at", "empty"), _is("confirmed_at", "lt", _blank("before"))]}),
        (Blank("before", "核对日期早于", _K.DAY, "@half_year_ago"),),
    ),
    Question("women", "女教职工", "性别为女", _of(_is("sex", "eq", Sex.FEMALE.value))),
    Question(
        "degrees", "硕博人员", "学位为硕士或博士，或学历为研究生（{unfinished}）",
        _of({"any": [
            _is("degree", "in", _HIGHER_DEGREES), _is("education", "in", _blank("unfinished")),
        ]}), (_GRADUATES,),
    ),
    Question(
        "dispatched", "劳务派遣职工", "用工形式为劳务派遣；会籍在派遣单位统计的不计入",
        _of(_is("employment_form", "eq", EmploymentForm.DISPATCHED.value)),
    ),
    Question("migrants", "农民工会员", "是否农民工为是", _of(_is("is_migrant_worker", "eq", True))),
)  # fmt: skip

BY_KEY: dict[str, Question] = {preset.key: preset for preset in PRESETS}
# the five that the first page counts
COMMON: tuple[str, ...] = ("q1", "q2", "q4", "q6", "q8")
