"""What an applicant is asked, what she promises, and what she agrees to.

The texts are frozen into each application with their version: change a text, change its version.
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.fields import Seen
from portal.members.catalogue import FIELD, REQUIRED_FULL, REQUIRED_QUICK
from portal.members.filing import JOIN_PLEDGE as JOIN_PLEDGE
from portal.members.filing import PLEDGE_VERSION as PLEDGE_VERSION
from portal.org import access
from portal.org.models import JoinForm, OrgUnit


@dataclass(frozen=True)
class Consent:
    """What an applicant agrees to, by paragraphs."""

    version: str
    text: tuple[str, ...]


# 《个人信息保护法》 articles 17, 29 and 30: who, what for, what, how long, which rights; sensitive data separately
_PURPOSE, _SENSITIVE_DATA, _RIGHTS = (
    "您填写的信息由您申请加入的工会组织收集，只用于办理入会审批、建立和管理会籍、核对会费以及为会员服务，不作其他用途。",
    "证件号码属于敏感个人信息，只用于核对身份、防止重复入会和填制《工会会员登记表》；手机号码只用于与您联系。"
    "证件号码、手机号码等加密保存，在页面上隐去大部分数字，工作人员查看完整号码须说明理由并留下记录，您可以看到。",
    "信息在会籍存续期间保存，会籍终止后按工会档案规定保存或删除。您可以随时查阅、更正自己的信息，"
    "也可以在批准前撤回申请；请与{place}联系。",
)
_SCHOOL = Consent("2026-09", (_PURPOSE, _SENSITIVE_DATA, _RIGHTS.format(place="所在分工会")))
_CITY = Consent("2026-11", (_PURPOSE, _SENSITIVE_DATA, _RIGHTS.format(place="本单位工会")))
SENSITIVE_CONSENT = (
    "婚姻状况、配偶、子女数、计划生育和家庭主要成员信息都是选填，不填不影响入会。填写后只由有权限的工会工作人员"
    "用于生育服务、走访慰问、亲子活动和填制登记表。",
    "填写家人的信息前，请先征得本人同意；未满十四周岁子女的信息，由您作为监护人同意。",
)

# the dictionary's fields that are not written by the workflow, the finance office or the operators
FULL: tuple[str, ...] = (
    "name", "sex", "birth_date", "ethnicity", "native_place", "political_status", "photo",
    "id_type", "id_number", "household_type", "household_place",
    "staff_no", "department", "employment_form", "dispatch_company", "post_category", "admin_duty", "admin_rank",
    "work_start_date", "school_entry_date", "is_migrant_worker",
    "education", "degree", "prof_title", "title_level", "skill_level",
    "marital_status", "spouse", "children_count", "family_planning", "family_planning_text", "family_members",
    "mobile", "home_address", "hobbies",
    "resume",
)  # fmt: skip
ASKED: dict[JoinForm, tuple[str, ...]] = {JoinForm.FULL: FULL, JoinForm.QUICK: REQUIRED_QUICK}
REQUIRED: dict[JoinForm, tuple[str, ...]] = {JoinForm.FULL: REQUIRED_FULL, JoinForm.QUICK: REQUIRED_QUICK}

# asked for only with a consent of their own
SENSITIVE: tuple[str, ...] = tuple(name for name in FULL if FIELD[name].seen is Seen.FAMILY)

# what hangs on a field and is opened with it when the field was wrong
TOGETHER: dict[str, tuple[str, ...]] = {
    "id_type": ("id_number", "sex", "birth_date", "political_status"),
    "id_number": ("id_type", "sex", "birth_date", "political_status"),
    "sex": ("id_type", "id_number"),
    "birth_date": ("id_type", "id_number"),
    "employment_form": ("dispatch_company",),
    "prof_title": ("title_level",),
    "title_level": ("prof_title",),
    "marital_status": ("spouse",),
    "spouse": ("marital_status",),
    "family_planning": ("family_planning_text",),
}


def unlocked(wrong: list[str], form: JoinForm) -> tuple[str, ...]:
    """Return the fields of `form` that are open again when those in `wrong` were, in the form's order."""
    opened = {*wrong, *(name for one in wrong for name in TOGETHER.get(one, ()))}
    return tuple(name for name in ASKED[form] if name in opened)


def consent_of(unit: OrgUnit) -> Consent:
    """Return what an applicant to the unit agrees to: a city's union has no branches that she would know."""
    return _CITY if access.in_city(unit) else _SCHOOL
