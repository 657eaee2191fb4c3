"""Names of people: how they are written, and how they are found by sound."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import groupby

from portal.core.fields import FieldError
from portal.core.kinds import missing, parse
from portal.core.kinds.cleaning import visible
from portal.core.kinds.words import is_han, is_latin
from portal.members.catalogue import FIELD
from portal.members.enums import IdType

# surnames that sound otherwise than the same character in a word; only those that pypinyin reads by the word
_DOUBLE = {"尉迟": ["yu", "chi"], "万俟": ["mo", "qi"], "澹台": ["tan", "tai"], "长孙": ["zhang", "sun"]}
_SINGLE = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "朴": "piao", "查": "zha", "区": "ou", "召": "shao",
    "乐": "yue", "覃": "qin", "缪": "miao", "洗": "xian", "员": "yun", "祭": "zhai", "秘": "bi", "么": "yao",
    "翟": "zhai", "重": "chong", "种": "chong", "折": "she", "卜": "bu", "繁": "po", "郇": "xun", "佴": "nai",
    "隗": "wei", "黑": "he", "牟": "mu", "阚": "kan", "薄": "bo", "都": "du", "句": "gou", "角": "jue", "粘": "nian",
    "能": "nai", "长": "chang", "藏": "zang", "不": "fou", "六": "lu", "盖": "ge",
}  # fmt: skip
_HAN_ALONE = re.compile("[\u4e00-\u9fff]+")
_SEPARATORS = re.compile(r"[\s·•‧・．.'’\-]+")


def normalise_name(text: str, id_type: str | None = None) -> tuple[str, list[str]]:
    """Return the name as it is kept, and warnings in Chinese that refuse nothing.

    `id_type` is a value of IdType, None where it is not known. Raises FieldError on `name` for an empty or a badly
    written one.
    """
    name = parse(FIELD["name"], text)
    if not isinstance(name, str):
        raise FieldError(missing(FIELD["name"]), field="name")
    warnings = []
    if id_type == IdType.IDENTITY_CARD and any(map(is_latin, name)):
        warnings.append("居民身份证上的姓名一般为汉字，姓名中有拉丁字母，请核对")
    return name, warnings


def pinyin(name: str) -> tuple[str, str]:
    """Return the sound of `name` in small letters without tones and spaces, and its initials: 曾晓 is zengxiao, zx.

    Surnames follow a table of their own, but not in a name with ·, which has none. A character without a reading
    stands for itself; Latin letters lose case and accents; ü is v.
    """
    sounds: list[str] = []
    if "·" not in name:
        double, single = _DOUBLE.get(name[:2]), _SINGLE.get(name[:1])
        if double and len(name) > 2:
            sounds, name = [*double], name[2:]
        elif single:
            sounds, name = [single], name[1:]
    for word in _SEPARATORS.split(name):
        sounds += _sounds(word)
    return "".join(sounds), "".join(sound[0] for sound in sounds)


def _sounds(word: str) -> list[str]:
    """Return one sound for each Chinese character of `word`, and its other letters as one."""
    sounds: list[str] = []
    for is_chinese, characters in groupby(word, key=is_han):
        text = "".join(characters)
        if not is_chinese:
            sounds.append(_bare(text))
        elif _has_phrase(text):
            sounds += _read(text)
        else:
            sounds += [sound for character in text for sound in _read_alone(character)]
    return sounds


def _has_phrase(text: str) -> bool:
    """Whether some of the characters are a word together, in which they may sound otherwise than alone."""
    from pypinyin.constants import PHRASES_DICT  # here, because it is large and most commands need none of it

    ends = range(2, len(text) + 1)
    return any(text[begin:end] in PHRASES_DICT for end in ends for begin in range(end - 1))


@cache
def _read_alone(character: str) -> list[str]:
    return _read(character)


def _read(text: str) -> list[str]:
    from pypinyin import lazy_pinyin  # here, as above

    # a list gives every character without a reading as itself; the stubs know only one text for all of them
    return lazy_pinyin(text, errors=list)  # type: ignore[arg-type]  # its types know text alone


def _bare(text: str) -> str:
    """Return Latin letters small and without accents."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("ü", "v"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def search_key(text: str) -> str:
    """Return `text`, a name or what someone types to find it, without dots, spaces, case and accents, ü as v."""
    if _HAN_ALONE.fullmatch(text):
        return text
    return _bare(_SEPARATORS.sub("", unicodedata.normalize("NFC", visible(text))))
