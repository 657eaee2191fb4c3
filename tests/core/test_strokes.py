"""The order by strokes of surnames, against lists as they are printed."""

from __future__ import annotations

from random import Random

from portal.core import strokes

# as an official list has them: strokes of the surname, then its first stroke 横竖撇点折, then the rest of the name
_PRINTED = (
    "丁一 卜凡 马丽 王文 王丽 王丽华 毛小平 方圆 孔祥 石磊 卢山 白雪 冯唐 司马光 刘洋 孙立 李明 吴用 何平 沈从 张伟 "
    "欧阳修 周红 郑和 孟子 赵一 段誉 姚明 钱多 高兴 陶然 黄河 崔健 康宁 董洁 曾国 谢安 蒙恬 鲍照 褚遂 蔡伦 黎明 潘安 "
    "薛涛 戴进 魏征 瞿昙"
)
PRINTED = _PRINTED.split()


def test_names_stand_as_an_official_list_has_them() -> None:
    mixed = Random(8).sample(PRINTED, len(PRINTED))

    assert sorted(mixed, key=strokes.key) == PRINTED


def test_every_common_surname_and_rare_character_has_its_strokes() -> None:
    assert [strokes.strokes(letter) for letter in "一丁王龙张欧魏龘𠀀䶮"] == [1, 2, 4, 5, 7, 8, 17, 48, 2, 9]
    assert strokes.strokes("A") == strokes.UNKNOWN
    known = "".join(strokes.FIRST_STROKES)
    assert len(set(known)) == len(known)
    assert all(strokes.strokes(letter) < strokes.UNKNOWN for letter in known)


def test_a_compound_surname_is_one() -> None:
    assert [strokes.surname(name) for name in ("欧阳修", "张伟", "买买提·艾力")] == ["欧阳", "张", "买"]
    assert strokes.key("买买提·艾力") == strokes.key("买买提艾力")
