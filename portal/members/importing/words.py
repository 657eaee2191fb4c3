"""Cells of sheets in the catalogue's own form: codes with words, days as Excel keeps them, words of other systems.

Only what is special to sheets stands here; what a value must be, its kind says (`portal.core.kinds`).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from portal.core import kinds
from portal.core.codes import CodeList
from portal.core.fields import Field, FieldError
from portal.core.kinds import Kind
from portal.core.kinds.cleaning import for_code
from portal.core.sheets import Cell, Was

# other words for a code, beside the lists' own
WORDS: dict[str, dict[str, str]] = {
    "sex": {"男性": "1", "女性": "2", "m": "1", "f": "2"},
    "id_type": {
        "身份证": "1", "二代身份证": "1", "居民身份证(户口簿)": "1", "公民身份证": "1", "护照(外籍)": "2",
        "港澳通行证": "3", "港澳居民通行证": "3", "港澳居民来往内地通行证(回乡证)": "3", "回乡证": "3",
        "台胞证": "4", "台湾居民通行证": "4", "港澳台居住证": "5", "居住证": "5", "外国人永久居留证": "6",
        "外国人居留证": "6", "军人证": "7", "军官证(士兵证)": "7", "其它": "9", "其他证件": "9",
    },
    "household_type": {
        "非农业": "1", "非农业户口": "1", "非农": "1", "城镇": "1", "城镇户口": "1", "城市": "1", "农业": "2",
        "农业户口": "2", "农村": "2", "农村户口": "2", "集体户口": "3", "非农业集体": "3", "农业集体": "4",
        "居民": "L1", "其他": "8", "其它": "8",
    },
    "employment_form": {
        "在编": "1", "编制内": "1", "事业编": "1", "正式": "1", "正式编制": "1", "代理": "2", "人事代理制": "2",
        "合同制": "3", "劳动合同": "3", "合同工": "3", "编外": "3", "非编": "3", "聘用制": "3", "派遣": "4",
        "派遣制": "4", "劳务派遣制": "4", "退休返聘": "5", "临时": "7", "临时工": "7", "灵活就业": "7", "其它": "9",
    },
    "employment_status": {
        "在职": "1", "在职在岗": "1", "在岗职工": "1", "待岗": "2", "下岗": "2", "下岗待岗": "2", "已退休": "4",
        "离退休": "4", "内退": "7", "退养": "7", "其它": "9",
    },
    "post_category": {
        "教师": "1", "专任": "1", "教学": "1", "行政": "2", "管理": "2", "管理岗": "2", "行政管理岗": "2",
        "教学辅助": "3", "实验": "3", "工勤岗": "4", "工勤技能": "4", "工人": "4", "科研": "5", "专职研究": "5",
        "辅导员": "6", "专职辅导员": "6", "校办产业": "7", "附属单位": "7", "其它": "9",
    },
    "admin_rank": {
        "校领导": "1", "正处级": "2", "处级正职": "2", "副处级": "3", "处级副职": "3", "正科级": "4", "科级正职": "4",
        "副科级": "5", "科级副职": "5", "科员级": "6", "办事员": "6",
    },
    "title_level": {
        "正高级": "411", "副高级": "412", "中级职称": "420", "助理级": "434", "员级": "435", "高级": "410",
        "初级": "430", "无": "499", "未定职级": "499", "无职称": "499",
    },
    "skill_level": {
        "高级技师": "1", "一级": "1", "职业资格一级": "1", "技师": "2", "二级": "2", "职业资格二级": "2", "高级": "3",
        "高级工": "3", "三级": "3", "职业资格三级": "3", "中级": "4", "中级工": "4", "四级": "4", "职业资格四级": "4",
        "初级": "5", "初级工": "5", "五级": "5", "职业资格五级": "5",
    },
    "education": {
        "博士及以上": "11", "研究生(硕士)": "14", "研究生(博士)": "11", "大学本科及以上": "21", "本科学历": "21",
        "大专学历": "31", "中专学历": "41", "高中学历": "61", "初中及以下": "71",
    },
    "marital_status": {"单身": "10", "离异": "40", "离婚未再婚": "40", "是": "20", "否": "10", "未": "10", "已": "20"},
    "change_type": {"保留": "3", "开除": "5", "开除会籍": "5", "新入会": "1", "恢复": "7", "死亡": "8"},
    "change_reason": {"劳动关系发生变化": "1", "工作关系发生变化": "1", "破产": "4", "个人要求": "5", "犯罪": "6",
                      "下岗": "2", "下岗待岗": "2", "入伍": "15", "参军": "15", "死亡": "14"},
}  # fmt: skip
_YES, _NO = {"√", "✓", "✔", "对", "有"}, {"×", "✗", "✘", "x", "无", "不是"}
NOTHING = frozenset({"/", "\\", "-", "--", "—", "——", "－", "、", ".", "//", "*", "null", "none", "n/a", "#n/a", "nan"})

_CODE_AND_WORD = re.compile(r"([0-9A-Z]{1,3})\s*[-.:,、 _=]?\s*\(?(\D.*?)\)?")
_WORD_AND_CODE = re.compile(r"(\D.*?)\s*[-:_ (\[]\s*([0-9A-Z]{1,3})[)\]]?")
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")
_MONTH = re.compile(r"(\d{4})(?:[-/.]|年)?(\d{1,2})月?")
ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
DOTTED = re.compile(r"(\d{4})\.(\d{1,2})")
_YEAR = re.compile(r"((?:19|20)\d{2})年?")
_FIRST_SERIAL, _LAST_SERIAL = 3_654, 73_050  # 1910-01-01 and 2099-12-31 as Excel counts days
_EPOCH = date(1899, 12, 30)


def chosen(field: Field, cell: Cell) -> str:
    """Return the text of a cell that chooses, with other systems' words and forms as codes; else as it stands.

    「1 男」, 「01-汉族」, 「汉族(01)」 are taken where code and word agree. Raises FieldError where they do not.
    """
    text = for_code(cell.text)
    if _taken(field, text):
        return text
    known = WORDS.get(field.name, {})
    if text.lower() in known:
        return known[text.lower()]
    if text.isdigit() and isinstance(field.options, CodeList):
        # a code that was typed as a number has lost its zeros
        padded = [text.zfill(length) for length in (2, 3) if len(text) < length and text.zfill(length) in field.options]
        if padded:
            return padded[0]
    for form, order in ((_CODE_AND_WORD, (1, 2)), (_WORD_AND_CODE, (2, 1))):
        if not (found := form.fullmatch(text)):
            continue
        code, word = found[order[0]], found[order[1]].strip()
        meant = _code_of(field, word)
        if meant is None:
            continue
        by_code = _code_of(field, code)
        if by_code is not None and by_code != meant:
            raise FieldError(f"{field.label}“{cell.text[:20]}”的代码与文字不一致，请核对", field=field.name)
        return meant
    return cell.text


def _code_of(field: Field, text: str) -> str | None:
    if _taken(field, text):
        return str(kinds.parse(field, text))
    known = WORDS.get(field.name, {}).get(text.lower())
    if known is None and text.isdigit() and isinstance(field.options, CodeList):
        known = next((text.zfill(length) for length in (2, 3) if text.zfill(length) in field.options), None)
    return known


def _taken(field: Field, text: str) -> bool:
    try:
        kinds.parse(field, text)
    except FieldError:
        return False
    return True


def yes_or_no(cell: Cell) -> str:
    """Return 是 or 否 for the signs that stand for them, else the text as it stands."""
    text = for_code(cell.text).lower()
    return "是" if text in _YES else "否" if text in _NO else cell.text


def tenth_or_first(cells: list[Cell], *, is_text: bool) -> list[str | None]:
    """Return for each cell of a column what its 1990.1 means: "10", "1", or None where nobody can tell.

    A column that writes 1990.05 writes January as 1990.01, so that 1990.1 has lost a zero. A text has lost nothing,
    except in a file that `is_text` altogether, unless it has 1990.10 too.
    """
    months = [found[2] if (found := DOTTED.fullmatch(cell.text)) else "" for cell in cells]
    if any(month.startswith("0") for month in months):
        return ["10"] * len(cells)
    has_tenth = any(month == "10" and cell.was is Was.TEXT for month, cell in zip(months, cells, strict=True))
    return ["1" if cell.was is Was.TEXT and (has_tenth or not is_text) else None for cell in cells]


def day(field: Field, cell: Cell, month: str | None) -> tuple[str, str]:
    """Return a day or a month as its kind reads it, and a sentence to look at, or none.

    `month` says what 1990.1 means here: "10", "1", "" for nothing, None that nobody can tell. A month alone is the
    first day of it for a kind that wants a day, and a year alone the first month, both said so. Raises FieldError.
    """
    text = _TIME.sub("", for_code(cell.text))
    if cell.was is Was.DATE or re.fullmatch(r"\d{8}", text):
        return text, ""
    if re.fullmatch(r"\d{5}", text) and _FIRST_SERIAL <= int(text) <= _LAST_SERIAL:
        return (_EPOCH + timedelta(days=int(text))).isoformat(), ""
    said = ""
    if (dotted := DOTTED.fullmatch(text)) and dotted[2] == "1":
        year = dotted[1]
        if month is None:
            raise FieldError(
                f"{field.label}“{text}”分不清是 1 月还是 10 月，请写成 {year}-01 或 {year}-10", field=field.name
            )
        if not month:
            return "", f"{field.label}“{text}”分不清是 1 月还是 10 月，按未填处理"
        said = f"{field.label}“{text}”按 {year} 年 {month} 月读取，请核对"
        text = f"{year}-{int(month):02}"
    if (only := _YEAR.fullmatch(text)) and field.kind is Kind.MONTH:
        return f"{only[1]}-01", f"{field.label}只有年份 {only[1]}，按当年 1 月登记，请核对"
    month_only = _MONTH.fullmatch(text)
    if field.kind is Kind.DATE and month_only and 1 <= int(month_only[2]) <= 12:
        text = f"{month_only[1]}-{int(month_only[2]):02}-01"
        said = f"{field.label}只写到月，按 {text} 登记，请核对"
    return text, said


def month_of(text: str) -> tuple[int, set[int]] | None:
    """Return the year and the months that a cell with a month may mean: 1990.1 the first or the tenth."""
    found = _MONTH.fullmatch(_TIME.sub("", for_code(text)))
    if not found or not 1 <= int(found[2]) <= 12:
        return None
    return int(found[1]), {1, 10} if found[2] == "1" and "." in text else {int(found[2])}
