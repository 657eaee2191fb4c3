"""The fields of a member: a new one is one line here, one typed column in models.py, one migration.

The 44 numbered fields are those of the union's data dictionary; the others are derived from them or internal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from portal.core.codes import CodeList
from portal.core.enums import LabelEnum
from portal.core.fields import ASK, NOW, Edits, Field, Seen
from portal.core.kinds import Kind
from portal.members import enums

_CODES = Path(__file__).parent / "codes"
ETHNICITY = CodeList("民族", _CODES / "ethnicity.csv")
POLITICAL_STATUS = CodeList("政治面貌", _CODES / "political_status.csv")
EDUCATION = CodeList("学历", _CODES / "education.csv")
DEGREE = CodeList("学位", _CODES / "degree.csv")
PROF_TITLE = CodeList("职称", _CODES / "prof_title.csv")
RELATION = CodeList("称谓", _CODES / "relation.csv")
COUNTY = CodeList("行政区划", _CODES / "county.csv")


class Section(LabelEnum):
    """The headings that the fields stand under, in the order of every form and sheet."""

    BASIC = "basic", "基本信息"
    IDENTITY = "identity", "证件与户籍"
    WORK = "work", "工作信息"
    EDUCATION = "education", "教育与职称"
    MEMBERSHIP = "membership", "会籍"
    FAMILY = "family", "婚育与家庭"
    CONTACT = "contact", "联系与兴趣"
    RESUME = "resume", "简历与备注"


BASIC, IDENTITY, WORK, EDU = Section.BASIC, Section.IDENTITY, Section.WORK, Section.EDUCATION
MEMBERSHIP, FAMILY, CONTACT, RESUME = Section.MEMBERSHIP, Section.FAMILY, Section.CONTACT, Section.RESUME

# who edits, in the dictionary's letters: S member at once, S* member asks, B branch at once, B* branch asks, C union
_S = Edits(own=NOW)
_S_B_C = Edits(own=NOW, branch=NOW, union=NOW)
_ASK_ASK_C = Edits(own=ASK, branch=ASK, union=NOW)  # S* B* C
_ASK_B_C = Edits(own=ASK, branch=NOW, union=NOW)  # S* B C
_ASK_C = Edits(own=ASK, union=NOW)  # S* C
_PROPOSE_C = Edits(branch=ASK, union=NOW)  # B* C
_B_C = Edits(branch=NOW, union=NOW)
_C = Edits(union=NOW)

_RESUME_ROWS = (
    Field("start", "起（年月）", Kind.MONTH, RESUME, required=True),
    Field("end", "止（年月）", Kind.END_MONTH, RESUME, hint="至今请留空"),
    Field("place", "单位/学校", Kind.TEXT, RESUME, max_length=60, required=True),
    Field("post", "职务/身份", Kind.TEXT, RESUME, max_length=30),
    Field("witness", "证明人", Kind.NAME, RESUME),
)  # fmt: skip
_FAMILY_ROWS = (
    Field("relation", "称谓", Kind.CHOICE, FAMILY, options=RELATION, required=True),
    Field("name", "姓名", Kind.NAME, FAMILY, required=True),
    Field("workplace", "工作单位", Kind.TEXT, FAMILY, max_length=60),
    Field("phone", "电话", Kind.TELEPHONE, FAMILY),
)  # fmt: skip
_CHILD_ROWS = (
    Field("name", "姓名", Kind.NAME, FAMILY),
    Field("sex", "性别", Kind.CHOICE, FAMILY, options=enums.Sex),
    Field("birth_date", "出生日期", Kind.DATE, FAMILY),
    Field("position", "子女序", Kind.INTEGER, FAMILY, low=1, high=12),
    Field("id_number", "证件号码", Kind.ID_NUMBER, FAMILY, hint="选填"),
    Field("school", "就读学校/年级", Kind.TEXT, FAMILY, max_length=60),
    Field("is_only_child", "是否独生", Kind.BOOL, FAMILY),
)  # fmt: skip
_SPOUSE = (
    Field("name", "配偶姓名", Kind.NAME, FAMILY, required=True),
    Field("workplace", "配偶工作单位", Kind.TEXT, FAMILY, max_length=60),
    Field("phone", "配偶电话", Kind.TELEPHONE, FAMILY),
    Field("is_member_here", "配偶是否本校会员", Kind.BOOL, FAMILY),
    Field("married_on", "结婚日期", Kind.DATE, FAMILY),
)  # fmt: skip
_HONOR_ROWS = (
    Field("title", "称号", Kind.TEXT, CONTACT, max_length=60, required=True),
    Field("level", "级别", Kind.CHOICE, CONTACT, options=enums.HonorLevel),
    Field("year", "年度", Kind.INTEGER, CONTACT, low=1900, high=2100),
    Field("document_no", "文号", Kind.TEXT, CONTACT, max_length=60),
)  # fmt: skip

FIELDS: tuple[Field, ...] = (
    Field("name", "姓名", Kind.NAME, BASIC, number=1, edits=_ASK_ASK_C, max_length=50, autocomplete="name"),
    # by hand only where the document does not tell: service.check derives both from an 18-digit number
    Field("sex", "性别", Kind.CHOICE, BASIC, number=2, options=enums.Sex, edits=_ASK_C),
    Field("birth_date", "出生日期", Kind.DATE, BASIC, number=3, edits=_ASK_C, autocomplete="bday"),
    Field("ethnicity", "民族", Kind.CHOICE, BASIC, number=4, options=ETHNICITY, edits=_S_B_C),
    Field("native_place", "籍贯", Kind.PLACE, BASIC, number=5, options=COUNTY, edits=_S_B_C, max_length=100,
          hint="写到市、县，例如：河北秦皇岛"),
    Field("political_status", "政治面貌", Kind.CHOICE, BASIC, number=6, options=POLITICAL_STATUS, edits=_ASK_B_C),
    Field("photo", "照片", Kind.PHOTO, BASIC, number=7, edits=_S, hint="近期免冠照，jpg 或 png，15MB 以内"),
    Field("id_type", "证件类型", Kind.CHOICE, IDENTITY, number=8, options=enums.IdType, edits=_ASK_C),
    Field("id_number", "证件号码", Kind.ID_NUMBER, IDENTITY, number=9, seen=Seen.SECRET, edits=_ASK_C, max_length=30),
    Field("household_type", "户籍类型", Kind.CHOICE, IDENTITY, number=10, options=enums.HouseholdType, edits=_S_B_C),
    Field("household_place", "户籍所在地", Kind.PLACE, IDENTITY, number=11, options=COUNTY, edits=_S_B_C,
          max_length=100),
    Field("staff_no", "工号", Kind.STAFF_NO, WORK, number=12, edits=_C, hint="还没有工号请填“待发工号”"),
    Field("department", "工作单位（部门）", Kind.TEXT, WORK, number=13, edits=_PROPOSE_C, max_length=60),
    Field("employment_form", "用工形式", Kind.CHOICE, WORK, number=14, options=enums.EmploymentForm, edits=_PROPOSE_C),
    Field("dispatch_company", "劳务派遣单位", Kind.TEXT, WORK, edits=_PROPOSE_C, max_length=60,
          hint="用工形式为劳务派遣时填写"),
    Field("employment_status", "就业状况", Kind.CHOICE, WORK, number=15, options=enums.EmploymentStatus),
    Field("post_category", "岗位类别", Kind.CHOICE, WORK, number=16, options=enums.PostCategory, edits=_B_C,
          hint="双肩挑人员选主要岗位"),
    Field("admin_duty", "职务", Kind.TEXT, WORK, number=17, edits=_B_C, max_length=50, hint="没有职务请填“无”"),
    Field("admin_rank", "职务级别", Kind.CHOICE, WORK, options=enums.AdminRank, edits=_B_C),
    Field("work_start_date", "参加工作时间", Kind.MONTH, WORK, number=18, edits=_ASK_B_C),
    Field("school_entry_date", "来校时间", Kind.DATE, WORK, number=19, edits=_B_C),
    Field("dues_base", "工资（会费计缴基数）", Kind.MONEY, WORK, number=20, seen=Seen.SECRET, edits=_C,
          low=0, high=100_000),
    Field("is_migrant_worker", "是否农民工", Kind.BOOL, WORK, number=21, edits=_B_C),
    Field("education", "学历（文化程度）", Kind.CHOICE, EDU, number=22, options=EDUCATION, edits=_ASK_ASK_C),
    Field("degree", "学位", Kind.CHOICE, EDU, number=23, options=DEGREE, edits=_ASK_ASK_C),
    Field("prof_title", "职称", Kind.CHOICE, EDU, number=24, options=PROF_TITLE, edits=_ASK_ASK_C),
    Field("title_level", "职称级别", Kind.CHOICE, EDU, number=25, options=enums.TitleLevel, edits=_B_C,
          hint="不选时按职称确定"),
    Field("skill_level", "技术等级", Kind.CHOICE, EDU, number=26, options=enums.SkillLevel, edits=_B_C),
    Field("member_no", "会员证号", Kind.TEXT, MEMBERSHIP, number=27, max_length=40),
    # by hand only for historic members, who did not come in by an application: filing.is_historic
    Field("join_date", "入会日期", Kind.DATE, MEMBERSHIP, number=28, edits=_C),
    Field("branch", "所属分工会", Kind.UNIT, MEMBERSHIP, number=29, column="unit_id"),
    Field("union_post", "工会职务", Kind.POSTS, MEMBERSHIP, number=30, options=enums.PostKind),
    Field("membership_status", "会籍状态", Kind.CHOICE, MEMBERSHIP, number=31, options=enums.MembershipStatus),
    Field("membership_changes", "会籍变化记录", Kind.CHANGES, MEMBERSHIP, number=32),
    Field("marital_status", "婚姻状况", Kind.CHOICE, FAMILY, number=33, options=enums.Marital, seen=Seen.FAMILY,
          edits=_S_B_C),
    Field("spouse", "配偶信息", Kind.COMPOSITE, FAMILY, number=34, seen=Seen.FAMILY, edits=_S_B_C, rows=_SPOUSE),
    Field("children_count", "子女数", Kind.INTEGER, FAMILY, number=35, seen=Seen.FAMILY, edits=_S_B_C, low=0, high=12),
    Field("children", "子女信息", Kind.ROWS, FAMILY, number=36, seen=Seen.FAMILY, edits=_S_B_C, rows=_CHILD_ROWS,
          max_rows=12, or_none=True),
    Field("family_planning", "计划生育信息", Kind.CHOICE, FAMILY, number=37, options=enums.FamilyPlanning,
          seen=Seen.FAMILY, edits=_S_B_C),
    Field("family_planning_text", "计划生育证号与日期", Kind.TEXT, FAMILY, seen=Seen.FAMILY, edits=_S_B_C,
          max_length=60),
    Field("family_members", "家庭主要成员及其工作单位", Kind.ROWS, FAMILY, number=38, seen=Seen.FAMILY, edits=_S_B_C,
          rows=_FAMILY_ROWS, max_rows=8, or_none=True),
    # the dictionary's S waits for the SMS code; until then the member asks her branch
    Field("mobile", "手机号码", Kind.PHONE, CONTACT, number=39, seen=Seen.MASKED, edits=_ASK_B_C, autocomplete="tel"),
    Field("home_address", "现住址", Kind.TEXT, CONTACT, number=40, seen=Seen.MASKED, edits=_S_B_C, max_length=120,
          autocomplete="street-address"),
    Field("hobbies", "兴趣爱好", Kind.MULTI_CHOICE, CONTACT, number=41, options=enums.Hobby, edits=_S_B_C, max_rows=10,
          hint="最多选 10 项"),
    Field("honors", "荣誉（劳模/先进）", Kind.ROWS, CONTACT, number=42, edits=_PROPOSE_C, rows=_HONOR_ROWS,
          max_rows=30, or_none=True),
    Field("resume", "个人简历", Kind.ROWS, RESUME, number=43, edits=_ASK_B_C, rows=_RESUME_ROWS, max_rows=15),
    Field("remark", "备注", Kind.LONG_TEXT, RESUME, number=44, edits=_B_C, max_length=500),
    # derived: never typed, not among the 44
    Field("age", "年龄", Kind.AGE, BASIC, column="birth_date"),
    Field("birthday", "生日", Kind.BIRTHDAY, BASIC, column="birth_date"),
    Field("membership_years", "会龄", Kind.YEARS, MEMBERSHIP, column="join_date"),
    Field("completeness", "资料完整度", Kind.COMPLETENESS, RESUME),
)  # fmt: skip

FIELD: dict[str, Field] = {field.name: field for field in FIELDS}
NUMBERED: tuple[Field, ...] = tuple(field for field in FIELDS if field.number is not None)

REQUIRED_QUICK: tuple[str, ...] = ("name", "id_number", "mobile")
# sex and birth date come from an 18-digit number, the political status is asked of identity cards alone: service.check
REQUIRED_FULL: tuple[str, ...] = (
    "name", "sex", "birth_date", "ethnicity", "native_place", "political_status", "id_type", "id_number", "staff_no",
    "department", "employment_form", "post_category", "work_start_date", "education", "branch", "mobile", "resume",
)  # fmt: skip


def level_of_title(code: str | None) -> str | None:
    """Return the TitleLevel that the title `code` ranks as (GB/T 8561's last digit, or the local list), or None."""
    return PROF_TITLE.level(code) if code else None


def completeness(value_of: Callable[[str], object]) -> int:
    """Return how many of the 44 are filled; `value_of` gives a value by name; 「无」 ([]) is filled."""
    return sum(value_of(field.name) not in (None, "") for field in NUMBERED)
