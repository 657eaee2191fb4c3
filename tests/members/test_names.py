"""Names: written in one way, found by sound, by initials, without dots and spaces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.fields import FieldError
from portal.members import names
from portal.members.enums import IdType


def test_a_name_is_normalised() -> None:
    assert names.normalise_name(" 买买提•吐尔逊 ", "1") == ("买买提·吐尔逊", [])
    assert names.normalise_name("张　三") == ("张三", [])


def test_latin_letters_on_an_identity_card_only_warn() -> None:
    warning = ["居民身份证上的姓名一般为汉字，姓名中有拉丁字母，请核对"]

    assert names.normalise_name("Li Ming", IdType.IDENTITY_CARD) == ("Li Ming", warning)
    assert names.normalise_name("Li Ming", IdType.PASSPORT.value) == ("Li Ming", [])
    assert names.normalise_name("Li Ming") == ("Li Ming", [])


@pytest.mark.parametrize(
    ("typed", "sentence"), [("", "请填写姓名"), (" \u200b", "请填写姓名"), ("李4", "姓名含有非法字符：‹4›")]
)
def test_what_is_no_name_is_refused(typed: str, sentence: str) -> None:
    with pytest.raises(FieldError) as caught:
        names.normalise_name(typed)

    assert (caught.value.message, caught.value.field) == (sentence, "name")


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [
        ("张三", "zhangsan", "zs"),
        ("单雄信", "shanxiongxin", "sxx"),
        ("曾晓", "zengxiao", "zx"),
        ("仇英", "qiuying", "qy"),
        ("解放", "xiefang", "xf"),
        ("朴树", "piaoshu", "ps"),
        ("查良", "zhaliang", "zl"),
        ("区凤", "oufeng", "of"),
        ("盖文", "gewen", "gw"),
        ("任静", "renjing", "rj"),
        ("华罗", "hualuo", "hl"),
        ("乐天", "yuetian", "yt"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("尉华", "weihua", "wh"),
        ("欧阳修", "ouyangxiu", "oyx"),
        ("长孙无忌", "zhangsunwuji", "zswj"),
        ("吕布", "lvbu", "lb"),
        ("买买提·吐尔逊", "maimaitituerxun", "mmttex"),
        ("查干·巴特", "chaganbate", "cgbt"),
        ("李〇", "liling", "ll"),
        ("𠮷田", "𠮷tian", "𠮷t"),
        ("MARY-ANN O'NEIL", "maryannoneil", "maon"),
        ("José Müller", "josemvller", "jm"),
    ],
)
def test_a_name_sounds_as_its_bearer_says_it(name: str, full: str, initials: str) -> None:
    assert names.pinyin(name) == (full, initials)


def test_two_characters_without_a_reading_are_two_initials() -> None:
    full, initials = names.pinyin("张" + chr(0x2FA1D) + chr(0x323AF))

    assert full == "zhang" + chr(0x2FA1D) + chr(0x323AF)
    assert initials == "z" + chr(0x2FA1D) + chr(0x323AF)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("买买提·吐尔逊", "买买提吐尔逊"),
        ("买买提•吐 尔逊", "买买提吐尔逊"),
        ("Zhang San", "zhangsan"),
        ("LÜ BU", "lvbu"),
        ("José", "jose"),
        ("O’Neil", "oneil"),
        (" 张\u200b三 ", "张三"),
    ],
)
def test_searching_ignores_dots_spaces_and_case(typed: str, key: str) -> None:
    assert names.search_key(typed) == key


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("张三曾单𠮷䶮〇乐·"), min_size=1, max_size=50))
def test_what_is_found_by_is_itself_a_key(name: str) -> None:
    full, initials = names.pinyin(name)

    assert names.search_key(full) == full
    assert names.search_key(initials) == initials
    assert len(initials) == len(name.replace("·", ""))
    assert names.search_key(names.search_key(name)) == names.search_key(name)


@pytest.mark.parametrize("name", ["李长江", "王晓芸", "张大夫", "周重庆", "林单于", "陈𠮷祥", "吴朝阳", "赵会计"])
def test_characters_sound_as_in_the_words_they_are_part_of(name: str) -> None:
    from pypinyin import lazy_pinyin

    assert names.pinyin(name)[0] == "".join(lazy_pinyin(name, errors=list))
