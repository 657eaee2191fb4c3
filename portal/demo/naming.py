"""Invented names: surnames as frequent as they are, given names of their time, and the names that break programs."""

from __future__ import annotations

from random import Random

from .drawing import Urn, happens

# per ten thousand, about as the name reports of the Ministry of Public Security have them; the rarer ones stand out
SURNAMES = Urn(
    {
        **dict(zip("王李张刘陈杨黄赵吴周", (720, 700, 670, 540, 450, 310, 220, 210, 200, 190), strict=True)),
        **dict.fromkeys("徐孙马朱胡郭何高林罗", 130),
        **dict.fromkeys("郑梁谢宋唐许韩冯邓曹彭曾", 80),
        **dict.fromkeys("肖田董潘袁蔡蒋余于杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付", 35),
        **dict.fromkeys("方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤", 35),
        **dict.fromkeys("单仇解查区朴翟缪牟盖乐", 9),
        **dict.fromkeys(("欧阳", "司马", "上官", "诸葛", "尉迟", "皇甫"), 6),
    }
)

_MEN = {
    1950: "建国军民华平福贵生荣德明志永国庆保卫东红林强义成忠玉山海胜利",
    1970: "军勇强伟明刚斌杰涛辉波鹏峰志建国新文武洪亮凯超平宏毅",
    1990: "浩宇杰鑫磊博文俊泽宇轩晨子豪天翔嘉诚明睿思远一鸣瑞哲骏驰",
}
_WOMEN = {
    1950: "秀英兰玉桂凤珍芳梅淑华荣琴霞云素爱莲翠香春惠敏月娥",
    1970: "丽敏静娟艳红霞燕梅玲芳萍颖莉华慧雪晶洁英岩琳妍",
    1990: "欣怡佳雨婷思琪梦瑶雅静涵诗悦晓彤可心嘉宁子萱若彤语晗",
}

# a people's way of naming: given part, father's part (None: one word is the whole name)
_DOTTED_MEN = ("买买提", "吐尔逊", "艾尼瓦尔", "阿不都热合曼", "努尔别克", "叶尔兰", "玉素甫", "库尔班", "赛力克")
_DOTTED_WOMEN = ("阿依古丽", "古丽娜尔", "帕提古丽", "热依汗", "阿娜尔古丽", "迪丽努尔", "玛依拉", "沙吾列")
_TIBETAN = ("扎西顿珠", "格桑梅朵", "次仁旺堆", "达娃卓玛", "洛桑丹增", "德吉央宗", "旦增罗布", "白玛拉姆")
_MONGOLIAN_MEN = ("巴特尔", "苏和", "朝鲁", "额尔敦", "孟和", "特木尔")
_MONGOLIAN_WOMEN = ("其其格", "萨仁", "娜仁花", "乌云", "托娅", "阿茹娜")
_KOREAN_SURNAMES = ("金", "朴", "李", "崔", "全", "玄")
_LATIN_FIRST = {
    "1": ("Daniel", "Pavel", "James", "Jean-Luc", "Kenji", "Ahmed", "Marco", "Ravi", "Oleg", "Thomas"),
    "2": ("Maria", "Anna-Lena", "Claire", "Yuki", "Sofia", "Priya", "Irina", "Helen", "Lucía", "Fatima"),
}
_LATIN_LAST = ("Richter", "Novotny", "O'Neill", "Moreau", "Sakamoto", "Farouk", "Vogt", "Dubois", "Tanabe", "Raman")
_TURKIC = frozenset({"05", "17", "29", "41", "43", "50"})

# characters outside the first plane or the usual fonts, and names as long as they come: sex, ethnicity, name
HARD_NAMES: tuple[tuple[str, str, str], ...] = (
    ("1", "01", "李𠮷"),
    ("2", "01", "王㛃"),
    ("1", "01", "陈䶮"),
    ("2", "01", "赵𬱖"),
    ("1", "01", "周𫖯清"),
    ("1", "05", "买买提·吐尔逊"),
    ("2", "05", "阿依古丽·阿不都热合曼·玉素甫江"),
    ("2", "01", "单晓芸"),
    ("1", "01", "曾国平"),
    ("1", "01", "仇志远"),
    ("2", "01", "解雅静"),
    ("2", "01", "欧阳思琪"),
    ("1", "10", "朴成宇"),
    ("1", "05", "阿不都热依木江·买买提吐尔逊尼亚孜·奥布力喀斯木艾合买提"),
)


def han_name(rng: Random, sex: str, born: int) -> str:
    """Return a Han name: a surname and one or two characters such as were given in the year `born`."""
    return SURNAMES.draw(rng) + given_name(rng, sex, born)


def given_name(rng: Random, sex: str, born: int) -> str:
    """Return a given name of one or, mostly, two characters; `sex` is "1" (男) or "2" (女)."""
    fashion = max(year for year in _MEN if year <= max(born, 1950))
    characters = (_MEN if sex == "1" else _WOMEN)[fashion]
    return "".join(rng.sample(characters, 1 if happens(rng, 0.14) else 2))


def child_name(rng: Random, father_or_mother: str, sex: str, born: int) -> str:
    """Return the name of a child of someone called so; a name that has no surname hands on nothing."""
    if "·" in father_or_mother or father_or_mother[0] < "\u3400":
        return rng.choice(_DOTTED_MEN if sex == "1" else _DOTTED_WOMEN)
    return surname_of(father_or_mother) + given_name(rng, sex, born)


def surname_of(name: str) -> str:
    """Return the surname of a Han name, one or two characters."""
    return name[:2] if name[:2] in ("欧阳", "司马", "上官", "诸葛", "尉迟", "皇甫") else name[:1]


def name_of(rng: Random, sex: str, ethnicity: str | None, born: int) -> str:
    """Return a name as someone of that sex, people (GB/T 3304 code or None) and year of birth may have."""
    man = sex == "1"
    if ethnicity in _TURKIC:
        return f"{rng.choice(_DOTTED_MEN if man else _DOTTED_WOMEN)}·{rng.choice(_DOTTED_MEN)}"
    if ethnicity == "04" and happens(rng, 0.7):
        return rng.choice(_TIBETAN)
    if ethnicity == "02" and happens(rng, 0.5):
        return rng.choice(_MONGOLIAN_MEN if man else _MONGOLIAN_WOMEN)
    if ethnicity == "10":
        return rng.choice(_KOREAN_SURNAMES) + given_name(rng, sex, born)
    return han_name(rng, sex, born)


def latin_name(rng: Random, sex: str) -> str:
    """Return a foreigner's name in Latin letters."""
    return f"{rng.choice(_LATIN_FIRST[sex])} {rng.choice(_LATIN_LAST)}"
