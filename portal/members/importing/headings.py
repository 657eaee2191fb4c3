"""Headings of columns as unions, personnel offices and other systems write them, and the fields they mean."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from portal.core.fields import Field
from portal.core.kinds import Kind
from portal.members.catalogue import FIELD, FIELDS, Section
from portal.members.enums import ChangeReason, ChangeType

# 会籍变化: three columns of the national template that together are one row of membership_changes
CHANGE: dict[str, Field] = {
    field.name: field
    for field in (
        Field("change_type", "会籍变化类型", Kind.CHOICE, Section.MEMBERSHIP, options=ChangeType),
        Field("change_date", "会籍变化日期", Kind.DATE, Section.MEMBERSHIP),
        Field("change_reason", "会籍变化原因", Kind.CHOICE, Section.MEMBERSHIP, options=ChangeReason),
    )
}

# the usual other names beside the catalogue's labels; where two columns mean one field, the earlier name is taken
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "name": ("会员姓名", "职工姓名", "员工姓名", "教工姓名", "教职工姓名", "人员姓名", "名字", "中文姓名"),
    "sex": ("男女",),
    "birth_date": ("出生年月日", "出生年月", "出生时间", "生日", "出生"),
    "ethnicity": ("民族名称", "族别"),
    "native_place": ("籍贯地", "原籍"),
    "political_status": ("政治身份", "政治面目", "党派"),
    "id_type": ("有效证件类别", "有效证件类型", "证件类别", "证件种类", "有效证件名称", "证件名称"),
    "id_number": ("身份证号码", "身份证号", "身份证件号码", "公民身份号码", "公民身份证号码", "居民身份证号码",
                  "居民身份证号", "有效证件号码", "有效证件号", "证件号", "身份证"),
    "household_type": ("户口类型", "户口性质", "户籍性质", "户口类别", "户籍类别"),
    "household_place": ("户口所在地", "户籍地", "户籍地址", "户籍所在地址"),
    "staff_no": ("职工号", "教工号", "员工号", "企业工号", "人员编号", "职工编号", "教工编号", "员工编号", "人事编号",
                 "职工工号", "教职工号", "工作证号", "工资号"),
    "department": ("部门", "所在部门", "工作部门", "所属部门", "部门名称", "二级单位", "所在学院", "学院", "院系",
                   "学院(部门)", "院系(部门)", "部门(学院)", "工作单位", "所在单位", "单位名称", "所属单位", "单位",
                   "科室"),
    "employment_form": ("用工性质", "用工类型", "用工方式", "编制类型", "编制性质", "编制类别", "聘用形式"),
    "dispatch_company": ("派遣单位", "劳务公司", "劳务派遣公司", "派遣公司"),
    "employment_status": ("就业情况", "就业状态", "在岗状态", "在职状态", "人员状态", "职工状态"),
    "post_category": ("岗位类型", "岗位性质", "岗位分类"),
    "admin_duty": ("行政职务", "职务名称", "现任职务", "党政职务"),
    "admin_rank": ("行政级别", "行政职级"),
    "work_start_date": ("参加工作年月", "参加工作日期", "参加工作年份", "参加工作", "参工时间", "开始工作时间"),
    "school_entry_date": ("来校日期", "来校年月", "入校时间", "入职时间", "入职日期", "进校时间", "到校时间",
                          "来院时间", "进单位时间", "入厂时间", "到本单位时间", "来本单位时间"),
    "dues_base": ("工资", "会费计缴基数", "会费基数", "月工资", "应发工资", "工资收入"),
    "is_migrant_worker": ("农民工", "是否为农民工"),
    "education": ("学历", "文化程度", "最高学历", "全日制学历", "学历层次"),
    "degree": ("最高学位", "学位名称"),
    "prof_title": ("专业技术职务", "专业技术职称", "职称名称", "现职称", "技术职称", "专业技术资格", "专技职务"),
    "title_level": ("职称等级", "专业技术职务级别", "技术职务级别"),
    "skill_level": ("技能等级", "职业技能等级", "技术等级(工种)", "工人技术等级", "职业资格等级"),
    "member_no": ("会员证号码", "工会会员号", "会员号", "会员编号", "会员证编号", "工会会员证号"),
    "join_date": ("入会时间", "入会年月", "加入工会时间", "加入工会日期"),
    "branch": ("分工会", "所在分工会", "分工会名称", "所属工会", "所在工会", "所属基层工会", "所属企业/工会",
               "所属工会组织", "基层工会", "工会名称", "所属工会名称"),
    "marital_status": ("婚姻", "婚否", "婚姻情况", "婚育状况", "婚姻状态"),
    "children_count": ("子女个数", "子女人数", "孩子数", "小孩数"),
    "family_planning": ("计划生育", "计生情况", "计划生育情况"),
    "mobile": ("手机号", "手机", "移动电话", "移动电话号码", "手机电话", "联系手机", "本人手机", "本人手机号",
               "联系电话", "联系方式", "电话号码", "电话"),
    "home_address": ("家庭住址", "家庭地址", "住址", "现居住地", "居住地址", "联系地址", "通讯地址", "常住地址"),
    "hobbies": ("爱好", "爱好特长", "兴趣特长"),
    "remark": ("附注",),
    "change_type": ("变化类型", "会籍变动类型", "会员变化类型"),
    "change_date": ("变化日期", "会籍变动日期", "会籍变化时间", "会员变化日期"),
    "change_reason": ("变化原因", "会籍变动原因", "会员变化原因"),
}  # fmt: skip

# columns that are known and say nothing about the person, or nothing that a sheet may set
PASSED_OVER = frozenset({
    "序号", "编号", "行号", "no", "年龄", "会龄", "工龄", "错误原因", "是否导入成功", "导入结果", "资料完整度",
})  # fmt: skip
BY_THE_SYSTEM = frozenset({"工会职务", "会籍状态", "会籍变化记录", "照片", "会员状态", "用户名"})

_READ_BY_OTHERS = frozenset({
    Kind.PHOTO, Kind.ROWS, Kind.COMPOSITE, Kind.POSTS, Kind.CHANGES, Kind.AGE, Kind.BIRTHDAY, Kind.YEARS,
    Kind.COMPLETENESS,
})  # fmt: skip
NAMES: tuple[str, ...] = tuple(
    field.name for field in FIELDS if field.kind not in _READ_BY_OTHERS and field.name != "membership_status"
)
# headings above headings that add nothing to those below, and those under which other people and places stand
_SECTION = re.compile(r".{0,8}(?:信息|情况|资料|联系方式)|有效证件|学历学位|学历职称|其他|婚育与家庭|会籍")
_SECTIONS = frozenset(section.label for section in Section)
_OF_OTHERS = re.compile(r"(?:配偶|爱人|子女|小孩|孩子|父|母|家属|家庭|紧急|介绍人|证明人|负责人|单位|办公|原|前|拟).*")
# what the others have too
_OF_ANYONE = frozenset({
    "name", "sex", "birth_date", "ethnicity", "id_type", "id_number", "mobile", "department", "home_address",
    "political_status", "education", "degree", "admin_duty", "remark",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """The field that a heading means; of two columns for one field the one with the lower `rank` is taken."""

    field: str
    rank: int


def field_of(name: str) -> Field:
    """Return the field of the catalogue, or of 会籍变化, with this name."""
    return CHANGE[name] if name in CHANGE else FIELD[name]


def plain(heading: str) -> str:
    """Return a heading as headings are compared: half-width, small, without spaces, stars, colons and numbering."""
    text = unicodedata.normalize("NFKC", heading).lower()
    text = re.sub(r"[\s*★☆※▲△●#:：。_\-—]+", "", text)
    text = re.sub(r"^(?:\d{1,2}[.、)]|\(\d{1,2}\))", "", text)
    return text.strip("\"'“”‘’,;，；、.")


def _without_remarks(text: str) -> str:
    """Return a plain heading without what stands in brackets: 姓名(必填), 出生日期(yyyy-mm-dd)."""
    return re.sub(r"[(\[【〔<][^)\]】〕>]*[)\]】〕>]", "", text)


def _words() -> dict[str, Match]:
    found: dict[str, Match] = {}
    for shorten in (plain, lambda text: _without_remarks(plain(text))):
        for name in (*NAMES, *CHANGE):
            for rank, word in enumerate((field_of(name).label, *OTHER_NAMES.get(name, ()))):
                found.setdefault(shorten(word), Match(name, rank))
    return found


_WORDS = _words()


def meant(heading: str) -> Match | None:
    """Return the field that a heading means by itself, or None."""
    text = plain(heading)
    return _WORDS.get(text) or _WORDS.get(_without_remarks(text))


def is_passed_over(heading: str) -> bool:
    """Whether a column with this heading is known to say nothing that is wanted."""
    return _without_remarks(plain(heading)) in PASSED_OVER


def is_by_the_system(heading: str) -> bool:
    """Whether a column with this heading says what only the system writes."""
    return _without_remarks(plain(heading)) in BY_THE_SYSTEM


def joined(above: str, below: str) -> str:
    """Return the heading of a column that has one above and one below: 会籍变化 and 日期 are 会籍变化日期.

    A heading of a section above adds nothing; one of other people does, so that 配偶 and 姓名 are no 姓名.
    """
    over, under = plain(above), plain(below)
    if not below or over == under:
        return above
    known = meant(below)
    if not above or (known is not None and over in under):
        return below
    if meant(above + below) is None and known is not None:
        is_section = _SECTION.fullmatch(over) is not None or over in _SECTIONS
        is_others = _OF_OTHERS.fullmatch(over) is not None
        if (is_section or not is_others) if known.field not in _OF_ANYONE else (is_section and not is_others):
            return below
    return above + below


def fingerprint(headings: Iterable[str]) -> str:
    """Return what tells sheets with the same headings from others, in any order; 9月 and 10月 are the same to it."""
    words = sorted({re.sub(r"\d+", "0", plain(heading)) for heading in headings} - {""})
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
