"""Which rows of a sheet are people: not totals, remarks, signatures, examples, or the headings once more."""

from __future__ import annotations

import re
from collections.abc import Collection

from portal.core.sheets import Row

from .columns import LEAST, Column

_TOTAL = re.compile(r"(?:[^\d]{0,20})(?:合计|小计|总计|共计|累计)[::]?\d*(?:人|名)?|共\d+(?:人|名)")
_REMARK = re.compile(
    r"(?:填表说明|填报说明|填写说明|说明|注|备注|注意|注意事项|填表人|填报人|制表|制表人|审核|审核人|负责人|经办人|联系人|"
    r"填报单位|填表单位|填报日期|填表日期|制表日期|单位盖章|单位\(盖章\)|单位负责人|工会盖章|工会\(盖章\)|盖章)(?:[::(].*|$)"
)
_EXAMPLE = re.compile(r"[(\[]?(?:填写)?(?:示例|样例|范例|例如|例)[)\]]?\d?(?:[::].*|$)")
_SENTENCE = re.compile(r"[,。;、::!?]")
_HINT = re.compile(r"必填|选填|格式|填写|请|选择|代码|例如|如:|yyyy|YYYY|位数字|GB/?T")
_HINTS = frozenset(
    {"必填", "选填", "非必填", "可选", "必填项", "选填项", "文本", "文本格式", "日期", "下拉选择", "下拉"}
)
HINTS_WITHIN = 3
EXAMPLES_WITHIN = 5  # rows below the headings
REMARK = "填表说明或签字"
_LETTER = re.compile(r"[0-9A-Za-z]")
_HALF = str.maketrans({"：": ":", "（": "(", "）": ")", "，": ",", "；": ";", "！": "!", "？": "?", "　": " "})


def people(
    columns: list[Column], rows: list[Row], headings: Collection[str]
) -> tuple[list[Row], list[tuple[int, str]]]:
    """Return the rows below the headings that are people, and (row number, why) of those that are left out.

    `headings` are the texts of the rows of headings.
    """
    columns = [column for column in columns if column.field]
    kept: list[Row] = []
    skipped: list[tuple[int, str]] = []
    identity = [column.index for column in columns if column.field in ("id_number", "mobile", "staff_no")]
    names = [column.index for column in columns if column.field == "name"]
    is_over = False
    for place, row in enumerate(rows):
        texts = row.shown()
        filled = [text for text in texts if text]
        called = [_at(texts, index) for index in names]
        has_identity = any(len(_LETTER.findall(_at(texts, index))) >= 4 for index in identity)
        why = ""
        if len(filled) >= LEAST and all(text in headings for text in filled):
            why = "重复的表头"
        elif place < HINTS_WITHIN and _is_hint(filled, has_identity=has_identity):
            why = "填写提示"
        elif place < EXAMPLES_WITHIN and any(_EXAMPLE.match(_squeezed(text)) for text in (filled[0], *called)):
            why = "示例"
        elif not has_identity:
            why = _why_no_person(texts, filled, names, is_over)
            is_over = is_over or why == REMARK
        if not why and not any(_at(texts, column.index) for column in columns):
            why = "没有内容"
        if why:
            skipped.append((row.number, why))
        else:
            kept.append(row)
    return kept, skipped


def _squeezed(text: str) -> str:
    """Return what stands at the beginning of a remark or a total without spaces, half-width."""
    return re.sub(r"\s+", "", text.translate(_HALF))


def _at(texts: list[str], index: int) -> str:
    return texts[index] if index < len(texts) else ""


def _is_hint(filled: list[str], *, has_identity: bool) -> bool:
    """Whether a row below the headings says how to fill in, or numbers the columns."""
    plain_words = [_squeezed(text) for text in filled]
    is_counted = len(filled) > 3 and plain_words == [str(number) for number in range(1, len(filled) + 1)]
    hinting = sum(word.strip("()") in _HINTS or _HINT.search(word) is not None for word in plain_words)
    return is_counted or hinting == len(filled) or (not has_identity and hinting >= max(2, len(filled) / 3))


def _why_no_person(texts: list[str], filled: list[str], names: list[int], is_over: bool) -> str:
    """Return why a row without any number of a person is none: a total, a remark; nothing where it is one."""
    plain_words = [_squeezed(text) for text in filled]
    if any(_TOTAL.fullmatch(word) for word in plain_words):
        return "合计行"
    if _REMARK.match(plain_words[0]):
        return REMARK
    if len(set(filled)) == 1 and not plain_words[0].isdigit():
        is_name = any(_at(texts, index) for index in names) and len(plain_words[0]) <= 12
        if is_over or not is_name or _SENTENCE.search(plain_words[0]):
            return REMARK
    return ""
