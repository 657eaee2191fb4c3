"""What a congress decides by: settings of the house, copied into each congress when it is opened."""

from __future__ import annotations

from typing import Any

from portal.core import settings
from portal.core.kinds import Kind
from portal.core.settings import Setting

_I, _B, _UNDER = Kind.INTEGER, Kind.BOOL, "教代会"
_LATER = "改动只对以后开始的届有效"


def _days(name: str, label: str, days: int, high: int = 90) -> Setting:
    return Setting(name, label, _I, days, _UNDER, low=1, high=high, hint=_LATER)


COPIED: tuple[Setting, ...] = (
    Setting("congress_teacher_share", "代表中教师的比例不低于（%）", _I, 60, _UNDER, low=0, high=100, hint=_LATER),
    Setting(
        "congress_women_share",
        "代表中女代表的比例不低于（%）",
        _I,
        20,
        _UNDER,
        low=0,
        high=100,
        hint=f"0 为不要求；{_LATER}",
    ),
    Setting(
        "congress_youth_share",
        "代表中青年的比例不低于（%）",
        _I,
        15,
        _UNDER,
        low=0,
        high=100,
        hint=f"0 为不要求；{_LATER}",
    ),
    Setting("congress_youth_age", "青年的年龄不超过（周岁）", _I, 40, _UNDER, low=28, high=50, hint=_LATER),
    Setting(
        "congress_minority_share",
        "代表中少数民族的比例不低于（%）",
        _I,
        2,
        _UNDER,
        low=0,
        high=100,
        hint=f"0 为不要求；{_LATER}",
    ),
    Setting(
        "congress_quorum_part", "到会人数：几分之几的分子", _I, 2, _UNDER, low=1, high=9, hint=f"默认三分之二；{_LATER}"
    ),
    Setting(
        "congress_quorum_of", "到会人数：几分之几的分母", _I, 3, _UNDER, low=1, high=9, hint=f"默认三分之二；{_LATER}"
    ),
    Setting("proposal_grace_days", "征集期截止后的宽限（天）", _I, 0, _UNDER, low=0, high=30, hint=_LATER),
    Setting("proposal_seconders", "提案至少几人附议", _I, 2, _UNDER, low=0, high=20, hint=_LATER),
    Setting("proposal_invited_most", "一件提案最多邀请几人附议", _I, 20, _UNDER, low=1, high=60, hint=_LATER),
    Setting("proposal_observers_write", "列席代表可以提出提案", _B, False, _UNDER, hint=_LATER),
    Setting("proposal_by_delegation", "代表团可以不经附议提出提案", _B, False, _UNDER, hint=_LATER),
    Setting("proposal_head_checks", "提案先经代表团团长审核", _B, False, _UNDER, hint=_LATER),
    Setting("proposal_leader_instructs", "立案后先请分管校领导批示", _B, False, _UNDER, hint=_LATER),
    _days("proposal_review_days", "提案委员会审查的期限（截止后几个工作日）", 10),
    _days("proposal_return_days", "退回修改的期限（工作日）", 5, 30),
    _days("proposal_appeal_days", "不予立案的申诉期限（工作日）", 5, 30),
    _days("proposal_assign_days", "交办的期限（工作日）", 5, 30),
    _days("proposal_decline_days", "承办部门退办的期限（工作日）", 5, 30),
    _days("proposal_answer_days", "答复的期限（天）", 60),
    _days("proposal_extension_days", "答复延期最多（天）", 30, 60),
    _days("proposal_rating_days", "评价的期限（工作日）", 10, 60),
    Setting("proposal_redo_most", "不满意最多重办几次", _I, 2, _UNDER, low=0, high=5, hint=_LATER),
    _days("proposal_redo_days", "重办的期限（天）", 30),
    _days("proposal_publish_days", "公布的天数", 7, 60),
)
settings.declare(*COPIED)


def copied() -> dict[str, Any]:
    """Return the settings as they are now, for a congress that begins."""
    return {setting.name: settings.value(setting.name) for setting in COPIED}


def shown(rules: dict[str, Any]) -> list[tuple[str, str]]:
    """Return label and Chinese value of each rule of a congress."""
    return [(one.label, settings.shown(one, rules[one.name])) for one in COPIED if one.name in rules]
